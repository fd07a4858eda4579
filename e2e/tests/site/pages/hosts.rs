//! Hosts that change the site, and other reasons why the page cannot start. The page names the reason.

use e2e::browser::Engine;
use e2e::fixture::{BASE, Fixture, TestResult};
use e2e::page::{DEFAULT_TIMEOUT, Page, PageError, eventually, eventually_within};
use e2e::server::{Replacement, Server, built_part, built_site};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

use super::QUICK;
use super::own_pages::without_code;

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![a_page_that_cannot_load_the_app_says_why, a_page_that_was_opened_as_a_file_says_so].chain(
        in_chromium![
            a_frame_without_an_origin_says_what_it_needs,
            a_host_that_never_answers_is_named,
            an_address_that_does_not_exist_leads_to_the_first_page
        ],
    )
}

/// Waits until the page says why it does not start.
async fn wait_for_cause(page: &Page, part: &str) -> Result<(), PageError> {
    eventually_within(DEFAULT_TIMEOUT, &format!("`{part}`"), async || {
        let text = page.texts("#loading").await?.join(" ");
        Ok(if text.contains(part) { Ok(()) } else { Err(text) })
    })
    .await
}

async fn a_page_that_cannot_load_the_app_says_why(engine: Engine) -> TestResult {
    let Fixture { browser, server: _server, .. } = Fixture::open_in(engine, QUICK).await?;
    let host = without_code()?;
    let page = Page::new(&browser, host.url());
    // A link to an exercise does not show the heading of the first page.
    for (path, headings) in [("", 1), ("async-basics/", 1), ("#/async-basics?seed=7", 0)] {
        page.open_path(path).await?;
        wait_for_cause(&page, "`interleave.js` is not there. Reload without the cache").await?;
        let visible = page.texts("h1").await?.into_iter().filter(|text| !text.is_empty()).count();
        assert_eq!(visible, headings, "`{path}`");
    }
    let code = built_part("interleave.js")?;
    let script = std::fs::read(built_site().join(&code))?;
    for (file, replacement, cause) in [
        (
            &code,
            Replacement::Bytes { content_type: "text/plain", body: script },
            "sends `interleave.js` as `text/plain`",
        ),
        (&code, Replacement::Status(503), "answers with status 503 for `interleave.js`"),
        (&built_part("interleave_bg.wasm")?, Replacement::Status(404), "`interleave_bg.wasm` is not there"),
    ] {
        host.restore(&code);
        host.replace(file, replacement);
        page.open_path("").await?;
        wait_for_cause(&page, cause).await?;
    }
    Ok(())
}

async fn a_page_that_was_opened_as_a_file_says_so(engine: Engine) -> TestResult {
    let Fixture { browser, .. } = Fixture::open_in(engine, QUICK).await?;
    let page = Page::new(&browser, &format!("file://{}/", built_site().display()));
    page.open_path("index.html").await?;
    Ok(wait_for_cause(&page, "This page was opened as a file").await?)
}

/// Shows the site in a frame that lacks `allow-same-origin`.
const SANDBOX: &str = "
    const frame = document.createElement('iframe');
    frame.setAttribute('sandbox', 'allow-scripts');
    frame.src = './?framed';
    document.body.replaceChildren(frame);";

async fn a_frame_without_an_origin_says_what_it_needs() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    page.evaluate::<()>(SANDBOX, Vec::new()).await?;
    page.enter_frame().await?;
    Ok(wait_for_cause(page, "needs `allow-scripts allow-same-origin`").await?)
}

async fn a_host_that_never_answers_is_named() -> TestResult {
    let Fixture { browser, server: _server, .. } = Fixture::open(QUICK).await?;
    let host = Server::start(&built_site(), BASE)?;
    host.replace(&built_part("interleave_bg.wasm")?, Replacement::Never);
    let page = Page::new(&browser, host.url());
    page.open_path("").await?;
    Ok(wait_for_cause(&page, "has not sent all of its code yet").await?)
}

async fn an_address_that_does_not_exist_leads_to_the_first_page() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    let site = fixture.server.url();
    // As a static host shows it, at any depth.
    let not_found = std::fs::read(built_site().join("404.html"))?;
    fixture.server.replace("no/such/page", Replacement::Bytes { content_type: "text/html", body: not_found });
    page.open_path("no/such/page").await?;
    eventually("a link to the site", async || {
        let link: String = page.evaluate("return document.querySelector('a').href", Vec::new()).await?;
        Ok(if link == site { Ok(()) } else { Err(link) })
    })
    .await?;
    Ok(())
}
