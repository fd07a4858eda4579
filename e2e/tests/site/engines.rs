//! The most important behaviour of the page, in every engine. Also tests that the harness controls all engines in the
//! same way.

use e2e::browser::{Browser, BrowserError, Compilation, Engine};
use e2e::endpoint::{Answer, Behaviour, Cors, Endpoint};
use e2e::fixture::{Fixture, TestResult, wait_for_outcome};
use e2e::in_each_engine;
use e2e::page::{Page, PageError, eventually};
use e2e::server::{Outcome, Replacement};
use e2e::suite::Test;
use serde_json::{Value, json};

use super::async_basics::{WEIGHTS, assert_stop_aborts_the_request, run_and_stop_with_keys};

/// A run with less than half a second of waits.
const LINK: &str = "async-basics?scale=0.2&seed=7";

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        no_part_of_a_run_is_faster_than_its_ideal,
        stop_aborts_the_request_and_the_page_can_run_again,
        a_link_reproduces_its_run,
        controls_accept_valid_values_and_refuse_others,
        the_keyboard_alone_can_run_and_stop,
        each_browser_has_its_own_profile,
        a_link_followed_right_after_a_change_of_a_control_opens,
        dropping_a_browser_ends_its_requests,
        logs_are_an_error_in_engines_without_them,
        a_page_reads_from_another_origin_what_cors_allows,
        another_origin_notices_aborted_requests
    ]
}

async fn no_part_of_a_run_is_faster_than_its_ideal(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let bars = page.bars().await?;
    assert_eq!(bars.len(), 4);
    for bar in bars {
        let (measured, ideal) = (bar.measured_ms.unwrap_or_default(), bar.ideal_ms.unwrap_or(f64::INFINITY));
        // The clock has a resolution of up to 1 ms, at the start and at the end.
        assert!(measured >= ideal - 2.0, "{bar:?}");
    }
    page.open_disclosures().await?;
    assert!(page.results().await?.rows.join("\n").contains("download_model"));
    Ok(())
}

async fn stop_aborts_the_request_and_the_page_can_run_again(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in_without_service_worker(engine, LINK).await?;
    assert_stop_aborts_the_request(&fixture).await?;

    fixture.server.restore(WEIGHTS);
    fixture.page.run_to_the_end().await?;
    Ok(())
}

async fn a_link_reproduces_its_run(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-basics").await?;
    let page = &fixture.page;
    page.fill_in("scale", "0.2").await?;
    page.fill_in("seed", "42").await?;
    page.wait_for_link("async-basics?scale=0.2&seed=42").await?;
    page.run_to_the_end().await?;
    let (digits, values) = (page.digits().await?, page.names_and_values().await?);
    assert_eq!(digits.len(), 12);

    page.reload().await?;
    page.run_to_the_end().await?;
    assert_eq!((page.digits().await?, page.names_and_values().await?), (digits.clone(), values.clone()));
    page.open(LINK).await?;
    page.run_to_the_end().await?;
    assert_ne!(page.digits().await?, digits, "another seed");
    page.open("async-basics?scale=0.2&seed=42").await?;
    page.run_to_the_end().await?;
    assert_eq!((page.digits().await?, page.names_and_values().await?), (digits, values));
    Ok(())
}

async fn controls_accept_valid_values_and_refuse_others(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-basics?seed=7").await?;
    let page = &fixture.page;
    page.fill_in("load", "2001").await?;
    let refused = page.control("load").await?;
    assert!(refused.is_invalid && refused.error.contains("2001") && refused.value == "2001", "{refused:?}");
    assert!(!page.is_enabled("Run").await?);
    page.fill_in("load", "").await?;
    assert!(page.control("load").await?.is_invalid);
    page.fill_in("load", "350").await?;
    page.toggle("blocking").await?;
    page.nudge_slider("download").await?;
    page.wait_for_link("async-basics?download=450&load=350&blocking=off&seed=7").await?;

    page.open("common-issues").await?;
    page.wait_for_button("Run").await?;
    assert_eq!(page.control("issue").await?.value, "blocked-loop");
    page.choose("issue", "too-many").await?;
    page.wait_for_link("common-issues?issue=too-many&seed=7").await?;
    assert_eq!(page.control("issue").await?.value, "too-many");
    Ok(())
}

async fn the_keyboard_alone_can_run_and_stop(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-basics?seed=7").await?;
    fixture.server.replace(WEIGHTS, Replacement::Never);
    run_and_stop_with_keys(&fixture.page).await
}

async fn each_browser_has_its_own_profile(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    fixture.page.evaluate::<()>("localStorage.setItem('mark', 'mine')", Vec::new()).await?;
    let other = Browser::start(engine, Compilation::Full).await?;
    let page = Page::new(&other, fixture.server.url());
    page.open(LINK).await?;
    let mark = "return localStorage.getItem('mark')";
    assert_eq!(page.evaluate::<Value>(mark, Vec::new()).await?, Value::Null);
    assert_eq!(fixture.page.evaluate::<Value>(mark, Vec::new()).await?, "mine", "both run at the same time");
    Ok(())
}

