//! An exercise in a frame of a page of another site.

use e2e::browser::Engine;
use e2e::endpoint::{Behaviour, Endpoint};
use e2e::fixture::{BASE, Fixture, TestError, TestResult, insert_into_head};
use e2e::page::{Page, PageError, eventually};
use e2e::server::{Replacement, Server, built_site};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

use super::QUICK;

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        an_embedded_exercise_runs_in_another_site_and_reports_its_height,
        an_embedded_exercise_sends_no_request_to_another_server,
        an_exercise_in_another_site_has_its_small_form_and_takes_no_message
    ]
    .chain(in_chromium![the_copied_code_embeds_the_exercise])
}

/// The name of the page around the frame.
const COURSE: &str = "course.html";

/// Collects the messages of the frame, with their origins.
const COLLECT: &str = "<script>
    messages = [];
    addEventListener('message', (event) => messages.push([event.origin, event.data.type, event.data.height]));
</script>";

/// Another site with a page that has this frame.
fn course(frame: &str) -> Result<Server, TestError> {
    let server = Server::start(&built_site(), BASE)?;
    let body = format!("<!DOCTYPE html><title>Course</title>{COLLECT}<p>A lesson</p>{frame}").into_bytes();
    server.replace(COURSE, Replacement::Bytes { content_type: "text/html", body });
    Ok(server)
}

/// Opens a page of another site with a link to this site in a frame. The page that is returned is in the frame.
async fn open_framed(fixture: &Fixture, link: &str) -> Result<(Server, Page), TestError> {
    let src = format!("{}#/{link}", fixture.server.url()).replace('&', "&amp;");
    let server = course(&format!("<iframe src=\"{src}\" width=\"360\" height=\"300\"></iframe>"))?;
    let page = Page::new(&fixture.browser, server.url());
    page.open_path(COURSE).await?;
    page.enter_frame().await?;
    Ok((server, page))
}

/// The origin, the type and the height of the last message that the page around the frame has received.
const LAST: &str = "return messages.at(-1) ?? ['', '', 0]";

/// Waits until the last reported height is that of the embedded exercise now, and returns it. Ends outside the frame.
async fn reported_height(page: &Page, origin: &str) -> Result<u32, PageError> {
    eventually("the height of the exercise", async || {
        // It may still be in the frame: at first, and after a command that the browser refused.
        page.leave_frame().await?;
        page.enter_frame().await?;
        let expected: u32 = page.evaluate("return document.querySelector('main').offsetHeight", Vec::new()).await?;
        page.leave_frame().await?;
        let last: (String, String, u32) = page.evaluate(LAST, Vec::new()).await?;
        let wanted = (origin.to_owned(), "interleave:height".to_owned(), expected);
        Ok(if last == wanted { Ok(expected) } else { Err(format!("{last:?} instead of {wanted:?}")) })
    })
    .await
}

async fn an_embedded_exercise_runs_in_another_site_and_reports_its_height(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, QUICK).await?;
    let link = "async-basics?scale=0.1&blocking=off&seed=7";
    let (_course, page) = open_framed(&fixture, &format!("{link}&embed=1")).await?;
    page.wait_until_mounted().await?;
    page.run_to_the_end().await?;
    eventually("the result in a sentence", async || {
        let captions = page.texts("figcaption").await?.join("");
        let is_said_once = captions.matches("times as fast as").count() == 1;
        Ok(if is_said_once { Ok(()) } else { Err(captions) })
    })
    .await?;
    for absent in [".top", ".exercises", "input, select, textarea", "pre", ".actions"] {
        assert_eq!(page.texts(absent).await?, [""; 0], "{absent}");
    }
    let whole = format!("{}#/{link}", fixture.server.url());
    assert_eq!(page.attributes("main a", "href").await?, [whole]);
    let width = "return document.documentElement.scrollWidth - innerWidth";
    assert!(page.evaluate::<i32>(width, Vec::new()).await? <= 0, "it does not scroll sideways");

    let origin = fixture.server.url().strip_suffix(BASE).expect("it is served below this path").to_owned();
    let narrow = reported_height(&page, &origin).await?;
    let resize = "Object.assign(document.querySelector('iframe'), { width: 900, height: messages.at(-1)[2] })";
    page.evaluate::<()>(resize, Vec::new()).await?;
    page.enter_frame().await?;
    let scrolls = "return document.documentElement.scrollHeight > innerHeight";
    eventually("a frame that needs no scroll bar", async || {
        let scrolls: bool = page.evaluate(scrolls, Vec::new()).await?;
        Ok(if scrolls { Err("it scrolls".to_owned()) } else { Ok(()) })
    })
    .await?;
    let wide = reported_height(&page, &origin).await?;
    assert!(wide < narrow, "{wide} px instead of {narrow} px: the text has fewer lines");
    Ok(())
}

