//! Turns fetch events into responses.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};
use futures::{FutureExt, stream};
use gloo_timers::future::TimeoutFuture;
use inference::server::{self, PendingReply, REQUEST_NAME_HEADER, Server};
use js_sys::{Function, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_streams::ReadableStream;
use web_sys::{FetchEvent, Headers, Request, Response, ResponseInit};

thread_local! {
    /// The server, which lives as long as the worker. The browser stops an idle worker and starts it again later.
    static SERVER: RefCell<Server> = RefCell::new(Server::new());
    /// Named requests, which their page can abort.
    static NAMED: RefCell<BTreeMap<String, oneshot::Sender<()>>> = RefCell::default();
}

/// Logs panics on the console.
#[wasm_bindgen(start)]
pub fn start() {
    console_error_panic_hook::set_once();
}

/// Answers a fetch event for an address below `root`.
///
/// # Errors
///
/// If the request's body cannot be read, because its page is gone.
#[wasm_bindgen]
pub async fn answer(event: FetchEvent, root: String) -> Result<Response, JsValue> {
    let request = event.request();
    // Registered before anything is awaited: the page may abort the request at any time from now on.
    let named = NamedRequest::register(&request)?;
    let body = JsFuture::from(request.array_buffer()?).await?;
    let url = request.url();
    let path = url.strip_prefix(&root).unwrap_or_default().split('#').next().unwrap_or_default();
    let request = server::Request { method: &request.method(), path, body: &Uint8Array::new(&body).to_vec() };
    let pending = SERVER.with_borrow_mut(|server| server.answer(request));
    respond(pending, named, KeepAlive::new(&event)?)
}

/// Aborts the request with this name, if it is still there.
#[wasm_bindgen]
pub fn abort(name: &str) {
    // Dropping the sender notifies the receiver.
    drop(NAMED.with_borrow_mut(|named| named.remove(name)));
}

fn respond(pending: PendingReply, named: NamedRequest, alive: KeepAlive) -> Result<Response, JsValue> {
    let headers = Headers::new()?;
    // Responses are random or counted, so they must not be cached.
    headers.set("cache-control", "no-store")?;
    for (name, value) in &pending.reply.headers {
        headers.set(name, value)?;
    }
    let init = ResponseInit::new();
    init.set_status(pending.reply.status);
    init.set_headers(&headers);
    let body = stream::once(async move {
        let body = match select(Box::pin(pending.body(sleep)), named).await {
            Either::Left((body, _)) => body,
            Either::Right(_) => Vec::new(),
        };
        drop(alive);
        Ok(Uint8Array::from(body.as_slice()).into())
    });
    let body = ReadableStream::from_stream(body).into_raw();
    Response::new_with_opt_readable_stream_and_init(Some(&body), &init)
}

/// Sleeps for a duration, rounded up to a millisecond: a little late is better than early.
fn sleep(duration: Duration) -> TimeoutFuture {
    let ms = duration.as_micros().div_ceil(1000);
    TimeoutFuture::new(u32::try_from(ms).unwrap_or(u32::MAX))
}

/// A request while it is being answered. As a future, it is ready when the page aborts the request.
struct NamedRequest {
    name: Option<String>,
    cancelled: oneshot::Receiver<()>,
    // A request without a name cannot be aborted: it owns its sender, so that the receiver never becomes ready.
    _unused_sender: Option<oneshot::Sender<()>>,
}

impl NamedRequest {
    fn register(request: &Request) -> Result<Self, JsValue> {
        let (sender, cancelled) = oneshot::channel();
        let name = request.headers().get(REQUEST_NAME_HEADER)?;
        let unused_sender = match &name {
            Some(name) => {
                NAMED.with_borrow_mut(|named| named.insert(name.clone(), sender));
                None
            }
            None => Some(sender),
        };
        Ok(Self { name, cancelled, _unused_sender: unused_sender })
    }
}

impl Future for NamedRequest {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        self.cancelled.poll_unpin(context).map(drop)
    }
}

impl Drop for NamedRequest {
    fn drop(&mut self) {
        if let Some(name) = &self.name {
            abort(name);
        }
    }
}

/// Keeps the browser from stopping the worker as idle, until it is dropped.
struct KeepAlive(Function);

impl KeepAlive {
    fn new(event: &FetchEvent) -> Result<Self, JsValue> {
        let mut done = None;
        let promise = Promise::new(&mut |resolve, _| done = Some(resolve));
        event.wait_until(&promise)?;
        Ok(Self(done.expect("a promise calls its function immediately")))
    }
}

impl Drop for KeepAlive {
    fn drop(&mut self) {
        // Resolving a promise throws nothing.
        let _ = self.0.call0(&JsValue::NULL);
    }
}
