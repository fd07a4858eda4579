//! The exercise that compares kinds of concurrency, and the workers behind it, in every engine.

use e2e::browser::Engine;
use e2e::fixture::{BASE, Fixture, TestResult, insert_into_head};
use e2e::page::{Page, PageError, eventually};
use e2e::server::{Replacement, Server, built_part, built_site};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

pub fn tests() -> impl Iterator<Item = Test> {
    let measuring = in_each_engine![all_approaches_have_the_same_result_and_only_inline_work_blocks_the_page];
    in_each_engine![stop_ends_a_busy_worker_and_the_next_run_has_another]
        .chain(in_chromium![
            a_policy_that_forbids_workers_is_reported_and_the_rest_is_measured,
            code_that_a_worker_cannot_fetch_is_reported_and_requested_again
        ])
        .chain(measuring.map(Test::alone))
}

/// A run that is short enough for a test, and long enough to block the page noticeably.
const LINK: &str = "concurrency-comparison?tasks=4&size=150&wait=50&workers=2&seed=7";

/// The row of an approach in the table of costs: name, wall time, speed-up, longest block, frames, start.
async fn costs(page: &Page, approach: &str) -> Result<Vec<String>, PageError> {
    let rows = page.table("How long each approach took").await?;
    let found = rows.into_iter().find(|row| row[0] == approach);
    found.ok_or_else(|| PageError::Missing { what: format!("row `{approach}`") })
}

async fn all_approaches_have_the_same_result_and_only_inline_work_blocks_the_page(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let checks = page.checks().await?;
    assert_eq!(checks.len(), 7, "{checks:?}");
    for check in &checks {
        assert_eq!(check.passed, check.part != "cpu_inline", "{check:?}");
    }
    assert_eq!(page.bars().await?.len(), 7);
    for approach in ["I/O, blocking workers", "CPU, one worker", "CPU, all workers"] {
        let costs = costs(page, approach).await?;
        assert!(costs[1..].iter().all(|cost| cost != "–"), "{costs:?}");
    }
    assert!(page.bar("async_io_tasks").await?.measured_ms < page.bar("sync_io_tasks").await?.measured_ms);
    assert_eq!(page.table("Which approach for which work").await?.len(), 7);
    Ok(())
}

async fn stop_ends_a_busy_worker_and_the_next_run_has_another(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    let page = &fixture.page;
    page.press("Run").await?;
    eventually("work in a worker", async || {
        let bar = page.bar("cpu_in_slices").await?;
        Ok(if bar.measured_ms.is_some() { Ok(()) } else { Err(bar.text) })
    })
    .await?;
    page.press("Stop").await?;
    page.wait_for_status("Stopped").await?;
    assert_eq!(page.bar("cpu_in_all_workers").await?.measured_ms, None);
    page.run_to_the_end().await?;
    assert!(page.bar("cpu_in_all_workers").await?.measured_ms.is_some());
    Ok(())
}

async fn a_policy_that_forbids_workers_is_reported_and_the_rest_is_measured() -> TestResult {
    let server = Server::start(&built_site(), BASE)?;
    insert_into_head(&server, r#"<meta http-equiv="Content-Security-Policy" content="worker-src 'none'">"#)?;
    let fixture = Fixture::open_with_server(server, Engine::Chromium, LINK).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let message = page.notes().await?;
    assert!(message.contains("no worker could be started") && message.contains("worker-src"), "{message}");
    assert_eq!(costs(page, "CPU, one worker").await?[1], "–");
    assert!(page.bar("cpu_in_slices").await?.measured_ms.is_some());
    assert!(page.bar("async_io_tasks").await?.measured_ms.is_some());
    Ok(())
}

async fn code_that_a_worker_cannot_fetch_is_reported_and_requested_again() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let page = &fixture.page;
    let part = built_part("split_jobs.wasm")?;
    fixture.server.replace(&part, Replacement::Status(500));
    page.run_to_the_end().await?;
    let message = page.notes().await?;
    assert!(message.contains("no worker could be started") && message.contains("could not be loaded"), "{message}");
    fixture.server.restore(&part);
    page.run_to_the_end().await?;
    assert_eq!(page.checks().await?.len(), 7);
    Ok(())
}
