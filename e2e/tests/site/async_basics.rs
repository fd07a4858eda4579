//! The exercise "Async basics", in a real browser, with the built site under a sub-path.

mod bad_files;
mod controls;
mod links;
mod page;
mod parts;
mod run;
mod stop;

use e2e::fixture::{Fixture, TestResult};
use e2e::page::Page;
use e2e::server::{Outcome, Replacement, Server};
use e2e::suite::Test;
use fantoccini::key::Key;

pub fn tests() -> impl Iterator<Item = Test> {
    bad_files::tests()
        .chain(controls::tests())
        .chain(links::tests())
        .chain(page::tests())
        .chain(parts::tests())
        .chain(run::tests())
        .chain(stop::tests())
}

pub const WEIGHTS: &str = "static/models/logistic-regression.safetensors";
const DATA: &str = "static/data/digits.csv";

/// The exercise with its defaults: 900 ms of waits in sequence, then 700 ms, 100 ms and 300 ms.
const DEFAULTS: &str = "async-basics?seed=7";
/// A run of half a minute, for tests that stop it.
const LONG: &str = "async-basics?download=2000&scale=5&seed=7";
/// A run of less than 200 ms.
const SHORT: &str = "async-basics?scale=0.1&blocking=off&seed=7";

/// Stops a run during a request that is not answered, and asserts that the request is aborted.
pub async fn assert_stop_aborts_the_request(fixture: &Fixture) -> TestResult {
    let page = &fixture.page;
    fixture.server.replace(WEIGHTS, Replacement::Never);
    page.press("Run").await?;
    page.wait_for_status("Running").await?;
    fixture.wait_for_outcome(WEIGHTS, Outcome::Pending).await?;
    page.press("Stop").await?;
    assert!(page.status().await?.starts_with("Stopped"));
    Ok(fixture.wait_for_outcome(WEIGHTS, Outcome::ClosedByClient).await?)
}

/// Runs and stops with the keyboard only.
pub async fn run_and_stop_with_keys(page: &Page) -> TestResult {
    page.tab_to("Run").await?;
    page.key(Key::Enter).await?;
    page.wait_for_status("Running").await?;
    page.tab_to("Stop").await?;
    page.key(Key::Enter).await?;
    page.wait_for_status("Stopped").await?;
    Ok(())
}

/// The number of requests for a file, by the end of its path.
fn times_requested(server: &Server, file: &str) -> usize {
    server.requests().iter().filter(|request| request.path.ends_with(file)).count()
}
