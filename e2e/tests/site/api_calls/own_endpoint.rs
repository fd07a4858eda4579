//! An independent endpoint on another origin, which does not use the project's own protocol code.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::endpoint::{Answer, Behaviour, Endpoint};
use e2e::fixture::{Fixture, TestResult};
use e2e::page::eventually;
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

use super::{link_to, outcomes, test_connection};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        the_endpoint_gets_no_request_before_the_reader_asks_for_it,
        stop_closes_every_connection,
        retries_wait_as_long_as_the_endpoint_asks
    ]
    .chain(in_chromium![
        requests_are_built_from_the_metadata_of_any_model,
        a_sweep_finds_the_capacity,
        a_sweep_of_an_endpoint_that_changes_claims_no_knee,
        no_link_hides_where_requests_go,
        a_server_that_describes_only_its_models_passes_the_test,
        a_preflight_is_sent_as_often_as_the_endpoint_requires
    ])
}

async fn the_endpoint_gets_no_request_before_the_reader_asks_for_it(engine: Engine) -> TestResult {
    let endpoint = Endpoint::start(Behaviour::default())?;
    let fixture = Fixture::open_in(engine, &link_to(&endpoint, "digits", "")).await?;
    let page = &fixture.page;
    eventually("a text about the connection", async || {
        let text = page.texts("[data-connection]").await?.join("\n");
        Ok(if text.contains("Not tested yet") { Ok(()) } else { Err(text) })
    })
    .await?;
    assert_eq!(endpoint.received(), []);
    let text = test_connection(page).await?;
    assert!(text.contains("Inputs of `digits`: images FP32 [-1, 64]. Outputs: label INT64 [-1]"), "{text}");
    let received: Vec<_> = endpoint.received().into_iter().map(|request| (request.method, request.path)).collect();
    let expected =
        [("GET", "/v2"), ("GET", "/v2/models/digits")].map(|(method, path)| (method.to_owned(), path.to_owned()));
    assert_eq!(received, expected);
    Ok(())
}

async fn requests_are_built_from_the_metadata_of_any_model() -> TestResult {
    let endpoint = Endpoint::start(Behaviour::default())?;
    let fixture = Fixture::open("async-basics?seed=7").await?;
    let page = &fixture.page;
    for (models, classifies_digits) in [("digits", true), ("tabular", false), ("texts", false)] {
        page.open(&link_to(&endpoint, models, "&requests=12&batch-size=3&limit=4")).await?;
        page.run_to_the_end().await?;
        // The endpoint is strict: a name, shape or datatype that is not the model's would be refused.
        assert_eq!(outcomes(page).await?, [("succeeded".to_owned(), 12)], "{models}");
        let found = page.notes().await?;
        assert_eq!(found.contains("classified correctly"), classifies_digits, "{models}: {found}");
    }
    assert!(endpoint.most_in_flight() <= 4, "{} at once", endpoint.most_in_flight());
    let posts = endpoint.received().into_iter().filter(|request| request.method == "POST").count();
    assert_eq!(posts, 3 * 13, "with a warm-up for each model");
    Ok(())
}

async fn no_link_hides_where_requests_go() -> TestResult {
    let endpoint = Endpoint::start(Behaviour::default())?;
    let fixture = Fixture::open(&link_to(&endpoint, "digits", "&hide=all")).await?;
    let expected = format!("Requests go to {}.", endpoint.url());
    eventually("the address of the endpoint", async || {
        let text = fixture.page.texts("[data-connection]").await?.join(" ");
        Ok(if text.contains(&expected) { Ok(()) } else { Err(text) })
    })
    .await?;
    assert_eq!(endpoint.received(), []);
    Ok(())
}

async fn a_server_that_describes_only_its_models_passes_the_test() -> TestResult {
    let metadata = Answer::FailFirst { times: 1, status: 404, retry_after_s: None };
    let endpoint = Endpoint::start(Behaviour { metadata, ..Behaviour::default() })?;
    let fixture = Fixture::open(&link_to(&endpoint, "digits", "")).await?;
    fixture.page.wait_for_button("Run").await?;
    let text = test_connection(&fixture.page).await?;
    assert!(text.contains("does not describe itself (HTTP status 404"), "{text}");
    assert!(text.contains("Inputs of `digits`: images FP32 [-1, 64]."), "{text}");
    Ok(())
}

