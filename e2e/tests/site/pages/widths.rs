//! All pages in a narrow, a medium and a wide window, and the console. Only in Chromium: other browsers have no window
//! as narrow as a phone's, and do not let a test read the console.

use std::path::Path;

use e2e::fixture::{Fixture, TestError, TestResult};
use e2e::in_chromium;
use e2e::page::Page;
use e2e::suite::Test;

use super::all_pages::{EXERCISES, OTHER_PAGES, for_each_page};

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        no_exercise_scrolls_sideways_or_logs_an_error_at_any_width,
        no_other_page_scrolls_sideways_or_logs_an_error_at_any_width
    ]
}

const WIDTHS: [u32; 3] = [360, 768, 1440];

/// Asserts that the page does not scroll sideways at any width. Saves a screenshot at each width.
async fn assert_fits(page: &Page, link: &str, when: &str) -> TestResult {
    let name = link.split('?').next().filter(|name| !name.is_empty()).unwrap_or("first-page");
    for width in WIDTHS {
        page.set_width(width).await?;
        assert_eq!(page.overflow().await?, None, "`#/{link}` {when}, {width} px");
        page.screenshot(&Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{width}.png"))).await?;
    }
    Ok(())
}

/// Asserts that these pages fit at every width, and returns the warnings and errors on the console.
async fn problems_of_pages_that_fit(links: &[&str]) -> Result<Vec<String>, TestError> {
    let fixture = Fixture::open("").await?;
    for_each_page(&fixture.page, links, async |link, when| assert_fits(&fixture.page, link, when).await).await?;
    Ok(fixture.browser.console_problems().await?.into_iter().map(|message| message.text).collect())
}

async fn no_exercise_scrolls_sideways_or_logs_an_error_at_any_width() -> TestResult {
    let mut problems = problems_of_pages_that_fit(&EXERCISES).await?;
    // One promise requests a model that does not exist, and browsers log every 404.
    problems.retain(|text| !text.contains("/models/mlp-17"));
    assert_eq!(problems, [""; 0]);
    Ok(())
}

async fn no_other_page_scrolls_sideways_or_logs_an_error_at_any_width() -> TestResult {
    assert_eq!(problems_of_pages_that_fit(&OTHER_PAGES).await?, [""; 0]);
    Ok(())
}
