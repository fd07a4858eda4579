//! The exercise on files, in every engine.

use std::time::Duration;

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::page::{Page, PageError, eventually, milliseconds};
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};

pub fn tests() -> impl Iterator<Item = Test> {
    let measuring = in_each_engine![a_csv_of_100_000_rows_does_not_block_the_page_and_can_be_stopped];
    in_each_engine![
        two_hundred_files_are_read_back_byte_for_byte,
        missing_files_are_named_and_the_others_are_read,
        storage_cleared_during_a_run_is_reported_and_the_next_run_finishes,
        stored_files_are_listed_and_can_be_deleted
    ]
    .chain(in_chromium![a_full_disk_is_reported_and_no_stored_file_is_lost])
    .chain(measuring.map(Test::alone))
}

/// The text below the list of stored files, and the number of files in the list.
async fn stored(page: &Page) -> Result<(String, usize), PageError> {
    Ok((page.texts("[data-stored]").await?.join(""), page.table("By name").await?.len()))
}

async fn two_hundred_files_are_read_back_byte_for_byte(engine: Engine) -> TestResult {
    let fixture =
        Fixture::open_in(engine, "async-file-io?files=200&size=64&missing=0&limit=16&rounds=1&seed=7").await?;
    let page = &fixture.page;
    page.press("Run").await?;
    // Firefox creates some 100 files per second, on an idle machine.
    page.wait_for_status_within(Duration::from_secs(120), "Finished").await?;
    let checks = page.checks().await?;
    assert!(checks.len() == 4 && checks.iter().all(|check| check.passed), "{checks:?}");
    assert!(checks[0].text.contains("200 of 200 as expected"), "{checks:?}");
    let found = page.notes().await?;
    assert!(found.contains("Writing all at once") && found.contains("Reading all at once"), "{found}");
    Ok(())
}

async fn missing_files_are_named_and_the_others_are_read(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-file-io?files=7&missing=3&size=1&seed=7").await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let rows = page.table("The files that were read").await?;
    assert_eq!(rows.len(), 10);
    assert_eq!(rows.iter().filter(|row| row[1] == "✓ read").count(), 7);
    for row in rows.iter().filter(|row| row[0].starts_with("missing")) {
        assert_eq!(row[1], format!("✕ there is no file `{}`", row[0]));
    }
    let found = page.notes().await?;
    assert!(found.contains("353 of 360 digits were classified correctly"), "{found}");
    Ok(())
}

/// The condition that the log shows the progress with the rows.
const ROWS_ARE_COUNTED: &str = "document.querySelector('.log')?.innerText.includes(' rows, ')";

/// Measures the longest lag of a page that does as little as possible at once: slices of 2 ms for two seconds, with a
/// turn of the event loop after each, and a title that is redrawn ten times per second.
const LAG_OF_SLICES: &str = "return new Promise(done => {
        const { port1, port2 } = new MessageChannel();
        const end = performance.now() + 2000;
        let longest = 0;
        const beat = due => setTimeout(() => {
            longest = Math.max(longest, performance.now() - due);
            performance.now() < end ? beat(performance.now() + 20) : done(longest);
        }, 20);
        const draw = drawn => setTimeout(() => {
            document.querySelector('h1').style.color = drawn % 2 ? '' : 'gray';
            if (performance.now() < end) draw(drawn + 1);
        }, 100);
        port1.onmessage = () => {
            const until = performance.now() + 2;
            while (performance.now() < until);
            if (until < end) port2.postMessage(0);
        };
        port2.postMessage(0);
        beat(performance.now() + 20);
        draw(0);
    })";

async fn a_csv_of_100_000_rows_does_not_block_the_page_and_can_be_stopped(engine: Engine) -> TestResult {
    let link = "async-file-io?rows=100000&files=1&size=1&rounds=1&bad-rows=5&seed=7";
    let fixture = Fixture::open_in(engine, link).await?;
    let page = &fixture.page;
    page.stop_when(ROWS_ARE_COUNTED).await?;
    page.press("Run").await?;
    page.wait_for_status("Stopped").await?;
    let log = page.log().await?.join("\n");
    assert!(log.contains(" rows, ") && !log.contains("100,000 rows"), "{log}");
    page.run_undisturbed().await?;
    let lag_ms = lag_of_the_csv(page).await?;
    // On a busy machine every page has to wait. The lag of a page that does almost nothing is added to the limit.
    let other_ms: f64 = page.evaluate(LAG_OF_SLICES, Vec::new()).await?;
    assert!(lag_ms <= 50.0 + 3.0 * other_ms, "{lag_ms} ms, and in slices of 2 ms {other_ms} ms");
    let found = page.notes().await?;
    assert!(found.contains("Of 100,005 rows, 100,000 are good and 5 are bad"), "{found}");
    assert!(page.checks().await?.iter().all(|check| check.passed));
    Ok(())
}

