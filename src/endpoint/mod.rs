//! Requests over the network, in two layers: HTTP, and the protocols of inference endpoints on top of it.
//!
//! - [`http`]: a request, its response, and a body that is read whole or chunk by chunk. Dropping any of them aborts.
//! - [`oip`]: the client of the Open Inference Protocol v2.
//! - [`network`]: the HTTP client of a run: real requests on the page, the simulated server on the virtual clock.
//! - [`simulated_server`]: the model server's own logic on the virtual clock.
//! - [`site_file`]: the site's own files.
//! - [`model_server`]: starts the model server that comes with the site.
//! - [`service_worker`]: the worker in which that server runs. It also caches the site for use without a network.
//!
//! Each layer has an error type whose variants are causes, and gives the advice for the errors that it explains.

pub mod http;
pub mod model_server;
#[cfg(test)]
pub(crate) mod mutations;
pub mod network;
pub mod oip;
pub mod service_worker;
pub mod simulated_server;
pub mod site_file;
