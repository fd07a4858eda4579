//! One Web Worker, as the page sees it.

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

/// Its script, which lies beside the page.
const SCRIPT: &str = "static/worker.js";

/// A worker is there after some hundredths of a second, unless the request for its script was lost on the way: where
/// connections are few, servers have been seen to forget one.
const STARTS_WITHIN: Duration = Duration::from_secs(10);
const STARTS: usize = 2;

#[wasm_bindgen]
extern "C" {
    /// The address of the script that binds this wasm module.
    #[wasm_bindgen(thread_local_v2, js_namespace = ["import", "meta"], js_name = url)]
    static BINDINGS: JsString;

    #[wasm_bindgen(thread_local_v2, js_namespace = navigator, js_name = hardwareConcurrency)]
    static HARDWARE_CONCURRENCY: Option<u32>;
}

thread_local! {
    /// How many were started.
    static STARTED: Cell<u32> = const { Cell::new(0) };
}

/// How many processors the machine has, if the browser tells.
pub(super) fn hardware_concurrency() -> Option<NonZeroUsize> {
    HARDWARE_CONCURRENCY.with(|told| NonZeroUsize::new(told.unwrap_or(0) as usize))
}

/// A worker that is ready for a job. Dropping it ends it.
#[derive(Debug)]
pub(super) struct WebWorker {
    worker: web_sys::Worker,
    /// What the worker sent, or the error that ended it.
    messages: UnboundedReceiver<Result<JsValue, String>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

impl Worker for WebWorker {
    /// Starts a worker on the page's module, and waits until it is ready for a job.
    async fn start(run: &Run) -> Result<Self, OffloadError> {
        let start = async {
            for _ in 0..STARTS {
                if let Ok(begun) = run.timeout(STARTS_WITHIN, Self::begin()).await {
                    return begun.map_err(|why| OffloadError::NotStarted { why });
                }
            }
            let why = format!("it did not answer within {} s, {STARTS} times", STARTS_WITHIN.as_secs());
            Err(OffloadError::NotStarted { why })
        };
        run.try_task("start_worker", start).await
    }

    async fn run(&mut self, job: Job) -> Result<CompletedJob, OffloadError> {
        let died = |why| OffloadError::Died { why };
        let garbled = |error: serde_wasm_bindgen::Error| died(error.to_string());
        let message = encode(&job).map_err(garbled)?;
        self.send(&message.value, &message.buffers).map_err(died)?;
        let reply = self.next_message().await.map_err(died)?;
        decode(reply).map_err(garbled)?
    }

    fn is_alive(&mut self) -> bool {
        // An idle worker sends nothing, so a message is an error that ended it.
        self.messages.try_recv().is_err()
    }
}

impl WebWorker {
    async fn begin() -> Result<Self, String> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        // WebKit lets the service worker see only one of those that start at the same time from the same address.
        let number = STARTED.replace(STARTED.get().wrapping_add(1));
        let worker = web_sys::Worker::new_with_options(&format!("{SCRIPT}?i={number}"), &options);
        let mut worker = Self::watch(worker.map_err(in_words)?);
        // A message that comes before the script is there can be lost.
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
        self.worker.post_message_with_transfer(message, buffers).map_err(in_words)
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

/// What the browser threw.
fn in_words(error: JsValue) -> String {
    error.dyn_ref::<js_sys::Error>().map_or_else(|| format!("{error:?}"), |error| error.message().into())
}
