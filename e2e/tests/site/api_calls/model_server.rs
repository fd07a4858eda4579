//! The page's own model server.

use e2e::browser::Engine;
use e2e::fixture::{BASE, Fixture, TestResult};
use e2e::page::{Page, PageError, eventually};
use e2e::server::{Replacement, Server, built_site};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};
use serde_json::Value;

use super::{PLAIN, connection, outcomes, test_connection};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        the_model_server_describes_itself_and_reads_the_digits,
        one_fifty_and_five_hundred_requests_at_once_are_all_answered,
        stop_aborts_every_request,
        without_service_workers_the_page_says_so_and_can_use_another_endpoint,
        a_worker_that_does_not_load_is_reported_and_fixed_without_a_reload,
        an_unregistered_worker_is_registered_again_by_the_next_run
    ]
    .chain(in_chromium![
        every_request_that_fails_has_its_cause,
        a_stopped_worker_starts_again_by_itself,
        a_registration_without_an_answer_is_retried,
        a_page_reloaded_without_its_worker_uses_it_again
    ])
}

/// The number of requests in flight according to the server.
async fn in_flight(page: &Page) -> Result<u64, PageError> {
    let stats: Value = page.evaluate("return fetch('api/stats').then((reply) => reply.json())", Vec::new()).await?;
    Ok(stats["in_flight"].as_u64().unwrap_or(u64::MAX))
}

async fn wait_for_in_flight(page: &Page, expected: u64) -> Result<(), PageError> {
    eventually(&format!("{expected} requests in flight"), async || {
        let found = in_flight(page).await?;
        Ok(if found == expected { Ok(()) } else { Err(found.to_string()) })
    })
    .await
}

async fn the_model_server_describes_itself_and_reads_the_digits(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, &format!("{PLAIN}&requests=36&latency=20")).await?;
    let page = &fixture.page;
    let text = connection(page).await?;
    assert!(text.contains("`interleave` 0.1.0 answered in") && text.contains("images FP32 [-1, 64]"), "{text}");
    page.run_to_the_end().await?;
    let found = page.notes().await?;
    assert!(found.contains("36 of 36 requests with 10 inputs each succeeded"), "{found}");
    // The classifier's own tests expect the same number.
    assert!(found.contains("353 of 360 digits were classified correctly"), "{found}");
    assert_eq!(page.digits().await?.len(), 10);
    assert!(page.checks().await?.iter().all(|check| check.passed));
    assert_eq!(page.table("Inputs and outputs of the models").await?.len(), 4);
    // None of these requests went over the network.
    assert!(fixture.server.requests().iter().all(|request| !request.path.contains("/api/")));
    Ok(())
}

async fn one_fifty_and_five_hundred_requests_at_once_are_all_answered(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, PLAIN).await?;
    let page = &fixture.page;
    // In WebKit, the installation of a worker never ends if its page is closed before.
    connection(page).await?;
    for requests in [1, 50, 500] {
        let settings = "batch-size=1&limit=0&capacity=0&latency=20&timeout=30000";
        page.open(&format!("{PLAIN}&requests={requests}&{settings}")).await?;
        page.run_to_the_end().await?;
        assert_eq!(outcomes(page).await?, [("succeeded".to_owned(), requests)]);
        assert_eq!(in_flight(page).await?, 0);
    }
    Ok(())
}

async fn every_request_that_fails_has_its_cause() -> TestResult {
    let link =
        "async-api-calls?one-by-one=off&requests=60&batch-size=1&failure-rate=0.7&faults=all&retries=0&timeout=4000";
    let fixture = Fixture::open(&format!("{link}&limit=0&capacity=0&spread=0&latency=10&seed=7")).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let outcomes = outcomes(page).await?;
    let causes: Vec<_> = outcomes.iter().map(|(cause, _)| cause.as_str()).collect();
    assert_eq!(causes, ["succeeded", "HTTP 429", "HTTP 500", "HTTP 503", "not JSON", "timed out"]);
    assert_eq!(outcomes.iter().map(|(_, n)| n).sum::<u32>(), 60);
    Ok(wait_for_in_flight(page, 0).await?)
}

