//! Promises of the page about workers, files and requests, and their tests. A browser that lacks the feature is
//! reported separately from one that breaks the promise.

use std::num::NonZeroUsize;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{join, select};
use inference::classifier::Classifier;
use inference::digits::{Digits, PIXELS};
use inference::protocol::{InferRequest, Tensor};
use inference::server::{INPUT, LABEL};

use crate::endpoint::http::BaseUrl;
use crate::endpoint::model_server;
use crate::endpoint::oip::{Client, OipError};
use crate::exercises::prelude::*;
use crate::storage::{Storage, StorageError, StorageKind};
use crate::workers::{Answer, Job, OffloadError, Pool, cpu_bound_task, offload};

use super::finding::{Promise, TestContext, Tested, Unconfirmed, check, same, same_text};

/// A worker computes the same result as the page.
async fn worker_computes_the_same(run: &Run) -> Tested {
    let done = offload(run, Job::CpuBound { steps: STEPS }).await?;
    same_as_the_page(&done.answer)
}

/// Stopping a worker in the middle of an endless job makes room for the next job.
async fn stop_frees_a_worker(run: &Run) -> Tested {
    let pool = Pool::new(run, NonZeroUsize::MIN);
    pool.start().await?;
    drop(select(pool.offload(Job::Compute(HOUR)).boxed_local(), run.sleep(SHORT)).await);
    let next = pool.offload(Job::CpuBound { steps: STEPS }).await?;
    same_as_the_page(&next.answer)
}

/// A job that panics ends only its worker, and the error contains the panic message.
async fn panic_is_an_error(run: &Run) -> Tested {
    let message = "on purpose, for a test";
    let expected = format!("the panic `{message}`");
    match offload(run, Job::Panic(message.to_owned())).await {
        Err(OffloadError::Panicked { message: measured }) if measured.contains(message) => {
            check(true, expected.clone(), expected)
        }
        Err(error @ OffloadError::NotStarted { .. }) => Err(error.into()),
        other => check(false, expected, format!("{other:?}")),
    }
}

/// A file with every possible byte is read back unchanged.
async fn file_comes_back(run: &Run) -> Tested {
    let storage = open(run).await?;
    let written: Vec<u8> = (0..=u8::MAX).cycle().take(100_000).collect();
    storage.write(FILE, &written).await?;
    let read = storage.read(FILE).await?;
    storage.delete(FILE).await?;
    let equal = written.iter().zip(&read).take_while(|(written, read)| written == read).count();
    let in_words =
        |equal: usize| format!("{} of {} bytes equal", units::count(equal as u64), units::count(written.len() as u64));
    check(written == read, in_words(written.len()), format!("{}, in {}", in_words(equal), storage.kind()))
}

/// The error for a missing file names the file.
async fn missing_file_is_named(run: &Run) -> Tested {
    let storage = open(run).await?;
    let expected = "there is no file `missing.bin`".to_owned();
    match storage.read("missing.bin").await {
        Err(error @ StorageError::NotFound { .. }) => same_text(expected, error.to_string()),
        Err(error) => Err(error.into()),
        Ok(_) => check(false, expected, "a file"),
    }
}

/// A read during a write returns the old content or the new, never a mixture. The same is true after a dropped write.
async fn writes_are_whole(run: &Run) -> Tested {
    let storage = open(run).await?;
    let [old, new] = [b'o', b'n'].map(|letter| vec![letter; 200_000]);
    storage.write(FILE, &old).await?;
    let (written, meanwhile) = join(storage.write(FILE, &new), storage.read(FILE)).await;
    written?;
    drop(storage.write(FILE, &old).now_or_never());
    let reads = [meanwhile?, storage.read(FILE).await?];
    storage.delete(FILE).await?;
    let whole = reads.iter().filter(|read| **read == old || **read == new).count();
    same_text("2 of 2 reads complete", format!("{whole} of 2 reads complete"))
}

/// The model server describes the inputs of its models.
async fn server_describes_its_model(context: &TestContext<'_>) -> Tested {
    let model = client(context, "")?.model(MODEL).await?;
    let in_words = |name: &str, shape: &[i64]| format!("{name} takes inputs of shape {shape:?}");
    let shape = model.inputs.first().map_or(&[][..], |input| &input.shape);
    same_text(in_words(MODEL, &[-1, 64]), in_words(&model.name, shape))
}

/// The model server predicts the same digits as the same classifier in the page.
async fn server_reads_digits(context: &TestContext<'_>) -> Tested {
    let client = client(context, "")?;
    let weights = context.site.read("models/mlp-64.safetensors").await?;
    let digits = Digits::from_csv(&context.site.read("data/digits.csv").await?).map_err(LoadError::from)?;
    let images = &digits.scale()[..IMAGES * PIXELS];
    let in_page = Classifier::from_safetensors(&weights).map_err(LoadError::from)?;
    let in_page = in_page.predict(images).map_err(LoadError::from)?;
    let response = client.infer(MODEL, &request("digits", images)).await?;
    let labels = response.output(LABEL).and_then(Tensor::numbers).unwrap_or_default();
    same(in_page, labels.iter().map(|label| *label as u8).collect())
}

