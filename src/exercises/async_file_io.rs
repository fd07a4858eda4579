//! Part 3 of the guide: files, written and read one after the other and together.
//!
//! You see what concurrency brings where a disk and not a server is waited for, that a file which is missing takes
//! nothing from the others, and how a large CSV is read in slices, so that the page stays free all the time. The files are
//! real: they lie in the browser's own storage for this site.

mod csv;
mod findings;
mod plan;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::rc::Rc;

use inference::classifier::Classifier;
use inference::digits::Digits;

use crate::exercises::csv_rows::{CsvError as FormError, CsvRows};
use crate::exercises::exercise::{Failure, Preset};
use crate::exercises::prelude::*;
use crate::runtime::join_all;
use crate::storage::{Storage, StorageError};

use csv::{CsvError, Samples};
use findings::Done;
use plan::{Content, PREDICTIONS, Plan, SAMPLES};

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
async fn write_one_by_one(run: &Run, storage: &Storage, files: &[Content]) -> Result<(), StorageError> {
    for file in files {
        run.try_task("write_file_async", write_file_async(storage, &file.name, &file.bytes)).await?;
    }
    Ok(())
}

/// Writes them together, at most so many at once.
async fn write_multiple_files(
    run: &Run,
    storage: &Storage,
    files: &[Content],
    most: Option<NonZeroUsize>,
) -> Result<(), StorageError> {
    let limit = run.limit(most);
    let write = async |file: &Content| {
        let _permit = limit.acquire().await;
        write_file_async(storage, &file.name, &file.bytes).await
    };
    let writes = files.iter().map(|file| run.try_task("write_file_async", write(file)));
    join_all(run, writes).await.into_iter().collect()
}

/// Reads a CSV of digits, and what the classifier takes them for: a slice, then a turn for everybody else. Rows that are
/// bad are named by their lines, and the others kept.
async fn process_csv_async(run: &Run, content: &[u8], classifier: &Classifier) -> Result<Samples, CsvError> {
    let (mut rows, mut samples) = (CsvRows::default(), Samples::default());
    for (slice, bytes) in content.chunks(csv::SLICE_BYTES).enumerate() {
        samples.take(rows.feed(bytes).map_err(CsvError::from)?, classifier)?;
        if slice % csv::SLICES_PER_WORD == csv::SLICES_PER_WORD - 1 {
            run.log(Level::Info, csv::progress(&rows.counts(), content.len()));
        }
        run.yield_now().await;
    }
    match rows.finish() {
        // A header alone is a table without rows.
        Err(FormError::NoRows) => {}
        rest => samples.take(rest?, classifier)?,
    }
    Ok(samples)
}

/// Saves what was predicted as CSV: the sample's number, the digit that the classifier reads, and what it is.
async fn save_predictions_async(storage: &Storage, samples: &Samples) -> Result<(), StorageError> {
    write_file_async(storage, PREDICTIONS, samples.predictions().as_bytes()).await
}

/// Runs the lesson: what is compared stands in a root task of its own.
async fn async_file_io(run: &Run, site: &Site, plan: &Plan) -> Result<Done, Failure> {
    let storage = Storage::open(run, plan::FOLDER).await;
    let classifier =
        Classifier::from_safetensors(&site.read("models/mlp-64.safetensors").await.map_err(LoadError::from)?);
    let classifier = classifier.map_err(LoadError::from)?;
    let digits = site.read("data/digits.csv").await.map_err(LoadError::from)?;
    let digits = Digits::from_csv(&digits).map_err(LoadError::from)?;

    let (files, names) = (plan.contents(run).await, plan.names());
    // A storage that has done nothing yet is slower at first: what comes first must not pay for that alone.
    write_file_async(&storage, SAMPLES, b"").await?;
    read_file_async(&storage, SAMPLES).await?;
    run.try_task("write_one_by_one", write_one_by_one(run, &storage, &files)).await?;
    run.try_task("write_multiple_files", write_multiple_files(run, &storage, &files, plan.limit)).await?;
    let alone = run.task("read_one_by_one", read_one_by_one(run, &storage, &names)).await;
    let together = run.task("read_multiple_files", read_multiple_files(run, &storage, &names, plan.limit)).await;

    run.try_task("write_file_async", write_file_async(&storage, SAMPLES, &plan.csv(run, &digits).await)).await?;
    let content = run.try_task("read_file_async", read_file_async(&storage, SAMPLES)).await?;
    let samples = run.try_task("process_csv_async", process_csv_async(run, &content, &classifier)).await?;
    run.try_task("save_predictions_async", save_predictions_async(&storage, &samples)).await?;
    Ok(Done { kind: storage.kind(), files, names, alone, together, samples })
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
    ],
    comparisons: &[
        Comparison {
            title: "Writing, one by one and together",
            about: "",
            is_race: true,
            bars: &[Bar::of("write_one_by_one", "One by one"), Bar::of("write_multiple_files", "Together")],
        },
        Comparison {
            title: "Reading, one by one and together",
            about: "",
            is_race: true,
            bars: &[Bar::of("read_one_by_one", "One by one"), Bar::of("read_multiple_files", "Together")],
        },
        Comparison {
            title: "A CSV in slices, and its predictions",
            about: "",
            is_race: false,
            bars: &[Bar::of("process_csv_async", "Process"), Bar::of("save_predictions_async", "Save")],
        },
    ],
    distributions: &[
        Distribution { title: "Written together", task: "write_file_async", part: "write_multiple_files" },
        Distribution { title: "Read together", task: "read_file_async", part: "read_multiple_files" },
    ],
    has_pulse: true,
    has_ideal: false,
    folder: Some(plan::FOLDER),
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
        let plan = Plan::from(&settings);
        let done = async_file_io(&run, &site, &plan).await?;
        Ok(done.report(&run, &plan))
    })
}