async fn stop_aborts_every_request(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, PLAIN).await?;
    let page = &fixture.page;
    connection(page).await?;
    // First many requests in the server's queue, then responses that never arrive.
    for settings in ["latency=2000&capacity=8", "latency=0&failure-rate=1&faults=hangs&capacity=0"] {
        page.open(&format!("{PLAIN}&requests=100&batch-size=1&limit=0&timeout=60000&retries=0&{settings}")).await?;
        page.wait_for_button("Run").await?;
        connection(page).await?;
        page.press("Run").await?;
        wait_for_in_flight(page, 100).await?;
        page.press("Stop").await?;
        page.wait_for_status("Stopped").await?;
        wait_for_in_flight(page, 0).await?;
    }
    page.open(&format!("{PLAIN}&requests=5&latency=5")).await?;
    page.run_to_the_end().await?;
    assert_eq!(outcomes(page).await?, [("succeeded".to_owned(), 5)]);
    Ok(())
}

async fn without_service_workers_the_page_says_so_and_can_use_another_endpoint(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, &format!("{PLAIN}&requests=5")).await?;
    let page = &fixture.page;
    connection(page).await?;
    let hide =
        "Object.defineProperty(navigator, 'serviceWorker', { configurable: true, value: undefined }); return null";
    page.evaluate::<Value>(hide, Vec::new()).await?;
    let text = test_connection(page).await?;
    assert!(
        text.contains("this browser does not allow service workers in this window")
            && text.contains("your own endpoint"),
        "{text}"
    );
    page.press("Run").await?;
    page.wait_for_status("Failed before it began").await?;
    page.choose("endpoint", "own").await?;
    assert!(page.is_enabled("Run").await?);
    page.evaluate::<Value>("delete navigator.serviceWorker; return null", Vec::new()).await?;
    page.choose("endpoint", "embedded").await?;
    page.run_to_the_end().await?;
    Ok(())
}

async fn a_stopped_worker_starts_again_by_itself() -> TestResult {
    let fixture = Fixture::open(&format!("{PLAIN}&requests=5&latency=5")).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    fixture.browser.stop_service_workers().await?;
    // A new worker counts from 0.
    let stats: Value = page.evaluate("return fetch('api/stats').then((reply) => reply.json())", Vec::new()).await?;
    assert_eq!(stats["completed"], 0);
    page.run_to_the_end().await?;
    assert_eq!(outcomes(page).await?, [("succeeded".to_owned(), 5)]);
    Ok(())
}

async fn a_page_reloaded_without_its_worker_uses_it_again() -> TestResult {
    let fixture = Fixture::open(&format!("{PLAIN}&requests=5&latency=5")).await?;
    let page = &fixture.page;
    connection(page).await?;
    page.reload_without_cache(&fixture.browser).await?;
    assert!(connection(page).await?.contains("answered in"));
    page.run_to_the_end().await?;
    assert_eq!(outcomes(page).await?, [("succeeded".to_owned(), 5)]);
    Ok(())
}

async fn a_worker_that_does_not_load_is_reported_and_fixed_without_a_reload(engine: Engine) -> TestResult {
    let server = Server::start(&built_site(), BASE)?;
    server.replace("service-worker.js", Replacement::Status(404));
    let fixture = Fixture::open_with_server(server, engine, &format!("{PLAIN}&requests=5")).await?;
    let page = &fixture.page;
    let text = connection(page).await?;
    assert!(text.contains("cannot start: ") && text.contains("service-worker.js"), "{text}");
    page.press("Run").await?;
    page.wait_for_status("Failed before it began").await?;
    fixture.server.restore("service-worker.js");
    page.run_to_the_end().await?;
    assert!(test_connection(page).await?.contains("answered in"));
    Ok(())
}

async fn an_unregistered_worker_is_registered_again_by_the_next_run(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, &format!("{PLAIN}&requests=5&latency=5")).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let unregister = "return navigator.serviceWorker.ready.then((it) => it.unregister())";
    assert!(page.evaluate::<bool>(unregister, Vec::new()).await?);
    page.reload().await?;
    page.wait_for_button("Run").await?;
    page.run_to_the_end().await?;
    assert_eq!(outcomes(page).await?, [("succeeded".to_owned(), 5)]);
    Ok(())
}

async fn a_registration_without_an_answer_is_retried() -> TestResult {
    let fixture = Fixture::open(&format!("{PLAIN}&requests=5&latency=5")).await?;
    let page = &fixture.page;
    connection(page).await?;
    let forget_the_first = "const workers = navigator.serviceWorker;
        const register = workers.register;
        window.registrations = 0;
        workers.register = (...all) =>
            ++window.registrations === 1 ? new Promise(() => {}) : register.apply(workers, all);";
    page.evaluate::<Value>(forget_the_first, Vec::new()).await?;
    page.run_to_the_end().await?;
    assert_eq!(outcomes(page).await?, [("succeeded".to_owned(), 5)]);
    assert_eq!(page.evaluate::<u32>("return window.registrations", Vec::new()).await?, 2);
    Ok(())
}
