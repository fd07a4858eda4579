//! Stop stops a run immediately: no request stays open, and nothing continues.

use std::time::Duration;

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::HAS_TASKS;
use e2e::server::{Outcome, Replacement};
use e2e::suite::Test;

use super::{DATA, DEFAULTS, SHORT, WEIGHTS, assert_stop_aborts_the_request, times_requested};

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        stop_stops_immediately_and_nothing_continues,
        stop_aborts_the_request_in_flight,
        leaving_the_page_aborts_the_request_in_flight
    ]
}

/// Long enough to notice if anything continued: the next step of the run would have ended by then.
const PAUSE: Duration = Duration::from_millis(500);

async fn stop_stops_immediately_and_nothing_continues() -> TestResult {
    let fixture = Fixture::open_without_service_worker(DEFAULTS).await?;
    let page = &fixture.page;
    page.open_disclosures().await?;
    page.stop_when(HAS_TASKS).await?;
    page.press("Run").await?;
    page.wait_for_status("Stopped").await?;
    let results = page.settled_results().await?;
    let requests = fixture.server.requests().len();
    assert!(page.is_enabled("Run").await?);
    tokio::time::sleep(PAUSE).await;
    assert_eq!(page.results().await?, results);
    assert_eq!(fixture.server.requests().get(requests..), Some(&[][..]), "there are no more requests");
    Ok(())
}

async fn stop_aborts_the_request_in_flight() -> TestResult {
    let fixture = Fixture::open_without_service_worker(SHORT).await?;
    // The forecast has read them.
    let before = times_requested(&fixture.server, DATA);
    assert_stop_aborts_the_request(&fixture).await?;
    assert_eq!(times_requested(&fixture.server, DATA), before, "the next step did not start");

    fixture.server.restore(WEIGHTS);
    fixture.page.run_to_the_end().await?;
    Ok(())
}

async fn leaving_the_page_aborts_the_request_in_flight() -> TestResult {
    let fixture = Fixture::open_without_service_worker(SHORT).await?;
    fixture.server.replace(WEIGHTS, Replacement::Never);
    fixture.page.press("Run").await?;
    fixture.wait_for_outcome(WEIGHTS, Outcome::Pending).await?;
    fixture.page.follow("benchmark").await?;
    fixture.wait_for_outcome(WEIGHTS, Outcome::ClosedByClient).await?;
    Ok(())
}
