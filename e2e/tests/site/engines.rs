//! What a person relies on most, in every engine; and that the browsers of all engines can be steered alike.

use e2e::browser::{Browser, BrowserError, Engine};
use e2e::endpoint::{Answer, Behaviour, Cors, Endpoint};
use e2e::fixture::{Fixture, TestResult, wait_for_outcome};
use e2e::in_each_engine;
use e2e::page::{Page, PageError, eventually};
use e2e::server::{Outcome, Replacement};
use e2e::suite::Test;
use fantoccini::key::Key;
use serde_json::{Value, json};

/// Less than half a second of waits.
const LINK: &str = "async-basics?scale=0.2&seed=7";
const WEIGHTS: &str = "static/models/logistic-regression.safetensors";

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        a_run_measures_what_it_shows,
        stop_stops_at_once,
        a_link_reproduces_its_run,
        controls_take_what_a_person_enters,
        keys_alone_run_and_stop,
        each_browser_has_a_profile_of_its_own,
        a_link_that_is_followed_right_after_a_control_was_changed_is_not_lost,
        a_dropped_browser_is_gone,
        what_an_engine_does_not_tell_is_an_error,
        a_page_asks_another_origin_as_far_as_that_allows,
        a_page_that_reads_no_more_is_noticed_by_another_origin
    ]
}

async fn a_run_measures_what_it_shows(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let bars = page.bars().await?;
    assert_eq!(bars.len(), 4);
    for bar in bars {
        let (measured, ideal) = (bar.measured_ms.unwrap_or_default(), bar.ideal_ms.unwrap_or(f64::INFINITY));
        // The clock has steps of up to 1 ms, at the begin and at the end.
        assert!(measured >= ideal - 2.0, "{bar:?}");
    }
    page.open_disclosures().await?;
    assert!(page.results().await?.rows.join("\n").contains("download_model"));
    Ok(())
}

async fn stop_stops_at_once(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    let page = &fixture.page;
    fixture.server.replace(WEIGHTS, Replacement::Never);
    page.press("Run").await?;
    page.wait_for_status("Running").await?;
    fixture.wait_for_outcome(WEIGHTS, Outcome::Pending).await?;
    page.press("Stop").await?;
    assert!(page.status().await?.starts_with("Stopped"));
    fixture.wait_for_outcome(WEIGHTS, Outcome::ClosedByClient).await?;

    fixture.server.restore(WEIGHTS);
    page.run_to_the_end().await?;
    Ok(())
}

async fn a_link_reproduces_its_run(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-basics").await?;
    let page = &fixture.page;
    page.fill_in("scale", "0.2").await?;
    page.fill_in("seed", "42").await?;
    page.wait_for_link("async-basics?scale=0.2&seed=42").await?;
    page.run_to_the_end().await?;
    let (digits, values) = (page.digits().await?, page.values().await?);
    assert_eq!(digits.len(), 12);

    page.reload().await?;
    page.run_to_the_end().await?;
    assert_eq!((page.digits().await?, page.values().await?), (digits.clone(), values.clone()));
    page.open(LINK).await?;
    page.run_to_the_end().await?;
    assert_ne!(page.digits().await?, digits, "another seed");
    page.open("async-basics?scale=0.2&seed=42").await?;
    page.run_to_the_end().await?;
    assert_eq!((page.digits().await?, page.values().await?), (digits, values));
    Ok(())
}

async fn controls_take_what_a_person_enters(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-basics?seed=7").await?;
    let page = &fixture.page;
    page.fill_in("load", "2001").await?;
    let refused = page.control("load").await?;
    assert!(refused.is_invalid && refused.refusal.contains("2001") && refused.value == "2001", "{refused:?}");
    assert!(!page.is_enabled("Run").await?);
    page.fill_in("load", "").await?;
    assert!(page.control("load").await?.is_invalid);
    page.fill_in("load", "350").await?;
    page.toggle("blocking").await?;
    page.nudge_slider("download").await?;
    page.wait_for_link("async-basics?download=450&load=350&blocking=off&seed=7").await?;

    page.open("common-issues").await?;
    page.wait_for_button("Run").await?;
    assert_eq!(page.control("issue").await?.value, "all");
    page.choose("issue", "blocked-loop").await?;
    page.wait_for_link("common-issues?issue=blocked-loop&seed=7").await?;
    assert_eq!(page.control("issue").await?.value, "blocked-loop");
    Ok(())
}

async fn keys_alone_run_and_stop(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-basics?seed=7").await?;
    let page = &fixture.page;
    fixture.server.replace(WEIGHTS, Replacement::Never);
    page.tab_to("Run").await?;
    page.key(Key::Enter).await?;
    page.wait_for_status("Running").await?;
    page.tab_to("Stop").await?;
    page.key(Key::Enter).await?;
    page.wait_for_status("Stopped").await?;
    Ok(())
}

async fn each_browser_has_a_profile_of_its_own(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    fixture.page.evaluate::<()>("localStorage.setItem('mark', 'mine')", Vec::new()).await?;
    let other = Browser::start(engine).await?;
    let page = Page::new(&other, fixture.server.url());
    page.open(LINK).await?;
    let mark = "return localStorage.getItem('mark')";
    assert_eq!(page.evaluate::<Value>(mark, Vec::new()).await?, Value::Null);
    assert_eq!(fixture.page.evaluate::<Value>(mark, Vec::new()).await?, "mine", "both run side by side");
    Ok(())
}

