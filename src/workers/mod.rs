//! Work beside the page: jobs for Web Workers, which have a processor and an event loop of their own.
//!
//! A [`Pool`] is the `ProcessPoolExecutor` of the page: as many workers as are wanted, each started when it is first
//! needed and kept for the next job, and a queue for what they cannot begin yet. A worker runs the page's own wasm
//! module, in a memory of its own: a job goes there as a message, its buffers are handed over and not copied, and so
//! comes its answer. What jobs there are stands in [`Job`].
//!
//! Whoever waits for a job drops the future to stop it: a worker cannot be interrupted, so it is ended.

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
