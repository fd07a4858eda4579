//! [`Pool`]: workers for the jobs of a run.

use std::num::NonZeroUsize;
use std::rc::Rc;

use crate::runtime::Run;
use crate::workers::dispatcher::Dispatcher;
use crate::workers::virtual_worker::VirtualWorker;
#[cfg(target_arch = "wasm32")]
use crate::workers::web_worker::WebWorker;
use crate::workers::{CompletedJob, Job, OffloadError};

/// Workers for the jobs of a run. Cheap to clone: clones are handles to the same pool. When the last is dropped, its
/// workers end.
///
/// On the virtual clock it is a number of processors, and a job takes as long as it asks for.
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
    /// A pool of at most so many workers. Each is started when it is first needed.
    #[must_use]
    pub fn new(run: &Run, size: NonZeroUsize) -> Self {
        #[cfg(target_arch = "wasm32")]
        if run.is_in_browser() {
            return Self(Rc::new(Inner { size, backend: Backend::Browser(Dispatcher::new(run, size)) }));
        }
        Self(Rc::new(Inner { size, backend: Backend::Virtual(Dispatcher::new(run, size)) }))
    }

    /// How many workers it has at most.
    #[must_use]
    pub fn size(&self) -> NonZeroUsize {
        self.0.size
    }

    /// Starts all its workers, so that no job has to wait for that. Each start is a task `start_worker` on the record.
    ///
    /// # Errors
    ///
    /// When one of them cannot be started.
    pub async fn start(&self) -> Result<(), OffloadError> {
        match &self.0.backend {
            #[cfg(target_arch = "wasm32")]
            Backend::Browser(dispatcher) => dispatcher.start(self.0.size).await,
            Backend::Virtual(dispatcher) => dispatcher.start(self.0.size).await,
        }
    }

    /// Has a job done by a worker, while the page goes on. It queues until one is free; who comes first is served
    /// first. A task that waits for this is *queued* on the record until then, and what a worker's start takes is a task
    /// `start_worker` in it.
    ///
    /// Dropping the future while the worker is at it ends that worker; another is started when it is needed.
    ///
    /// # Errors
    ///
    /// When no worker can be started, it dies, or the job makes no sense. The pool is as good as before.
    pub async fn offload(&self, job: Job) -> Result<CompletedJob, OffloadError> {
        match &self.0.backend {
            #[cfg(target_arch = "wasm32")]
            Backend::Browser(dispatcher) => dispatcher.run(job).await,
            Backend::Virtual(dispatcher) => dispatcher.run(job).await,
        }
    }
}

/// Has one job done by a worker of its own, which ends with it: the `run_in_executor` of the page. Work that comes in
/// numbers is for a [`Pool`].
///
/// # Errors
///
/// As [`Pool::offload`].
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
pub async fn offload(run: &Run, job: Job) -> Result<CompletedJob, OffloadError> {
    Pool::new(run, NonZeroUsize::MIN).offload(job).await
}

/// How many processors this machine has, as far as it tells.
#[must_use]
pub fn processors() -> NonZeroUsize {
    #[cfg(target_arch = "wasm32")]
    let told = crate::workers::web_worker::hardware_concurrency();
    #[cfg(not(target_arch = "wasm32"))]
    let told = std::thread::available_parallelism().ok();
    told.unwrap_or(NonZeroUsize::MIN)
}
