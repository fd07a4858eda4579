//! One Web Worker, from the page's side.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::time::Duration;

use futures::StreamExt;
use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use js_sys::{Array, JsString};
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, Event, MessageEvent, WorkerOptions, WorkerType};

use crate::runtime::Run;
use crate::workers::dispatcher::Worker;
use crate::workers::message::{decode, encode};
use crate::workers::{CompletedJob, Job, OffloadError};

/// The worker's script, relative to the page.
const SCRIPT: &str = "static/worker.js";

/// A worker normally starts within some hundredths of a second. The request for its script can get lost: servers with
/// few connections have been seen to drop one. So the start is tried again, with more time, because the machine may also
/// be very busy.
const START_TIMEOUTS: [Duration; 3] = [Duration::from_secs(10), Duration::from_secs(20), Duration::from_secs(30)];

#[wasm_bindgen]
extern "C" {
    /// The address of the script that binds this wasm module.
    #[wasm_bindgen(thread_local_v2, js_namespace = ["import", "meta"], js_name = url)]
    static BINDINGS: JsString;

    #[wasm_bindgen(thread_local_v2, js_namespace = navigator, js_name = hardwareConcurrency)]
    static HARDWARE_CONCURRENCY: Option<u32>;
}

thread_local! {
    /// The number of workers started so far.
    static STARTED: Cell<u32> = const { Cell::new(0) };
}

/// The number of processors, if the browser reports it.
pub(super) fn hardware_concurrency() -> Option<NonZeroUsize> {
    HARDWARE_CONCURRENCY.with(|number| NonZeroUsize::new(number.unwrap_or(0) as usize))
}

/// A worker that is ready for a job. Dropping it terminates it.
#[derive(Debug)]
pub(super) struct WebWorker {
    worker: web_sys::Worker,
    /// Messages from the worker, or the error that ended it.
    messages: UnboundedReceiver<Result<JsValue, String>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

impl Worker for WebWorker {
    /// Starts a worker with the page's wasm module, and waits until it is ready for a job.
    async fn start(run: &Run) -> Result<Self, OffloadError> {
        let start = async {
            for timeout in START_TIMEOUTS {
                if let Ok(started) = run.timeout(timeout, Self::start_once()).await {
                    return started.map_err(|why| OffloadError::NotStarted { why });
                }
            }
            let waited: Duration = START_TIMEOUTS.iter().sum();
            let why = format!(
                "it was started {} times and did not answer within {} s",
                START_TIMEOUTS.len(),
                waited.as_secs()
            );
            Err(OffloadError::NotStarted { why })
        };
        run.try_task("start_worker", start).await
    }

    async fn run(&mut self, job: Job) -> Result<CompletedJob, OffloadError> {
        let died = |why| OffloadError::Died { why };
        let bad_message = |error: serde_wasm_bindgen::Error| died(error.to_string());
        let message = encode(&job).map_err(bad_message)?;
        self.send(&message.value, &message.buffers).map_err(died)?;
        let reply = self.next_message().await.map_err(died)?;
        decode(reply).map_err(bad_message)?
    }

    fn is_alive(&mut self) -> bool {
        // An idle worker sends nothing, so a message is an error that ended it.
        self.messages.try_recv().is_err()
    }
}

impl WebWorker {
    async fn start_once() -> Result<Self, String> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        // In WebKit, of several workers that start at the same time from the same address, the service worker sees only
        // one. So each has an address of its own.
        let number = STARTED.replace(STARTED.get().wrapping_add(1));
        let worker = web_sys::Worker::new_with_options(&format!("{SCRIPT}?i={number}"), &options);
        let mut worker = Self::watch(worker.map_err(message_of)?);
        // A message that is sent before the script is loaded can be lost, so the script reports first.
        worker.next_message().await?;
        let address = BINDINGS.with(|address| JsValue::from(address.clone()));
        worker.send(&Array::of2(&address, &wasm_bindgen::module()), &Array::new())?;
        worker.next_message().await?;
        Ok(worker)
    }

    fn watch(worker: web_sys::Worker) -> Self {
        let (sender, messages) = unbounded();
        let errors = sender.clone();
        let on_message = Closure::new(move |event: MessageEvent| {
            // The receiver lives as long as this closure.
            let _ = sender.unbounded_send(Ok(event.data()));
        });
        let on_error = Closure::new(move |event: Event| {
            // The caller gets the error, so the console need not show it.
            event.prevent_default();
            // If the script cannot be loaded, the event has no message.
            let message = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message);
            let why =
                message.unwrap_or_else(|| "its script was not loaded, or is forbidden by the page's policy".to_owned());
            let _ = errors.unbounded_send(Err(why));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Self { worker, messages, _on_message: on_message, _on_error: on_error }
    }

    fn send(&self, message: &JsValue, buffers: &Array) -> Result<(), String> {
        self.worker.post_message_with_transfer(message, buffers).map_err(message_of)
    }

    async fn next_message(&mut self) -> Result<JsValue, String> {
        self.messages.next().await.expect("the senders live as long as the worker")
    }
}

impl Drop for WebWorker {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}

/// The message of an error that the browser threw.
fn message_of(error: JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{error:?}"), |error| error.message().into())
}
