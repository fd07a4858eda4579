//! Recorded permits: at most so many at once, the rest wait in a queue.
//!
//! A task that has to wait for its permit is *queued* in the record until it is granted, so that the timeline shows
//! which time went into the queue and which into work.
//!
//! A permit that comes back is handed to whoever has waited longest, and wakes nobody else. The semaphore of
//! `async_lock` may wake two for one permit and sends the one who finds none to the end of the queue: then who is served
//! next depends on the machine, and every task is polled, and recorded, more often than it has something to do.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::measure::{EventKind, TaskId};
use crate::runtime::Run;

/// What [`Run::limit`] gives: a number of permits that tasks share, the `asyncio.Semaphore` of the page.
#[derive(Debug)]
pub struct Limit {
    run: Run,
    free: Cell<usize>,
    queue: RefCell<VecDeque<Rc<Waiter>>>,
}

/// The right to be one of the few. It goes back when it is dropped.
#[derive(Debug)]
#[must_use = "a permit that is dropped at once limits nothing"]
pub struct Permit<'a>(&'a Limit);

/// Somebody in the queue.
#[derive(Debug, Default)]
struct Waiter {
    is_granted: Cell<bool>,
    has_left: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Run {
    /// At most `most` tasks at once; none is no limit.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use std::time::Duration;
    /// use futures::future::join_all;
    /// use interleave::measure::metrics::Metrics;
    /// use interleave::runtime::{Run, virtual_time};
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let limit = run.limit(NonZeroUsize::new(2));
    /// let naps = (0..6).map(|_| {
    ///     run.task("nap", async {
    ///         let _permit = limit.acquire().await;
    ///         run.sleep(Duration::from_millis(100)).await;
    ///     })
    /// });
    /// virtual_time::block_on(&run, join_all(naps))?;
    /// assert_eq!(run.now(), Duration::from_millis(300), "six naps, two at a time");
    /// assert_eq!(Metrics::from_record(&run.record()).peak_concurrency, 2);
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    #[must_use]
    pub fn limit(&self, most: Option<NonZeroUsize>) -> Limit {
        let free = Cell::new(most.map_or(usize::MAX, NonZeroUsize::get));
        Limit { run: self.clone(), free, queue: RefCell::default() }
    }
}

impl Limit {
    /// One that has no permits until somebody [adds](Self::add_permit) them.
    pub(super) fn without_permits(run: &Run) -> Self {
        Self { run: run.clone(), free: Cell::new(0), queue: RefCell::default() }
    }

    /// Waits for a permit. Who comes first is served first. Dropping the future gives up the place in the queue.
    pub async fn acquire(&self) -> Permit<'_> {
        if let Some(left) = self.free.get().checked_sub(1) {
            self.free.set(left);
            return Permit(self);
        }
        let entry = QueueEntry::enter(self);
        poll_fn(|context| {
            if entry.waiter.is_granted.get() {
                return Poll::Ready(());
            }
            entry.waiter.waker.replace(Some(context.waker().clone()));
            Poll::Pending
        })
        .await;
        entry.into_permit()
    }

    /// Hands a permit to whoever has waited longest, or keeps it for whoever comes next.
    pub(super) fn add_permit(&self) {
        // The queue is let go before anybody is woken, who might want to stand in it again.
        let next = std::iter::from_fn(|| self.queue.borrow_mut().pop_front()).find(|it| !it.has_left.get());
        let Some(next) = next else {
            self.free.set(self.free.get() + 1);
            return;
        };
        next.is_granted.set(true);
        if let Some(waker) = next.waker.take() {
            waker.wake();
        }
    }
}

impl Permit<'_> {
    /// Uses it up: it does not go back.
    pub(super) fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.add_permit();
    }
}

/// A place in the queue. Dropping it gives it up, and the permit with it if one was granted and not taken yet.
struct QueueEntry<'a> {
    limit: &'a Limit,
    waiter: Rc<Waiter>,
    // Outside of any task there is nobody whom the record could call queued.
    task: Option<TaskId>,
    is_taken: bool,
}

