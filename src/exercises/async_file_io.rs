//! Part 3 of the guide: files, written and read one after the other and together.
//!
//! You see what concurrency brings where a disk and not a server is waited for, that a file which is missing takes
//! nothing from the others, and how a large CSV is read in slices, so that the page stays free all the time. The files are
//! real: they lie in the browser's own storage for this site, or they are your own.

mod csv;
mod findings;
mod own;
mod plan;
mod rounds;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::rc::Rc;

use futures::stream::TryStreamExt;
use inference::classifier::Classifier;
use inference::digits::Digits;

use crate::exercises::csv_rows::{CsvError as FormError, CsvRows};
use crate::exercises::exercise::{Failure, OwnFiles, Preset};
use crate::exercises::prelude::*;
use crate::runtime::{Limit, join_all};
use crate::storage::{Source, Storage, StorageError};

use csv::{CsvError, Samples};
use findings::{Done, Reading};
use own::{Content, Read};
use plan::{Made, PREDICTIONS, Plan, SAMPLES};
use rounds::Rounds;

/// So many predictions are written to a text in a turn of the page.
const ROWS_IN_A_TURN: usize = 10_000;

/// Writes a file. Whoever reads it meanwhile sees the old content or the new, and never a part.
async fn write_file_async(storage: &Storage, name: &str, content: &[u8]) -> Result<(), StorageError> {
    storage.write(name, content).await
}

/// Reads a whole file.
async fn read_file_async(storage: &Storage, name: &str) -> Result<Vec<u8>, StorageError> {
    storage.read(name).await
}

/// Reads many files together, at most so many at once. Each name keeps its own result: a file that is missing takes
/// nothing from the others.
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
    join_all(run, names.iter().map(|name| run.try_task("read_file_async", read(name)))).await
}

/// The same files one after the other.
async fn read_one_by_one(run: &Run, storage: &Storage, names: &[String]) -> Vec<Result<Vec<u8>, StorageError>> {
    let mut contents = Vec::new();
    for name in names {
        contents.push(run.try_task("read_file_async", read_file_async(storage, name)).await);
    }
    contents
}

/// Writes one file after the other.
async fn write_one_by_one(run: &Run, storage: &Storage, files: &[Made]) -> Result<(), StorageError> {
    for file in files {
        run.try_task("write_file_async", write_file_async(storage, &file.name, &file.bytes)).await?;
    }
    Ok(())
}

/// Writes them together, at most so many at once.
async fn write_multiple_files(
    run: &Run,
    storage: &Storage,
    files: &[Made],
    most: Option<NonZeroUsize>,
) -> Result<(), StorageError> {
    let limit = run.limit(most);
    let write = async |file: &Made| {
        let _permit = limit.acquire().await;
        write_file_async(storage, &file.name, &file.bytes).await
    };
    let writes = files.iter().map(|file| run.try_task("write_file_async", write(file)));
    join_all(run, writes).await.into_iter().collect()
}

/// Reads a CSV and, where its rows are digits, what the classifier takes them for: a slice, then a turn for everybody
/// else. Rows that are bad are named by their lines, and the others kept. The page has one processor: whoever has a slice
/// to compute holds its permit, so that many files together keep the page no longer than one.
async fn process_csv_async(
    run: &Run,
    source: &Source,
    classifier: &Classifier,
    processor: &Limit,
) -> Result<Samples, CsvError> {
    let (mut rows, mut samples) = (CsvRows::default(), Samples::default());
    let mut pieces = source.pieces();
    while let Some(piece) = pieces.try_next().await? {
        for slice in piece.chunks(csv::SLICE_BYTES) {
            let _permit = processor.acquire().await;
            samples.take(rows.feed(slice)?, classifier)?;
            run.yield_now().await;
        }
        run.log(Level::Info, csv::progress(source, &rows.counts()));
    }
    samples.take(rows.finish()?, classifier)?;
    Ok(samples)
}

/// Saves what was predicted as CSV: the sample's number, the digit that the classifier reads, and what it is.
async fn save_predictions_async(run: &Run, storage: &Storage, digits: &[(u8, u8)]) -> Result<(), StorageError> {
    let mut text = String::new();
    for rows in csv::predictions(digits, ROWS_IN_A_TURN) {
        text += &rows;
        run.yield_now().await;
    }
    write_file_async(storage, PREDICTIONS, text.as_bytes()).await
}

