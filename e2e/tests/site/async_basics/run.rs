//! A finished run: its results, and that its numbers are plausible.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::{Page, PageError};
use e2e::suite::Test;

use super::{DEFAULTS, SHORT};

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        a_finished_run_shows_all_results,
        without_the_demo_only_sequential_and_concurrent_are_compared,
        the_same_seed_shows_the_same_images_and_another_seed_shows_others
    ]
    .chain(in_chromium![the_numbers_of_a_run_make_sense].map(Test::alone))
}

async fn a_finished_run_shows_all_results() -> TestResult {
    let fixture = Fixture::open(DEFAULTS).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    page.open_disclosures().await?;
    for name in ["wall", "ideal", "efficiency", "tasks", "peak-concurrency", "lag", "clock"] {
        let metric = page.metric(name).await?;
        assert!(metric.contains(|letter: char| letter.is_ascii_digit()), "{name} is {metric}");
    }
    let rows = page.results().await?.rows.join("\n");
    for task in ["download_model", "load_dataset", "preprocess_data"] {
        assert!(rows.contains(task), "{task} is not in {rows}");
    }
    assert_eq!(page.digits().await?.len(), 12);
    assert!(!page.log().await?.is_empty());
    assert!(page.is_enabled("Run").await?, "it can run again");
    assert!(!page.is_enabled("Stop").await?, "nothing is running");
    Ok(())
}

async fn the_numbers_of_a_run_make_sense() -> TestResult {
    // Sequential takes twice as long as concurrent, so that a busy machine does not change the order.
    let fixture = Fixture::open("async-basics?download=500&load=500&preprocess=50&scale=2&seed=7").await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let sequential = assert_near_its_ideal(page, "sequential_execution", 2_100.0).await?;
    let concurrent = assert_near_its_ideal(page, "concurrent_execution", 1_100.0).await?;
    let sleeping = assert_near_its_ideal(page, "async_sleep", 200.0).await?;
    let blocking = assert_near_its_ideal(page, "blocking_sleep", 600.0).await?;
    assert!(concurrent < sequential, "{concurrent} against {sequential}");
    assert!(sleeping < blocking, "{sleeping} against {blocking}");
    assert_speed_up(page, sequential / concurrent).await?;
    assert_eq!(page.metric("tasks").await?, "16");
    assert_eq!(page.metric("peak-concurrency").await?, "3", "the three sleeps");
    Ok(())
}

/// Asserts that a part took at least its ideal time, and not much more. A wait may end late, on a busy machine very
/// late, but never early. The browser's clock has a resolution of 0.1 ms.
async fn assert_near_its_ideal(page: &Page, task: &str, ideal_ms: f64) -> Result<f64, PageError> {
    let bar = page.bar(task).await?;
    assert_eq!(bar.ideal_ms, Some(ideal_ms), "{bar:?}");
    let measured_ms = bar.measured_ms.unwrap_or_default();
    assert!(measured_ms >= ideal_ms - 0.2, "{task} took {measured_ms} ms");
    assert!(measured_ms <= ideal_ms * 2.0 + 250.0, "{task} took {measured_ms} ms");
    Ok(measured_ms)
}

/// Asserts that the page shows this speed-up, rounded to one decimal.
async fn assert_speed_up(page: &Page, expected: f64) -> Result<(), PageError> {
    let text = page.texts(".speed-up").await?.remove(0);
    let ratio: f64 = text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or_default();
    assert!((ratio - expected).abs() <= 0.051, "`{text}` for {expected}");
    Ok(())
}

async fn without_the_demo_only_sequential_and_concurrent_are_compared() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    fixture.page.run_to_the_end().await?;
    let tasks: Vec<_> = fixture.page.bars().await?.into_iter().map(|bar| bar.task).collect();
    assert_eq!(tasks, ["sequential_execution", "concurrent_execution"]);
    Ok(())
}

async fn the_same_seed_shows_the_same_images_and_another_seed_shows_others() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let first = page.digits().await?;
    assert!(!first.is_empty());

    page.reload().await?;
    page.run_to_the_end().await?;
    assert_eq!(page.digits().await?, first);

    page.fill_in("seed", "8").await?;
    page.run_to_the_end().await?;
    assert_ne!(page.digits().await?, first);
    Ok(())
}
