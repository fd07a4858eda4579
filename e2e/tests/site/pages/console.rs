//! The browser's console. Only in Chromium, because only Chromium lets a test read it.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![no_page_logs_a_warning_or_error]
}

async fn no_page_logs_a_warning_or_error() -> TestResult {
    let fixture = Fixture::open("").await?;
    let page = &fixture.page;
    page.wait_for_status("Finished").await?;
    page.open("guide").await?;
    page.wait_for_button("Run").await?;
    page.run_to_the_end().await?;
    page.open_runs().await?;
    page.open("benchmark").await?;
    page.wait_for_button("Run").await?;
    assert_eq!(fixture.browser.console_problems().await?, []);
    Ok(())
}
