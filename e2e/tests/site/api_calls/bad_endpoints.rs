//! Endpoints that are missing or give bad answers: each is reported with its own cause, and the page keeps working.

use std::net::{Ipv4Addr, TcpListener};
use std::time::{Duration, Instant};

use e2e::browser::Engine;
use e2e::endpoint::{Answer, Behaviour, Cors, Endpoint, corrupt};
use e2e::fixture::{Fixture, TestResult};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};
use serde_json::json;

use super::{PLAIN, encoded, link_to, outcomes, test_connection};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        an_endpoint_without_metadata_is_reported_by_cause,
        an_inference_that_fails_is_reported_by_cause,
        a_reply_of_100_mb_is_not_read,
        a_closed_port_is_reported
    ]
    .chain(in_chromium![an_invalid_address_is_refused_next_to_its_control])
}

async fn an_endpoint_without_metadata_is_reported_by_cause(engine: Engine) -> TestResult {
    let endpoint = Endpoint::start(Behaviour::default())?;
    let fixture = Fixture::open_in(engine, &link_to(&endpoint, "digits", "&requests=3&timeout=700")).await?;
    let page = &fixture.page;
    for (metadata, cors, message) in [
        (Answer::Good, Cors::Closed, "does not allow this page to read the response (CORS)"),
        (Answer::Text(404), Cors::Open, "HTTP status 404"),
        (Answer::Html(500), Cors::Open, "HTTP status 500"),
        (Answer::Html(200), Cors::Open, "the response is not JSON, but an HTML page"),
        (
            Answer::Json(json!({"hello": 1})),
            Cors::Open,
            "the response does not follow the protocol: missing field `name`",
        ),
        (Answer::HalfJson, Cors::Open, "the response is not JSON: EOF"),
        (Answer::ClosedHalfway, Cors::Open, "was lost before the response was complete"),
        (Answer::Never, Cors::Open, "not done within 700 ms"),
        (Answer::HeadOnly, Cors::Open, "not done within 700 ms"),
    ] {
        endpoint.behave(Behaviour { metadata, cors, ..Behaviour::default() });
        let tested = test_connection(page).await?;
        assert!(tested.contains(message), "expected `{message}`, found `{tested}`");
        page.press("Run").await?;
        page.wait_for_status("Failed").await?;
        let status = page.status().await?;
        assert!(
            status.contains("model `digits`: ") && status.contains(message),
            "expected `{message}`, found `{status}`"
        );
    }
    endpoint.behave(Behaviour::default());
    page.run_to_the_end().await?;
    assert_eq!(outcomes(page).await?, [("succeeded".to_owned(), 3)]);
    Ok(())
}

async fn an_inference_that_fails_is_reported_by_cause(engine: Engine) -> TestResult {
    let endpoint = Endpoint::start(Behaviour::default())?;
    let link = link_to(&endpoint, "digits", "&requests=3&batch-size=2&retries=0&timeout=700");
    let fixture = Fixture::open_in(engine, &link).await?;
    let page = &fixture.page;
    for (infer, cors, cause, message) in [
        (Answer::Good, Cors::NoPreflight, "unreachable or blocked", "cannot be reached"),
        (Answer::Text(404), Cors::Open, "HTTP 404", "HTTP status 404"),
        (Answer::Html(200), Cors::Open, "not JSON", "but an HTML page"),
        (Answer::Json(json!({"hello": 1})), Cors::Open, "protocol error", "missing field"),
        (Answer::Changed(corrupt::too_few_elements), Cors::Open, "protocol error", "but its shape"),
        (Answer::Changed(corrupt::unknown_datatype), Cors::Open, "protocol error", "unknown datatype `FLOAT`"),
        (Answer::Changed(corrupt::words_for_numbers), Cors::Open, "protocol error", "not of datatype INT64"),
        (Answer::HalfJson, Cors::Open, "not JSON", "EOF"),
        (Answer::Never, Cors::Open, "timed out", "not done within 700 ms"),
        (Answer::HeadOnly, Cors::Open, "timed out", "not done within 700 ms"),
    ] {
        // WebKit caches the answer to a preflight for some seconds, even if the response forbids it, and the endpoint
        // of another test may have had the same port.
        if engine == Engine::Webkit && cors == Cors::NoPreflight {
            continue;
        }
        endpoint.behave(Behaviour { infer, cors, ..Behaviour::default() });
        page.run_to_the_end().await?;
        let rows = page.table("Outcomes of the requests").await?;
        let found = rows.get(1).map(|row| (row[0].as_str(), row[1].as_str()));
        assert_eq!(found, Some((cause, "3")), "{rows:?}");
        assert!(rows[1][3].contains(message), "expected `{message}`, found {rows:?}");
        let found = page.notes().await?;
        assert_eq!(found.contains("for permission with an OPTIONS request"), cors == Cors::NoPreflight, "{found}");
    }
    // An unknown model is refused by the endpoint.
    page.open(&link_to(&endpoint, "unknown", "")).await?;
    page.wait_for_button("Run").await?;
    page.press("Run").await?;
    page.wait_for_status("Failed").await?;
    assert!(page.status().await?.contains("model `unknown`: HTTP status 404"));
    Ok(())
}

