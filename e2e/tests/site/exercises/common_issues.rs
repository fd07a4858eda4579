//! The exercise on common issues.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::{HAS_TASKS, eventually};
use e2e::suite::Test;

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        the_broken_halves_fail_their_checks_and_the_fixed_halves_pass,
        presses_are_counted_for_each_run_and_the_pulse_is_described,
        the_wait_of_a_late_press_is_shown,
        the_page_opens_from_the_navigation_and_shows_its_sources
    ]
}

async fn the_broken_halves_fail_their_checks_and_the_fixed_halves_pass() -> TestResult {
    let fixture = Fixture::open("common-issues?seed=7").await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let checks = page.checks().await?;
    assert_eq!(checks.len(), 11);
    for check in &checks {
        let word = if check.passed { "passed" } else { "failed (expected)" };
        assert!(check.text.contains(word), "{check:?}");
    }
    let broken: Vec<_> = checks.iter().filter(|check| !check.passed).map(|check| check.part.as_str()).collect();
    let expected = ["never_awaited", "blocked_loop", "too_many_connections", "sync_inside_async", "work_after_close"];
    assert_eq!(broken, expected);
    assert!(page.notes().await?.contains("All 11 parts"));
    assert_eq!(fixture.browser.console_problems().await?, []);
    Ok(())
}

async fn presses_are_counted_for_each_run_and_the_pulse_is_described() -> TestResult {
    let fixture = Fixture::open("common-issues?issue=blocked-loop&wait=1000&seed=7").await?;
    let page = &fixture.page;
    page.wait_for_button("Count my presses").await?;
    // The page presses by itself: with the driver, the presses might take longer than the run.
    let press = "for (let press = 0; press < 8; press += 1) document.querySelector('[data-presses]').click()";
    page.run_when(HAS_TASKS, press).await?;
    page.press("Run").await?;
    page.wait_for_status("Finished").await?;
    let message = page.texts(".pulse p").await?.join(" ");
    assert!(message.contains("8 presses"), "{message}");
    assert!(message.contains("Heartbeat of the event loop: last beat"), "{message}");
    assert_eq!(page.bars().await?.len(), 2, "the other pairs are not run");
    page.run_to_the_end().await?;
    assert!(page.texts(".pulse p").await?.join(" ").contains("Press it during a run"));
    Ok(())
}

/// Creates a press, blocks the page for 400 ms, and then delivers the press.
const PRESS_AND_BLOCK: &str = "const press = new MouseEvent('click', { bubbles: true });
    const until = performance.now() + 400;
    while (performance.now() < until);
    document.querySelector('[data-presses]').dispatchEvent(press);";

async fn the_wait_of_a_late_press_is_shown() -> TestResult {
    let fixture = Fixture::open("common-issues?issue=closed&seed=7").await?;
    fixture.page.wait_for_button("Count my presses").await?;
    fixture.page.evaluate::<()>(PRESS_AND_BLOCK, Vec::new()).await?;
    eventually("the time that the press waited", async || {
        let message = fixture.page.texts(".pulse p").await?.join(" ");
        let wait_ms = message.split("took up to ").nth(1).and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok());
        Ok(if wait_ms.is_some_and(|ms| ms >= 400.0) { Ok(()) } else { Err(message) })
    })
    .await?;
    Ok(())
}

async fn the_page_opens_from_the_navigation_and_shows_its_sources() -> TestResult {
    let fixture = Fixture::open("async-basics?seed=7").await?;
    let page = &fixture.page;
    page.evaluate::<()>(
        "[...document.querySelectorAll('nav a')].find(a => a.innerText === 'Common issues').click()",
        vec![],
    )
    .await?;
    eventually("the page of the issues", async || {
        let title = page.title().await?;
        Ok(if title == "Common issues" { Ok(()) } else { Err(title) })
    })
    .await?;
    for (language, expected) in [("Rust", "async fn never_awaited"), ("Python", "import asyncio")] {
        page.press(language).await?;
        eventually(language, async || {
            let sources = page.texts("section.sources").await?.join("\n");
            Ok(if sources.contains(expected) { Ok(()) } else { Err(sources) })
        })
        .await?;
    }
    Ok(())
}
