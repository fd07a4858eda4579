//! Stop means stopped: at once, with no request left open and nothing that goes on.

use std::time::Duration;

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::HAS_TASKS;
use e2e::server::{Outcome, Replacement};
use e2e::suite::Test;

use super::{DATA, DEFAULTS, SHORT, WEIGHTS, without_service_worker};

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        stop_stops_at_once_and_nothing_goes_on,
        stop_aborts_the_request_that_is_under_way,
        leaving_the_page_aborts_the_request_that_is_under_way
    ]
}

/// Long enough for anything that Stop left running to be noticed: the next step of the run would have been over.
const A_WHILE: Duration = Duration::from_millis(500);

async fn stop_stops_at_once_and_nothing_goes_on() -> TestResult {
    let fixture = without_service_worker(DEFAULTS).await?;
    let page = &fixture.page;
    page.open_disclosures().await?;
    page.stop_when(HAS_TASKS).await?;
    page.press("Run").await?;
    page.wait_for_status("Stopped").await?;
    let then = page.settled_results().await?;
    let requests = fixture.server.requests().len();
    assert!(page.is_enabled("Run").await?);
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(page.results().await?, then);
    assert_eq!(fixture.server.requests().get(requests..), Some(&[][..]), "nothing is asked for any more");
    Ok(())
}

async fn stop_aborts_the_request_that_is_under_way() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    let page = &fixture.page;
    fixture.server.replace(WEIGHTS, Replacement::Never);
    page.press("Run").await?;
    page.wait_for_status("Running").await?;
    fixture.wait_for_outcome(WEIGHTS, Outcome::Pending).await?;
    page.press("Stop").await?;
    assert!(page.status().await?.starts_with("Stopped"));
    fixture.wait_for_outcome(WEIGHTS, Outcome::ClosedByClient).await?;
    assert_eq!(fixture.server.outcome_of(DATA), None, "the next step did not begin");

    fixture.server.restore(WEIGHTS);
    page.run_to_the_end().await?;
    Ok(())
}

async fn leaving_the_page_aborts_the_request_that_is_under_way() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    fixture.server.replace(WEIGHTS, Replacement::Never);
    fixture.page.press("Run").await?;
    fixture.wait_for_outcome(WEIGHTS, Outcome::Pending).await?;
    fixture.page.follow("benchmark").await?;
    fixture.wait_for_outcome(WEIGHTS, Outcome::ClosedByClient).await?;
    Ok(())
}