/// Reads files of the reader's own together, at most so many at once: tables row by row, and of others the bytes. No
/// more than a piece of each is in memory.
async fn read_own_files(
    run: &Run,
    sources: &[Source],
    most: Option<NonZeroUsize>,
    classifier: &Classifier,
) -> Vec<Read> {
    let (limit, processor) = (run.limit(most), run.limit(NonZeroUsize::new(1)));
    let read = async |source: &Source| {
        let _permit = limit.acquire().await;
        if own::is_csv(source) {
            return process_csv_async(run, source, classifier, &processor).await.map(Content::Rows);
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

/// Runs the lesson on files of the reader's own.
async fn with_own_files(run: &Run, site: &Site, plan: &Plan) -> Result<Report, Failure> {
    let sources = site.own();
    if sources.is_empty() {
        return Err(findings::nothing_chosen());
    }
    let (storage, classifier) = (Storage::open(run, plan::FOLDER).await, load_classifier(site).await?);
    let read = run.task(own::PART, read_own_files(run, &sources, plan.limit, &classifier)).await;
    let digits = own::digits(&read);
    let saved = match digits.is_empty() {
        true => Ok(()),
        false => run.try_task("save_predictions_async", save_predictions_async(run, &storage, &digits)).await,
    };
    Ok(own::report(run, &sources, &read, saved))
}

/// Writes and reads the same files in each way, one way after the other, and notes how long each took.
async fn one_round(
    run: &Run,
    storage: &Storage,
    plan: &Plan,
    files: &[Made],
    rounds: &mut Rounds,
) -> Result<Vec<Reading>, StorageError> {
    let (names, limit) = (plan.names(), plan.limit);
    let reading = |part, contents| Reading::of(part, files, &names, contents);
    rounds.try_measure(run, "write_one_by_one", write_one_by_one(run, storage, files)).await?;
    rounds.try_measure(run, "write_all_at_once", write_multiple_files(run, storage, files, None)).await?;
    let one_by_one = rounds.measure(run, "read_one_by_one", read_one_by_one(run, storage, &names)).await;
    let all_at_once = rounds.measure(run, "read_all_at_once", read_multiple_files(run, storage, &names, None)).await;
    let mut readings = vec![reading("read_one_by_one", one_by_one), reading("read_all_at_once", all_at_once)];
    if limit.is_some() {
        rounds.try_measure(run, "write_within_limit", write_multiple_files(run, storage, files, limit)).await?;
        let limited = rounds.measure(run, "read_within_limit", read_multiple_files(run, storage, &names, limit)).await;
        readings.push(reading("read_within_limit", limited));
    }
    Ok(readings)
}

/// Runs the lesson on files that it makes: what is compared stands in a root task of its own.
async fn with_files_made_here(run: &Run, site: &Site, plan: &Plan) -> Result<Report, Failure> {
    let (storage, classifier) = (Storage::open(run, plan::FOLDER).await, load_classifier(site).await?);
    let digits = site.read("data/digits.csv").await.map_err(LoadError::from)?;
    let digits = Digits::from_csv(&digits).map_err(LoadError::from)?;

    let (files, mut rounds) = (plan.contents(run).await, Rounds::default());
    // To make a file takes longer than to write it again, and what comes first must not pay for that alone.
    let empty: Vec<_> = files.iter().map(Made::emptied).collect();
    run.try_task("make_files", write_multiple_files(run, &storage, &empty, plan.limit)).await?;
    let mut readings = one_round(run, &storage, plan, &files, &mut rounds).await?;
    for _ in 1..plan.rounds {
        // In a task of its own: the bars show the first round.
        readings.extend(run.try_task("another_round", one_round(run, &storage, plan, &files, &mut rounds)).await?);
    }

    run.try_task("write_file_async", write_file_async(&storage, SAMPLES, &plan.csv(run, &digits).await)).await?;
    let content = run.try_task("read_file_async", read_file_async(&storage, SAMPLES)).await?;
    let (source, processor) = (Source::at_hand(SAMPLES, content), run.limit(NonZeroUsize::new(1)));
    let samples =
        match run.try_task("process_csv_async", process_csv_async(run, &source, &classifier, &processor)).await {
            // A header alone is a table without rows.
            Err(CsvError::Form(FormError::NoRows)) => Samples::default(),
            samples => samples?,
        };
    let saved = save_predictions_async(run, &storage, &samples.digits);
    run.try_task("save_predictions_async", saved).await?;
    Ok(Done { kind: storage.kind(), rounds, readings, samples }.report(plan))
}

async fn load_classifier(site: &Site) -> Result<Classifier, LoadError> {
    Ok(Classifier::from_safetensors(&site.read("models/mlp-64.safetensors").await?)?)
}

// The entry in the catalogue.

/// The lesson as the page shows and runs it.
pub static EXERCISE: Exercise = Exercise {
    slug: "async-file-io",
    part: 3,
    title: "Files",
    short_title: "Files",
    teaches: "Files together are sometimes quicker than one by one, and never in the way of the page.",
    controls: plan::CONTROLS,
    conflict: plan::conflict,
    presets: &[
        Preset::of("200 files", "files=200&limit=16"),
        Preset::of("A CSV of 100,000 rows", "rows=100000&files=5"),
        Preset::of("Missing files", "files=10&missing=3&size=1"),
        Preset::of("Files of your own", "source=own"),
    ],
    comparisons: &[
        Comparison { title: "Writing, one by one and together", about: "", is_race: true, bars: rounds::WRITING },
        Comparison { title: "Reading, one by one and together", about: "", is_race: true, bars: rounds::READING },
        Comparison {
            title: "A CSV in slices, and its predictions",
            about: "",
            is_race: false,
            bars: &[
                Bar::of("process_csv_async", "Process").only_if(plan::is_made),
                Bar::of("save_predictions_async", "Save").only_if(plan::is_made),
            ],
        },
        Comparison {
            title: "Your files together",
            about: "",
            is_race: false,
            bars: &[Bar::of(own::PART, "Read").only_if(plan::reads_own)],
        },
    ],
    distributions: &[
        Distribution { title: "Written at once", task: "write_file_async", part: "write_all_at_once" },
        Distribution { title: "Read at once", task: "read_file_async", part: "read_all_at_once" },
    ],
    has_pulse: true,
    has_ideal: false,
    folder: Some(plan::FOLDER),
    own_files: Some(OwnFiles { control: "source", choice: "own" }),
    has_requests: false,
    connect: None,
    rust: file!(),
    python: "static/python/async_file_io.py",
    load: |_, _| Box::pin(async { Ok(fetched::load().await?) }),
    run: |run, site, settings| Box::pin(async { fetched::run(run, site, settings).await?.await }),
};

lazy!(mod fetched in files: run(run: Run, site: Rc<Site>, settings: Settings) -> Lesson);

fn run(run: Run, site: Rc<Site>, settings: Settings) -> Lesson {
    Box::pin(async move {
        match Plan::from(&settings) {
            plan if plan.reads_own => with_own_files(&run, &site, &plan).await,
            plan => with_files_made_here(&run, &site, &plan).await,
        }
    })
}
