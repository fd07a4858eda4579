//! The model server as a service worker: the layer between the browser's fetch events and the server's logic.
//!
//! `service-worker.js`, at the root of the site, passes on the requests below `api/`. `inference::server` interprets
//! them, and this crate turns a pending reply into a response.
//!
//! A service worker is not notified when a page aborts a request: `request.signal` never fires in it. It is notified
//! when a response's body is cancelled. So every response starts immediately, with status and headers, and its body is
//! a stream that sends everything when it is due. When the stream is cancelled, the pending reply is dropped, and with
//! it the request's place in the queue. A client that reads the whole body, such as JSON, sees no difference.
//!
//! WebKit sometimes does not cancel the stream when many requests are aborted on a busy machine. So a page can name a
//! request, in the header `x-request-name`, and send a message when it aborts the request.
//!
//! The same program is in the sandbox of readers' Python programs, where `stepped` answers requests on a virtual clock.

#[cfg(target_arch = "wasm32")]
mod stepped;
#[cfg(target_arch = "wasm32")]
mod worker;

fn main() {}
