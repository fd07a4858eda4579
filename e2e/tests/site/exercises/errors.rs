//! The exercise on errors.

use std::time::Duration;

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        the_failures_of_a_seed_are_the_same_as_on_the_virtual_clock,
        every_failed_task_is_listed_and_shown_in_the_timeline,
        rates_of_zero_and_one_no_tasks_and_no_retries_work,
        a_choice_changes_the_parts_and_is_in_the_link,
        ten_thousand_tasks_leave_the_page_usable_and_stop_immediately
    ]
}

/// The defaults with a tenth of the waits.
const SHORT: &str = "async-error-handling?pause=10&wait=10&timeout=60&seed=7";

/// A column of the table of outcomes: succeeded, four causes, cancelled, attempts.
async fn outcomes(page: &Page, column: usize) -> Result<Vec<String>, PageError> {
    let rows = page.table("by cause").await?;
    Ok(rows.into_iter().map(|row| row[column].clone()).collect())
}

async fn the_failures_of_a_seed_are_the_same_as_on_the_virtual_clock() -> TestResult {
    let fixture = Fixture::open("async-error-handling?seed=7").await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    // The exercise's own tests on the virtual clock expect the same numbers.
    assert_eq!(outcomes(page, 2).await?, ["15", "2", "1", "1", "1", "0", "20"]);
    assert_eq!(outcomes(page, 3).await?, ["19", "0", "0", "1", "0", "0", "25"]);
    let checks = page.checks().await?;
    assert!(checks.len() == 4 && checks.iter().all(|check| check.passed), "{checks:?}");
    assert_eq!(fixture.browser.console_problems().await?, []);
    Ok(())
}

async fn every_failed_task_is_listed_and_shown_in_the_timeline() -> TestResult {
    let fixture = Fixture::open(
        "async-error-handling?tasks=200&failure-rate=1&max-retries=0&on-error=collect&pause=10&wait=10&timeout=60",
    )
    .await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    // Each of the 200 tasks fails once when errors are collected. With retries, the task and its only attempt fail.
    assert!(page.texts(".failures caption").await?[0].starts_with("1 to 10 of 600 tasks"));
    let mut seen = page.table("tasks that failed").await?.len();
    while page.is_enabled("Later").await? {
        page.press("Later").await?;
        seen += page.table("tasks that failed").await?.len();
    }
    assert_eq!(seen, 600);
    let last = page.table("tasks that failed").await?.pop().expect("the last page has rows");
    assert!(["✕ failed", "◷ timed out"].contains(&last[3].as_str()), "{last:?}");
    assert!(last[4].starts_with("task "), "{last:?}");

    page.evaluate::<()>("[...document.querySelectorAll('[data-failed] button')].at(-1).click()", Vec::new()).await?;
    eventually("a description of the task", async || {
        let text = page.texts(".timeline .chosen").await?.join("");
        Ok(if text.starts_with(&last[0]) && text.contains(&last[2]) { Ok(()) } else { Err(text) })
    })
    .await?;
    assert_eq!(page.focused().await?, "canvas", "the arrow keys continue from there");
    Ok(())
}

async fn rates_of_zero_and_one_no_tasks_and_no_retries_work() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    let page = &fixture.page;
    for (link, column, expected) in [
        ("tasks=0", 2, ["0", "0", "0", "0", "0", "0", "0"]),
        ("failure-rate=0", 3, ["20", "0", "0", "0", "0", "0", "20"]),
        ("failure-rate=1&faults=invalid", 3, ["0", "0", "0", "20", "0", "0", "20"]),
        ("max-retries=0", 3, ["15", "2", "1", "1", "1", "0", "20"]),
    ] {
        page.open(&format!("{SHORT}&{link}")).await?;
        page.run_to_the_end().await?;
        assert_eq!(outcomes(page, column).await?, expected, "{link}");
    }
    assert_eq!(fixture.browser.console_problems().await?, []);
    Ok(())
}

async fn a_choice_changes_the_parts_and_is_in_the_link() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    let page = &fixture.page;
    page.choose("on-error", "fail-fast").await?;
    assert_eq!(page.control("on-error").await?.value, "fail-fast");
    eventually("only the part that is run", async || {
        let bars = page.bars().await?.len();
        Ok(if bars == 1 { Ok(()) } else { Err(format!("{bars} parts")) })
    })
    .await?;
    eventually("the choice in the link", async || {
        let link = page.link().await?;
        Ok(if link.contains("on-error=fail-fast") { Ok(()) } else { Err(link) })
    })
    .await?;
    page.reload().await?;
    page.wait_for_button("Run").await?;
    assert_eq!(page.control("on-error").await?.value, "fail-fast");
    page.run_to_the_end().await?;
    assert!(page.notes().await?.contains("Fail fast stopped at the first error"));
    Ok(())
}

async fn ten_thousand_tasks_leave_the_page_usable_and_stop_immediately() -> TestResult {
    let fixture = Fixture::open("async-error-handling?tasks=10000&limit=64&on-error=collect").await?;
    let page = &fixture.page;
    page.press("Run").await?;
    page.wait_for_status("Running").await?;
    eventually("many tasks to have ended", async || {
        let failed = page.texts(".failures caption").await?.join("");
        Ok(if failed.contains("of ") { Ok(()) } else { Err(format!("`{failed}`")) })
    })
    .await?;
    // The page answers during the run.
    page.press("Copy link").await?;
    page.press("Stop").await?;
    page.wait_for_status_within(Duration::from_secs(5), "Stopped").await?;
    let tasks = page.metric("tasks").await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(page.metric("tasks").await?, tasks, "nothing continues");
    Ok(())
}
