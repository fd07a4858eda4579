//! Elements that open on demand are as accessible as every page, and charts use forced colours.
//! Only in Chromium, because only Chromium can emulate preferences.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;

use super::all_pages::EXERCISES;
use super::every_page::{VIEWS, problems, problems_on_each};

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![what_opens_on_demand_has_no_accessibility_problem, charts_use_the_systems_colours_if_those_are_forced]
}

async fn what_opens_on_demand_has_no_accessibility_problem() -> TestResult {
    let fixture = Fixture::open(EXERCISES[0]).await?;
    let (browser, page) = (&fixture.browser, &fixture.page);
    page.run_to_the_end().await?;
    page.press("Pin").await?;
    page.run_to_the_end().await?;
    page.press("Export").await?;
    page.wait_for_button("JSON").await?;
    let mut found = problems(browser, page, &VIEWS, "an exercise with a pinned run and the formats of export").await?;
    found.extend(problems_on_each(&fixture, &["runs"]).await?);

    page.open("").await?;
    page.wait_for_button("Run all").await?;
    page.press("Run all").await?;
    wait_for_lines(page).await?;
    found.extend(problems(browser, page, &VIEWS, "the first page while all exercises run").await?);
    assert_eq!(found, [""; 0]);
    Ok(())
}

async fn wait_for_lines(page: &Page) -> Result<(), PageError> {
    eventually("a line for each exercise", async || {
        let states = page.run_all_states().await?;
        Ok(if states.is_empty() { Err("none".to_owned()) } else { Ok(()) })
    })
    .await
}

/// Returns the system's colour for selected text, and the colours of the key's first square and of running tasks in the
/// timeline.
const HIGHLIGHTS: &str = "const probe = document.body.appendChild(document.createElement('i'));
    probe.style.forcedColorAdjust = 'none';
    probe.style.color = 'Highlight';
    const look = (selector, part) => getComputedStyle(document.querySelector(selector), part);
    return [
        getComputedStyle(probe).color,
        look('.key .running', '::before').backgroundColor,
        look('.timeline canvas').getPropertyValue('--running'),
    ];";

async fn charts_use_the_systems_colours_if_those_are_forced() -> TestResult {
    let fixture = Fixture::open(EXERCISES[0]).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    for (forced, are_used) in [("none", false), ("active", true)] {
        fixture.browser.emulate_media(&[("forced-colors", forced)]).await?;
        let colours: Vec<String> = page.evaluate(HIGHLIGHTS, Vec::new()).await?;
        let (system, ours) = colours.split_first().expect("there are three");
        assert!(ours.iter().all(|colour| (colour == system) == are_used), "{forced}: {colours:?}");
    }
    Ok(())
}
