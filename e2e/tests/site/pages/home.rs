//! The first page.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::page::{Page, PageError, eventually};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        the_first_page_runs_a_comparison_by_itself_and_lists_the_exercises,
        a_change_of_a_control_moves_the_forecast_and_runs_again
    ]
    .chain(in_chromium![
        every_exercise_has_a_picture,
        each_line_of_code_says_how_long_its_task_took,
        a_finished_exercise_is_marked_and_counted
    ])
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
    let doors = page.attributes("a.door", "href").await?;
    let are_expected = doors.len() == 3
        && doors[0].starts_with("#/async-basics")
        && doors[1] == "#/guide"
        && doors[2].starts_with("#/program");
    assert!(are_expected, "{doors:?}");

    page.follow("async-basics").await?;
    page.wait_for_status("Ready").await?;
    Ok(())
}

/// The text of each part of the race.
async fn parts(page: &Page) -> Result<[String; 2], PageError> {
    let bars = page.bars().await?;
    Ok(["sequential_execution", "concurrent_execution"]
        .map(|task| bars.iter().find(|bar| bar.task == task).map(|bar| bar.text.clone()).unwrap_or_default()))
}

async fn a_change_of_a_control_moves_the_forecast_and_runs_again(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "").await?;
    let page = &fixture.page;
    page.wait_for_status("Finished").await?;
    let times = async || {
        let bars = page.bars().await?;
        Ok::<_, PageError>(bars.iter().filter_map(|bar| bar.measured_ms).collect::<Vec<_>>())
    };
    let before = times().await?;
    page.fill_in("download", "50").await?;
    // The data set is now the longer of the two waits.
    eventually("the forecast of the new settings", async || {
        let parts = parts(page).await?;
        let is_new = parts[0].contains("ideal 550 ms") && parts[1].contains("ideal 500 ms");
        Ok(if is_new { Ok(()) } else { Err(format!("{parts:?}")) })
    })
    .await?;
    // How much longer than the ideal they are depends on what else the machine does.
    eventually("the times of the new settings", async || {
        let times = times().await?;
        let is_new = times.len() == 2 && times != before && times[0] >= 550.0 && times[1] >= 500.0;
        Ok(if is_new { Ok(()) } else { Err(format!("{times:?} after {before:?}")) })
    })
    .await?;
    page.wait_for_status("Finished").await?;
    Ok(())
}

/// For each card of an exercise, the height of its picture as it is drawn.
const PICTURES: &str = "return [...document.querySelectorAll('ol.cards .picture use')].map(it => it.getBBox().height)";

async fn every_exercise_has_a_picture() -> TestResult {
    let fixture = Fixture::open("").await?;
    let page = &fixture.page;
    eventually("a picture for each exercise", async || {
        let heights: Vec<f64> = page.evaluate(PICTURES, Vec::new()).await?;
        let are_drawn = heights.len() >= 10 && heights.iter().all(|height| (5.0..=64.5).contains(height));
        Ok(if are_drawn { Ok(()) } else { Err(format!("{heights:?}")) })
    })
    .await?;
    Ok(())
}

async fn each_line_of_code_says_how_long_its_task_took() -> TestResult {
    let fixture = Fixture::open("").await?;
    let page = &fixture.page;
    page.wait_for_status("Finished").await?;
    let notes = page.texts(".excerpt .note").await?;
    assert!(notes.len() == 6 && notes.iter().all(|note| note.ends_with(" ms")), "{notes:?}");
    assert_eq!(page.texts(".excerpt .marked").await?, [""; 0], "nothing is running");
    // A reader who comes from another page of the site sees the same code.
    let painted = page.texts(".excerpt .text").await?;
    page.open_path("async-basics/").await?;
    page.wait_until_mounted().await?;
    page.follow("").await?;
    eventually("the same code", async || {
        let loaded = page.texts(".excerpt .text").await?;
        Ok(if loaded == painted { Ok(()) } else { Err(format!("{loaded:?} instead of {painted:?}")) })
    })
    .await?;
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
