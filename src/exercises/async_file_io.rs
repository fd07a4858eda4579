//! Part 3 of the guide: files, written and read in sequence and concurrently.
//!
//! You see what concurrency gains when the waits are for a disk and not for a server, that a missing file does not
//! affect the others, and how a large CSV is read in slices, so that the page is never blocked. The files are real:
//! they are in the browser's storage for this site, or they are your own.

mod csv;
mod findings;
mod own;
mod plan;
mod rounds;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures::stream::TryStreamExt;
use inference::classifier::Classifier;
use inference::digits::Digits;

use crate::exercises::csv_rows::{CsvError as RowsError, CsvRows, Wanted};
use crate::exercises::exercise::{Failure, OwnFiles, Preset};
use crate::exercises::prelude::*;
use crate::runtime::{Limit, join_all};
use crate::storage::{FolderLock, Source, Storage, StorageError};

use csv::{CsvError, PredictedDigit, Samples};
use findings::{Findings, ReadResults};
use own::{Content, Read};
use plan::{NewFile, PREDICTIONS, Plan, SAMPLES};
use rounds::{Concurrency, Rounds};

/// A wait for another tab is logged only if it is longer than this.
const A_MOMENT: Duration = Duration::from_millis(100);

/// The number of predictions that are formatted before the page gets a turn.
const PREDICTIONS_PER_TURN: usize = 10_000;

/// Writes a file. A reader sees the old content or the new, never a part of it.
async fn write_file_async(storage: &Storage, name: &str, content: &[u8]) -> Result<(), StorageError> {
    storage.write(name, content).await
}

/// Reads a whole file.
async fn read_file_async(storage: &Storage, name: &str) -> Result<Vec<u8>, StorageError> {
    storage.read(name).await
}

/// Reads many files concurrently, with a limit. The results are in the order of the names. A missing file does not
/// affect the others.
async fn read_multiple_files(
    run: &Run,
    storage: &Storage,
    names: &[String],
    most: Option<NonZeroUsize>,
) -> Vec<Result<Vec<u8>, StorageError>> {
    let limit = run.limit(most);
    let read = async |name: &String| {
        let _permit = limit.acquire().await;
        read_file_async(storage, name).await
    };
    join_all(run, (0..).zip(names).map(|(n, name)| run.try_task(("read_file_async", n), read(name)))).await
}

/// Reads the same files one after another.
async fn read_one_by_one(run: &Run, storage: &Storage, names: &[String]) -> Vec<Result<Vec<u8>, StorageError>> {
    let mut contents = Vec::new();
    for (n, name) in (0..).zip(names) {
        contents.push(run.try_task(("read_file_async", n), read_file_async(storage, name)).await);
    }
    contents
}

/// Writes one file after another.
async fn write_one_by_one(run: &Run, storage: &Storage, files: &[NewFile]) -> Result<(), StorageError> {
    for (n, file) in (0..).zip(files) {
        run.try_task(("write_file_async", n), write_file_async(storage, &file.name, &file.bytes)).await?;
    }
    Ok(())
}

/// Writes the same files concurrently, with a limit.
async fn write_multiple_files(
    run: &Run,
    storage: &Storage,
    files: &[NewFile],
    most: Option<NonZeroUsize>,
) -> Result<(), StorageError> {
    let limit = run.limit(most);
    let write = async |file: &NewFile| {
        let _permit = limit.acquire().await;
        write_file_async(storage, &file.name, &file.bytes).await
    };
    let writes = (0..).zip(files).map(|(n, file)| run.try_task(("write_file_async", n), write(file)));
    join_all(run, writes).await.into_iter().collect()
}

/// Reads a CSV in slices and yields to the event loop after each. If the rows are digits, the classifier predicts them.
/// Bad rows are reported with their lines, and good rows are still processed. The page has one processor, so each slice
/// needs the only permit of `processor`: many files at once block the page no longer than one.
async fn process_csv_async(
    run: &Run,
    source: &Source,
    wanted: Wanted,
    classifier: &Classifier,
    processor: &Limit,
) -> Result<Samples, CsvError> {
    let (mut rows, mut samples) = (CsvRows::new(wanted), Samples::default());
    let mut pieces = source.pieces();
    while let Some(piece) = pieces.try_next().await? {
        let mut rest = &piece[..];
        while !rest.is_empty() {
            let _permit = processor.acquire().await;
            rest = process_slice(run, rest, &mut rows, &mut samples, classifier)?;
            run.yield_now().await;
        }
        run.log(Level::Info, csv::progress(source, &rows.counts()));
    }
    samples.take(rows.finish()?, classifier)?;
    Ok(samples)
}