impl<'a> QueueEntry<'a> {
    fn enter(limit: &'a Limit) -> Self {
        let waiter = Rc::<Waiter>::default();
        limit.queue.borrow_mut().push_back(Rc::clone(&waiter));
        let task = limit.run.current_task();
        task.inspect(|task| limit.run.push(*task, EventKind::Queued));
        Self { limit, waiter, task, is_taken: false }
    }

    fn into_permit(mut self) -> Permit<'a> {
        self.is_taken = true;
        Permit(self.limit)
    }
}

impl Drop for QueueEntry<'_> {
    fn drop(&mut self) {
        let kind = if self.is_taken { EventKind::Granted } else { EventKind::GaveUp };
        // A task that goes on without its permit gives up; one that is dropped in the queue ends there.
        if let Some(task) = self.task.filter(|_| self.limit.run.current_task() == self.task) {
            self.limit.run.push(task, kind);
        }
        self.waiter.has_left.set(true);
        if self.waiter.is_granted.get() && !self.is_taken {
            self.limit.add_permit();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use futures::FutureExt;
    use futures::future::{join, join_all, select};
    use proptest::prelude::*;

    use super::*;
    use crate::measure::durations::Durations;
    use crate::measure::metrics::Metrics;
    use crate::measure::segments::{Phase, TaskHistories};
    use crate::measure::{Outcome, Record};
    use crate::runtime::virtual_time::block_on;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// The time that each task spent in the queue.
    fn queued_us(record: &Record) -> Vec<u64> {
        let histories = TaskHistories::from_record(record);
        let mut queued = vec![0; histories.len()];
        for segment in histories.segments().iter().filter(|segment| segment.phase == Phase::Queued) {
            queued[segment.task.index()] += segment.to_us - segment.from_us;
        }
        queued
    }

    #[test]
    fn a_task_that_waits_for_a_permit_is_queued_until_it_is_granted() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(1));
        let nap = || async {
            let _permit = limit.acquire().await;
            run.sleep(ms(10)).await;
        };
        block_on(&run, join_all((0..3).map(|_| run.task("nap", nap())))).expect("they end");
        assert_eq!(queued_us(&run.record()), [0, 10_000, 20_000]);
        assert_eq!(run.now(), ms(30));
    }

    #[test]
    fn without_a_limit_nobody_waits() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(None);
        let nap = || async {
            let _permit = limit.acquire().await;
            run.sleep(ms(10)).await;
        };
        block_on(&run, join_all((0..100).map(|_| nap()))).expect("they end");
        assert_eq!(run.now(), ms(10));
    }

    #[test]
    fn who_comes_first_is_served_first() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(8));
        let served = RefCell::new(Vec::new());
        let work = |n: u64| {
            let (run, limit, served) = (&run, &limit, &served);
            run.task("work", async move {
                let _permit = limit.acquire().await;
                served.borrow_mut().push(n);
                run.sleep(ms(1 + n * 7 % 10)).await;
            })
        };
        block_on(&run, join_all((0..1_000).map(work))).expect("they end");
        assert!(served.into_inner().into_iter().eq(0..1_000));
        let events = run.record().events().len();
        assert_eq!(events, 8 * 5 + 992 * 9, "nobody is woken in vain");
    }

    #[test]
    fn a_permit_that_was_granted_and_not_taken_goes_to_the_next() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(1));
        let held = limit.acquire().now_or_never().expect("it is free");
        let mut first = Box::pin(limit.acquire());
        let mut second = Box::pin(limit.acquire());
        assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
        drop(held);
        drop(first);
        assert!(second.now_or_never().is_some());
    }

    #[test]
    fn whoever_gives_up_is_no_longer_queued_and_takes_no_permit() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(1));
        let impatient = run.task("impatient", async {
            drop(select(Box::pin(limit.acquire()), run.sleep(ms(5))).await);
            run.sleep(ms(5)).await;
        });
        let holder = run.task("holder", async {
            let _permit = limit.acquire().await;
            run.sleep(ms(20)).await;
        });
        block_on(&run, join(holder, impatient)).expect("they end");
        assert_eq!(queued_us(&run.record()), [5_000, 0], "in the order of spawning");
        assert!(limit.acquire().now_or_never().is_some(), "the permit is back");
    }

    #[test]
    fn tasks_that_are_dropped_in_the_queue_were_never_at_work() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(3));
        let nap = || async {
            let _permit = limit.acquire().await;
            run.sleep(ms(10)).await;
        };
        let naps = join_all((0..100).map(|_| run.task("nap", nap())));
        drop(block_on(&run, select(naps, run.sleep(ms(5)))).expect("patience ends"));
        let record = run.record();
        let naps = Durations::from_record(&record, "nap", None);
        assert_eq!((Metrics::from_record(&record).peak_concurrency, naps.peak(), naps.begun()), (3, 3, 3));
    }

    #[test]
    fn a_task_that_waits_for_two_permits_is_queued_until_it_has_both() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(1));
        let hold = async {
            let _permit = limit.acquire().await;
            run.sleep(ms(10)).await;
        };
        let greedy = run.task("greedy", join(hold, limit.acquire().map(drop)));
        let held = limit.acquire().now_or_never().expect("it is free");
        let give_back = async {
            run.sleep(ms(20)).await;
            drop(held);
        };
        block_on(&run, join(greedy, give_back)).expect("they end");
        assert_eq!(queued_us(&run.record()), [30_000], "20 ms for the first and 10 more for the second");
        assert_eq!(Durations::from_record(&run.record(), "greedy", None).tasks().len(), 1);
    }

    #[test]
    fn a_cancelled_task_gives_its_permit_back() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(1));
        let mut holder = Box::pin(run.task("holder", async {
            let _permit = limit.acquire().await;
            run.sleep(ms(1_000)).await;
        }));
        assert_eq!((&mut holder).now_or_never(), None);
        assert!(limit.acquire().now_or_never().is_none(), "somebody holds it");
        drop(holder);
        assert!(limit.acquire().now_or_never().is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn permits_are_conserved_and_every_task_starts_and_ends_once(
            seed in 0..1_000_000u64, most in 1..12usize, tasks in 0..40usize, are_patient: bool,
        ) {
            let run = Run::on_virtual_clock(seed);
            let limit = run.limit(NonZeroUsize::new(most));
            let (held, peak) = (Cell::new(0), Cell::new(0));
            let work = |n: usize| {
                let (run, limit, held, peak) = (&run, &limit, &held, &peak);
                run.task("work", async move {
                    let mut rng = run.rng(format_args!("work {n}"));
                    let work_ms = rng.u64(1..50);
                    let patience_ms = if are_patient { 100_000 } else { rng.u64(1..200) };
                    let work = async {
                        let _permit = limit.acquire().await;
                        held.set(held.get() + 1);
                        peak.set(peak.get().max(held.get()));
                        let _count_down = CountDown(held);
                        run.sleep(ms(work_ms)).await;
                    };
                    // Some lose patience, in the queue or at work.
                    drop(select(Box::pin(work), run.sleep(ms(patience_ms))).await);
                })
            };
            block_on(&run, join_all((0..tasks).map(work))).expect("they end");
            prop_assert_eq!((held.get(), peak.get()), (0, most.min(tasks)));
            let back = (0..most).map(|_| limit.acquire().now_or_never()).collect::<Option<Vec<_>>>();
            prop_assert!(back.is_some(), "all permits are back");
            prop_assert!(limit.acquire().now_or_never().is_none(), "and not one more");
            drop(back);

            let record = run.record();
            if are_patient {
                prop_assert_eq!(Metrics::from_record(&record).peak_concurrency as usize, most.min(tasks));
            }
            prop_assert_eq!(Metrics::from_record(&record).outcomes.get(Outcome::Succeeded) as usize, tasks);
            for task in 0..tasks {
                let of_task = || record.events().iter().filter(|event| event.task.index() == task).map(|it| it.kind);
                let starts = of_task().filter(|kind| *kind == EventKind::Spawned).count();
                let ends = of_task().filter(|kind| matches!(kind, EventKind::Ended(_))).count();
                prop_assert_eq!((starts, ends), (1, 1));
            }
        }
    }

    /// Counts one less when it goes.
    struct CountDown<'a>(&'a Cell<usize>);

    impl Drop for CountDown<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
}