async fn a_reply_of_100_mb_is_not_read(engine: Engine) -> TestResult {
    let endpoint = Endpoint::start(Behaviour::default())?;
    let link = link_to(&endpoint, "digits", "&requests=1&retries=0&timeout=20000");
    let fixture = Fixture::open_in(engine, &link).await?;
    let page = &fixture.page;
    // WebKit reads everything that arrives before it checks that the response is still needed. The other engines read
    // what arrives until the page's abort reaches them.
    let bytes = if engine == Engine::Webkit { 100_000_000 } else { 1_000_000_000 };
    for has_content_length in [true, false] {
        let infer = Answer::EndlessArray { bytes, has_content_length };
        endpoint.behave(Behaviour { infer, ..Behaviour::default() });
        let before = endpoint.bytes_sent();
        page.run_to_the_end().await?;
        assert_eq!(outcomes(page).await?[1], ("response too large".to_owned(), 1));
        let sent = endpoint.bytes_sent() - before;
        assert!(engine == Engine::Webkit || sent < bytes / 2, "{sent} bytes were sent");
    }
    endpoint.behave(Behaviour::default());
    page.run_to_the_end().await?;
    assert_eq!(outcomes(page).await?, [("succeeded".to_owned(), 1)]);
    Ok(())
}

async fn an_invalid_address_is_refused_next_to_its_control() -> TestResult {
    let fixture = Fixture::open(&format!("{PLAIN}&endpoint=own")).await?;
    let page = &fixture.page;
    for (text, message) in [
        ("localhost:8000", "`localhost:8000` is not a URL"),
        ("http://", "there is no valid host after"),
        ("http://host/?a=1", "leave out `?` and `#`"),
        ("<img src=x onerror=alert(1)>", "is not a URL"),
    ] {
        page.fill_in("url", text).await?;
        let control = page.control("url").await?;
        assert!(control.is_invalid && control.error.contains(message), "{control:?}");
        assert!(!page.is_enabled("Run").await?);
    }
    assert_eq!(page.attributes("[data-control='url'] img", "src").await?, [""; 0]);
    page.fill_in("url", "http://127.0.0.1:8000").await?;
    assert!(!page.control("url").await?.is_invalid);
    page.wait_for_button("Run").await?;

    // A hidden control does not disable Run.
    page.fill_in("url", "nonsense").await?;
    page.choose("endpoint", "embedded").await?;
    page.wait_for_button("Run").await?;

    page.open(&format!("{PLAIN}&endpoint=own&url=nonsense")).await?;
    page.wait_for_button("Run").await?;
    let notices = page.notices().await?;
    assert!(
        notices[0].contains("`nonsense` is not a URL") && notices[0].ends_with("Using http://localhost:8000 instead.")
    );
    Ok(())
}

async fn a_closed_port_is_reported(engine: Engine) -> TestResult {
    // A port that was free a moment ago.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let url = encoded(&format!("http://127.0.0.1:{port}"));
    let fixture = Fixture::open_in(engine, &format!("{PLAIN}&endpoint=own&url={url}&models=m")).await?;
    let page = &fixture.page;
    let start = Instant::now();
    page.press("Run").await?;
    page.wait_for_status("Failed").await?;
    assert!(start.elapsed() < Duration::from_secs(15), "it waited for {:?}", start.elapsed());
    let status = page.status().await?;
    assert!(status.contains(&format!("`http://127.0.0.1:{port}/v2/models/m` cannot be reached")), "{status}");
    assert!(page.texts(".failure .hint").await?.join(" ").contains("Check that the server runs at this address"));
    Ok(())
}
