//! Who does the jobs: started when first needed, kept while well, replaced when dead.

use std::cell::RefCell;
use std::num::NonZeroUsize;

use crate::runtime::{Limit, Run, join_all};
use crate::workers::{CompletedJob, Job, OffloadError};

/// One who does jobs, one at a time. Dropping it ends it, whatever it is doing.
pub(super) trait Worker: Sized {
    /// Comes to work.
    async fn start(run: &Run) -> Result<Self, OffloadError>;

    /// Does a job.
    async fn run(&mut self, job: Job) -> Result<CompletedJob, OffloadError>;

    /// Whether another job can be done. Who has nothing to do can die, too.
    fn is_alive(&mut self) -> bool;
}

/// A number of hands, and the queue before them.
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

    /// Has a job done by whoever is free, or will be. Who comes first is served first.
    pub async fn run(&self, job: Job) -> Result<CompletedJob, OffloadError> {
        let _permit = self.limit.acquire().await;
        let mut hand = self.hand().await?;
        // Held here alone: if nobody waits any more, the hand goes with this future.
        let done = hand.run(job).await;
        if !done.as_ref().is_err_and(OffloadError::is_fatal) {
            self.idle.borrow_mut().push(hand);
        }
        done
    }

    /// Starts the first `size` hands, as far as they are not there yet.
    pub async fn start(&self, size: NonZeroUsize) -> Result<(), OffloadError> {
        let one = async || {
            let _permit = self.limit.acquire().await;
            self.hand().await
        };
        let hands = join_all(&self.run, (0..size.get()).map(|_| one())).await;
        let hands = hands.into_iter().collect::<Result<Vec<_>, _>>()?;
        self.idle.borrow_mut().extend(hands);
        Ok(())
    }

    async fn hand(&self) -> Result<W, OffloadError> {
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
    use crate::measure::segments::{Lives, Phase};
    use crate::runtime::virtual_time::block_on;
    use crate::workers::Answer;

    thread_local! {
        static STARTED: Cell<usize> = const { Cell::new(0) };
        static ALIVE: Cell<usize> = const { Cell::new(0) };
    }

    /// Takes ten milliseconds to start, and as long as a job asks for. `Panic` kills it.
    struct TestWorker {
        run: Run,
        is_alive: bool,
    }

    impl Worker for TestWorker {
        async fn start(run: &Run) -> Result<Self, OffloadError> {
            STARTED.set(STARTED.get() + 1);
            ALIVE.set(ALIVE.get() + 1);
            let hand = Self { run: run.clone(), is_alive: true };
            run.sleep(ms(10)).await;
            Ok(hand)
        }

        async fn run(&mut self, job: Job) -> Result<CompletedJob, OffloadError> {
            self.run.sleep(job.service_time()).await;
            match job {
                Job::Panic(message) => Err(OffloadError::Panicked { message }),
                Job::Predict { .. } => Err(OffloadError::InvalidJob { why: "it is no image".to_owned() }),
                // A job of no length is one that it survives, but not for long.
                Job::Block(Duration::ZERO) => {
                    self.is_alive = false;
                    Ok(over(Duration::ZERO))
                }
                job => Ok(over(job.service_time())),
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

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    const fn over(worked: Duration) -> CompletedJob {
        CompletedJob { answer: Answer::Finished, worked }
    }

    fn dispatcher(size: usize) -> (Run, Dispatcher<TestWorker>) {
        let run = Run::on_virtual_clock(1);
        let dispatcher = Dispatcher::new(&run, NonZeroUsize::new(size).expect("it is not empty"));
        (run, dispatcher)
    }

    /// How many have ever been started, and how many are there now.
    fn hands() -> (usize, usize) {
        (STARTED.get(), ALIVE.get())
    }

    #[test]
    fn hands_are_started_when_needed_kept_for_the_next_job_and_end_with_their_crew() {
        let (run, dispatcher) = dispatcher(3);
        let work = async {
            dispatcher.run(Job::Compute(ms(100))).await.expect("it is done");
            assert_eq!(hands(), (1, 1), "one is enough for one job");
            join_all((0..9).map(|_| dispatcher.run(Job::Compute(ms(100))))).await
        };
        block_on(&run, work).expect("it ends");
        assert_eq!(hands(), (3, 3));
        assert_eq!(run.now(), ms(10 + 100 + 310), "nine jobs for three, two of whom had to start");
        drop(dispatcher);
        assert_eq!(hands(), (3, 0));
    }

    #[test]
    fn hands_that_were_started_before_do_not_keep_a_job_waiting() {
        let (run, dispatcher) = dispatcher(4);
        block_on(&run, dispatcher.start(NonZeroUsize::new(4).expect("4"))).expect("it ends").expect("they start");
        assert_eq!((run.now(), hands()), (ms(10), (4, 4)));
        block_on(&run, join_all((0..4).map(|_| dispatcher.run(Job::Compute(ms(100)))))).expect("it ends");
        assert_eq!((run.now(), hands()), (ms(110), (4, 4)));
    }

    #[test]
    fn who_comes_first_is_served_first_and_the_record_tells_queue_from_work() {
        let (run, dispatcher) = dispatcher(1);
        let jobs = (0..3).map(|_| run.try_task("job", dispatcher.run(Job::Compute(ms(100)))));
        block_on(&run, crate::runtime::join_all(&run, jobs)).expect("it ends");
        let record = run.record();
        let lives = Lives::from_record(&record);
        let queued = lives.segments().iter().filter(|segment| segment.phase == Phase::Queued);
        let queued: Vec<_> = queued.map(|segment| segment.to_us).collect();
        assert_eq!(queued, [110_000, 210_000]);
    }

    #[test]
    fn who_dies_gives_the_job_its_error_and_another_takes_the_place() {
        let (run, dispatcher) = dispatcher(1);
        let work = async {
            let died = dispatcher.run(Job::Panic("no more".to_owned())).await;
            assert_eq!(died, Err(OffloadError::Panicked { message: "no more".to_owned() }));
            assert_eq!(hands(), (1, 0));
            assert_eq!(dispatcher.run(Job::Compute(ms(5))).await, Ok(over(ms(5))));
            assert_eq!(hands(), (2, 1));
        };
        block_on(&run, work).expect("it ends");
    }

    #[test]
    fn who_dies_with_nothing_to_do_is_replaced() {
        let (run, dispatcher) = dispatcher(1);
        let work = async {
            assert_eq!(dispatcher.run(Job::Block(ms(0))).await, Ok(over(ms(0))));
            assert_eq!(dispatcher.run(Job::Compute(ms(5))).await, Ok(over(ms(5))));
        };
        block_on(&run, work).expect("it ends");
        assert_eq!(hands(), (2, 1));
    }

    #[test]
    fn a_job_that_makes_no_sense_leaves_its_hand_well() {
        let (run, dispatcher) = dispatcher(1);
        let nonsense = dispatcher.run(Job::Predict { weights: Vec::new(), images: Vec::new() });
        assert!(matches!(block_on(&run, nonsense), Ok(Err(OffloadError::InvalidJob { .. }))));
        assert_eq!(hands(), (1, 1));
    }

    #[test]
    fn who_drops_a_job_ends_its_hand_and_frees_the_place() {
        let (run, dispatcher) = dispatcher(1);
        let work = async {
            let endless = Box::pin(dispatcher.run(Job::Compute(ms(60_000))));
            drop(select(endless, run.sleep(ms(20))).await);
            assert_eq!(hands(), (1, 0), "it ends while it is at work");
            dispatcher.run(Job::Compute(ms(5))).await
        };
        assert_eq!(block_on(&run, work).expect("it ends"), Ok(over(ms(5))));
        assert_eq!((run.now(), hands()), (ms(35), (2, 1)));
    }
}
