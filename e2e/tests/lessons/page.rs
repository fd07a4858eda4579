//! What holds on every page: widths, labels, a clean console.

use std::path::Path;

use e2e::stage::{Stage, TestResult};

/// Every lesson, with little to do.
const LINKS: [&str; 10] = [
    "async-basics?scale=0.1&seed=7",
    "async-api-calls?requests=6&batch-size=2&latency=20&failure-rate=0&seed=7",
    "async-ml-pipeline?samples=20&scale=0.1&seed=7",
    "advanced?seed=7",
    "async-multiple?scale=0.1&seed=7",
    "async-file-io?files=3&size=1&rounds=1&seed=7",
    "async-error-handling?pause=10&wait=10&timeout=60&seed=7",
    "common-issues?wait=100&seed=7",
    "concurrency-comparison?tasks=4&size=20&wait=50&seed=7",
    "validate-async?seed=7",
];

#[tokio::test]
async fn nothing_scrolls_sideways_at_any_width() -> TestResult {
    let stage = Stage::at(LINKS[0]).await?;
    let page = &stage.page;
    for link in LINKS {
        let name = link.split('?').next().unwrap_or_default();
        for width in [360, 768, 1440] {
            page.set_width(width).await?;
            page.open(link).await?;
            page.wait_for_button("Run").await?;
            assert_eq!(page.overflow().await?, None, "{link} at {width} px, before a run");
            page.run_to_the_end().await?;
            page.open_disclosures().await?;
            let picture = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{width}.png"));
            page.screenshot(&picture).await?;
            assert_eq!(page.overflow().await?, None, "{link} at {width} px, after a run");
        }
    }
    // That a model which is not there is named is one of the promises that are validated, and browsers log every 404.
    let mut complaints = stage.browser.complaints().await?;
    complaints.retain(|message| !message.text.contains("/models/mlp-17"));
    assert_eq!(complaints, []);
    Ok(())
}

#[tokio::test]
async fn every_control_has_a_visible_label() -> TestResult {
    let stage = Stage::at(LINKS[0]).await?;
    for link in LINKS {
        stage.page.open(link).await?;
        stage.page.wait_for_button("Run").await?;
        for control in stage.page.controls().await? {
            assert!(!control.label.is_empty(), "{link}: {control:?}");
        }
    }
    Ok(())
}
