//! All pages, with settings for a short run, and a function that visits each of them before and after a run.

use e2e::fixture::TestResult;
use e2e::page::{Page, PageError, eventually, is_loading};

/// The exercises.
pub const EXERCISES: [&str; 10] = [
    "async-basics?scale=0.1&blocking=off&seed=7",
    "async-multiple?scale=0.1&seed=7",
    "async-file-io?files=3&size=1&rounds=1&seed=7",
    "async-api-calls?requests=20&latency=10&spread=0&failure-rate=0&sweep=4&one-by-one=off&seed=7",
    "async-ml-pipeline?samples=20&load=20&preprocess=1&predict=1&sweep=on&inference=page&seed=7",
    "async-error-handling?pause=10&wait=10&timeout=60&seed=7",
    "concurrency-comparison?tasks=4&size=20&wait=50&seed=7",
    "validate-async?seed=7",
    "common-issues?wait=100&seed=7",
    "advanced?seed=7",
];

/// The first page, the guide, the saved runs, the benchmark, and the page that a wrong link leads to.
pub const OTHER_PAGES: [&str; 5] = ["", "guide", "runs", "benchmark", "async-basic?lod=2&seed=x"];

/// The time at which a page is checked.
pub const BEFORE_RUN: &str = "before a run";
const AFTER_RUN: &str = "after a run";

/// True if the page has something to run that ends soon. The first page starts its run by itself, and the benchmark
/// would take too long.
pub fn runs(link: &str) -> bool {
    !["", "runs", "benchmark"].contains(&link)
}

/// Opens each page and calls `look` with its link and [`BEFORE_RUN`]. Calls it again after a run, with all
/// disclosures open.
pub async fn for_each_page(
    page: &Page,
    links: &[&str],
    mut look: impl AsyncFnMut(&str, &str) -> TestResult,
) -> TestResult {
    for link in links {
        open(page, link).await?;
        look(link, BEFORE_RUN).await?;
        if runs(link) {
            page.run_to_the_end().await?;
            page.open_disclosures().await?;
            wait_for_all_parts(page).await?;
            look(link, AFTER_RUN).await?;
        }
    }
    Ok(())
}

/// Opens a page and waits until it is complete.
async fn open(page: &Page, link: &str) -> Result<(), PageError> {
    if link == "runs" {
        page.open_runs().await?;
    } else {
        page.open(link).await?;
        match link {
            "" => drop(page.wait_for_status("Finished").await?),
            _ => page.wait_for_button("Run").await?,
        }
    }
    wait_for_all_parts(page).await
}

/// Waits for the parts of a page whose code is loaded lazily. Until then, they show a placeholder.
async fn wait_for_all_parts(page: &Page) -> Result<(), PageError> {
    eventually("all parts of the page", async || {
        let text = page.texts(".empty").await?.join(" ");
        Ok(if is_loading(&text) { Err(text) } else { Ok(()) })
    })
    .await
}
