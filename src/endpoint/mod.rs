//! Asking over the network: the site's own files, and inference endpoints that speak the Open Inference Protocol v2.
//!
//! - [`client`]: the [`Client`] of an endpoint, with errors told apart by cause.
//! - [`address`]: where an endpoint is.
//! - [`transport`]: how requests get there: by `fetch`, or on the virtual clock to the model server's own logic.
//! - `fetch`: `fetch` under a guard, so that dropping a request aborts it.
//! - [`model_server`]: starts the server that the site brings along.
//! - [`service_worker`]: the worker in which it runs, which also caches the site for when there is no network.
//!
//! A client knows addresses only. Nothing in it depends on which server answers there. Only `fetch` makes a difference, by
//! origin: requests to the site's own addresses bear a name, by which its service worker is told of aborts.

pub mod address;
pub mod client;
mod error;
#[cfg(target_arch = "wasm32")]
pub mod fetch;
pub mod model_server;
mod retry_after;
pub mod service_worker;
pub mod transport;

pub use address::{AddressError, BaseUrl};
pub use client::Client;
pub use error::{EndpointError, FetchError};
