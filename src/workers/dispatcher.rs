//! Gives jobs to workers: starts a worker when it is first needed, reuses it, and replaces it when it has died.

use std::cell::RefCell;
use std::num::NonZeroUsize;

use crate::measure::waits::Awaited;
use crate::runtime::{Limit, Line, Run, join_all};
use crate::workers::{CompletedJob, Job, OffloadError};

/// Runs jobs, one at a time. Dropping it terminates it, even during a job.
pub(super) trait Worker: Sized {
    /// Starts a worker and waits until it is ready.
    async fn start(run: &Run) -> Result<Self, OffloadError>;

    /// Runs a job.
    async fn run(&mut self, job: Job) -> Result<CompletedJob, OffloadError>;

    /// True if the worker can run another job. An idle worker can die, too.
    fn is_alive(&mut self) -> bool;
}

/// A limited number of workers, and the queue of jobs that wait for one.
#[derive(Debug)]
pub(super) struct Dispatcher<W> {
    run: Run,
    limit: Limit,
    idle: RefCell<Vec<W>>,
}

impl<W: Worker> Dispatcher<W> {
    pub fn new(run: &Run, size: NonZeroUsize) -> Self {
        Self { run: run.clone(), limit: run.limit(Some(size)), idle: RefCell::default() }
    }

    /// Runs a job on the next free worker. Jobs are served in the order in which they were queued. The task that calls this
    /// waits in `line`.
    pub async fn run_in(&self, line: Line, job: Job) -> Result<CompletedJob, OffloadError> {
        self.run.with_line(line, self.run(job)).await
    }

    async fn run(&self, job: Job) -> Result<CompletedJob, OffloadError> {
        let _permit = self.limit.acquire_in(None).await;
        let mut worker = self.worker().await?;
        // Only this future holds the worker, so that dropping it terminates the worker.
        let result = self.run.noted_without_line(Awaited::Worker, worker.run(job)).await;
        if !result.as_ref().is_err_and(OffloadError::is_fatal) {
            self.idle.borrow_mut().push(worker);
        }
        result
    }

    /// Makes `size` workers ready: starts those that are not running yet.
    pub async fn start(&self, size: NonZeroUsize) -> Result<(), OffloadError> {
        let one = async || {
            let _permit = self.limit.acquire().await;
            self.worker().await
        };
        let workers = join_all(&self.run, (0..size.get()).map(|_| one())).await;
        let workers = workers.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.idle.borrow_mut().extend(workers);
        Ok(())
    }

