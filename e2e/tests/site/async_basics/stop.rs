//! Stop means stopped: at once, with no request left open and nothing that goes on.

use std::time::Duration;

use e2e::in_chromium;
use e2e::page::{PageError, TASKS_ARE_COUNTED, eventually};
use e2e::server::{Outcome, Reply};
use e2e::stage::{Stage, TestResult};
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
    let stage = without_service_worker(DEFAULTS).await?;
    let page = &stage.page;
    page.open_disclosures().await?;
    page.stop_when(TASKS_ARE_COUNTED).await?;
    page.press("Run").await?;
    page.wait_for_status("Stopped").await?;
    let then = page.shown_at_rest().await?;
    let requests = stage.server.requests().len();
    assert!(page.is_enabled("Run").await?);
    tokio::time::sleep(A_WHILE).await;
    assert_eq!(page.shown().await?, then);
    assert_eq!(stage.server.requests().get(requests..), Some(&[][..]), "nothing is asked for any more");
    Ok(())
}

async fn stop_aborts_the_request_that_is_under_way() -> TestResult {
    let stage = Stage::at(SHORT).await?;
    let page = &stage.page;
    stage.server.replace(WEIGHTS, Reply::Never);
    page.press("Run").await?;
    page.wait_for_status("Running").await?;
    wait_for_outcome(&stage, Outcome::Pending).await?;
    page.press("Stop").await?;
    assert!(page.status().await?.starts_with("Stopped"));
    wait_for_outcome(&stage, Outcome::ClosedByClient).await?;
    assert_eq!(stage.server.outcome_of(DATA), None, "the next step did not begin");

    stage.server.restore(WEIGHTS);
    page.run_to_the_end().await?;
    Ok(())
}

async fn leaving_the_page_aborts_the_request_that_is_under_way() -> TestResult {
    let stage = Stage::at(SHORT).await?;
    stage.server.replace(WEIGHTS, Reply::Never);
    stage.page.press("Run").await?;
    wait_for_outcome(&stage, Outcome::Pending).await?;
    stage.page.follow("benchmark").await?;
    wait_for_outcome(&stage, Outcome::ClosedByClient).await?;
    Ok(())
}

async fn wait_for_outcome(stage: &Stage, expected: Outcome) -> Result<(), PageError> {
    eventually(&format!("a request for the weights that is {expected:?}"), async || {
        let outcome = stage.server.outcome_of(WEIGHTS);
        Ok(if outcome == Some(expected) { Ok(()) } else { Err(format!("{outcome:?}")) })
    })
    .await
}
