//! `fetch` under a guard: dropping the future aborts the request.

use std::cell::RefCell;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use gloo_net::http::{Request as Builder, RequestBuilder, Response};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, ReadableStreamDefaultReader, RequestCache, RequestMode, ServiceWorker};

use crate::endpoint::FetchError;
use crate::endpoint::transport::{Reply, Request, Transport};

/// Gets a whole body. Nothing is taken from the browser's cache, so that the first and the second of two requests
/// cost the same. Dropping the future aborts the request, at whatever stage it is.
///
/// # Errors
///
/// Each cause has its own [`FetchError`].
pub async fn get_bytes(url: &str) -> Result<Vec<u8>, FetchError> {
    let guard = AbortOnDrop::new();
    let response = guard.fetch(Builder::get(url), None, url).await?;
    if !response.ok() {
        return Err(FetchError::Status { url: url.to_owned(), status: response.status() });
    }
    let bytes = response.binary().await.map_err(|_| FetchError::BrokenOff { url: url.to_owned() })?;
    guard.finish();
    Ok(bytes)
}

/// The browser's own way to an endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Browser;

impl Transport for Browser {
    fn send(&self, request: Request, most_bytes: usize) -> LocalBoxFuture<'_, Result<Reply, FetchError>> {
        Box::pin(send(request, most_bytes))
    }

    /// The browser may send such a request, and tells no more of the answer than that there is one.
    fn is_anybody_there(&self, url: String) -> LocalBoxFuture<'_, bool> {
        Box::pin(async move {
            let request = Builder::get(&url).mode(RequestMode::NoCors);
            AbortOnDrop::new().fetch(request, None, &url).await.is_ok()
        })
    }

    fn is_from_https(&self) -> bool {
        let protocol = web_sys::window().and_then(|window| window.location().protocol().ok());
        protocol.as_deref() == Some("https:")
    }

    fn now(&self) -> Duration {
        Duration::from_secs_f64(js_sys::Date::now().max(0.0) / 1e3)
    }
}

/// An error's body may be so large; a larger one is left out.
const MOST_ERROR_BYTES: usize = 64_000;

async fn send(Request { url, body }: Request, most_bytes: usize) -> Result<Reply, FetchError> {
    let guard = AbortOnDrop::new();
    let request = match body {
        Some(_) => Builder::post(&url).header("content-type", "application/json"),
        None => Builder::get(&url),
    };
    let response = guard.fetch(request, body, &url).await?;
    let header = |name| response.headers().get(name);
    let announced_bytes = header("content-length").and_then(|length| length.parse().ok());
    // Of what a server says beside an error no more is read than is shown.
    let most_bytes = if response.ok() { most_bytes } else { most_bytes.min(MOST_ERROR_BYTES) };
    let is_too_large = announced_bytes.is_some_and(|bytes| bytes > most_bytes);
    if is_too_large && response.ok() {
        return Err(FetchError::TooLarge { url, most_bytes });
    }
    let (status, content_type, retry_after) = (response.status(), header("content-type"), header("retry-after"));
    let body = match read(&response, url, most_bytes).await {
        Err(FetchError::TooLarge { .. }) if !response.ok() => Vec::new(),
        body => body?,
    };
    guard.finish();
    Ok(Reply { status, content_type, retry_after, announced_bytes, body })
}

/// Reads piece by piece, so that what is too large is known before all of it is in memory.
async fn read(response: &Response, url: String, most_bytes: usize) -> Result<Vec<u8>, FetchError> {
    let Some(stream) = response.body() else { return Ok(Vec::new()) };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut body = Vec::new();
    loop {
        let Ok(piece) = JsFuture::from(reader.read()).await else { return Err(FetchError::BrokenOff { url }) };
        let Some(bytes) = bytes_of(&piece) else { return Ok(body) };
        if body.len() + bytes.length() as usize > most_bytes {
            return Err(FetchError::TooLarge { url, most_bytes });
        }
        body.extend(bytes.to_vec());
    }
}

/// The bytes of what a reader gives; none when there are no more.
fn bytes_of(piece: &JsValue) -> Option<Uint8Array> {
    Reflect::get(piece, &JsValue::from_str("value")).ok()?.dyn_into().ok()
}

/// Aborts on drop. Aborting what has ended does nothing.
struct AbortOnDrop {
    controller: Option<AbortController>,
    /// The service worker that may be answering, and the name under which it knows the request.
    told: RefCell<Option<(ServiceWorker, String)>>,
}

/// The header in which a service worker finds the name of a request.
const NAME: &str = "x-request-name";

impl AbortOnDrop {
    fn new() -> Self {
        // Every browser that runs wasm has it. Should one not, its requests go on after a stop, and nothing else.
        Self { controller: AbortController::new().ok(), told: RefCell::default() }
    }

    /// Sends a request and waits for the head of its reply.
    async fn fetch(&self, request: RequestBuilder, body: Option<Vec<u8>>, url: &str) -> Result<Response, FetchError> {
        let signal = self.controller.as_ref().map(AbortController::signal);
        let request = self.named(request.cache(RequestCache::NoStore).abort_signal(signal.as_ref()), url);
        let request = match body {
            None => request.build(),
            Some(body) => request.body(Uint8Array::from(body.as_slice())),
        };
        let Ok(request) = request else { return Err(FetchError::NotAnAddress { url: url.to_owned() }) };
        request.send().await.map_err(|_| FetchError::Unreachable { url: url.to_owned() })
    }

    /// Names a request that a service worker may answer: one to the site's own addresses.
    fn named(&self, request: RequestBuilder, url: &str) -> RequestBuilder {
        let Some(worker) = service_worker().filter(|_| !url.contains("://")) else { return request };
        // As a whole number: writing a fraction would cost the first load some kilobytes.
        let name = ((js_sys::Math::random() * (1u64 << 53) as f64) as u64).to_string();
        let request = request.header(NAME, &name);
        *self.told.borrow_mut() = Some((worker, name));
        request
    }

    /// The whole reply is there.
    fn finish(self) {
        self.told.take();
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(controller) = &self.controller {
            controller.abort();
        }
        // A service worker is not told of an abort. It is when nobody reads its reply any more, but WebKit forgets that
        // now and then, and the worker would go on for ever.
        if let Some((worker, name)) = self.told.take() {
            // It fails for what cannot be copied, and a text can.
            let _ = worker.post_message(&JsValue::from_str(&format!("abort {name}")));
        }
    }
}

/// The service worker that controls the page, if there is one.
fn service_worker() -> Option<ServiceWorker> {
    let navigator = web_sys::window()?.navigator();
    let workers = Reflect::get(&navigator, &JsValue::from_str("serviceWorker")).ok()?;
    let controller = Reflect::get(&workers, &JsValue::from_str("controller")).ok()?;
    controller.is_object().then(|| controller.unchecked_into())
}
