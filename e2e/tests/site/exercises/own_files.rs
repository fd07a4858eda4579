//! The reader's own files, chosen or dropped, in every engine.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;

use e2e::browser::Engine;
use e2e::fixture::{Fixture, TestResult};
use e2e::page::{Page, PageError, eventually};
use e2e::server::built_site;
use e2e::suite::Test;
use e2e::{in_chromium, in_each_engine};
use tempfile::TempDir;

pub fn tests() -> impl Iterator<Item = Test> {
    in_each_engine![
        each_chosen_file_has_its_own_outcome,
        a_file_of_200_mb_is_read_piece_by_piece,
        files_can_be_dropped_anywhere_on_the_page,
        a_run_without_a_file_fails_with_advice,
        nothing_is_stored_outside_the_folder_of_the_exercise
    ]
    .chain(in_chromium![
        the_readers_files_do_not_leave_the_machine,
        a_dropped_folder_is_reported_and_the_files_next_to_it_are_accepted,
        a_csv_of_200_mb_shows_its_progress_and_can_be_stopped,
        a_file_that_is_deleted_after_it_was_chosen_is_reported
    ])
}

const LINK: &str = "async-file-io?source=own&seed=7";
const LARGE_BYTES: u64 = 200_000_000;

/// Files in a temporary folder, which is deleted on drop.
struct Files(TempDir);

impl Files {
    fn new() -> io::Result<Self> {
        Ok(Self(tempfile::tempdir()?))
    }

    fn add(&self, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
        let path = self.0.path().join(name);
        fs::write(&path, bytes)?;
        Ok(path)
    }
}

async fn choose(page: &Page, files: &[PathBuf]) -> Result<(), PageError> {
    // The panel's code may not be loaded yet.
    page.wait_for_button_to_appear("Remove all").await?;
    page.choose_files(&files.iter().map(PathBuf::as_path).collect::<Vec<_>>()).await?;
    page.wait_for_button("Remove all").await
}

/// The text below the field for files.
async fn text(page: &Page) -> Result<String, PageError> {
    Ok(page.texts(".own-files .hint").await?.join(" "))
}

async fn each_chosen_file_has_its_own_outcome(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    let (page, files) = (&fixture.page, Files::new()?);
    let digits = fs::read(built_site().join("static/data/digits.csv"))?;
    let cases: [(&str, &[u8], &str); 9] = [
        ("digits.csv", &digits, "✓ rows: 360 good, 0 bad"),
        ("empty.csv", b"", "✕ the file is empty"),
        ("header.csv", b"a,b\n", "✕ the file has a header but no rows"),
        ("ragged.csv", b"a,b\n1,2\n3\n4,5,6\n", "✓ rows: 1 good, 2 bad"),
        ("open quote.csv", b"a,b\n1,\"2\n3,4\n", "✓ rows: 1 good, 1 bad"),
        ("mark and CRLF.csv", b"\xEF\xBB\xBFa,b\r\n1,\"2\r\n3\"\r\n", "✓ rows: 1 good, 0 bad"),
        ("Latin-1.CSV", b"city\nZ\xFCrich\nBern\n", "✓ rows: 1 good, 1 bad"),
        ("..<b>odd & name.csv", b"a\n1\n", "✓ rows: 1 good, 0 bad"),
        ("picture.png", &[0x89; 1_000], "✓ read"),
    ];
    let paths: Result<Vec<_>, _> = cases.iter().map(|(name, bytes, _)| files.add(name, bytes)).collect();
    choose(page, &paths?).await?;
    page.run_to_the_end().await?;
    let rows = page.table("Your files").await?;
    let found: Vec<_> = rows.iter().map(|row| (row[0].as_str(), row[1].as_str())).collect();
    assert_eq!(found, cases.map(|(name, _, outcome)| (name, outcome)));
    let text = page.texts(".results td").await?.join("\n");
    for wrong in [
        "line 3 has 1 value instead of 2",
        "line 4 has 3 values instead of 2",
        "line 2 opens a quote that is not closed",
        "line 2 is not UTF-8 in column 1: choose the encoding Windows-1252",
    ] {
        assert!(text.contains(wrong), "{wrong}: {text}");
    }
    let found = page.notes().await?;
    assert!(found.contains("353 of 360 digits were classified correctly"), "{found}");
    assert!(page.checks().await?.iter().all(|check| check.passed));
    eventually("predictions among the stored files", async || {
        let stored = page.table("By name").await?;
        let is_there = stored.iter().any(|row| row[0] == "predictions.csv");
        Ok(if is_there { Ok(()) } else { Err(format!("{stored:?}")) })
    })
    .await?;
    // Files that were only read are not stored.
    assert_eq!(page.table("By name").await?.len(), 1);
    Ok(())
}

