//! [`Pool`]: workers for the jobs of a run.

use std::num::NonZeroUsize;
use std::rc::Rc;

use crate::runtime::{Line, Run, here};
use crate::workers::dispatcher::Dispatcher;
use crate::workers::virtual_worker::VirtualWorker;
#[cfg(target_arch = "wasm32")]
use crate::workers::web_worker::WebWorker;
use crate::workers::{CompletedJob, Job, OffloadError};

/// Workers for the jobs of a run. It is cheap to clone: clones are handles to the same pool. When the last handle is
/// dropped, the workers are terminated.
///
/// On the virtual clock each worker is a simulated processor, and a job takes exactly the time that it asks for.
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
/// use futures::future::join_all;
/// use interleave::runtime::{Run, virtual_time};
/// use interleave::workers::{Job, Pool};
///
/// let run = Run::on_virtual_clock(7);
/// let pool = Pool::new(&run, NonZeroUsize::new(2).unwrap());
/// let jobs = (0..6).map(|_| pool.offload(Job::Compute(Duration::from_millis(100))));
/// let done = virtual_time::block_on(&run, join_all(jobs))?;
/// assert!(done.iter().all(Result::is_ok));
/// assert_eq!(run.now(), Duration::from_millis(300), "six jobs, two at a time");
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pool(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    size: NonZeroUsize,
    backend: Backend,
}

#[derive(Debug)]
enum Backend {
    #[cfg(target_arch = "wasm32")]
    Browser(Dispatcher<WebWorker>),
    Virtual(Dispatcher<VirtualWorker>),
}

impl Pool {
    /// A pool of at most `size` workers. Each is started when it is first needed.
    #[must_use]
    pub fn new(run: &Run, size: NonZeroUsize) -> Self {
        #[cfg(target_arch = "wasm32")]
        if run.is_in_browser() {
            return Self(Rc::new(Inner { size, backend: Backend::Browser(Dispatcher::new(run, size)) }));
        }
        Self(Rc::new(Inner { size, backend: Backend::Virtual(Dispatcher::new(run, size)) }))
    }

    /// The maximum number of workers.
    #[must_use]
    pub fn size(&self) -> NonZeroUsize {
        self.0.size
    }

    /// Starts all workers, so that no job has to wait for a start. Each start is a task `start_worker` in the record.
    ///
    /// # Errors
    ///
    /// If a worker cannot be started.
    pub async fn start(&self) -> Result<(), OffloadError> {
        match &self.0.backend {
            #[cfg(target_arch = "wasm32")]
            Backend::Browser(dispatcher) => dispatcher.start(self.0.size).await,
            Backend::Virtual(dispatcher) => dispatcher.start(self.0.size).await,
        }
    }

    /// Runs a job in a worker, without blocking the page. The job is queued until a worker is free; jobs are served in
    /// order. The task that calls this is *queued* in the record until then. If a worker has to be started, that is a
    /// subtask `start_worker`.
    ///
    /// Dropping the future during the job terminates the worker; another is started when it is needed.
    ///
    /// # Errors
    ///
    /// If no worker can be started, the worker dies, or the job is invalid. The pool can still be used.
    #[track_caller]
    pub fn offload(&self, job: Job) -> impl Future<Output = Result<CompletedJob, OffloadError>> {
        self.offload_in(here(), job)
    }

    async fn offload_in(&self, line: Line, job: Job) -> Result<CompletedJob, OffloadError> {
        match &self.0.backend {
            #[cfg(target_arch = "wasm32")]
            Backend::Browser(dispatcher) => dispatcher.run_in(line, job).await,
            Backend::Virtual(dispatcher) => dispatcher.run_in(line, job).await,
        }
    }
}

/// Runs one job in a new worker, which ends with the job: the counterpart of `run_in_executor`. Use a [`Pool`] for many
/// jobs.
///
/// # Errors
///
/// See [`Pool::offload`].
///
/// ```
/// use std::time::Duration;
/// use futures::future::join;
/// use interleave::runtime::{Run, virtual_time};
/// use interleave::workers::{Job, offload};
///
/// let run = Run::on_virtual_clock(7);
/// let job = || offload(&run, Job::Compute(Duration::from_millis(300)));
/// let (one, other) = virtual_time::block_on(&run, join(job(), job()))?;
/// assert!(one.is_ok() && other.is_ok());
/// assert_eq!(run.now(), Duration::from_millis(300), "each has a processor of its own");
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
#[track_caller]
pub fn offload(run: &Run, job: Job) -> impl Future<Output = Result<CompletedJob, OffloadError>> {
    let line = here();
    async move { Pool::new(run, NonZeroUsize::MIN).offload_in(line, job).await }
}

/// The number of processors, or 1 if the browser does not report it.
#[must_use]
pub fn processors() -> NonZeroUsize {
    #[cfg(target_arch = "wasm32")]
    let number = crate::workers::web_worker::hardware_concurrency();
    #[cfg(not(target_arch = "wasm32"))]
    let number = std::thread::available_parallelism().ok();
    number.unwrap_or(NonZeroUsize::MIN)
}
