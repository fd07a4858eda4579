//! Nobody is shut out: axe-core finds nothing on any page, whichever scheme the reader prefers. In Chromium only, which can
//! be told what they prefer.

use e2e::browser::Browser;
use e2e::fixture::{Fixture, TestError, TestResult};
use e2e::in_chromium;
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;

use super::all_pages::{EXERCISES, OTHER_PAGES, for_each_page};

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        no_exercise_shuts_anybody_out,
        no_other_page_shuts_anybody_out,
        what_opens_on_demand_shuts_nobody_out,
        every_control_has_a_visible_label,
        charts_take_over_the_systems_colours_where_those_are_forced
    ]
}

/// Colours depend on the scheme and what scrolls depends on the width, so each is seen both ways.
const VIEWS: [(&str, u32); 2] = [("light", 1280), ("dark", 360)];

/// What axe-core finds on the page as it stands, each with where it was found.
async fn barriers(browser: &Browser, page: &Page, place: &str) -> Result<Vec<String>, TestError> {
    let mut found = Vec::new();
    for (scheme, width) in VIEWS {
        browser.emulate_media(&[("prefers-color-scheme", scheme)]).await?;
        page.set_width(width).await?;
        let text = |violation| format!("{place}, {scheme}, {width} px: {violation}");
        found.extend(page.violations().await?.into_iter().map(text));
    }
    Ok(found)
}

/// Those on each of these pages, as it opens and after a run.
async fn barriers_on_each(fixture: &Fixture, links: &[&str]) -> Result<Vec<String>, TestError> {
    let (page, mut found) = (&fixture.page, Vec::new());
    for_each_page(page, links, async |link, when| {
        found.extend(barriers(&fixture.browser, page, &format!("`#/{link}` {when}")).await?);
        Ok(())
    })
    .await?;
    Ok(found)
}

async fn no_exercise_shuts_anybody_out() -> TestResult {
    let fixture = Fixture::open("").await?;
    assert_eq!(barriers_on_each(&fixture, &EXERCISES).await?, [""; 0]);
    Ok(())
}

async fn no_other_page_shuts_anybody_out() -> TestResult {
    let fixture = Fixture::open("").await?;
    assert_eq!(barriers_on_each(&fixture, &OTHER_PAGES).await?, [""; 0]);
    Ok(())
}

async fn what_opens_on_demand_shuts_nobody_out() -> TestResult {
    let fixture = Fixture::open(EXERCISES[0]).await?;
    let (browser, page) = (&fixture.browser, &fixture.page);
    page.run_to_the_end().await?;
    page.press("Pin").await?;
    page.run_to_the_end().await?;
    page.press("Export").await?;
    page.wait_for_button("JSON").await?;
    let mut found = barriers(browser, page, "an exercise with a pinned run and the forms of export").await?;
    found.extend(barriers_on_each(&fixture, &["runs"]).await?);

    page.open("").await?;
    page.wait_for_button("Run all").await?;
    page.press("Run all").await?;
    wait_for_lines(page).await?;
    found.extend(barriers(browser, page, "the first page while all exercises run").await?);
    assert_eq!(found, [""; 0]);
    Ok(())
}

async fn wait_for_lines(page: &Page) -> Result<(), PageError> {
    eventually("a line for each exercise", async || {
        let lines = page.attributes("[data-run-all]", "data-state").await?;
        Ok(if lines.is_empty() { Err("none".to_owned()) } else { Ok(()) })
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

/// The system's colour for what is chosen, and that of a bar's end, of the key's first square and of what the timeline
/// draws as running.
const HIGHLIGHTS: &str = "const probe = document.body.appendChild(document.createElement('i'));
    probe.style.forcedColorAdjust = 'none';
    probe.style.color = 'Highlight';
    const look = (selector, part) => getComputedStyle(document.querySelector(selector), part);
    return [
        getComputedStyle(probe).color,
        look('.bar .end').stroke,
        look('.key .running', '::before').backgroundColor,
        look('.timeline canvas').getPropertyValue('--running'),
    ];";

async fn charts_take_over_the_systems_colours_where_those_are_forced() -> TestResult {
    let fixture = Fixture::open(EXERCISES[0]).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    for (forced, are_taken_over) in [("none", false), ("active", true)] {
        fixture.browser.emulate_media(&[("forced-colors", forced)]).await?;
        let colours: Vec<String> = page.evaluate(HIGHLIGHTS, Vec::new()).await?;
        let (system, ours) = colours.split_first().expect("there are four");
        assert!(ours.iter().all(|colour| (colour == system) == are_taken_over), "{forced}: {colours:?}");
    }
    Ok(())
}