async fn a_file_of_200_mb_is_read_piece_by_piece(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    let (page, files) = (&fixture.page, Files::new()?);
    let path = files.add("weights.bin", b"")?;
    // A file without content takes no space on the disk.
    File::options().write(true).open(&path)?.set_len(LARGE_BYTES)?;
    choose(page, std::slice::from_ref(&path)).await?;
    choose(page, &[path]).await?;
    assert!(
        text(page).await?.contains("`weights.bin` is already in the list. 1 file, 200.0 MB."),
        "{}",
        text(page).await?
    );
    page.run_to_the_end().await?;
    assert_eq!(page.table("Your files").await?, [["weights.bin", "✓ read", "200.0 MB"]]);
    assert!(text(page).await?.contains("200.0 MB of 200.0 MB read"), "{}", text(page).await?);
    let memory = page.metric("memory").await?;
    let after_mb: f64 = memory.trim_end_matches(" MB").rsplit("→ ").next().unwrap_or_default().parse()?;
    assert!(after_mb < 50.0, "{memory}");
    Ok(())
}

async fn files_can_be_dropped_anywhere_on_the_page(engine: Engine) -> TestResult {
    // The reader's own files are not selected as the source: dropping a file selects them.
    let fixture = Fixture::open_in(engine, "async-file-io?seed=7").await?;
    let page = &fixture.page;
    page.wait_for_button_to_appear("Delete all files").await?;
    let drop = "const transfer = new DataTransfer();
        transfer.items.add(new File(['a,b\\n1,2\\n'], 'dropped.csv'));
        for (const kind of ['dragover', 'drop']) {
            document.querySelector('h1').dispatchEvent(
                new DragEvent(kind, { dataTransfer: transfer, bubbles: true, cancelable: true }));
        }";
    page.evaluate::<()>(drop, Vec::new()).await?;
    page.wait_for_button("Remove all").await?;
    assert_eq!(page.control("source").await?.value, "own");
    page.run_to_the_end().await?;
    assert_eq!(page.table("Your files").await?, [["dropped.csv", "✓ rows: 1 good, 0 bad", "8 B"]]);
    page.press("Remove all").await?;
    assert!(text(page).await?.contains("No file is chosen yet"), "{}", text(page).await?);
    Ok(())
}

async fn a_run_without_a_file_fails_with_advice(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, LINK).await?;
    let page = &fixture.page;
    page.press("Run").await?;
    let status = page.wait_for_status("Failed").await?;
    assert!(status.contains("no file has been chosen"), "{status}");
    let advice = page.texts(".failure").await?.join(" ");
    assert!(advice.contains("Choose files or drop them on the page"), "{advice}");
    let files = Files::new()?;
    choose(page, &[files.add("good.csv", b"a\n1\n")?]).await?;
    page.run_to_the_end().await?;
    Ok(())
}

/// Returns the names of everything that the site has stored, except for the colour scheme.
const STORED: &str = "const names = Object.keys(localStorage).filter(key => !key.includes('theme'));
    names.push(...Object.keys(sessionStorage), ...(await indexedDB.databases()).map(database => database.name));
    const root = await navigator.storage?.getDirectory?.();
    if (root) for await (const name of root.keys()) names.push(name);
    return names;";

