//! One Web Worker: the only file here that knows the browser.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};
use std::time::Duration;

use js_sys::{Array, JsString};
use wasm_bindgen::prelude::*;
use web_sys::{ErrorEvent, Event, MessageEvent, WorkerOptions, WorkerType};

use crate::runtime::Run;
use crate::workers::{Job, OffloadError};

/// Its script, which lies beside the page.
const SCRIPT: &str = "static/worker.js";

#[wasm_bindgen]
extern "C" {
    /// The address of the script that binds this wasm module.
    #[wasm_bindgen(thread_local_v2, js_namespace = ["import", "meta"], js_name = url)]
    static BINDINGS: JsString;
}

/// Does a job, inside the worker. The job is a number of milliseconds.
#[wasm_bindgen]
pub fn do_job(compute_ms: f64) {
    Run::in_browser(0).block(Duration::from_secs_f64(compute_ms.max(0.0) / 1e3));
}

/// A worker that is ready. Dropping it ends it.
pub(super) struct Worker {
    worker: web_sys::Worker,
    inbox: Rc<RefCell<Inbox>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    _on_error: Closure<dyn FnMut(Event)>,
}

/// What the worker sent, in the order of coming.
#[derive(Default)]
struct Inbox {
    messages: VecDeque<Result<JsValue, OffloadError>>,
    waker: Option<Waker>,
}

impl Inbox {
    fn put(inbox: &RefCell<Self>, message: Result<JsValue, OffloadError>) {
        let mut inbox = inbox.borrow_mut();
        inbox.messages.push_back(message);
        let waker = inbox.waker.take();
        drop(inbox);
        waker.inspect(Waker::wake_by_ref);
    }
}

impl Worker {
    /// Starts a worker on the page's module, and waits until it is ready for a job.
    pub(super) async fn start() -> Result<Self, OffloadError> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = web_sys::Worker::new_with_options(SCRIPT, &options).map_err(|_| OffloadError::Refused)?;
        let worker = Self::watch(worker);
        // A message that comes before the script is there can be lost.
        worker.next_message().await?;
        let address = BINDINGS.with(|address| JsValue::from(address.clone()));
        worker.send(&Array::of2(&address, &wasm_bindgen::module()))?;
        worker.next_message().await?;
        Ok(worker)
    }

    fn watch(worker: web_sys::Worker) -> Self {
        let inbox = Rc::<RefCell<Inbox>>::default();
        let messages = Rc::clone(&inbox);
        let on_message = Closure::new(move |event: MessageEvent| Inbox::put(&messages, Ok(event.data())));
        let errors = Rc::clone(&inbox);
        let on_error = Closure::new(move |event: Event| {
            // It is told to whoever waits, and need not be told to the console as well.
            event.prevent_default();
            // A script that could not be loaded is told by an event without a message.
            let message = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message);
            let why = message.unwrap_or_else(|| "its script could not be loaded".to_owned());
            Inbox::put(&errors, Err(OffloadError::Died { why }));
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        Self { worker, inbox, _on_message: on_message, _on_error: on_error }
    }

    /// Hands a job over and waits until it is done.
    pub(super) async fn answer(self, job: Job) -> Result<(), OffloadError> {
        let Job::Compute(length) = job;
        self.send(&JsValue::from_f64(length.as_secs_f64() * 1e3))?;
        self.next_message().await.map(drop)
    }

    fn send(&self, message: &JsValue) -> Result<(), OffloadError> {
        let told = |error: JsValue| OffloadError::Died { why: format!("it took no message: {error:?}") };
        self.worker.post_message(message).map_err(told)
    }

    async fn next_message(&self) -> Result<JsValue, OffloadError> {
        poll_fn(|context| {
            let mut inbox = self.inbox.borrow_mut();
            match inbox.messages.pop_front() {
                Some(message) => Poll::Ready(message),
                None => {
                    inbox.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.terminate();
    }
}