/// The longest time, in milliseconds, for which the page was blocked while the CSV was processed. Reading 100,000
/// rows from the database also blocks the page, but that is another part.
async fn lag_of_the_csv(page: &Page) -> Result<f64, PageError> {
    let rows = page.table("A CSV in slices").await?;
    let lag = rows.iter().find(|row| row[0] == "Process").and_then(|row| milliseconds(row.last()?));
    lag.ok_or_else(|| PageError::Missing { what: "lag of the CSV".to_owned() })
}

async fn stored_files_are_listed_and_can_be_deleted(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-file-io?files=3&size=1&seed=7").await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    eventually("three files, the CSV and the predictions", async || {
        let (_, rows) = stored(page).await?;
        Ok(if rows == 5 { Ok(()) } else { Err(format!("{rows} files")) })
    })
    .await?;
    page.catch_downloads().await?;
    page.press("Download").await?;
    let (name, text) = page.wait_for_downloads(1).await?;
    assert!(name == "samples.csv" && text.starts_with("label,p0,"), "{name}: {text}");
    page.press("Delete").await?;
    eventually("one file less", async || {
        let (message, rows) = stored(page).await?;
        Ok(if rows == 4 && message == "Deleted `samples.csv`." {
            Ok(())
        } else {
            Err(format!("{rows} files, {message}"))
        })
    })
    .await?;
    page.press("Delete all files").await?;
    eventually("no file", async || {
        let (message, rows) = stored(page).await?;
        Ok(if rows == 0 && message.contains("Deleted all files") {
            Ok(())
        } else {
            Err(format!("{rows} files, {message}"))
        })
    })
    .await?;
    assert!(!page.is_enabled("Delete all files").await?);
    page.run_to_the_end().await?;
    Ok(())
}

/// Deletes the exercise's folder. Tries again while a file in it is being written.
const CLEAR: &str = "const title = 'interleave-async-file-io';
    if (typeof FileSystemFileHandle !== 'undefined' && navigator.storage?.getDirectory) {
        const clear = () => navigator.storage.getDirectory()
            .then(root => root.removeEntry(title, { recursive: true }))
            .catch(() => setTimeout(clear));
        clear();
    } else {
        indexedDB.deleteDatabase(title);
    }";

/// Clears the site's data, as a user can do in the browser's settings. Only Chromium has a command for it.
async fn clear(fixture: &Fixture) -> TestResult {
    match fixture.browser.engine() {
        Engine::Chromium => fixture.browser.clear_storage(fixture.server.url()).await?,
        Engine::Firefox | Engine::Webkit => fixture.page.evaluate::<()>(CLEAR, Vec::new()).await?,
    }
    Ok(())
}

async fn storage_cleared_during_a_run_is_reported_and_the_next_run_finishes(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-file-io?files=500&size=4&rounds=20&seed=7").await?;
    let page = &fixture.page;
    page.press("Run").await?;
    page.wait_for_status("Running").await?;
    page.wait_for_tasks().await?;
    clear(&fixture).await?;
    let status = page.wait_for_status_within(Duration::from_secs(60), "Failed").await?;
    assert!(status.contains("the stored files are gone"), "{status}");
    let advice = page.texts(".failure").await?.join(" ");
    assert!(advice.contains("Run again to create a new folder"), "{advice}");
    page.fill_in("files", "5").await?;
    page.fill_in("rounds", "1").await?;
    page.run_to_the_end().await?;
    Ok(())
}

const SHOW_MORE: &str =
    "[...document.querySelectorAll('button')].find(button => /^Show .* more$/.test(button.innerText))?.click()";

/// Only in Chromium, because only Chromium has a command that limits the storage.
async fn a_full_disk_is_reported_and_no_stored_file_is_lost() -> TestResult {
    let fixture = Fixture::open("async-file-io?files=2&size=1&missing=0&rounds=1&seed=7").await?;
    let page = &fixture.page;
    page.run_to_the_end().await?;
    let before = page.table("By name").await?;
    assert_eq!(before.len(), 4);
    fixture.browser.limit_storage(fixture.server.url(), Some(1_000_000)).await?;
    page.fill_in("files", "50").await?;
    page.fill_in("size", "1000").await?;
    page.press("Run").await?;
    let status = page.wait_for_status("Failed").await?;
    assert!(status.contains("there is no space left for `data-"), "{status}");
    let advice = page.texts(".failure").await?.join(" ");
    assert!(advice.contains("The stored files are unchanged"), "{advice}");
    eventually("the files that were stored before", async || {
        page.evaluate::<()>(SHOW_MORE, Vec::new()).await?;
        let after = page.table("By name").await?;
        let is_there = before.iter().all(|row| after.contains(row));
        Ok(if is_there { Ok(()) } else { Err(format!("{after:?} instead of {before:?}")) })
    })
    .await?;
    fixture.browser.limit_storage(fixture.server.url(), None).await?;
    page.run_to_the_end().await?;
    Ok(())
}
