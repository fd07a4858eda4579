//! `fetch` under a guard: dropping the future aborts the request.

use gloo_net::http::Request;
use web_sys::{AbortController, AbortSignal, RequestCache};

use crate::endpoint::FetchError;

/// Gets a whole body. Nothing is taken from the browser's cache, so that the first and the second of two requests
/// cost the same. Dropping the future aborts the request, at whatever stage it is.
///
/// # Errors
///
/// Each cause has its own [`FetchError`].
pub async fn get_bytes(url: &str) -> Result<Vec<u8>, FetchError> {
    let guard = AbortOnDrop::new();
    let request = Request::get(url).cache(RequestCache::NoStore).abort_signal(guard.signal().as_ref());
    let response = request.send().await.map_err(|_| FetchError::Unreachable { url: url.to_owned() })?;
    if !response.ok() {
        return Err(FetchError::Status { url: url.to_owned(), status: response.status() });
    }
    response.binary().await.map_err(|_| FetchError::BrokenOff { url: url.to_owned() })
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
