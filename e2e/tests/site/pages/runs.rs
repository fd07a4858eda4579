//! Saved runs.

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult, insert_into_head};
use e2e::page::{IS_RUNNING, Page, PageError, eventually};
use e2e::server::Replacement;
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

use super::QUICK;

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![a_finished_run_is_saved_and_can_be_exported_opened_and_deleted].chain(in_chromium![
        a_pinned_run_is_still_pinned_at_the_next_visit,
        a_stopped_run_is_not_saved,
        a_database_that_never_responds_is_named_and_nothing_is_called_saved
    ])
}

/// The page's message that the run is saved, or why it is not.
async fn saved_message(page: &Page) -> Result<String, PageError> {
    eventually("a message about saving the run", async || {
        let message = page.texts(".saved").await?.concat();
        Ok(if message.is_empty() { Err(message) } else { Ok(message) })
    })
    .await
}

async fn run_and_save(page: &Page) -> Result<(), PageError> {
    page.run_to_the_end().await?;
    let message = saved_message(page).await?;
    assert!(message.starts_with("Saved in Runs."), "{message}");
    Ok(())
}

/// Opens the list of saved runs, waits until it has this number of runs, and returns their titles.
async fn list(page: &Page, count: usize) -> Result<Vec<String>, PageError> {
    page.open("runs").await?;
    page.wait_for_runs(count).await
}

/// Presses the first button in the list whose label starts with this word. The newest run is the first.
async fn press_first(page: &Page, word: &str) -> Result<(), PageError> {
    let script = "document.querySelector(`[data-run] button[aria-label^='${arguments[0]}']`).click()";
    page.evaluate(script, vec![word.into()]).await
}

async fn a_finished_run_is_saved_and_can_be_exported_opened_and_deleted(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, QUICK).await?;
    let page = &fixture.page;
    run_and_save(page).await?;
    let (bars, log) = (page.bars().await?, page.log().await?);
    page.open("async-multiple?scale=0.1&one-by-one=off&seed=3").await?;
    page.wait_for_button("Run").await?;
    run_and_save(page).await?;
    assert_eq!(list(page, 2).await?, ["Many tasks", "Async basics"], "the newest first");
    let basics = "Download 60 ms, Data set 20 ms, Preprocess 20 ms, Blocking demo off; seed 7";
    let settings = page.texts("[data-run] td:nth-child(2)").await?;
    assert_eq!(settings, ["One by one off, Scale 0.1 ×; seed 3", basics]);

    press_first(page, "Delete Many tasks").await?;
    assert_eq!(page.wait_for_runs(1).await?, ["Async basics"]);
    page.catch_downloads().await?;
    press_first(page, "Export").await?;
    let (name, text) = page.wait_for_downloads(1).await?;
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
    // It is saved already.
    assert_eq!(list(page, 1).await?, ["Async basics"]);
    page.press("Delete all").await?;
    page.wait_for_runs(0).await?;
    list(page, 0).await?;
    Ok(())
}

async fn a_pinned_run_is_still_pinned_at_the_next_visit() -> TestResult {
    let fixture = Fixture::open(QUICK).await?;
    let page = &fixture.page;
    run_and_save(page).await?;
    list(page, 1).await?;
    press_first(page, "Pin").await?;
    eventually("a pinned run", async || {
        let listed = page.texts("[data-run] td:first-child").await?.concat();
        Ok(if listed == "Async basics · pinned" { Ok(()) } else { Err(listed) })
    })
    .await?;

    page.open(QUICK).await?;
    page.wait_for_button("Run").await?;
    page.run_to_the_end().await?;
    let baselines = page.attributes("[data-bar][data-baseline-us]", "data-baseline-us").await?;
    assert_eq!(baselines.len(), 2, "{baselines:?}");
    eventually("the table of differences", async || {
        let rows = page.table("The pinned run").await?;
        Ok(if rows.is_empty() { Err("none") } else { Ok(()) }.map_err(str::to_owned))
    })
    .await?;
    page.press("Unpin").await?;
    saved_message(page).await?;
    // The document stays the same, because a document that is closed stops what it has just started.
    eventually("a list without a pinned run", async || {
        page.follow("guide").await?;
        page.follow("runs").await?;
        let listed = page.wait_for_runs(2).await?;
        Ok(if listed == ["Async basics"; 2] { Ok(()) } else { Err(format!("{listed:?}")) })
    })
    .await?;
    Ok(())
}

async fn a_stopped_run_is_not_saved() -> TestResult {
    let fixture = Fixture::open("async-basics?seed=7").await?;
    let page = &fixture.page;
    page.stop_when(IS_RUNNING).await?;
    page.press("Run").await?;
    page.wait_for_status("Stopped").await?;
    list(page, 0).await?;
    Ok(())
}

/// The database is opened, but its transactions never complete. Or it is not even opened.
const DATABASES_WITHOUT_RESPONSE: [&str; 2] = [
    "IDBFactory.prototype.open = () => new EventTarget()",
    "IDBObjectStore.prototype.getAllKeys = () => new EventTarget()",
];

async fn a_database_that_never_responds_is_named_and_nothing_is_called_saved() -> TestResult {
    const NAME: &str = "no-response.js";
    for script in DATABASES_WITHOUT_RESPONSE {
        let fixture = Fixture::open(QUICK).await?;
        let page = &fixture.page;
        insert_into_head(&fixture.server, &format!("<script src=\"{NAME}\"></script>"))?;
        let body = script.as_bytes().to_vec();
        fixture.server.replace(NAME, Replacement::Bytes { content_type: "text/javascript", body });
        page.reload().await?;
        page.run_to_the_end().await?;
        let message = saved_message(page).await?;
        assert!(message.starts_with("Not saved: "), "{script}: {message}");
        page.open("runs").await?;
        eventually("a page that says so", async || {
            let text = page.texts("section.runs").await?.concat();
            let is_said = text.contains("runs are lost when you close") || text.contains("does not respond");
            Ok(if is_said && !text.contains("Loading") { Ok(()) } else { Err(format!("{script}: {text}")) })
        })
        .await?;
    }
    Ok(())
}
