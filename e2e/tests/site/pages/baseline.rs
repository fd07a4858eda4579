//! Comparing a run with a baseline: a pinned run, repeated runs, or a result in a link. Also controls that a link
//! hides.

use e2e::fixture::{Fixture, TestResult};
use e2e::in_chromium;
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;

use super::QUICK;

pub fn tests() -> impl Iterator<Item = Test> {
    let measuring = in_chromium![
        a_pinned_run_is_drawn_under_the_next_and_compared_in_a_table,
        repeated_runs_show_the_uncertainty_of_a_difference
    ];
    measuring.map(Test::alone).chain(in_chromium![
        a_result_in_a_link_is_compared_with_the_readers_run,
        a_link_hides_controls_until_the_reader_shows_them
    ])
}

/// The length of a bar in the baseline, in microseconds.
async fn baseline_us(page: &Page, task: &str) -> Result<Option<u64>, PageError> {
    let text = page.attributes(&format!("[data-bar='{task}'][data-baseline-us]"), "data-baseline-us").await?;
    Ok(text.first().and_then(|us| us.parse().ok()))
}

async fn repeat(page: &Page, times: u32) -> Result<(), PageError> {
    let field = "const field = document.getElementById('repeats'); field.value = arguments[0];
        field.dispatchEvent(new Event('change', { bubbles: true }));";
    page.evaluate::<()>(field, vec![times.to_string().into()]).await?;
    page.press("Repeat").await?;
    let expected = format!("{times} runs with these settings are measured.");
    eventually("the end of the series", async || {
        let text = page.texts(".series .hint").await?.join(" ");
        Ok(if text == expected { Ok(()) } else { Err(text) })
    })
    .await
}

async fn a_pinned_run_is_drawn_under_the_next_and_compared_in_a_table() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let pinned_ms = page.bar("concurrent_execution").await?.measured_ms.expect("it ended");
    page.press("Pin").await?;
    page.fill_in("download", "300").await?;
    page.run_to_the_end().await?;
    let baseline = baseline_us(page, "concurrent_execution").await?.expect("the pinned run is drawn under it");
    assert_eq!(baseline as f64 / 1e3, pinned_ms);
    let rows = page.table("The pinned run").await?;
    let row = rows.iter().find(|row| row[0] == "Concurrent").expect("it was run in both");
    let ratio: f64 = row[3].parse().expect("a number");
    assert!(ratio > 1.5, "{rows:?}");
    assert_eq!(row[4], "–", "a single run has no uncertainty");

    page.press("Unpin").await?;
    eventually("the end of the table", async || {
        let rows = page.table("The pinned run").await?;
        Ok(if rows.is_empty() { Ok(()) } else { Err(format!("{rows:?}")) })
    })
    .await?;
    assert_eq!(baseline_us(page, "concurrent_execution").await?, None);
    Ok(())
}

async fn repeated_runs_show_the_uncertainty_of_a_difference() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    repeat(page, 5).await?;
    page.press("Pin").await?;
    page.fill_in("download", "300").await?;
    repeat(page, 5).await?;
    let rows = page.table("The pinned run (medians of 5 runs) compared with this one (medians of 5 runs)").await?;
    let row = rows.iter().find(|row| row[0] == "Sequential").expect("it was run in both");
    // 100 ms of waits in the pinned runs, 340 ms in the others.
    assert!(row[4].ends_with(": higher"), "{row:?}");
    let tasks = rows.iter().find(|row| row[0] == "Tasks").expect("every run has them");
    assert_eq!(tasks[4], "1.00 to 1.00: no difference shown");

    // Stop ends the whole series. The runs are long enough for the test to see one that is running.
    page.fill_in("download", "2000").await?;
    page.press("Repeat").await?;
    page.wait_for_status("Running").await?;
    page.press("Stop").await?;
    page.wait_for_status("Stopped").await?;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert!(page.status().await?.starts_with("Stopped"));
    Ok(())
}

async fn a_result_in_a_link_is_compared_with_the_readers_run() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    // 46,656 and 23,328 µs: the reader's run cannot be so quick.
    page.open(&format!("{QUICK}&was=1000.i00")).await?;
    page.wait_for_button("Run").await?;
    let note = page.texts("[data-sent]").await?.concat();
    assert!(note.contains("the person who sent you this link") && note.contains("Download 60 ms"), "{note}");
    page.run_to_the_end().await?;
    assert_eq!(page.notices().await?, [""; 0]);
    assert_eq!(page.texts("[data-sent]").await?, [""; 0], "there is a run now");
    assert_eq!(baseline_us(page, "sequential_execution").await?, Some(46_656));
    let rows = page.table("The sender's run").await?;
    assert_eq!(rows.iter().map(|row| row[0].as_str()).collect::<Vec<_>>(), ["Sequential", "Concurrent"]);
    assert!(rows.iter().all(|row| row[3].parse::<f64>().is_ok_and(|ratio| ratio > 1.0)), "{rows:?}");

    page.open(&format!("{QUICK}&was=1.2.3.4.5")).await?;
    page.wait_for_button("Run").await?;
    assert!(page.notices().await?.join(" ").contains("The sender's result does not match"));
    Ok(())
}

async fn a_link_hides_controls_until_the_reader_shows_them() -> TestResult {
    let fixture = Fixture::open(&format!("{QUICK}&hide=download,seed")).await?;
    let page = &fixture.page;
    let shown = async || {
        let script = "return [...document.querySelectorAll('[data-control]')].filter(it => !it.hidden)
            .map(it => it.dataset.control);";
        page.evaluate::<Vec<String>>(script, Vec::new()).await
    };
    assert_eq!(shown().await?, ["load", "preprocess", "scale", "blocking"]);
    page.press("Show all controls").await?;
    eventually("all controls", async || {
        let shown = shown().await?;
        Ok(if shown.len() == 6 { Ok(()) } else { Err(format!("{shown:?}")) })
    })
    .await?;
    assert_eq!(page.control("download").await?.value, "60");
    Ok(())
}
