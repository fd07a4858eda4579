//! The first page.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::page::eventually;
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![shows_within_seconds_what_this_is].chain(in_chromium![what_has_finished_is_marked_and_stays_so])
}

async fn shows_within_seconds_what_this_is(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "").await?;
    let page = &fixture.page;
    // Nobody has pressed anything.
    page.wait_for_status("Finished").await?;
    let [one_by_one, together] = ["sequential_execution", "concurrent_execution"].map(|task| page.bar(task));
    let (one_by_one, together) = (one_by_one.await?.measured_ms, together.await?.measured_ms);
    assert!(together < one_by_one, "{together:?} ms instead of {one_by_one:?}");
    assert_eq!(page.texts("h1").await?.len(), 1);
    let cards = page.texts("ol.cards h2").await?;
    assert!(cards.len() >= 8 && cards[0] == "Async basics", "{cards:?}");

    page.follow("async-basics").await?;
    page.wait_for_status("Ready").await?;
    Ok(())
}

async fn what_has_finished_is_marked_and_stays_so() -> TestResult {
    let fixture = Fixture::open("async-multiple?scale=0.1&one-by-one=off&seed=7").await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    page.open("").await?;
    eventually("a mark at the exercise that has finished", async || {
        let marked = page.texts("ol.cards li:has(.done) h2").await?;
        Ok(if marked == ["Many tasks"] { Ok(()) } else { Err(format!("{marked:?}")) })
    })
    .await?;
    let text = page.texts(".catalogue .hint").await?;
    assert!(text[0].starts_with("1 of "), "{text:?}");
    Ok(())
}