/// Processes some rows and returns the bytes after them. A slice is limited in size and in time, because the same rows
/// take ten times as long on a slow phone, or before the browser has compiled this code.
fn process_slice<'a>(
    run: &Run,
    bytes: &'a [u8],
    rows: &mut CsvRows,
    samples: &mut Samples,
    classifier: &Classifier,
) -> Result<&'a [u8], CsvError> {
    let (start, mut rest) = (run.now(), bytes);
    while bytes.len() - rest.len() < csv::SLICE_BYTES && run.now() - start < csv::SLICE_TIME && !rest.is_empty() {
        let (part, after) = rest.split_at(rest.len().min(csv::PART_BYTES));
        samples.take(rows.feed(part)?, classifier)?;
        rest = after;
    }
    Ok(rest)
}

/// Saves predictions as CSV: the number of the sample, the predicted digit, and the label.
async fn save_predictions_async(
    run: &Run,
    storage: &Storage,
    name: &str,
    digits: &[PredictedDigit],
) -> Result<(), StorageError> {
    let mut text = String::new();
    for rows in csv::predictions(digits, PREDICTIONS_PER_TURN) {
        text += &rows;
        run.yield_now().await;
    }
    write_file_async(storage, name, text.as_bytes()).await
}

/// Reads the user's own files concurrently, with a limit: tables row by row, other files as bytes. At most one piece of
/// each file is in memory.
async fn read_own_files(run: &Run, sources: &[Source], plan: &Plan, classifier: &Classifier) -> Vec<Read> {
    let (limit, processor) = (run.limit(Some(plan.own_files_limit())), run.limit(Some(NonZeroUsize::MIN)));
    let read = async |source: &Source| {
        let _permit = limit.acquire().await;
        if let Some(suggested) = own::suggested_separator(source) {
            let wanted = Wanted { suggested: Some(suggested), ..plan.wanted };
            return process_csv_async(run, source, wanted, classifier, &processor).await.map(Content::Rows);
        }
        let mut pieces = source.pieces();
        while pieces.try_next().await?.is_some() {}
        Ok(Content::Bytes)
    };
    let reads = sources.iter().map(|source| {
        let name = units::shortened(source.name(), own::NAME_CHARS).into_owned();
        run.try_task(name, read(source))
    });
    join_all(run, reads).await
}

/// Runs the exercise on the user's own files.
async fn with_own_files(run: &Run, site: &Site, plan: &Plan) -> Result<Report, Failure> {
    let sources = site.own_files();
    if sources.is_empty() {
        return Err(findings::nothing_chosen());
    }
    sources.iter().for_each(Source::rewind);
    let (storage, classifier) = (Storage::open(run, plan::FOLDER).await, load_classifier(site).await?);
    let read = run.task(own::PART, read_own_files(run, &sources, plan, &classifier)).await;
    let mut saved = Vec::new();
    for (name, digits) in own::predictions(&read) {
        let save = save_predictions_async(run, &storage, &name, digits);
        let result = run.try_task("save_predictions_async", save).await;
        saved.push((name, result));
    }
    Ok(own::report(run, &sources, &read, &saved))
}

/// Draws the contents of the files, and creates the files that do not exist yet. Creating a file takes longer than
/// writing it again, and this extra time should not count for whichever way comes first. Existing files are not
/// changed.
async fn make_files(run: &Run, storage: &Storage, plan: &Plan) -> Result<Vec<NewFile>, StorageError> {
    let files = plan.contents(run).await;
    let existing: BTreeSet<_> = storage.list().await?.into_iter().map(|stored| stored.name.to_string()).collect();
    let missing = files.iter().filter(|file| !existing.contains(&file.name));
    let made = join_all(run, missing.map(|file| write_file_async(storage, &file.name, b""))).await;
    made.into_iter().collect::<Result<(), _>>().map(|()| files)
}

/// Writes and reads the same files in each way and measures how long each takes. In each round a different way comes
/// first.
async fn one_round(
    run: &Run,
    storage: &Storage,
    plan: &Plan,
    files: &[NewFile],
    rounds: &mut Rounds,
) -> Result<Vec<ReadResults>, StorageError> {
    let (names, mut readings) = (plan.names(), Vec::new());
    for concurrency in rounds.next_round(plan.limit) {
        // Without this, a storage that answers at once would block the page for all ways in a row.
        run.yield_now().await;
        let (writing, reading) = (concurrency.writing(), concurrency.reading());
        match concurrency {
            Concurrency::OneByOne => rounds.try_measure(run, writing, write_one_by_one(run, storage, files)).await?,
            _ => {
                rounds.try_measure(run, writing, write_multiple_files(run, storage, files, concurrency.most())).await?
            }
        }
        run.yield_now().await;
        let read = match concurrency {
            Concurrency::OneByOne => rounds.measure(run, reading, read_one_by_one(run, storage, &names)).await,
            _ => rounds.measure(run, reading, read_multiple_files(run, storage, &names, concurrency.most())).await,
        };
        readings.push(ReadResults::open(run, reading, files, &names, read).await);
    }
    Ok(readings)
}

