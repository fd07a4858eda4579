//! Every page, in settings that are over soon, and how to see each of them as it opens and after a run.

use e2e::fixture::TestResult;
use e2e::page::{Page, PageError, eventually};

/// The exercises and the pages in the form of one.
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

/// The first page, the guide, the kept runs, the benchmark, and what comes of a link that leads nowhere.
pub const OTHER_PAGES: [&str; 5] = ["", "guide", "runs", "benchmark", "async-basic?lod=2&seed=x"];

/// Opens each page and calls `look` with its link and a word for when that is, and again after a run with every disclosure
/// open. The first page runs by itself, and the benchmark for too long.
pub async fn for_each_page(
    page: &Page,
    links: &[&str],
    mut look: impl AsyncFnMut(&str, &str) -> TestResult,
) -> TestResult {
    for link in links {
        page.open(link).await?;
        wait_until_there(page, link).await?;
        look(link, "as it opens").await?;
        if !["", "runs", "benchmark"].contains(link) {
            page.run_to_the_end().await?;
            page.open_disclosures().await?;
            wait_for_all_parts(page).await?;
            look(link, "after a run").await?;
        }
    }
    Ok(())
}

async fn wait_until_there(page: &Page, link: &str) -> Result<(), PageError> {
    match link {
        "" => drop(page.wait_for_status("Finished").await?),
        "runs" => {
            eventually("the list of runs", async || {
                let told = page.texts(".runs .empty, [data-run]").await?.concat();
                Ok(if told.is_empty() || told.starts_with("Being") { Err(told) } else { Ok(()) })
            })
            .await?;
        }
        _ => page.wait_for_button("Run").await?,
    }
    wait_for_all_parts(page).await
}

/// Parts of a page whose code comes late stand empty until then.
async fn wait_for_all_parts(page: &Page) -> Result<(), PageError> {
    eventually("all parts of the page", async || {
        let told = page.texts(".empty").await?.join(" ");
        Ok(if told.contains("Being") { Err(told) } else { Ok(()) })
    })
    .await
}