async fn a_preflight_is_sent_as_often_as_the_endpoint_requires() -> TestResult {
    let link = |endpoint: &Endpoint| link_to(endpoint, "digits", "&requests=30&limit=4&batch-size=1");
    let mut sent = Vec::new();
    for preflight_max_age_s in [86_400, 0] {
        let endpoint = Endpoint::start(Behaviour { preflight_max_age_s, ..Behaviour::default() })?;
        let fixture = Fixture::open(&link(&endpoint)).await?;
        fixture.page.run_to_the_end().await?;
        assert_eq!(outcomes(&fixture.page).await?, [("succeeded".to_owned(), 30)]);
        sent.push(endpoint.received().into_iter().filter(|request| request.method == "OPTIONS").count());
    }
    assert_eq!(sent, [1, 31], "once, or before the warm-up and each request");
    Ok(())
}

async fn stop_closes_every_connection(engine: Engine) -> TestResult {
    let endpoint = Endpoint::start(Behaviour { infer: Answer::Never, ..Behaviour::default() })?;
    let link = link_to(&endpoint, "digits", "&requests=40&batch-size=1&limit=0&timeout=60000&retries=0");
    let fixture = Fixture::open_in(engine, &link).await?;
    let page = &fixture.page;
    let wait_for = async |what: &str, condition: &dyn Fn(usize) -> bool| {
        eventually(what, async || {
            let found = endpoint.in_flight();
            Ok(if condition(found) { Ok(()) } else { Err(found.to_string()) })
        })
        .await
    };
    page.press("Run").await?;
    // A browser opens only a few connections to one host; the other requests wait in the browser.
    wait_for("requests in flight", &|found| found >= 4).await?;
    page.press("Stop").await?;
    page.wait_for_status("Stopped").await?;
    wait_for("no request in flight", &|found| found == 0).await?;
    let received = endpoint.received().len();
    endpoint.behave(Behaviour::default());
    page.run_to_the_end().await?;
    assert_eq!(outcomes(page).await?, [("succeeded".to_owned(), 40)]);
    assert!(endpoint.received().len() > received);
    Ok(())
}

async fn retries_wait_as_long_as_the_endpoint_asks(engine: Engine) -> TestResult {
    // The first one is the warm-up.
    let infer = Answer::FailFirst { times: 4, status: 429, retry_after_s: Some(1) };
    let endpoint = Endpoint::start(Behaviour { infer, exposes_retry_after: true, ..Behaviour::default() })?;
    let link = link_to(&endpoint, "digits", "&requests=3&batch-size=1&limit=0&retries=1");
    let fixture = Fixture::open_in(engine, &link).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let rows = page.table("Outcomes of the requests").await?;
    assert_eq!((&*rows[0][1], &*rows[1][0], &*rows[1][1], &*rows[1][2]), ("3", "HTTP 429", "0", "3"), "{rows:?}");
    let took = page.bar("batch_inference_api").await?.measured_ms.unwrap_or_default();
    assert!(took >= 998.0, "the endpoint asked for a wait of 1 s, and the requests took {took} ms");
    Ok(())
}

async fn a_sweep_finds_the_capacity() -> TestResult {
    // A browser opens at most six connections to one host, so the capacity is below that.
    let behaviour = Behaviour { latency: Duration::from_millis(150), capacity: Some(2), ..Behaviour::default() };
    let endpoint = Endpoint::start(behaviour)?;
    let fixture = Fixture::open(&link_to(&endpoint, "digits", "&requests=2&batch-size=1&sweep=4")).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    assert_eq!(page.attributes("figure.sweep", "data-knee").await?, ["2"], "{:?}", page.texts("figure.sweep").await?);
    Ok(())
}

async fn a_sweep_of_an_endpoint_that_changes_claims_no_knee() -> TestResult {
    let behaviour =
        |capacity| Behaviour { latency: Duration::from_millis(100), capacity: Some(capacity), ..Behaviour::default() };
    let endpoint = Endpoint::start(behaviour(1))?;
    let fixture = Fixture::open(&link_to(&endpoint, "digits", "&requests=0&batch-size=1&sweep=4")).await?;
    let page = &fixture.page;
    page.press("Run").await?;
    // The capacity changes until the run has ended.
    let changes = async {
        for capacity in [4, 1, 2, 1, 4, 4, 1].into_iter().cycle() {
            tokio::time::sleep(Duration::from_millis(300)).await;
            endpoint.behave(behaviour(capacity));
        }
    };
    tokio::select! {
        finished = page.wait_for_status("Finished") => finished?,
        () = changes => unreachable!("it goes on forever"),
    }
    let text = page.texts("figure.sweep figcaption").await?.join("");
    assert_eq!(page.attributes("figure.sweep", "data-knee").await?, [""], "{text}");
    assert!(
        text.contains("too noisy to show a knee") && text.contains("Measure again with more time per level"),
        "{text}"
    );
    Ok(())
}
