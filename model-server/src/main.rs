//! The model server as a service worker: what lies between the browser's fetch events and the server's logic.
//!
//! `service-worker.js`, at the root of the site, hands over the requests below `api/`. What they mean is left to
//! `inference::server`; here a plan becomes a response.
//!
//! A service worker is not told when a page aborts a request: `request.signal` never fires in it. It is told when nobody
//! reads a response's body any more. So every response begins at once, with status and headers, and its body is a
//! stream that gives all of it when it is due. When the stream is cancelled, the plan is dropped, and with it the
//! request's place in the queue. A client that wants the whole reply, which is one that reads JSON, sees no difference.
//!
//! WebKit forgets to cancel the stream when many requests are aborted on a busy machine. So a page may name a request, in
//! the header `x-request-name`, and say by a message when it has aborted it.

#[cfg(target_arch = "wasm32")]
mod worker;

fn main() {}
