//! Work beside the page: jobs for Web Workers, which have a processor and an event loop of their own.
//!
//! [`offload`] is the `run_in_executor` of the page. A worker runs the page's own wasm module, in a memory of its own:
//! a job goes there as a message and so does its answer. Each job has a worker to itself, which ends with it; a pool
//! that keeps workers for the next job is for work that comes in numbers.

#[cfg(target_arch = "wasm32")]
mod worker;

use std::time::Duration;

use crate::runtime::{Run, TaskError};

/// What a worker can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// Computes for that long, without a pause.
    Compute(Duration),
}

/// Why a job was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OffloadError {
    /// The browser makes no worker for this page.
    #[error("this browser makes no worker for this page")]
    Refused,
    /// The worker could not begin, or ended before its job.
    #[error("the worker ended before its job was done: {why}")]
    Died {
        /// What the browser says.
        why: String,
    },
}

impl TaskError for OffloadError {}

/// Has a job done by a worker, while the page goes on. Dropping the future ends the worker, whatever it is doing.
///
/// On the virtual clock a job takes as long as it computes.
///
/// # Errors
///
/// When the browser makes no worker, or the worker dies.
///
/// ```
/// use std::time::Duration;
/// use futures::future::join;
/// use interleave::runtime::{Run, virtual_time};
/// use interleave::workers::{Job, offload};
///
/// let run = Run::on_virtual_clock(7);
/// let job = || offload(&run, Job::Compute(Duration::from_millis(300)));
/// let both = virtual_time::block_on(&run, join(job(), job()))?;
/// assert_eq!(both, (Ok(()), Ok(())));
/// assert_eq!(run.now(), Duration::from_millis(300), "each has a processor of its own");
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
pub async fn offload(run: &Run, job: Job) -> Result<(), OffloadError> {
    #[cfg(target_arch = "wasm32")]
    if run.is_in_browser() {
        return worker::Worker::start().await?.answer(job).await;
    }
    let Job::Compute(length) = job;
    run.sleep(length).await;
    Ok(())
}
