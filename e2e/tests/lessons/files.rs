//! The lesson on files, in every engine.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::in_each_engine;
use e2e::page::{Page, PageError, eventually};
use e2e::stage::{Stage, TestResult};

in_each_engine![
    two_hundred_files_come_back_byte_for_byte,
    missing_files_are_named_and_the_others_still_come,
    a_csv_of_100_000_rows_leaves_the_page_free_and_can_be_stopped,
    what_is_stored_is_listed_and_can_be_deleted,
];

/// The text below the list of stored files, and how many are listed.
async fn stored(page: &Page) -> Result<(String, usize), PageError> {
    let rows = page.table("By name").await?.len().max(page.table("The last by name").await?.len());
    Ok((page.texts("[data-stored]").await?.join(""), rows))
}

async fn two_hundred_files_come_back_byte_for_byte(engine: Engine) -> TestResult {
    let stage = Stage::in_engine(engine, "async-file-io?files=200&size=64&missing=0&limit=16&seed=7").await?;
    let page = &stage.page;
    page.press("Run").await?;
    // Firefox makes some 100 files in a second, on an idle machine.
    page.wait_for_status_within(Duration::from_secs(120), "Finished").await?;
    let checks = page.checks().await?;
    assert!(checks.len() == 3 && checks.iter().all(|check| check.holds), "{checks:?}");
    assert!(checks[0].text.contains("200 of 200 in their places"), "{checks:?}");
    let found = page.texts(".results p").await?.join("\n");
    assert!(found.contains("Writing together") && found.contains("Reading together"), "{found}");
    Ok(())
}

async fn missing_files_are_named_and_the_others_still_come(engine: Engine) -> TestResult {
    let stage = Stage::in_engine(engine, "async-file-io?files=7&missing=3&size=1&seed=7").await?;
    let page = &stage.page;
    page.run_to_the_end().await?;
    let rows = page.table("What came of the files").await?;
    assert_eq!(rows.len(), 10);
    assert_eq!(rows.iter().filter(|row| row[1] == "✓ read").count(), 7);
    for row in rows.iter().filter(|row| row[0].starts_with("missing")) {
        assert_eq!(row[1], format!("✕ there is no file `{}`", row[0]));
    }
    let found = page.texts(".results p").await?.join("\n");
    assert!(found.contains("reads 353 of the good ones right"), "{found}");
    Ok(())
}

async fn a_csv_of_100_000_rows_leaves_the_page_free_and_can_be_stopped(engine: Engine) -> TestResult {
    let link = "async-file-io?rows=100000&files=1&size=1&bad-rows=5&seed=7";
    let stage = Stage::in_engine(engine, link).await?;
    let page = &stage.page;
    page.press("Run").await?;
    eventually("word of how far it is", async || {
        let log = page.log().await?.join("\n");
        Ok(if log.contains(" rows, ") { Ok(()) } else { Err(log) })
    })
    .await?;
    page.press("Stop").await?;
    page.wait_for_status("Stopped").await?;
    page.run_to_the_end().await?;
    let found = page.texts(".results p").await?.join("\n");
    assert!(found.contains("Of 100,005 rows 100,000 are good and 5 bad"), "{found}");
    assert!(page.checks().await?.iter().all(|check| check.holds));
    Ok(())
}

async fn what_is_stored_is_listed_and_can_be_deleted(engine: Engine) -> TestResult {
    let stage = Stage::in_engine(engine, "async-file-io?files=3&size=1&seed=7").await?;
    let page = &stage.page;
    page.run_to_the_end().await?;
    eventually("three files, the CSV and the predictions", async || {
        let (_, rows) = stored(page).await?;
        Ok(if rows == 5 { Ok(()) } else { Err(format!("{rows} files")) })
    })
    .await?;
    page.press("Delete all files").await?;
    eventually("no file", async || {
        let (told, rows) = stored(page).await?;
        Ok(if rows == 0 && told.contains("are deleted") { Ok(()) } else { Err(format!("{rows} files, {told}")) })
    })
    .await?;
    assert!(!page.is_enabled("Delete all files").await?);
    page.run_to_the_end().await?;
    Ok(())
}