/// Changes a control, and follows a link just before the page updates the address for the control.
const CHANGE_AND_FOLLOW: &str = "
    const field = document.querySelector('[data-control=load] input');
    field.value = '350';
    field.dispatchEvent(new Event('input', { bubbles: true }));
    field.dispatchEvent(new Event('change', { bubbles: true }));
    const end = performance.now() + 300;
    return new Promise((done) => setTimeout(() => {
        while (performance.now() < end);
        location.hash = '#/guide';
        done(null);
    }));";

async fn a_link_followed_right_after_a_change_of_a_control_opens(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-basics").await?;
    let page = &fixture.page;
    page.evaluate::<Value>(CHANGE_AND_FOLLOW, Vec::new()).await?;
    eventually("the guide", async || {
        let titles = page.texts("h1").await?;
        Ok(if titles == ["Guide"] { Ok(()) } else { Err(format!("{titles:?}")) })
    })
    .await?;
    Ok(())
}

async fn dropping_a_browser_ends_its_requests(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in_new_browser(engine, LINK).await?;
    fixture.server.replace(WEIGHTS, Replacement::Never);
    fixture.page.press("Run").await?;
    fixture.wait_for_outcome(WEIGHTS, Outcome::Pending).await?;
    let Fixture { page, browser, server } = fixture;
    drop((page, browser));
    Ok(wait_for_outcome(&server, WEIGHTS, Outcome::ClosedByClient).await?)
}

async fn logs_are_an_error_in_engines_without_them(engine: Engine) -> TestResult {
    let browser = Browser::start(engine, Compilation::Full).await?;
    let logs = [browser.console_problems().await.map(drop), browser.requested_urls().await.map(drop)];
    let is_available = |it: &Result<(), BrowserError>| !matches!(it, Err(BrowserError::OnlyInChromium { .. }));
    assert_eq!(logs.iter().all(is_available), engine == Engine::Chromium, "{logs:?}");
    assert_eq!(logs.iter().any(is_available), engine == Engine::Chromium, "{logs:?}");
    Ok(())
}

/// Sends a request. Returns the status and `Retry-After`, or null if the page may not read the response.
const REQUEST: &str = "
    const [url, body] = arguments, headers = { 'content-type': 'application/json' };
    const options = body === null ? {} : { method: 'POST', headers, body: JSON.stringify(body) };
    return fetch(url, options).then((response) => [response.status, response.headers.get('retry-after')], () => null);";

/// The part of a response that the page can read: the status and `Retry-After`.
type Readable = Option<(u16, Option<String>)>;

async fn a_page_reads_from_another_origin_what_cors_allows(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    let infer = Answer::FailFirst { times: usize::MAX, status: 429, retry_after_s: Some(1) };
    let all = Some((429, Some("1".to_owned())));
    for (cors, exposes_retry_after, readable_of_get, readable_of_post) in [
        (Cors::NoPreflight, true, Some((200, None)), None),
        (Cors::Closed, true, None, None),
        (Cors::Open, true, Some((200, None)), all),
        (Cors::Open, false, Some((200, None)), Some((429, None))),
    ] {
        // On a busy machine, WebKit sometimes sends this request without a preflight, and then lets the page read the
        // response: the endpoint received no `OPTIONS`. Why is not known.
        if cors == Cors::NoPreflight && engine == Engine::Webkit {
            continue;
        }
        // Each case has its own endpoint, because WebKit remembers for some seconds what an endpoint permits.
        let endpoint =
            Endpoint::start(Behaviour { cors, exposes_retry_after, infer: infer.clone(), ..Behaviour::default() })?;
        let get = vec![format!("{}v2", endpoint.url()).into(), Value::Null];
        assert_eq!(fixture.page.evaluate::<Readable>(REQUEST, get).await?, readable_of_get, "{cors:?}");
        let post = vec![format!("{}v2/models/digits/infer", endpoint.url()).into(), json!({ "inputs": [] })];
        let readable = fixture.page.evaluate::<Readable>(REQUEST, post).await?;
        assert_eq!(readable, readable_of_post, "{cors:?}: {:?}", endpoint.received());
    }
    Ok(())
}

/// Starts requests, which `window.abort` aborts.
const START: &str = "
    const [url, count] = arguments, abort = new AbortController();
    const one = () => fetch(url, { method: 'POST', body: '{}', signal: abort.signal }).then((response) => response.text()).catch(() => null);
    window.all = Promise.all(Array.from({ length: count }, one));
    window.abort = () => { abort.abort(); return window.all.then(() => null); };";

async fn another_origin_notices_aborted_requests(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    let endpoint = Endpoint::start(Behaviour::default())?;
    for infer in [Answer::Never, Answer::HeadOnly] {
        endpoint.behave(Behaviour { infer, ..Behaviour::default() });
        // These are `POST` requests: several identical `GET` requests would wait for each other, because of the
        // browser's cache.
        let arguments = vec![format!("{}v2/models/digits/infer", endpoint.url()).into(), 5.into()];
        fixture.page.evaluate::<()>(START, arguments).await?;
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
