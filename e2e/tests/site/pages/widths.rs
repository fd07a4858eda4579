//! Every page in a narrow window, in one of middling width and in a wide one, with an eye on the console. Only Chromium's
//! window is as narrow as a phone, and only Chromium tells what is on its console.

use std::path::Path;

use e2e::fixture::{Fixture, TestError, TestResult};
use e2e::in_chromium;
use e2e::page::Page;
use e2e::suite::Test;

use super::all_pages::{EXERCISES, OTHER_PAGES, for_each_page};

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        no_exercise_scrolls_sideways_or_complains_at_any_width,
        no_other_page_scrolls_sideways_or_complains_at_any_width
    ]
}

const WIDTHS: [u32; 3] = [360, 768, 1440];

/// Fails if the page scrolls sideways at any width. Leaves a picture of each.
async fn assert_fits(page: &Page, link: &str, when: &str) -> TestResult {
    let name = link.split('?').next().filter(|name| !name.is_empty()).unwrap_or("first-page");
    for width in WIDTHS {
        page.set_width(width).await?;
        assert_eq!(page.overflow().await?, None, "`#/{link}` {when}, {width} px");
        page.screenshot(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{width}.png"))).await?;
    }
    Ok(())
}

/// Looks at each of these pages; what is on the console then.
async fn complaints_of_pages_that_fit(links: &[&str]) -> Result<Vec<String>, TestError> {
    let fixture = Fixture::open("").await?;
    for_each_page(&fixture.page, links, async |link, when| assert_fits(&fixture.page, link, when).await).await?;
    Ok(fixture.browser.console_problems().await?.into_iter().map(|message| message.text).collect())
}

async fn no_exercise_scrolls_sideways_or_complains_at_any_width() -> TestResult {
    let mut complaints = complaints_of_pages_that_fit(&EXERCISES).await?;
    // That a model which is not there is named is one of the promises that are validated, and browsers log every 404.
    complaints.retain(|text| !text.contains("/models/mlp-17"));
    assert_eq!(complaints, [""; 0]);
    Ok(())
}

async fn no_other_page_scrolls_sideways_or_complains_at_any_width() -> TestResult {
    assert_eq!(complaints_of_pages_that_fit(&OTHER_PAGES).await?, [""; 0]);
    Ok(())
}
