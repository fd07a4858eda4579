//! Code that runs inside a worker. It is fetched there, so it is not part of the page's first load.

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
    /// Blocks the thread without using the processor. Defined in `worker.js`.
    #[wasm_bindgen(js_name = blockFor)]
    fn block_for(ms: f64);
}

/// Makes this worker ready for jobs. `worker.js` calls it.
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

/// Runs the job of every message from now on and replies with its result. Sends `ready` first.
fn serve(page: DedicatedWorkerGlobalScope) {
    let (panicked, runner) = (page.clone(), Rc::<RefCell<JobRunner>>::default());
    std::panic::set_hook(Box::new(move |info| {
        reply(&panicked, &Err(OffloadError::Panicked { message: info.to_string() }));
    }));
    let worker = page.clone();
    let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let job = decode(event.data()).map_err(|error| OffloadError::InvalidJob { why: error.to_string() });
        reply(&worker, &job.and_then(|job| run(&mut runner.borrow_mut(), job)));
    });
    page.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // Needed as long as the worker lives.
    on_message.forget();
    let _ = page.post_message(&JsValue::from_str("ready"));
}

fn run(runner: &mut JobRunner, job: Job) -> Result<CompletedJob, OffloadError> {
    let stopwatch = Stopwatch::start();
    match job {
        Job::Compute(length) => block(length),
        Job::Block(length) => block_for(length.as_secs_f64() * 1e3),
        _ => {}
    }
    let answer = runner.run(job)?;
    Ok(CompletedJob { answer, worked: stopwatch.elapsed() })
}

/// Sends the result to the page. If that fails, it throws, which ends this worker; the page gets the error.
fn reply(page: &DedicatedWorkerGlobalScope, result: &Result<CompletedJob, OffloadError>) {
    let is_sent = encode(result).is_ok_and(|it| page.post_message_with_transfer(&it.value, &it.buffers).is_ok());
    if !is_sent {
        wasm_bindgen::throw_str("the result of the job could not be sent");
    }
}
