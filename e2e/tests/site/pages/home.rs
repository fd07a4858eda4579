//! The first page.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::page::eventually;
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![the_first_page_runs_a_comparison_by_itself_and_lists_the_exercises]
        .chain(in_chromium![a_finished_exercise_is_marked_and_counted])
}

async fn the_first_page_runs_a_comparison_by_itself_and_lists_the_exercises(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "").await?;
    let page = &fixture.page;
    // The run starts by itself.
    page.wait_for_status("Finished").await?;
    let sequential = page.bar("sequential_execution").await?.measured_ms;
    let concurrent = page.bar("concurrent_execution").await?.measured_ms;
    assert!(concurrent < sequential, "{concurrent:?} ms instead of {sequential:?}");
    assert_eq!(page.texts("h1").await?.len(), 1);
    let cards = page.texts("ol.cards h2").await?;
    assert!(cards.len() >= 8 && cards[0] == "Async basics", "{cards:?}");

    page.follow("async-basics").await?;
    page.wait_for_status("Ready").await?;
    Ok(())
}

async fn a_finished_exercise_is_marked_and_counted() -> TestResult {
    let fixture = Fixture::open("async-multiple?scale=0.1&one-by-one=off&seed=7").await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    page.open("").await?;
    eventually("a mark at the finished exercise", async || {
        let marked = page.texts("ol.cards li:has(.done) h2").await?;
        Ok(if marked == ["Many tasks"] { Ok(()) } else { Err(format!("{marked:?}")) })
    })
    .await?;
    let text = page.texts(".catalogue .hint").await?;
    assert!(text[0].starts_with("1 of "), "{text:?}");
    Ok(())
}