/// The error for an unknown model names the model.
async fn unknown_model_is_named(context: &TestContext<'_>) -> Tested {
    match client(context, "")?.model("mlp-17").await {
        Err(OipError::Status { status, message, .. }) => {
            let message = message.unwrap_or_default();
            let is_named = status == 404 && message.contains("mlp-17");
            check(is_named, "status 404, with the model's name", format!("status {status}: {message}"))
        }
        Err(error) => Err(error.into()),
        Ok(_) => check(false, "status 404, with the model's name", "a model"),
    }
}

/// The server handles one request at a time. With its seed, the first request takes 55 s and the second 10 ms. The
/// first is dropped, so the second does not have to wait for it.
async fn drop_aborts_fetch(context: &TestContext<'_>) -> Tested {
    let client = client(context, "s/capacity=1,spread=60000,seed=54571/")?;
    let image = [0.0; PIXELS];
    let (first, second) = (request("first", &image), request("second", &image));
    let started = context.run.now();
    // When the server answers the second of these, it has received the first.
    select(client.infer(MODEL, &first).boxed_local(), client.server().boxed_local()).await;
    client.infer(MODEL, &second).await?;
    let took = context.run.now() - started;
    let measured = format!("an answer after {}", units::span(took.as_micros() as u64));
    check(took < FIRST_TAKES, "an answer in less than 55 s, which the first request takes", measured)
}

const SHORT: Duration = Duration::from_millis(20);
const HOUR: Duration = Duration::from_secs(3_600);
/// A few milliseconds of work.
const STEPS: u32 = 1_000_000;
const FILE: &str = "bytes.bin";
const MODEL: &str = "mlp-64";
const IMAGES: usize = 12;
/// The time that the first request of [`drop_aborts_fetch`] would take.
const FIRST_TAKES: Duration = Duration::from_secs(55);

/// Opens a folder whose files remain when the page is closed.
async fn open(run: &Run) -> Result<Storage, Unconfirmed> {
    let storage = Storage::open(run, "validate-async").await;
    match storage.kind() {
        StorageKind::Memory => {
            Err(Unconfirmed::Unsupported("it cannot store files for this page, so they are only in memory".to_owned()))
        }
        StorageKind::PrivateFileSystem | StorageKind::IndexedDb => Ok(storage),
    }
}

/// Checks that an answer is what the page itself computes in as many steps.
fn same_as_the_page(answer: &Answer) -> Tested {
    let number = |number: u32| units::count(number.into());
    let measured = if let Answer::Number(it) = answer { number(*it) } else { format!("{answer:?}") };
    same_text(number(cpu_bound_task(0, STEPS)), measured)
}

/// A client of the page's own model server, whose behaviour is set by the path.
fn client(context: &TestContext, path: &str) -> Result<Client, Unconfirmed> {
    context.server.clone()?;
    Ok(Client::new(context.run, BaseUrl::relative(&format!("{}{path}", model_server::PATH))))
}

fn request(id: &str, images: &[f32]) -> InferRequest {
    let images = Tensor::rows_of_f32(INPUT, PIXELS, images).expect("images are rows of pixels");
    InferRequest { id: Some(id.to_owned()), inputs: vec![images], outputs: Vec::new() }
}

/// The promises of the page.
pub(super) const PROMISES: &[Promise] = &[
    Promise {
        name: "worker_computes_the_same",
        says: "A worker computes the same result as the page",
        shown_by: "concurrency-comparison",
        test: |it| Box::pin(worker_computes_the_same(it.run)),
    },
    Promise {
        name: "stop_frees_a_worker",
        says: "A worker can be stopped in the middle of its job",
        shown_by: "concurrency-comparison?tasks=4&workers=1",
        test: |it| Box::pin(stop_frees_a_worker(it.run)),
    },
    Promise {
        name: "panic_is_an_error",
        says: "A job that panics ends with an error that contains its message",
        shown_by: "concurrency-comparison",
        test: |it| Box::pin(panic_is_an_error(it.run)),
    },
    Promise {
        name: "file_comes_back",
        says: "A file is read back byte for byte",
        shown_by: "async-file-io?missing=0",
        test: |it| Box::pin(file_comes_back(it.run)),
    },
    Promise {
        name: "missing_file_is_named",
        says: "The error for a missing file names the file",
        shown_by: "async-file-io?missing=3",
        test: |it| Box::pin(missing_file_is_named(it.run)),
    },
    Promise {
        name: "writes_are_whole",
        says: "A file never contains a partial write",
        shown_by: "async-file-io",
        test: |it| Box::pin(writes_are_whole(it.run)),
    },
    Promise {
        name: "server_describes_its_model",
        says: "The model server describes the inputs of a model",
        shown_by: "async-api-calls?requests=10",
        test: |it| Box::pin(server_describes_its_model(it)),
    },
    Promise {
        name: "server_reads_digits",
        says: "The model server predicts the same digits as the classifier in the page",
        shown_by: "async-api-calls?failure-rate=0",
        test: |it| Box::pin(server_reads_digits(it)),
    },
    Promise {
        name: "unknown_model_is_named",
        says: "The page shows the error messages of the server",
        shown_by: "async-api-calls?models=mlp-64%2C+mlp-17",
        test: |it| Box::pin(unknown_model_is_named(it)),
    },
    Promise {
        name: "drop_aborts_fetch",
        says: "Dropping a request aborts it, also on the server",
        shown_by: "async-api-calls?faults=hangs&failure-rate=0.3&timeout=500",
        test: |it| Box::pin(drop_aborts_fetch(it)),
    },
];
