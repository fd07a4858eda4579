//! Interleave: a browser playground for asynchronous programming in machine-learning work.
//!
//! The modules, from the top. Each uses only modules below it; `workers` and `endpoint` do not use each other.
//!
//! - `ui`: everything that the user sees.
//! - [`frame`]: the texts and links around every page, and the first page's run and cards, also for the HTML of
//!   `tools/site`.
//! - [`benchmark`]: the cost of the runtime itself, compared with the browser's promises.
//! - [`share`]: runs outside the page, as links and files, and saved runs.
//! - [`figures`]: each chart, defined once for the page and for the HTML report. Pure.
//! - [`exercises`]: the exercises, and the catalogue that lists them.
//! - [`python`]: readers' own Python programs, in a sandbox.
//! - [`workers`]: the pool of Web Workers and the jobs that they can do.
//! - [`endpoint`]: requests over the network: the site's files, and inference endpoints.
//! - [`storage`]: files in the browser's own storage.
//! - [`runtime`]: the counterpart of `asyncio`: runs, clocks, timers, tasks, limits, timeouts, retries, scopes.
//! - [`measure`]: the record of a run and everything that is computed from it. Pure.
//! - [`lazy`]: code that is loaded when it is first needed.
//! - `source_hashes`: the hashes of the files that recorded lines refer to.
//! - `test_support`: helpers for the tests of several modules.
//!
//! The crate `inference` has the digits, their classifiers and the model server's logic, and does not depend on the
//! page. `model-server` puts that into a service worker.

pub mod benchmark;
pub mod endpoint;
pub mod exercises;
pub mod figures;
pub mod frame;
pub mod lazy;
pub mod measure;
pub mod python;
pub mod runtime;
pub mod share;
mod source_hashes;
pub mod storage;
#[cfg(test)]
mod test_support;
#[cfg(target_arch = "wasm32")]
pub mod ui;
pub mod workers;