/// Waits until no other tab runs this exercise: the files of both tabs have the same names.
async fn lock_folder(run: &Run) -> FolderLock {
    let mut lock = pin!(Storage::lock(run, plan::FOLDER));
    match run.timeout(A_MOMENT, &mut lock).await {
        Ok(lock) => lock,
        Err(_) => {
            run.log(Level::Warning, "another tab is running this exercise: waiting for it to finish");
            lock.await
        }
    }
}

/// Runs the exercise on files that it creates. Each part that is compared is a root task.
async fn with_files_made_here(run: &Run, site: &Site, plan: &Plan) -> Result<Report, Failure> {
    let _lock = lock_folder(run).await;
    let (storage, classifier) = (Storage::open(run, plan::FOLDER).await, load_classifier(site).await?);
    let digits = site.read("data/digits.csv").await.map_err(LoadError::from)?;
    let digits = Digits::from_csv(&digits).map_err(LoadError::from)?;

    let (files, mut rounds) = (run.try_task("make_files", make_files(run, &storage, plan)).await?, Rounds::default());
    let mut readings = one_round(run, &storage, plan, &files, &mut rounds).await?;
    for round in 2..=plan.rounds {
        run.log(Level::Info, format!("round {round} of {}", plan.rounds));
        // In a task of its own, because the bars show only the first round.
        readings.extend(run.try_task("another_round", one_round(run, &storage, plan, &files, &mut rounds)).await?);
    }

    let table = run.task("make_csv", plan.csv(run, &digits)).await;
    run.try_task("write_file_async", write_file_async(&storage, SAMPLES, &table)).await?;
    let content = run.try_task("read_file_async", read_file_async(&storage, SAMPLES)).await?;
    let (source, processor) = (Source::from_bytes(SAMPLES, content), run.limit(Some(NonZeroUsize::MIN)));
    let process = async {
        match process_csv_async(run, &source, Wanted::default(), &classifier, &processor).await {
            // Without rows, the CSV that was written has only a header.
            Err(CsvError::Form(RowsError::NoRows)) => Ok(Samples::default()),
            samples => samples,
        }
    };
    let samples = run.try_task("process_csv_async", process).await?;
    let save = save_predictions_async(run, &storage, PREDICTIONS, &samples.digits);
    run.try_task("save_predictions_async", save).await?;
    Ok(Findings { kind: storage.kind(), rounds, readings, samples }.report(plan))
}

async fn load_classifier(site: &Site) -> Result<Classifier, LoadError> {
    Ok(Classifier::from_safetensors(&site.read("models/mlp-64.safetensors").await?)?)
}

// The entry in the catalogue.

const FIRST_ROUND: &str = "The first round only. Findings has the results of all rounds.";

/// The exercise as the page shows and runs it.
pub static EXERCISE: Exercise = Exercise::new("async-file-io", 3, "Files")
    .teaches("Handling files concurrently is sometimes faster than in sequence, and never blocks the page.")
    .with_controls(plan::CONTROLS)
    .with_main_controls(&["source", "files", "limit"])
    .with_conflict(plan::conflict)
    .with_presets(&[
        Preset::new("200 files", "files=200&limit=16"),
        Preset::new("A CSV of 100,000 rows", "rows=100000&files=5"),
        Preset::new("Missing files", "files=10&missing=3&size=1"),
        Preset::new("Your own files", "source=own"),
    ])
    .with_comparisons(&[
        Comparison::new("Writing files, in sequence and concurrently", rounds::WRITING).about(FIRST_ROUND),
        Comparison::new("Reading files, in sequence and concurrently", rounds::READING).about(FIRST_ROUND),
        Comparison::new(
            "A CSV in slices, and its predictions",
            &[
                Bar::new("process_csv_async", "Process").only_if(plan::uses_generated_files),
                Bar::new("save_predictions_async", "Save").only_if(plan::uses_generated_files),
            ],
        ),
        Comparison::new("Your files, concurrently", &[Bar::new(own::PART, "Read").only_if(plan::reads_own)]),
    ])
    .with_distributions(
        const {
            &[
                Distribution::new("Written concurrently", "write_file_async", "write_all_at_once"),
                Distribution::new("Read concurrently", "read_file_async", "read_all_at_once"),
            ]
        },
    )
    .with_pulse()
    .without_ideal()
    .with_folder(plan::FOLDER)
    .with_own_files(OwnFiles { control: "source", choice: "own" })
    .with_python_requirement("the library aiofiles")
    .runs(code!(run in io));

async fn run(run: Run, site: Rc<Site>, settings: Settings) -> Result<Report, Failure> {
    match Plan::from(&settings) {
        plan if plan.reads_own => with_own_files(&run, &site, &plan).await,
        plan => with_files_made_here(&run, &site, &plan).await,
    }
}