/// Changes a control, and follows a link when the address is about to follow the control.
const FOLLOW_A_LINK_LATE: &str = "
    const field = document.querySelector('[data-control=load] input');
    field.value = '350';
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.dispatchEvent(new Event('change', { bubbles: true }));
    const late = performance.now() + 300;
    return new Promise((done) => setTimeout(() => {
        while (performance.now() < late);
        location.hash = '#/guide';
        done(null);
    }));";

async fn a_link_that_is_followed_right_after_a_control_was_changed_is_not_lost(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-basics").await?;
    let page = &fixture.page;
    page.evaluate::<Value>(FOLLOW_A_LINK_LATE, Vec::new()).await?;
    eventually("the guide", async || {
        let titles = page.texts("h1").await?;
        Ok(if titles == ["Guide"] { Ok(()) } else { Err(format!("{titles:?}")) })
    })
    .await?;
    Ok(())
}

async fn a_dropped_browser_is_gone(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in_new_browser(engine, LINK).await?;
    fixture.server.replace(WEIGHTS, Replacement::Never);
    fixture.page.press("Run").await?;
    fixture.wait_for_outcome(WEIGHTS, Outcome::Pending).await?;
    let Fixture { page, browser, server } = fixture;
    drop((page, browser));
    Ok(wait_for_outcome(&server, WEIGHTS, Outcome::ClosedByClient).await?)
}

async fn what_an_engine_does_not_tell_is_an_error(engine: Engine) -> TestResult {
    let browser = Browser::start(engine).await?;
    let message = [browser.console_problems().await.map(drop), browser.requested_urls().await.map(drop)];
    let is_told = |it: &Result<(), BrowserError>| !matches!(it, Err(BrowserError::OnlyInChromium { .. }));
    assert_eq!(message.iter().all(is_told), engine == Engine::Chromium, "{message:?}");
    assert_eq!(message.iter().any(is_told), engine == Engine::Chromium, "{message:?}");
    Ok(())
}

/// Sends a request and tells the status, or that nothing may be known.
const ASK: &str = "
    const [url, body] = arguments, headers = { 'content-type': 'application/json' };
    const options = body === null ? {} : { method: 'POST', headers, body: JSON.stringify(body) };
    return fetch(url, options).then((response) => [response.status, response.headers.get('retry-after')], () => null);";

/// What a page gets to know: the status and `Retry-After`.
type Known = Option<(u16, Option<String>)>;

async fn a_page_asks_another_origin_as_far_as_that_allows(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    let endpoint = Endpoint::start(Behaviour::default())?;
    let infer = Answer::FailFirst { times: usize::MAX, status: 429, retry_after_s: Some(1) };
    let message = Some((429, Some("1".to_owned())));
    for (cors, exposes_retry_after, known_of_get, known_of_post) in [
        // First what is refused: WebKit keeps a permission for some seconds, also where it is told not to.
        (Cors::NoPreflight, true, Some((200, None)), None),
        (Cors::Closed, true, None, None),
        (Cors::Open, true, Some((200, None)), message),
        (Cors::Open, false, Some((200, None)), Some((429, None))),
    ] {
        endpoint.behave(Behaviour { cors, exposes_retry_after, infer: infer.clone(), ..Behaviour::default() });
        let get = vec![format!("{}v2", endpoint.url()).into(), Value::Null];
        assert_eq!(fixture.page.evaluate::<Known>(ASK, get).await?, known_of_get, "{cors:?}");
        let post = vec![format!("{}v2/models/digits/infer", endpoint.url()).into(), json!({ "inputs": [] })];
        assert_eq!(fixture.page.evaluate::<Known>(ASK, post).await?, known_of_post, "{cors:?}");
    }
    Ok(())
}

/// Begins requests, which `window.abort` aborts.
const BEGIN: &str = "
    const [url, count] = arguments, abort = new AbortController();
    const one = () => fetch(url, { method: 'POST', body: '{}', signal: abort.signal }).then((response) => response.text()).catch(() => null);
    window.all = Promise.all(Array.from({ length: count }, one));
    window.abort = () => { abort.abort(); return window.all.then(() => null); };";

async fn a_page_that_reads_no_more_is_noticed_by_another_origin(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    let endpoint = Endpoint::start(Behaviour::default())?;
    for infer in [Answer::Never, Answer::HeadOnly] {
        endpoint.behave(Behaviour { infer, ..Behaviour::default() });
        // Several times the same `GET` would wait for each other, because of the browser's cache.
        let begin = vec![format!("{}v2/models/digits/infer", endpoint.url()).into(), 5.into()];
        fixture.page.evaluate::<()>(BEGIN, begin).await?;
        wait_for_in_flight(&endpoint, 5).await?;
        fixture.page.evaluate::<()>("return window.abort()", Vec::new()).await?;
        wait_for_in_flight(&endpoint, 0).await?;
    }
    assert_eq!(endpoint.cancelled(), 10);
    Ok(())
}

async fn wait_for_in_flight(endpoint: &Endpoint, expected: usize) -> Result<(), PageError> {
    eventually(&format!("{expected} requests in flight"), async || {
        let found = endpoint.in_flight();
        Ok(if found == expected { Ok(()) } else { Err(found.to_string()) })
    })
    .await
}
