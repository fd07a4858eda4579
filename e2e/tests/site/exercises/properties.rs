//! The checks of the whole run, which every exercise has, in every engine.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![a_finished_run_shows_its_properties]
        .chain(in_chromium![a_stopped_run_shows_that_nothing_is_left])
        .chain(in_chromium![intended_blocks_are_reported_separately].map(Test::alone))
}

/// The names of the properties. Asserts that those hold that do not depend on the machine's speed.
async fn properties(page: &Page) -> Result<Vec<String>, PageError> {
    let properties = page.properties().await?;
    for property in properties.iter().filter(|it| !["loop-free", "speed-up"].contains(&it.part.as_str())) {
        assert!(property.passed, "{property:?}");
    }
    Ok(properties.into_iter().map(|it| it.part).collect())
}

async fn a_finished_run_shows_its_properties(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-error-handling?pause=10&wait=10&timeout=60&limit=3&seed=7").await?;
    let page = &fixture.page;
    assert_eq!(properties(page).await?, [""; 0], "there are none before the first run");
    page.run_to_the_end().await?;
    let limits = ["within-limit"; 3];
    let expected = ["tasks-end", "permits-back"].into_iter().chain(limits).chain(["loop-free"]).collect::<Vec<_>>();
    assert_eq!(properties(page).await?[..6], expected);
    let message = page.properties().await?;
    assert!(message[3].text.contains("at most 3 in progress (peak of this part: 3)"), "{:?}", message[3]);
    assert!(page.notes().await?.contains("Of the checks of single parts"));
    Ok(())
}

async fn a_stopped_run_shows_that_nothing_is_left() -> TestResult {
    let fixture = Fixture::open("async-multiple?samples=60&one-by-one=off&limit=2&seed=7").await?;
    let page = &fixture.page;
    page.press("Run").await?;
    eventually("a batch behind its limit", async || {
        let bar = page.bar("process_batch_limited").await?;
        Ok(if bar.text.contains('–') { Err(bar.text) } else { Ok(()) })
    })
    .await?;
    page.press("Stop").await?;
    page.wait_for_status("Stopped").await?;
    assert_eq!(properties(page).await?, ["tasks-end", "permits-back"]);
    Ok(())
}

async fn intended_blocks_are_reported_separately() -> TestResult {
    let fixture = Fixture::open("async-basics?seed=7").await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    assert_eq!(properties(page).await?, ["tasks-end", "loop-free", "speed-up", "speed-up"]);
    let message = &page.properties().await?[1].text;
    assert!(message.contains("No unintended event-loop block") && message.contains("intended: "), "{message}");
    Ok(())
}
