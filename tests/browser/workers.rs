//! Jobs in real workers.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{Either, join, join_all, select};
use inference::classifier::Classifier;
use inference::digits::Digits;
use interleave::runtime::Run;
use interleave::workers::{Answer, Job, OffloadError, Pool, cpu_bound_task, offload};
use wasm_bindgen_test::wasm_bindgen_test;

const WEIGHTS: &[u8] = include_bytes!("../../static/models/mlp-64.safetensors");
const DIGITS: &[u8] = include_bytes!("../../static/data/digits.csv");

const fn compute(ms: u64) -> Job {
    Job::Compute(Duration::from_millis(ms))
}

const fn block(ms: u64) -> Job {
    Job::Block(Duration::from_millis(ms))
}

fn pool(run: &Run, size: usize) -> Pool {
    Pool::new(run, NonZeroUsize::new(size).expect("it is not empty"))
}

/// The number of workers started so far.
fn started(run: &Run) -> usize {
    let record = run.record();
    record.tasks().iter().filter(|task| task.name.kind() == "start_worker").count()
}

#[wasm_bindgen_test]
async fn the_page_is_not_blocked_while_a_worker_computes() {
    let run = Run::in_browser(1);
    let offloaded_until_us = Cell::new(0);
    let work = async {
        offload(&run, compute(400)).await.expect("a worker can be started");
        offloaded_until_us.set(run.now().as_micros() as u64);
        run.sleep(Duration::from_millis(50)).await;
        // Much longer than a busy machine makes the page wait.
        run.block(Duration::from_millis(1_500));
    };
    drop(select(Box::pin(work), Box::pin(run.heartbeat())).await);
    let until_us = offloaded_until_us.get();
    let lag_us = |in_worker: bool| {
        let record = run.record();
        let beats = record.beats().iter().filter(|beat| (beat.due_us < until_us) == in_worker);
        beats.map(|beat| beat.lag_us()).max().expect("the heart has beaten")
    };
    assert!(until_us >= 400_000, "it took {until_us} µs");
    assert!(lag_us(true) * 2 < lag_us(false), "{} µs with a worker, {} µs inline", lag_us(true), lag_us(false));
}

#[wasm_bindgen_test]
async fn blocked_workers_wait_concurrently_and_use_no_processor() {
    let run = Run::in_browser(1);
    let pool = pool(&run, 8);
    pool.start().await.expect("workers can be started");
    let before = run.now();
    let done = join_all((0..8).map(|_| pool.offload(block(400)))).await;
    let together = run.now() - before;
    assert!(
        done.iter().all(|done| done.as_ref().is_ok_and(|done| done.worked >= Duration::from_millis(399))),
        "{done:?}"
    );
    assert!(together < Duration::from_millis(8 * 400 / 2), "eight waits of 400 ms took {together:?}");
}

#[wasm_bindgen_test]
async fn a_worker_is_reused_and_its_start_is_not_part_of_its_work() {
    let run = Run::in_browser(1);
    let pool = pool(&run, 2);
    for _ in 0..3 {
        let done = pool.offload(compute(20)).await.expect("a worker can be started");
        assert!(done.worked >= Duration::from_millis(19), "{done:?}");
    }
    assert_eq!(started(&run), 1);
    let (one, other) = join(pool.offload(compute(20)), pool.offload(compute(20))).await;
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(started(&run), 2);
}

#[wasm_bindgen_test]
async fn a_dropped_job_terminates_its_worker_and_frees_its_permit() {
    let run = Run::in_browser(1);
    let pool = pool(&run, 1);
    pool.start().await.expect("a worker can be started");
    let endless = pool.offload(compute(60_000)).boxed_local();
    drop(select(endless, run.sleep(Duration::from_millis(200))).await);
    pool.offload(compute(10)).await.expect("another worker can be started");
    assert!(run.now() < Duration::from_secs(30));
    assert_eq!(started(&run), 2);
}

#[wasm_bindgen_test]
async fn a_dropped_job_frees_the_processor() {
    // Enough of them to slow each other down on this machine.
    let others = 3 * web_sys::window().map_or(2, |window| window.navigator().hardware_concurrency() as usize).min(8);
    let run = Run::in_browser(1);
    let pool = pool(&run, others + 1);
    pool.start().await.expect("workers can be started");
    let steps = async || {
        run.sleep(Duration::from_millis(100)).await;
        pool.offload(Job::CpuBound { steps: 20_000_000 }).await.expect("it is done").worked
    };
    let endless = join_all((0..others).map(|_| pool.offload(compute(60_000))));
    let Either::Right((with_others, endless)) = select(Box::pin(endless), Box::pin(steps())).await else {
        unreachable!("a minute is longer");
    };
    drop(endless);
    // WebKit may take a while to end a busy worker.
    let mut alone = steps().await;
    for _ in 0..20 {
        if alone * 3 < with_others * 2 {
            break;
        }
        alone = steps().await;
    }
    assert!(alone * 3 < with_others * 2, "{alone:?} after the others were stopped, {with_others:?} before");
}

#[wasm_bindgen_test]
async fn a_job_that_panics_fails_with_its_message_and_its_worker_is_replaced() {
    let run = Run::in_browser(1);
    let pool = pool(&run, 1);
    let result = pool.offload(Job::Panic("the model is upside down".to_owned())).await;
    let Err(OffloadError::Panicked { message }) = &result else { panic!("{result:?}") };
    assert!(message.contains("the model is upside down") && message.contains("runner.rs"), "{message}");
    let number = pool.offload(Job::CpuBound { steps: 1_000 }).await.expect("another worker has replaced it");
    assert_eq!(number.answer, Answer::Number(cpu_bound_task(0, 1_000)));
    assert_eq!(started(&run), 2);
}

#[wasm_bindgen_test]
async fn a_worker_predicts_the_same_digits_as_the_page() {
    let run = Run::in_browser(1);
    let pool = pool(&run, 1);
    let images = Digits::from_csv(DIGITS).expect("it is good").scale();
    let expected =
        Classifier::from_safetensors(WEIGHTS).expect("it is good").predict(&images).expect("they are images");
    for images in [images.clone(), images[..64].to_vec(), Vec::new()] {
        let expected = expected[..images.len() / 64].to_vec();
        let done = pool.offload(Job::Predict { weights: WEIGHTS.to_vec(), images }).await.expect("it is done");
        assert_eq!(done.answer, Answer::Digits(expected));
    }
}

#[wasm_bindgen_test]
async fn an_invalid_job_has_a_reason_and_its_worker_stays() {
    let run = Run::in_browser(1);
    let pool = pool(&run, 1);
    let invalid =
        [(WEIGHTS.to_vec(), vec![0.5; 65], "65 numbers"), (b"<!DOCTYPE html>".to_vec(), Vec::new(), "a web page")];
    for (weights, images, expected) in invalid {
        let result = pool.offload(Job::Predict { weights, images }).await;
        assert!(matches!(&result, Err(OffloadError::InvalidJob { why }) if why.contains(expected)), "{result:?}");
    }
    assert_eq!(started(&run), 1);
}
