//! What runs inside a worker: its code is fetched there, and the page is without it.

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::lazy::lazy;
use crate::runtime::browser::{Stopwatch, block};
use crate::workers::message::{decode, encode};
use crate::workers::runner::JobRunner;
use crate::workers::{CompletedJob, Job, OffloadError};

#[wasm_bindgen]
extern "C" {
    /// Blocks the thread and needs no processor; `worker.js` has it.
    #[wasm_bindgen(js_name = blockFor)]
    fn block_for(ms: f64);
}

/// Makes this worker ready for jobs: what `worker.js` calls.
#[wasm_bindgen]
pub fn work() {
    let page = js_sys::global().unchecked_into();
    spawn_local(async {
        if let Err(error) = fetched::serve(page).await {
            wasm_bindgen::throw_str(&error.to_string());
        }
    });
}

lazy!(mod fetched in jobs: serve(page: DedicatedWorkerGlobalScope) -> ());

/// Answers every message from now on, each with what came of its job, and says that it is ready.
fn serve(page: DedicatedWorkerGlobalScope) {
    let (told, runner) = (page.clone(), Rc::<RefCell<JobRunner>>::default());
    std::panic::set_hook(Box::new(move |info| {
        reply(&told, &Err(OffloadError::Panicked { message: info.to_string() }));
    }));
    let worker = page.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let job = decode(event.data()).map_err(|error| OffloadError::InvalidJob { why: error.to_string() });
        reply(&worker, &job.and_then(|job| done(&mut runner.borrow_mut(), job)));
    });
    page.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // It is there as long as the worker is.
    on_message.forget();
    let _ = page.post_message(&JsValue::from_str("ready"));
}

fn done(runner: &mut JobRunner, job: Job) -> Result<CompletedJob, OffloadError> {
    let stopwatch = Stopwatch::start();
    match job {
        Job::Compute(length) => block(length),
        Job::Block(length) => block_for(length.as_secs_f64() * 1e3),
        _ => {}
    }
    let answer = runner.run(job)?;
    Ok(CompletedJob { answer, worked: stopwatch.elapsed() })
}

/// Tells the page. What cannot be told is an error that ends this worker, and the page is told of that.
fn reply(page: &DedicatedWorkerGlobalScope, done: &Result<CompletedJob, OffloadError>) {
    let is_told = encode(done).is_ok_and(|it| page.post_message_with_transfer(&it.value, &it.buffers).is_ok());
    if !is_told {
        wasm_bindgen::throw_str("it could not tell what came of its job");
    }
}
