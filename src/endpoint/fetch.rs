//! `fetch` under a guard: dropping the future aborts the request.

use std::time::Duration;

use futures::future::LocalBoxFuture;
use gloo_net::http::{Request as Builder, RequestBuilder, Response};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, AbortSignal, ReadableStreamDefaultReader, RequestCache, RequestMode};

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
    let response = respond(Builder::get(url), &guard, url).await?;
    if !response.ok() {
        return Err(FetchError::Status { url: url.to_owned(), status: response.status() });
    }
    response.binary().await.map_err(|_| FetchError::BrokenOff { url: url.to_owned() })
}

async fn respond(request: RequestBuilder, guard: &AbortOnDrop, url: &str) -> Result<Response, FetchError> {
    let request = request.cache(RequestCache::NoStore).abort_signal(guard.signal().as_ref());
    request.send().await.map_err(|_| FetchError::Unreachable { url: url.to_owned() })
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
            let guard = AbortOnDrop::new();
            respond(Builder::get(&url).mode(RequestMode::NoCors), &guard, &url).await.is_ok()
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

async fn send(Request { url, body }: Request, most_bytes: usize) -> Result<Reply, FetchError> {
    let guard = AbortOnDrop::new();
    let request = if body.is_some() { Builder::post(&url) } else { Builder::get(&url) };
    let request = request.cache(RequestCache::NoStore).abort_signal(guard.signal().as_ref());
    let request = match body {
        None => request.build(),
        Some(body) => request.header("content-type", "application/json").body(Uint8Array::from(body.as_slice())),
    };
    let Ok(request) = request else { return Err(FetchError::NotAnAddress { url }) };
    let response = request.send().await.map_err(|_| FetchError::Unreachable { url: url.clone() })?;
    let header = |name| response.headers().get(name);
    let is_announced_too_large =
        header("content-length").and_then(|length| length.parse().ok()).is_some_and(|bytes: usize| bytes > most_bytes);
    if is_announced_too_large {
        return Err(FetchError::TooLarge { url, most_bytes });
    }
    let (status, content_type, retry_after) = (response.status(), header("content-type"), header("retry-after"));
    Ok(Reply { status, content_type, retry_after, body: read(&response, url, most_bytes).await? })
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
struct AbortOnDrop(Option<AbortController>);

impl AbortOnDrop {
    fn new() -> Self {
        // Every browser that runs wasm has it. Should one not, its requests go on after a stop, and nothing else.
        Self(AbortController::new().ok())
    }

    fn signal(&self) -> Option<AbortSignal> {
        self.0.as_ref().map(AbortController::signal)
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(controller) = &self.0 {
            controller.abort();
        }
    }
}
