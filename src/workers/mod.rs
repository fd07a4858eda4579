//! Jobs for Web Workers, which run in parallel with the page and have an event loop of their own.
//!
//! A [`Pool`] is the counterpart of Python's `ProcessPoolExecutor`: a fixed number of workers, each started when it is
//! first needed and then reused, and a queue of jobs that wait for a worker. A worker runs the page's own wasm module
//! in its own memory. A job is sent to it as a message, and the answer comes back as a message; buffers are transferred
//! and not copied. [`Job`] lists the jobs.
//!
//! To stop a job, drop its future. A worker cannot be interrupted, so the worker is terminated.

mod dispatcher;
mod job;
#[cfg(target_arch = "wasm32")]
mod message;
mod pool;
mod runner;
mod virtual_worker;
#[cfg(target_arch = "wasm32")]
mod web_worker;
#[cfg(target_arch = "wasm32")]
mod worker_main;

pub use job::{Answer, CompletedJob, Job, OffloadError};
pub use pool::{Pool, offload, processors};
pub use runner::cpu_bound_task;
