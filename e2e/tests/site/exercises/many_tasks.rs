//! The exercise on many tasks.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::{eventually, milliseconds};
use e2e::suite::Test;
use fantoccini::key::Key;

pub fn tests() -> impl Iterator<Item = Test> {
    in_chromium![
        a_concurrent_batch_takes_as_long_as_its_longest_sample_and_a_sequential_one_the_sum,
        the_distribution_has_percentiles_with_n_and_is_consistent,
        the_table_of_tasks_says_which_one_queued_longest_and_where,
        an_empty_batch_finishes_immediately_with_an_explanation,
        a_limit_of_zero_leaves_the_limited_batch_out,
        a_shortest_time_above_the_longest_is_refused_next_to_its_control_until_fixed,
        a_count_must_be_a_whole_number_in_its_range
    ]
}

/// Ten samples of 20 to 100 ms.
const SHORT: &str = "async-multiple?scale=0.2&seed=7";

async fn a_concurrent_batch_takes_as_long_as_its_longest_sample_and_a_sequential_one_the_sum() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    for task in ["process_batch_sequential", "process_batch_limited", "process_batch_async", "download_multiple_models"]
    {
        let bar = page.bar(task).await?;
        let (measured, ideal) = (bar.measured_ms.expect("it ended"), bar.ideal_ms.expect("it was computed"));
        assert!(measured >= ideal, "{bar:?}");
    }
    let ideal = async |task| page.bar(task).await.map(|bar| bar.ideal_ms.expect("it was computed"));
    let numbers = page.table("Times of a batch").await?;
    assert_eq!(numbers.len(), 5, "{numbers:?}");
    assert!(ideal("process_batch_sequential").await? > 5.0 * ideal("process_batch_async").await?);
    assert!(page.checks().await?.iter().all(|check| check.passed));
    let models: Vec<_> = page.table("models by name").await?.into_iter().map(|row| row[0].clone()).collect();
    assert_eq!(models, ["logistic-regression", "mlp-16", "mlp-64", "mlp-64-32"]);
    Ok(())
}

async fn the_distribution_has_percentiles_with_n_and_is_consistent() -> TestResult {
    let fixture = Fixture::open("async-multiple?samples=200&limit=16&one-by-one=off&scale=0.2&seed=7").await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    assert_eq!(
        page.attributes("figure.histogram", "data-distribution").await?,
        ["process_batch_async", "process_batch_limited"]
    );
    let rows = page.table("Limited: percentiles").await?;
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["Without the queue", "With the queue"]);
    assert!(rows.iter().all(|row| row[1] == "200" && row.iter().all(|cell| cell != "–")), "{rows:?}");
    let laws = page.texts("[data-law]").await?;
    assert!(laws.len() == 2 && laws.iter().all(|law| law.contains("The two agree")), "{laws:?}");
    Ok(())
}

async fn the_table_of_tasks_says_which_one_queued_longest_and_where() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    page.open_disclosures().await?;
    page.press("Queued").await?;
    eventually("the longest queue first", async || {
        let sorted = page.attributes("[aria-labelledby=tab-table] details th", "aria-sort").await?;
        Ok(if sorted == ["descending"] { Ok(()) } else { Err(format!("{sorted:?}")) })
    })
    .await?;
    let rows = page.table("All tasks").await?;
    let queued = |row: &[String]| milliseconds(&row[4]).expect("it is a duration");
    assert!(rows.is_sorted_by(|a, b| queued(a) >= queued(b)), "{rows:?}");
    let first = &rows[0];
    assert!(first[0].starts_with("process_sample ") && first[1] == "process_batch_limited", "{first:?}");
    assert!(first[6].contains("for a permit on line"), "{first:?}");
    // The header keeps the focus, so a key press reverses the order.
    page.key(Key::Enter).await?;
    eventually("the longest queue last", async || {
        let rows = page.table("All tasks").await?;
        Ok(if rows.is_sorted_by(|a, b| queued(a) <= queued(b)) { Ok(()) } else { Err(format!("{rows:?}")) })
    })
    .await?;
    Ok(())
}

async fn an_empty_batch_finishes_immediately_with_an_explanation() -> TestResult {
    let fixture = Fixture::open("async-multiple?samples=0&scale=0.1&seed=7").await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    assert!(page.notes().await?.contains("without samples"));
    assert_eq!(fixture.browser.console_problems().await?, []);
    Ok(())
}

async fn a_limit_of_zero_leaves_the_limited_batch_out() -> TestResult {
    let fixture = Fixture::open("async-multiple?limit=0&scale=0.1&seed=7").await?;
    let page = &fixture.page;
    assert_eq!(page.bars().await?.len(), 3);
    page.run_to_the_end().await?;
    assert!(page.bar("process_batch_limited").await.is_err());
    Ok(())
}

async fn a_shortest_time_above_the_longest_is_refused_next_to_its_control_until_fixed() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    let page = &fixture.page;
    page.fill_in("min", "600").await?;
    let refused = page.control("min").await?;
    assert!(refused.is_invalid && refused.error.contains("longer than the longest"), "{refused:?}");
    assert!(!page.is_enabled("Run").await?);
    page.fill_in("max", "700").await?;
    assert!(!page.control("min").await?.is_invalid);
    page.wait_for_button("Run").await?;

    page.open("async-multiple?min=600&seed=7").await?;
    page.wait_for_button("Run").await?;
    let notices = page.notices().await?;
    assert!(
        notices[0].contains("longer than the longest") && notices[0].ends_with("Using 500 instead."),
        "{notices:?}"
    );
    assert_eq!(page.control("min").await?.value, "500");
    Ok(())
}

async fn a_count_must_be_a_whole_number_in_its_range() -> TestResult {
    let fixture = Fixture::open(SHORT).await?;
    let page = &fixture.page;
    page.fill_in("samples", "2.5").await?;
    let refused = page.control("samples").await?;
    assert!(refused.error.contains("2.5 is not a whole number"), "{refused:?}");
    page.fill_in("samples", "10001").await?;
    assert!(page.control("samples").await?.error.contains("use 0 to 10,000"));
    page.fill_in("samples", "3").await?;
    page.wait_for_button("Run").await?;
    Ok(())
}