    /// An idle worker, or a new one.
    async fn worker(&self) -> Result<W, OffloadError> {
        let mut idle = std::iter::from_fn(|| self.idle.borrow_mut().pop());
        match idle.find_map(|mut worker| worker.is_alive().then_some(worker)) {
            Some(worker) => Ok(worker),
            None => W::start(&self.run).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use futures::future::{join_all, select};

    use super::*;
    use crate::measure::segments::{Phase, TaskHistories};
    use crate::runtime::virtual_time::block_on;
    use crate::test_support::ms;
    use crate::workers::Answer;

    thread_local! {
        static STARTED: Cell<usize> = const { Cell::new(0) };
        static ALIVE: Cell<usize> = const { Cell::new(0) };
    }

    /// Takes ten milliseconds to start, and runs a job for as long as the job says. `Panic` kills it.
    struct TestWorker {
        run: Run,
        is_alive: bool,
    }

    impl Worker for TestWorker {
        async fn start(run: &Run) -> Result<Self, OffloadError> {
            STARTED.set(STARTED.get() + 1);
            ALIVE.set(ALIVE.get() + 1);
            let worker = Self { run: run.clone(), is_alive: true };
            run.sleep(ms(10)).await;
            Ok(worker)
        }

        async fn run(&mut self, job: Job) -> Result<CompletedJob, OffloadError> {
            self.run.sleep(job.service_time()).await;
            match job {
                Job::Panic(message) => Err(OffloadError::Panicked { message }),
                Job::Predict { .. } => Err(OffloadError::InvalidJob { why: "not an image".to_owned() }),
                // After a job of zero length, the worker dies while it is idle.
                Job::Block(Duration::ZERO) => {
                    self.is_alive = false;
                    Ok(finished(Duration::ZERO))
                }
                job => Ok(finished(job.service_time())),
            }
        }

        fn is_alive(&mut self) -> bool {
            self.is_alive
        }
    }

    impl Drop for TestWorker {
        fn drop(&mut self) {
            ALIVE.set(ALIVE.get() - 1);
        }
    }

    const fn finished(worked: Duration) -> CompletedJob {
        CompletedJob { answer: Answer::Finished, worked }
    }

    fn dispatcher(size: usize) -> (Run, Dispatcher<TestWorker>) {
        let run = Run::on_virtual_clock(1);
        let dispatcher = Dispatcher::new(&run, NonZeroUsize::new(size).expect("the size is not zero"));
        (run, dispatcher)
    }

    /// The number of workers started so far, and the number of them that still exist.
    fn workers() -> (usize, usize) {
        (STARTED.get(), ALIVE.get())
    }

    #[test]
    fn workers_are_started_when_needed_then_reused_and_end_with_their_dispatcher() {
        let (run, dispatcher) = dispatcher(3);
        let work = async {
            dispatcher.run(Job::Compute(ms(100))).await.expect("the job succeeds");
            assert_eq!(workers(), (1, 1), "one job needs one worker");
            join_all((0..9).map(|_| dispatcher.run(Job::Compute(ms(100))))).await
        };
        block_on(&run, work).expect("it ends");
        assert_eq!(workers(), (3, 3));
        assert_eq!(run.now(), ms(10 + 100 + 310), "nine jobs on three workers, two of which had to start");
        drop(dispatcher);
        assert_eq!(workers(), (3, 0));
    }

    #[test]
    fn jobs_do_not_wait_for_workers_that_are_started_in_advance() {
        let (run, dispatcher) = dispatcher(4);
        block_on(&run, dispatcher.start(NonZeroUsize::new(4).expect("4 is not zero")))
            .expect("it ends")
            .expect("they start");
        assert_eq!((run.now(), workers()), (ms(10), (4, 4)));
        block_on(&run, join_all((0..4).map(|_| dispatcher.run(Job::Compute(ms(100)))))).expect("it ends");
        assert_eq!((run.now(), workers()), (ms(110), (4, 4)));
    }

    #[test]
    fn jobs_run_in_order_and_the_record_separates_queueing_from_running() {
        let (run, dispatcher) = dispatcher(1);
        let jobs = (0..3).map(|_| run.try_task("job", dispatcher.run(Job::Compute(ms(100)))));
        block_on(&run, crate::runtime::join_all(&run, jobs)).expect("it ends");
        let record = run.record();
        let histories = TaskHistories::from_record(&record);
        let queued = histories.segments().into_iter().filter(|segment| segment.phase == Phase::Queued);
        let queued: Vec<_> = queued.map(|segment| segment.to_us).collect();
        assert_eq!(queued, [110_000, 210_000]);
    }

    #[test]
    fn a_worker_that_dies_fails_its_job_and_is_replaced() {
        let (run, dispatcher) = dispatcher(1);
        let work = async {
            let died = dispatcher.run(Job::Panic("no more".to_owned())).await;
            assert_eq!(died, Err(OffloadError::Panicked { message: "no more".to_owned() }));
            assert_eq!(workers(), (1, 0));
            assert_eq!(dispatcher.run(Job::Compute(ms(5))).await, Ok(finished(ms(5))));
            assert_eq!(workers(), (2, 1));
        };
        block_on(&run, work).expect("it ends");
    }

    #[test]
    fn a_worker_that_dies_while_idle_is_replaced() {
        let (run, dispatcher) = dispatcher(1);
        let work = async {
            assert_eq!(dispatcher.run(Job::Block(ms(0))).await, Ok(finished(ms(0))));
            assert_eq!(dispatcher.run(Job::Compute(ms(5))).await, Ok(finished(ms(5))));
        };
        block_on(&run, work).expect("it ends");
        assert_eq!(workers(), (2, 1));
    }

    #[test]
    fn an_invalid_job_does_not_end_its_worker() {
        let (run, dispatcher) = dispatcher(1);
        let invalid = dispatcher.run(Job::Predict { weights: Vec::new(), images: Vec::new() });
        assert!(matches!(block_on(&run, invalid), Ok(Err(OffloadError::InvalidJob { .. }))));
        assert_eq!(workers(), (1, 1));
    }

    #[test]
    fn dropping_a_job_terminates_its_worker_and_frees_its_permit() {
        let (run, dispatcher) = dispatcher(1);
        let work = async {
            let endless = Box::pin(dispatcher.run(Job::Compute(ms(60_000))));
            drop(select(endless, run.sleep(ms(20))).await);
            assert_eq!(workers(), (1, 0), "terminated during its job");
            dispatcher.run(Job::Compute(ms(5))).await
        };
        assert_eq!(block_on(&run, work).expect("it ends"), Ok(finished(ms(5))));
        assert_eq!((run.now(), workers()), (ms(35), (2, 1)));
    }
}
