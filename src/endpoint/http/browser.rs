//! [`Browser`]: requests by the browser's own `fetch`.

use std::time::Duration;

use futures::future::LocalBoxFuture;
use futures::{Stream, stream};
use inference::server::REQUEST_NAME_HEADER;
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, PermissionState, PermissionStatus, ReadableStreamDefaultReader, RequestCache, RequestInit,
    RequestMode, RequestRedirect, ResponseType, ServiceWorker,
};

use crate::endpoint::http::local_network::{is_local, is_loopback};
use crate::endpoint::http::{Body, Headers, HttpError, LocalNetwork, Method, Request, Response, Transport};
use crate::endpoint::service_worker;

/// Sends requests by `fetch`. No response comes from the browser's cache, so the first and the second of two requests cost
/// the same. The permission to post, which a server of another origin gives in a preflight, is cached for as long as that
/// server allows: otherwise each request would take two round trips.
///
/// Requests to the site's own addresses have a name, by which its service worker learns that they were aborted.
#[derive(Clone, Copy, Debug)]
pub struct Browser;

impl Transport for Browser {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, HttpError>> {
        Box::pin(send(request))
    }

    /// A browser sends such a request to any server. Of the response it reveals only that there is one.
    fn is_reachable(&self, url: String) -> LocalBoxFuture<'_, bool> {
        Box::pin(async { AbortOnDrop::new().fetch(Request::get(url), RequestMode::NoCors).await.is_ok() })
    }

    fn is_from_https(&self) -> bool {
        let protocol = web_sys::window().and_then(|window| window.location().protocol().ok());
        protocol.as_deref() == Some("https:")
    }

    fn local_network(&self, url: &str) -> LocalBoxFuture<'_, LocalNetwork> {
        Box::pin(local_network(is_loopback(url)))
    }

    fn unix_time(&self) -> Duration {
        Duration::from_secs_f64(js_sys::Date::now().max(0.0) / 1e3)
    }
}

async fn send(request: Request) -> Result<Response, HttpError> {
    let url = request.url.clone();
    let mut guard = AbortOnDrop::new();
    let response = guard.fetch(request, RequestMode::Cors).await?;
    if response.type_() == ResponseType::Opaqueredirect {
        return Err(HttpError::Redirected { url });
    }
    let headers = headers_of(&response);
    let announced_bytes = headers.get("content-length").and_then(|length| length.parse().ok());
    let reader = response.body().map(|stream| stream.get_reader().unchecked_into());
    let chunks = Reading { url: url.clone(), reader, guard }.into_chunks();
    Ok(Response { status: response.status(), headers, body: Body::new(url, announced_bytes, chunks) })
}

/// Chrome first had one permission, `local-network-access`. Newer versions have one for the reader's machine and one for
/// the network. Other browsers have none, and refuse the question.
async fn local_network(is_loopback: bool) -> LocalNetwork {
    let Some(window) = web_sys::window() else { return LocalNetwork::Unknown };
    // A page of the same network may send requests without asking.
    let is_page_local = window.location().href().is_ok_and(|page| is_local(&page));
    let Some(permissions) = window.navigator().permissions().ok().filter(|_| !is_page_local) else {
        return LocalNetwork::Unknown;
    };
    let current = if is_loopback { "loopback-network" } else { "local-network" };
    for name in [current, "local-network-access"] {
        let wanted = Object::new();
        // Setting a property of a new object never fails.
        let _ = Reflect::set(&wanted, &"name".into(), &name.into());
        let Ok(query) = permissions.query(&wanted) else { continue };
        let Ok(status) = JsFuture::from(query).await else { continue };
        return match status.unchecked_into::<PermissionStatus>().state() {
            PermissionState::Granted => LocalNetwork::Granted,
            PermissionState::Denied => LocalNetwork::Denied,
            _ => LocalNetwork::Asks,
        };
    }
    LocalNetwork::Unknown
}

fn headers_of(response: &web_sys::Response) -> Headers {
    let entries = js_sys::try_iter(&response.headers()).ok().flatten().into_iter().flatten().flatten();
    let entries = entries.map(|entry| entry.unchecked_into::<Array>());
    entries.filter_map(|entry| Some((entry.get(0).as_string()?, entry.get(1).as_string()?))).collect()
}

/// A body that is being read.
struct Reading {
    url: String,
    /// None for a response that has no body.
    reader: Option<ReadableStreamDefaultReader>,
    guard: AbortOnDrop,
}