async fn nothing_is_stored_outside_the_folder_of_the_exercise(engine: Engine) -> TestResult {
    let fixture = Fixture::open_in(engine, "async-file-io?files=3&size=1&rounds=1&seed=7").await?;
    let (page, files) = (&fixture.page, Files::new()?);
    page.run_to_the_end().await?;
    page.follow(LINK).await?;
    choose(page, &[files.add("mine.csv", b"a\n1\n")?]).await?;
    page.run_to_the_end().await?;
    let stored: Vec<String> = page.evaluate(&format!("return (async () => {{ {STORED} }})()"), Vec::new()).await?;
    // The exercise's folder, the saved runs (without those on the reader's files), and the list of finished exercises.
    let ours = ["interleave-async-file-io", "interleave-runs", "interleave-finished"];
    assert!(stored.iter().all(|name| ours.contains(&name.as_str())), "{stored:?}");
    assert!(stored.iter().any(|name| name == ours[0]), "the exercise has a folder");
    page.open("runs").await?;
    page.wait_for_runs(1).await?;
    Ok(())
}

/// Only in Chromium, because only Chromium logs the page's requests.
async fn the_readers_files_do_not_leave_the_machine() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let (page, files) = (&fixture.page, Files::new()?);
    choose(page, &[files.add("mine.csv", b"a\n1\n")?, files.add("mine.bin", &[7; 100_000])?]).await?;
    page.run_to_the_end().await?;
    let urls = fixture.browser.requested_urls().await?;
    let is_own = |url: &String| url.starts_with(fixture.server.url()) || url.starts_with("about:");
    assert!(urls.iter().all(is_own) && !urls.iter().any(|url| url.contains("mine")), "{urls:?}");
    Ok(())
}

/// Only in Chromium, because only Chromium has a command that drops a real folder.
async fn a_dropped_folder_is_reported_and_the_files_next_to_it_are_accepted() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let (page, files) = (&fixture.page, Files::new()?);
    page.wait_for_button_to_appear("Remove all").await?;
    let folder = files.0.path().join("photos");
    fs::create_dir(&folder)?;
    let file = files.add("good.csv", b"a\n1\n")?;
    fixture.browser.drop_files(&[&folder, &file], (600, 300)).await?;
    page.wait_for_button("Remove all").await?;
    let sentence = text(page).await?;
    assert!(sentence.contains("`photos` is a folder") && sentence.contains("1 file, 4 B"), "{sentence}");
    page.run_to_the_end().await?;
    assert_eq!(page.table("Your files").await?.len(), 1);
    Ok(())
}

async fn a_csv_of_200_mb_shows_its_progress_and_can_be_stopped() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let (page, files) = (&fixture.page, Files::new()?);
    choose(page, &[large_csv(&files)?]).await?;
    page.stop_when("document.querySelector('.own-files').innerText.includes(' MB of 200.')").await?;
    page.press("Run").await?;
    page.wait_for_status("Stopped").await?;
    let stopped_at = text(page).await?;
    // The stopped run reads no further, and the next run reads another file normally.
    page.press("Remove all").await?;
    choose(page, &[files.add("good.csv", b"a\n1\n")?]).await?;
    page.run_to_the_end().await?;
    assert!(!stopped_at.contains("200.0 MB of 200.0 MB"), "{stopped_at}");
    Ok(())
}

/// A CSV of 200 MB that repeats the rows of the data set.
fn large_csv(files: &Files) -> io::Result<PathBuf> {
    let digits = fs::read(built_site().join("static/data/digits.csv"))?;
    let path = files.add("large.csv", &digits)?;
    let header_bytes = digits.iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let mut file = File::options().append(true).open(&path)?;
    while file.metadata()?.len() < LARGE_BYTES {
        file.write_all(&digits[header_bytes..])?;
    }
    Ok(path)
}

/// A file on the disk may change while the page uses it.
async fn a_file_that_is_deleted_after_it_was_chosen_is_reported() -> TestResult {
    let fixture = Fixture::open(LINK).await?;
    let (page, files) = (&fixture.page, Files::new()?);
    let (gone, stays) = (files.add("gone.csv", b"a\n1\n")?, files.add("stays.csv", b"a\n1\n")?);
    choose(page, &[gone.clone(), stays]).await?;
    fs::remove_file(gone)?;
    page.run_to_the_end().await?;
    let rows = page.table("Your files").await?;
    assert!(rows[0][1].starts_with("✕ it cannot be read: it was changed, moved or deleted"), "{rows:?}");
    assert_eq!(rows[1][1], "✓ rows: 1 good, 0 bad");
    Ok(())
}