async fn an_embedded_exercise_sends_no_request_to_another_server(engine: Engine) -> TestResult {
    let endpoint = Endpoint::start(Behaviour::default())?;
    let fixture = Fixture::open_in(engine, QUICK).await?;
    let link = format!("{}&run=1&embed=1", crate::api_calls::link_to(&endpoint, "digits", ""));
    let (_course, page) = open_framed(&fixture, &link).await?;
    page.wait_until_mounted().await?;
    assert!(!page.is_enabled("Run").await?);
    let caution = page.texts(".caution").await?;
    assert!(caution.len() == 1 && caution[0].contains("another server"), "{caution:?}");
    assert_eq!(endpoint.received(), []);
    // On the page that the link leads to, the reader decides.
    let whole = page.attributes("main a", "href").await?;
    assert!(whole.len() == 1 && !whole[0].contains("embed=1") && !whole[0].contains("run=1"), "{whole:?}");
    Ok(())
}

/// Counts the listeners of the window, by the type of event.
const COUNT_LISTENERS: &str = "window.listeners = {};
    const add = EventTarget.prototype.addEventListener;
    EventTarget.prototype.addEventListener = function (type, ...rest) {
        if (this === window || this === undefined) listeners[type] = (listeners[type] ?? 0) + 1;
        return add.call(this ?? window, type, ...rest);
    };";

async fn an_exercise_in_another_site_has_its_small_form_and_takes_no_message(engine: Engine) -> TestResult {
    const NAME: &str = "count-listeners.js";
    let fixture = Fixture::open_in(engine, QUICK).await?;
    insert_into_head(&fixture.server, &format!("<script src=\"{NAME}\"></script>"))?;
    let body = COUNT_LISTENERS.as_bytes().to_vec();
    fixture.server.replace(NAME, Replacement::Bytes { content_type: "text/javascript", body });
    // The link does not ask for the small form.
    let (_course, page) = open_framed(&fixture, QUICK).await?;
    page.wait_until_mounted().await?;
    page.run_to_the_end().await?;
    assert_eq!(page.texts(".top, .exercises, .controls").await?, [""; 0]);
    let count = "return ['hashchange', 'message'].map((type) => window.listeners[type] ?? 0)";
    let [routes, messages]: [u32; 2] = page.evaluate(count, Vec::new()).await?;
    assert!(routes > 0 && messages == 0, "{routes} listeners for addresses, {messages} for messages");
    assert!(page.evaluate::<bool>("return window.onmessage === null", Vec::new()).await?);
    Ok(())
}

async fn the_copied_code_embeds_the_exercise() -> TestResult {
    let fixture = Fixture::open("async-multiple?one-by-one=off&scale=0.1&seed=42").await?;
    let page = &fixture.page;
    fixture.browser.allow("clipboard-read").await?;
    page.press("Embed code").await?;
    let code = eventually("the code on the clipboard", async || {
        let copied: String = page.evaluate("return navigator.clipboard.readText()", Vec::new()).await?;
        Ok(if copied.starts_with("<iframe") { Ok(copied) } else { Err(copied) })
    })
    .await?;
    let course = course(&code)?;
    let page = Page::new(&fixture.browser, course.url());
    page.open_path(COURSE).await?;
    assert_eq!(page.attributes("iframe", "title").await?, ["Many tasks, in Interleave"]);
    page.enter_frame().await?;
    page.wait_until_mounted().await?;
    page.run_to_the_end().await?;
    assert_eq!(page.title().await?, "Many tasks");
    let whole = page.attributes("main a", "href").await?;
    assert!(whole[0].ends_with("#/async-multiple?one-by-one=off&scale=0.1&seed=42"), "{whole:?}");
    Ok(())
}
