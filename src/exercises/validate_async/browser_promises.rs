//! What the page promises of workers, files and requests, each put to the test. A browser that has no such thing is
//! told apart from one that breaks the promise.

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

use super::finding::{Promise, TestContext, Tested, Unconfirmed, alike, equal, holds};

/// What a worker computes is what the page computes.
async fn worker_computes_the_same(run: &Run) -> Tested {
    let done = offload(run, Job::CpuBound { steps: STEPS }).await?;
    same_as_the_page(&done.answer)
}

/// A worker that is stopped in the middle of an endless job makes room for the next job.
async fn stop_frees_a_worker(run: &Run) -> Tested {
    let pool = Pool::new(run, NonZeroUsize::MIN);
    pool.start().await?;
    drop(select(pool.offload(Job::Compute(HOUR)).boxed_local(), run.sleep(SHORT)).await);
    let next = pool.offload(Job::CpuBound { steps: STEPS }).await?;
    same_as_the_page(&next.answer)
}

/// A job that panics ends its worker and nothing else, and the error says what happened.
async fn panic_is_an_error(run: &Run) -> Tested {
    let words = "on purpose, for a test";
    match offload(run, Job::Panic(words.to_owned())).await {
        Err(OffloadError::Panicked { message }) if message.contains(words) => {
            holds(true, format!("the panic `{words}`"), format!("the panic `{words}`"))
        }
        Err(error @ OffloadError::NotStarted { .. }) => Err(error.into()),
        other => holds(false, format!("the panic `{words}`"), format!("{other:?}")),
    }
}

/// Every byte that a file can hold comes back in its place.
async fn file_comes_back(run: &Run) -> Tested {
    let storage = open(run).await?;
    let written: Vec<u8> = (0..=u8::MAX).cycle().take(100_000).collect();
    storage.write(FILE, &written).await?;
    let read = storage.read(FILE).await?;
    storage.delete(FILE).await?;
    let same = written.iter().zip(&read).take_while(|(written, read)| written == read).count();
    let told = |same: usize| format!("{} of {} alike", units::count(same as u64), units::size(written.len() as u64));
    holds(written == read, told(written.len()), format!("{}, in {}", told(same), storage.kind()))
}

/// A file that is not there is named.
async fn missing_file_is_named(run: &Run) -> Tested {
    let storage = open(run).await?;
    let expected = "there is no file `missing.bin`".to_owned();
    match storage.read("missing.bin").await {
        Err(error @ StorageError::NotFound { .. }) => alike(expected, error.to_string()),
        Err(error) => Err(error.into()),
        Ok(_) => holds(false, expected, "a file"),
    }
}

/// Who reads while somebody writes finds the old content or the new, and so does who reads after a write that was
/// dropped.
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
    alike("2 of 2 reads whole", format!("{whole} of 2 reads whole"))
}

/// The model server tells what its models take.
async fn server_tells_its_model(bench: &TestContext<'_>) -> Tested {
    let model = client(bench, "")?.model(MODEL).await?;
    let told = |name: &str, shape: &[i64]| format!("{name} takes {shape:?}");
    let shape = model.inputs.first().map_or(&[][..], |input| &input.shape);
    alike(told(MODEL, &[-1, 64]), told(&model.name, shape))
}

/// The model server reads the digits that the same classifier reads in the page.
async fn server_reads_digits(bench: &TestContext<'_>) -> Tested {
    let client = client(bench, "")?;
    let weights = bench.site.read("models/mlp-64.safetensors").await?;
    let digits = Digits::from_csv(&bench.site.read("data/digits.csv").await?).map_err(LoadError::from)?;
    let images = &digits.scale()[..IMAGES * PIXELS];
    let in_page = Classifier::from_safetensors(&weights).map_err(LoadError::from)?;
    let in_page = in_page.predict(images).map_err(LoadError::from)?;
    let response = client.infer(MODEL, &request("digits", images)).await?;
    let labels = response.output(LABEL).and_then(Tensor::numbers).unwrap_or_default();
    equal(in_page, labels.iter().map(|label| *label as u8).collect())
}

/// What the model server does not have it names.
async fn unknown_model_is_named(bench: &TestContext<'_>) -> Tested {
    match client(bench, "")?.model("mlp-17").await {
        Err(OipError::Status { status, message, .. }) => {
            let message = message.unwrap_or_default();
            let is_named = status == 404 && message.contains("mlp-17");
            holds(is_named, "status 404, with the model's name", format!("status {status}: {message}"))
        }
        Err(error) => Err(error.into()),
        Ok(_) => holds(false, "status 404, with the model's name", "a model"),
    }
}