impl Reading {
    fn into_chunks(self) -> impl Stream<Item = Result<Vec<u8>, HttpError>> {
        stream::try_unfold(self, async |mut reading| {
            let chunk = reading.next_chunk().await?;
            if chunk.is_none() {
                reading.guard.finish();
            }
            Ok(chunk.map(|chunk| (chunk, reading)))
        })
    }

    /// `None` at the end of the body.
    async fn next_chunk(&self) -> Result<Option<Vec<u8>>, HttpError> {
        let Some(reader) = &self.reader else { return Ok(None) };
        let lost = || HttpError::ConnectionLost { url: self.url.clone() };
        let result = JsFuture::from(reader.read()).await.map_err(|_| lost())?;
        let property = |name| Reflect::get(&result, &JsValue::from_str(name)).unwrap_or_default();
        if property("done").is_truthy() {
            return Ok(None);
        }
        let bytes: Uint8Array = property("value").dyn_into().map_err(|_| lost())?;
        Ok(Some(bytes.to_vec()))
    }
}

/// Aborts a request when it is dropped. After the end of the response that has no effect.
struct AbortOnDrop {
    controller: Option<AbortController>,
    /// The service worker that may be answering, and the name under which it knows the request.
    named: Option<(ServiceWorker, String)>,
}

impl AbortOnDrop {
    fn new() -> Self {
        // Every browser that runs wasm has an `AbortController`. Without one, requests would only continue after a
        // stop.
        Self { controller: AbortController::new().ok(), named: None }
    }

    /// Sends a request and waits for the headers of its response.
    async fn fetch(&mut self, request: Request, mode: RequestMode) -> Result<web_sys::Response, HttpError> {
        let Request { method, url, headers, body, follows_redirects, may_come_from_cache, has_credentials, timeout: _ } =
            request;
        let init = RequestInit::new();
        init.set_method(method.as_str());
        init.set_mode(mode);
        // The response to a `POST` is never cached. In Chrome, this would keep its preflight out of the cache as well.
        if method != Method::Post && !may_come_from_cache {
            init.set_cache(RequestCache::NoStore);
        }
        if !follows_redirects {
            init.set_redirect(RequestRedirect::Manual);
        }
        if !has_credentials {
            // Without a type of its own, which would make the first load larger. Setting a field never fails.
            let _ = Reflect::set(&init, &"credentials".into(), &"omit".into());
        }
        init.set_signal(self.controller.as_ref().map(AbortController::signal).as_ref());
        let js_headers = self.js_headers(&headers, &url)?;
        init.set_headers(&js_headers);
        if let Some(body) = body {
            init.set_body(&Uint8Array::from(body.as_slice()));
        }
        let Ok(request) = web_sys::Request::new_with_str_and_init(&url, &init) else {
            return Err(HttpError::InvalidUrl { url });
        };
        let Some(window) = web_sys::window() else { return Err(HttpError::Unreachable { url }) };
        let response = JsFuture::from(window.fetch_with_request(&request)).await;
        response.map(JsCast::unchecked_into).map_err(|_| HttpError::Unreachable { url })
    }

    /// The headers, and the name of a request that the service worker may answer: one to the site's own addresses.
    fn js_headers(&mut self, headers: &Headers, url: &str) -> Result<web_sys::Headers, HttpError> {
        let js_headers = web_sys::Headers::new().expect("an empty list of headers is valid");
        let add = |name: &str, value: &str| {
            js_headers.append(name, value).map_err(|_| HttpError::InvalidHeader { name: name.to_owned() })
        };
        headers.iter().try_for_each(|(name, value)| add(name, value))?;
        if let Some(worker) =
            service_worker::controller().filter(|_| url.split('?').next().is_some_and(|path| !path.contains("://")))
        {
            // As a whole number: the code that formats a fraction is larger.
            let name = ((js_sys::Math::random() * (1u64 << 53) as f64) as u64).to_string();
            add(REQUEST_NAME_HEADER, &name)?;
            self.named = Some((worker, name));
        }
        Ok(js_headers)
    }

    /// The whole response has been received.
    fn finish(&mut self) {
        self.named = None;
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(controller) = &self.controller {
            controller.abort();
        }
        // A service worker does not see the abort itself, only that the stream of its response is cancelled. WebKit
        // sometimes does not cancel it, and then the worker would continue forever. So it also gets a message.
        if let Some((worker, name)) = self.named.take() {
            service_worker::abort(&worker, &name);
        }
    }
}
