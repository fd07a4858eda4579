//! The runs that are kept.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::page::{IS_RUNNING, Page, PageError, eventually, is_loading};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![a_run_that_finished_is_listed_opened_and_deleted_after_a_reload]
        .chain(in_chromium![a_pinned_run_is_found_again_at_the_next_visit, a_run_that_was_stopped_is_not_kept])
}

const QUICK: &str = "async-basics?download=60&load=20&preprocess=20&blocking=off&seed=7";

/// What the page says of the run that has just finished.
async fn wait_until_kept(page: &Page) -> Result<String, PageError> {
    eventually("a word on whether the run is kept", async || {
        let message = page.texts(".saved").await?.concat();
        Ok(if message.is_empty() { Err(message) } else { Ok(message) })
    })
    .await
}

async fn run_and_keep(page: &Page) -> Result<(), PageError> {
    page.run_to_the_end().await?;
    let message = wait_until_kept(page).await?;
    assert!(message.starts_with("Saved in Runs."), "{message}");
    Ok(())
}

/// Opens the list and waits until it has so many runs.
async fn list(page: &Page, runs: usize) -> Result<Vec<String>, PageError> {
    page.open("runs").await?;
    wait_for(page, runs).await
}

async fn wait_for(page: &Page, runs: usize) -> Result<Vec<String>, PageError> {
    eventually(&format!("a list of {runs}"), async || {
        let message = page.texts(".runs .empty").await?.concat();
        let listed = page.texts("[data-run] td:first-child").await?;
        let is_read = listed.len() == runs && !is_loading(&message);
        Ok(if is_read { Ok(listed) } else { Err(format!("{listed:?} {message}")) })
    })
    .await
}

/// Presses the button of the newest run that begins with this word.
async fn press_first(page: &Page, word: &str) -> Result<(), PageError> {
    let script = "document.querySelector(`[data-run] button[aria-label^='${arguments[0]}']`).click()";
    page.evaluate(script, vec![word.into()]).await
}

async fn a_run_that_finished_is_listed_opened_and_deleted_after_a_reload(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, QUICK).await?;
    let page = &fixture.page;
    run_and_keep(page).await?;
    let (bars, log) = (page.bars().await?, page.log().await?);
    page.open("async-multiple?scale=0.1&one-by-one=off&seed=3").await?;
    page.wait_for_button("Run").await?;
    run_and_keep(page).await?;
    assert_eq!(list(page, 2).await?, ["Many tasks", "Async basics"], "the newest first");

    press_first(page, "Delete Many tasks").await?;
    assert_eq!(wait_for(page, 1).await?, ["Async basics"]);
    page.catch_downloads().await?;
    press_first(page, "Export").await?;
    let (name, text) = page.download(1).await?;
    assert!(name.starts_with("async-basics-seed7-") && text.contains("\"interleave-run\""), "{name}");

    press_first(page, "Open").await?;
    page.wait_for_status("Finished").await?;
    eventually("the run as it was", async || {
        let shown = page.bars().await?;
        Ok(if shown == bars { Ok(()) } else { Err(format!("{shown:?}")) })
    })
    .await?;
    assert_eq!(page.log().await?, log);
    assert_eq!(page.control("download").await?.value, "60");
    assert_eq!(page.texts("[data-opened]").await?.len(), 1);
    // It is kept already.
    assert_eq!(list(page, 1).await?, ["Async basics"]);
    page.press("Delete all").await?;
    wait_for(page, 0).await?;
    list(page, 0).await?;
    Ok(())
}

async fn a_pinned_run_is_found_again_at_the_next_visit() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    run_and_keep(page).await?;
    list(page, 1).await?;
    press_first(page, "Pin").await?;
    eventually("a word that it is pinned", async || {
        let listed = page.texts("[data-run] td:first-child").await?.concat();
        Ok(if listed == "Async basics · pinned" { Ok(()) } else { Err(listed) })
    })
    .await?;

    page.open(QUICK).await?;
    page.wait_for_button("Run").await?;
    page.run_to_the_end().await?;
    let ghosts = page.attributes("[data-bar][data-beside-us]", "data-beside-us").await?;
    assert_eq!(ghosts.len(), 2, "{ghosts:?}");
    eventually("the table of differences", async || {
        let rows = page.table("The pinned run").await?;
        Ok(if rows.is_empty() { Err("none") } else { Ok(()) }.map_err(str::to_owned))
    })
    .await?;
    page.press("Unpin").await?;
    wait_until_kept(page).await?;
    // The page stays the same document: one that is left takes what it has just begun with it.
    eventually("a list without a pinned run", async || {
        page.follow("guide").await?;
        page.follow("runs").await?;
        let listed = wait_for(page, 2).await?;
        Ok(if listed == ["Async basics"; 2] { Ok(()) } else { Err(format!("{listed:?}")) })
    })
    .await?;
    Ok(())
}

async fn a_run_that_was_stopped_is_not_kept() -> TestResult {
    let fixture = Fixture::open("async-basics?seed=7").await?;
    let page = &fixture.page;
    page.stop_when(IS_RUNNING).await?;
    page.press("Run").await?;
    page.wait_for_status("Stopped").await?;
    list(page, 0).await?;
    Ok(())
}
