//! axe-core finds no accessibility problem on any page, in either colour scheme. Only in Chromium, because only
//! Chromium can emulate preferences.

use e2e::browser::Browser;
use e2e::fixture::{Fixture, TestError, TestResult};
use e2e::in_chromium;
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;

use super::all_pages::{BEFORE_RUN, EXERCISES, OTHER_PAGES, for_each_page, runs};

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        no_exercise_has_an_accessibility_problem,
        no_other_page_has_an_accessibility_problem,
        what_opens_on_demand_has_no_accessibility_problem,
        every_control_has_a_visible_label,
        charts_use_the_systems_colours_if_those_are_forced
    ]
}

/// A colour scheme and a width in CSS pixels. Colours depend on the scheme, and scrolling depends on the width.
type View = (&'static str, u32);

const VIEWS: [View; 2] = [("light", 1280), ("dark", 360)];

/// The problems that axe-core finds on the page now in each of these views, with their places.
async fn problems(browser: &Browser, page: &Page, views: &[View], place: &str) -> Result<Vec<String>, TestError> {
    let mut found = Vec::new();
    for (scheme, width) in views {
        browser.emulate_media(&[("prefers-color-scheme", scheme)]).await?;
        page.set_width(*width).await?;
        let text = |violation| format!("{place}, {scheme}, {width} px: {violation}");
        found.extend(page.violations().await?.into_iter().map(text));
    }
    Ok(found)
}

/// The problems on each of these pages, before a run and after it. What is there before a run is there afterwards too,
/// but for the forecast, so the first look is in one view only.
async fn problems_on_each(fixture: &Fixture, links: &[&str]) -> Result<Vec<String>, TestError> {
    let (page, mut found) = (&fixture.page, Vec::new());
    for_each_page(page, links, async |link, when| {
        let is_first_of_two = when == BEFORE_RUN && runs(link);
        let views = if is_first_of_two { &VIEWS[..1] } else { &VIEWS[..] };
        found.extend(problems(&fixture.browser, page, views, &format!("`#/{link}` {when}")).await?);
        Ok(())
    })
    .await?;
    Ok(found)
}

async fn no_exercise_has_an_accessibility_problem() -> TestResult {
    let fixture = Fixture::open("").await?;
    assert_eq!(problems_on_each(&fixture, &EXERCISES).await?, [""; 0]);
    Ok(())
}

async fn no_other_page_has_an_accessibility_problem() -> TestResult {
    let fixture = Fixture::open("").await?;
    assert_eq!(problems_on_each(&fixture, &OTHER_PAGES).await?, [""; 0]);
    Ok(())
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

async fn every_control_has_a_visible_label() -> TestResult {
    let fixture = Fixture::open("").await?;
    let page = &fixture.page;
    for link in EXERCISES {
        page.open(link).await?;
        page.wait_for_button("Run").await?;
        for control in page.controls().await? {
            assert!(!control.label.is_empty(), "{link}: {control:?}");
        }
    }
    Ok(())
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
