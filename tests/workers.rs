//! Jobs in real workers, on the module of the page that tests run in.
#![cfg(target_arch = "wasm32")]

use std::cell::Cell;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{join, select};
use interleave::runtime::Run;
use interleave::workers::{Job, offload};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

wasm_bindgen_test_configure!(run_in_browser);

const fn compute(ms: u64) -> Job {
    Job::Compute(Duration::from_millis(ms))
}

#[wasm_bindgen_test]
async fn the_page_goes_on_while_a_worker_computes() {
    let run = Run::in_browser(1);
    let offloaded_until_us = Cell::new(0);
    let work = async {
        offload(&run, compute(400)).await.expect("a worker can be made here");
        offloaded_until_us.set(run.now().as_micros() as u64);
        run.sleep(Duration::from_millis(50)).await;
        run.block(Duration::from_millis(400));
    };
    drop(select(Box::pin(work), Box::pin(run.heartbeat())).await);
    let until_us = offloaded_until_us.get();
    let lag_us = |in_worker: bool| {
        let record = run.record();
        let beats = record.beats().iter().filter(|beat| (beat.due_us < until_us) == in_worker);
        beats.map(|beat| beat.lag_us()).max().expect("the heart has beaten")
    };
    assert!(until_us >= 400_000, "it took {until_us} µs");
    assert!(lag_us(true) * 2 < lag_us(false), "{} µs beside {} µs inline", lag_us(true), lag_us(false));
}

#[wasm_bindgen_test]
async fn jobs_run_beside_each_other() {
    let run = Run::in_browser(1);
    let job = || offload(&run, compute(400));
    assert_eq!(join(job(), job()).await, (Ok(()), Ok(())));
    let together = run.now();
    assert_eq!((job().await, job().await), (Ok(()), Ok(())));
    let in_turn = run.now() - together;
    assert!(together < in_turn, "{together:?} together, {in_turn:?} in turn");
}

#[wasm_bindgen_test]
async fn a_dropped_job_ends_its_worker_and_leaves_nothing_to_wait_for() {
    let run = Run::in_browser(1);
    let endless = offload(&run, compute(60_000)).boxed_local();
    drop(select(endless, run.sleep(Duration::from_millis(200))).await);
    offload(&run, compute(10)).await.expect("another worker can be made");
    assert!(run.now() < Duration::from_secs(30));
}
