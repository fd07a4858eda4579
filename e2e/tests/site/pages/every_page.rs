//! All pages, before and after a run: axe-core finds no accessibility problem in either colour scheme, every control has a
//! visible label, nothing scrolls sideways in a narrow, a medium and a wide window, and nothing is logged. Only in Chromium: other browsers cannot
//! emulate preferences, have no window as narrow as a phone's, and do not let a test read the console.

use std::path::Path;

use e2e::browser::Browser;
use e2e::fixture::{Fixture, TestError, TestResult};
use e2e::in_chromium;
use e2e::page::Page;
use e2e::suite::Test;

use super::all_pages::{BEFORE_RUN, EXERCISES, OTHER_PAGES, for_each_page, runs};

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        exercises_are_accessible_and_labelled_and_fit_every_width,
        other_pages_are_accessible_and_labelled_and_fit_every_width
    ]
}

const WIDTHS: [u32; 3] = [360, 768, 1440];

/// A colour scheme and a width in CSS pixels. Colours depend on the scheme, and scrolling depends on the width.
type View = (&'static str, u32);

/// They begin with the last of `WIDTHS`, and end with the first, because each change of the width is a new layout.
pub(super) const VIEWS: [View; 2] = [("light", 1440), ("dark", 360)];

/// The problems that axe-core finds on the page now in each of these views, with their places.
pub(super) async fn problems(
    browser: &Browser,
    page: &Page,
    views: &[View],
    place: &str,
) -> Result<Vec<String>, TestError> {
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
/// but for the forecast, so the first look with axe-core is in one view only.
pub(super) async fn problems_on_each(fixture: &Fixture, links: &[&str]) -> Result<Vec<String>, TestError> {
    let (page, mut found) = (&fixture.page, Vec::new());
    for_each_page(page, links, async |link, when| {
        found.extend(without_label(page, link).await?);
        found.extend(too_wide(page, link, when).await?);
        let views = if is_first_of_two(link, when) { &VIEWS[..1] } else { &VIEWS[..] };
        found.extend(problems(&fixture.browser, page, views, &format!("`#/{link}` {when}")).await?);
        Ok(())
    })
    .await?;
    found.extend(fixture.browser.console_problems().await?.into_iter().map(|message| message.text));
    Ok(found)
}

fn is_first_of_two(link: &str, when: &str) -> bool {
    when == BEFORE_RUN && runs(link)
}

/// The problems of controls without a label.
async fn without_label(page: &Page, link: &str) -> Result<Vec<String>, TestError> {
    let controls = page.controls().await?.into_iter().filter(|control| control.label.is_empty());
    Ok(controls.map(|control| format!("`#/{link}`: no visible label: {control:?}")).collect())
}

/// The widths at which the page scrolls sideways. Saves a screenshot at each width, with the results of a run if there is
/// one.
async fn too_wide(page: &Page, link: &str, when: &str) -> Result<Vec<String>, TestError> {
    let name = link.split('?').next().filter(|name| !name.is_empty()).unwrap_or("first-page");
    let mut found = Vec::new();
    for width in WIDTHS {
        page.set_width(width).await?;
        found.extend(page.overflow().await?.map(|what| format!("`#/{link}` {when}, {width} px: {what}")));
        if !is_first_of_two(link, when) {
            page.screenshot(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{width}.png"))).await?;
        }
    }
    Ok(found)
}

async fn exercises_are_accessible_and_labelled_and_fit_every_width() -> TestResult {
    let fixture = Fixture::open("").await?;
    let mut found = problems_on_each(&fixture, &EXERCISES).await?;
    // One promise requests a model that does not exist, and browsers log every 404.
    found.retain(|text| !text.contains("/models/mlp-17"));
    assert_eq!(found, [""; 0]);
    Ok(())
}

async fn other_pages_are_accessible_and_labelled_and_fit_every_width() -> TestResult {
    let fixture = Fixture::open("").await?;
    assert_eq!(problems_on_each(&fixture, &OTHER_PAGES).await?, [""; 0]);
    Ok(())
}
