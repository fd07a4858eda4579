//! Interleave: a browser playground for asynchronous programming in machine-learning work.
//!
//! The rooms, from the top; each knows only the rooms below it:
//!
//! - [`ui`]: what a person sees.
//! - [`benchmark`]: what the runtime itself costs, beside the browser's own promises.
//! - [`share`]: a run that leaves the page, as a link or a file, and runs that are kept.
//! - [`exercises`]: the lessons, and the catalogue that lists them.
//! - [`workers`]: the pool of Web Workers and the jobs that they can do.
//! - [`endpoint`]: asking over the network: the site's files, and inference endpoints.
//! - [`storage`]: files, in the browser's own storage.
//! - [`runtime`]: what `asyncio` is to the guide: runs, clocks, timers, tasks, limits, timeouts, retries, scopes.
//! - [`measure`]: the record of a run and the lenses that read it. Pure.
//! - [`lazy`]: code that is fetched when it is first needed.
//!
//! The crate `inference`, which knows no page, holds the digits, their classifiers and the model server's logic;
//! `model-server` puts that into a service worker.

pub mod benchmark;
pub mod endpoint;
pub mod exercises;
pub mod lazy;
pub mod measure;
pub mod runtime;
pub mod share;
pub mod storage;
pub mod ui;
pub mod workers;