/// The server works on one request at a time, and its seed draws 55 s for the first and 10 ms for the second. The first
/// is dropped, and the second does not have to wait for it: the server was told.
async fn drop_aborts_fetch(bench: &TestContext<'_>) -> Tested {
    let client = client(bench, "s/capacity=1,spread=60000,seed=54571/")?;
    let image = [0.0; PIXELS];
    let (first, second) = (request("first", &image), request("second", &image));
    let began = bench.run.now();
    // When it says who it is, it has the first request as well.
    select(client.infer(MODEL, &first).boxed_local(), client.server().boxed_local()).await;
    client.infer(MODEL, &second).await?;
    let took = bench.run.now() - began;
    let measured = format!("an answer after {}", units::span(took.as_micros() as u64));
    holds(took < FIRST_TAKES, "an answer before the first one's 55 s are over", measured)
}

const SHORT: Duration = Duration::from_millis(20);
const HOUR: Duration = Duration::from_secs(3_600);
/// Some milliseconds of work.
const STEPS: u32 = 1_000_000;
const FILE: &str = "bytes.bin";
const MODEL: &str = "mlp-64";
const IMAGES: usize = 12;
/// So long the first request of [`drop_aborts_fetch`] would keep the server.
const FIRST_TAKES: Duration = Duration::from_secs(55);

/// A folder that stays when the page is closed.
async fn open(run: &Run) -> Result<Storage, Unconfirmed> {
    let storage = Storage::open(run, "validate-async").await;
    match storage.kind() {
        StorageKind::Memory => {
            Err(Unconfirmed::Lacking("it keeps no files for this page, so memory stands in".to_owned()))
        }
        StorageKind::PrivateFileSystem | StorageKind::IndexedDb => Ok(storage),
    }
}

/// What the page itself computes in so many steps.
fn same_as_the_page(answer: &Answer) -> Tested {
    let number = |number: u32| units::count(number.into());
    let measured = if let Answer::Number(it) = answer { number(*it) } else { format!("{answer:?}") };
    alike(number(cpu_bound_task(0, STEPS)), measured)
}

/// A client of the page's own model server, which behaves as the path says.
fn client(bench: &TestContext, path: &str) -> Result<Client, Unconfirmed> {
    bench.server.clone()?;
    Ok(Client::new(bench.run, BaseUrl::relative(&format!("{}{path}", model_server::PATH))))
}

fn request(id: &str, images: &[f32]) -> InferRequest {
    let images = Tensor::rows_of_f32(INPUT, PIXELS, images).expect("images are rows of pixels");
    InferRequest { id: Some(id.to_owned()), inputs: vec![images], outputs: Vec::new() }
}

/// All of them.
pub(super) const PROMISES: &[Promise] = &[
    Promise {
        name: "worker_computes_the_same",
        says: "A worker computes what the page computes",
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
        says: "A job that panics is an error with a name",
        shown_by: "concurrency-comparison",
        test: |it| Box::pin(panic_is_an_error(it.run)),
    },
    Promise {
        name: "file_comes_back",
        says: "A file comes back byte for byte",
        shown_by: "async-file-io?missing=0",
        test: |it| Box::pin(file_comes_back(it.run)),
    },
    Promise {
        name: "missing_file_is_named",
        says: "A file that is missing is an error with its name",
        shown_by: "async-file-io?missing=3",
        test: |it| Box::pin(missing_file_is_named(it.run)),
    },
    Promise {
        name: "writes_are_whole",
        says: "A file never holds half of a write",
        shown_by: "async-file-io",
        test: |it| Box::pin(writes_are_whole(it.run)),
    },
    Promise {
        name: "server_tells_its_model",
        says: "The model server tells what a model takes",
        shown_by: "async-api-calls?requests=10",
        test: |it| Box::pin(server_tells_its_model(it)),
    },
    Promise {
        name: "server_reads_digits",
        says: "The model server reads what the classifier reads in the page",
        shown_by: "async-api-calls?failure-rate=0",
        test: |it| Box::pin(server_reads_digits(it)),
    },
    Promise {
        name: "unknown_model_is_named",
        says: "What the server says of its errors arrives",
        shown_by: "async-api-calls?models=mlp-64%2C+mlp-17",
        test: |it| Box::pin(unknown_model_is_named(it)),
    },
    Promise {
        name: "drop_aborts_fetch",
        says: "A request that is dropped is aborted, and the server is told",
        shown_by: "async-api-calls?faults=hangs&failure-rate=0.3&timeout=500",
        test: |it| Box::pin(drop_aborts_fetch(it)),
    },
];
