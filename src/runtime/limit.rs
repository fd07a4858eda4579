//! A semaphore whose waits are recorded: a limited number of tasks run at once, the others wait in a queue.
//!
//! A task that waits for its permit is *queued* in the record until the permit is granted, so that the timeline
//! separates time in the queue from time in progress.
//!
//! A permit that is returned goes to the task that has waited longest, and no other task is woken. The semaphore of
//! `async_lock` may wake two tasks for one permit, and the one that gets none moves to the end of the queue. Then the
//! order depends on the machine, and tasks are polled, and recorded, although they have nothing to do.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::measure::waits::{Awaited, ObjectKind};
use crate::measure::{EventKind, TaskId};
use crate::runtime::{Line, Run, here};

/// A number of permits that tasks share: the counterpart of `asyncio.Semaphore`. See [`Run::limit`].
#[derive(Debug)]
pub struct Limit {
    run: Run,
    /// The wait of the queued tasks.
    awaited: Awaited,
    free: Cell<usize>,
    queue: RefCell<VecDeque<Rc<Waiter>>>,
}

/// The permission to run under a [`Limit`]. Dropping it returns it.
#[derive(Debug)]
#[must_use = "a permit that is dropped immediately limits nothing"]
pub struct Permit<'a>(&'a Limit);

/// A task in the queue.
#[derive(Debug, Default)]
struct Waiter {
    is_granted: Cell<bool>,
    has_left: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Run {
    /// A limit of `most` tasks at once. `None` means no limit.
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
        let free = most.map_or(usize::MAX, NonZeroUsize::get);
        let permits = most.and_then(|most| u32::try_from(most.get()).ok());
        Limit::with_permits(self, free, self.add_object(ObjectKind::Semaphore, permits))
    }
}

impl Limit {
    /// A limit with this number of permits, for tasks that wait for `object`.
    pub(super) fn with_permits(run: &Run, free: usize, object: usize) -> Self {
        let awaited = Awaited::Object(object);
        Self { run: run.clone(), awaited, free: Cell::new(free), queue: RefCell::default() }
    }

    /// Waits for a permit. Tasks are served in the order of their calls. Dropping the future removes the task from the
    /// queue.
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Permit<'_>> {
        self.acquire_in(here())
    }

    /// Like [`acquire`](Self::acquire), but records that the task waits on `line`.
    pub(crate) async fn acquire_in(&self, line: Line) -> Permit<'_> {
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
            self.run.note_wait(line, &self.awaited);
            Poll::Pending
        })
        .await;
        entry.into_permit()
    }

    /// Gives a permit to the task that has waited longest, or keeps it for the next call.
    pub(super) fn add_permit(&self) {
        // The queue is not borrowed while a task is woken, because a woken task may enter the queue again.
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
    /// Consumes the permit without returning it to the limit.
    pub(super) fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.0.add_permit();
    }
}

/// An entry in the queue. Dropping it leaves the queue and returns the permit, if it was granted but not taken yet.
struct QueueEntry<'a> {
    limit: &'a Limit,
    waiter: Rc<Waiter>,
    // `None` outside of tasks; then nothing is recorded.
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
        let kind = if self.is_taken { EventKind::Granted } else { EventKind::LeftQueue };
        // An event is recorded only if the task goes on, so that it is the current one. A dropped task ends anyway.
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

    use futures::FutureExt;
    use futures::future::{join, join_all, select};
    use proptest::prelude::*;

    use super::*;
    use crate::measure::durations::Durations;
    use crate::measure::metrics::Metrics;
    use crate::measure::segments::{Phase, TaskHistories};
    use crate::measure::{Outcome, Record};
    use crate::runtime::virtual_time::block_on;
    use crate::test_support::{hold, ms};

    /// The time that each task spent in the queue, in microseconds.
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
        block_on(&run, join_all((0..3).map(|_| run.task("nap", hold(&run, &limit, ms(10)))))).expect("they end");
        assert_eq!(queued_us(&run.record()), [0, 10_000, 20_000]);
        assert_eq!(run.now(), ms(30));
    }

    #[test]
    fn without_a_limit_no_task_waits() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(None);
        block_on(&run, join_all((0..100).map(|_| hold(&run, &limit, ms(10))))).expect("they end");
        assert_eq!(run.now(), ms(10));
    }

    #[test]
    fn tasks_are_served_in_order() {
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
        assert_eq!(events, 8 * 5 + 992 * 9, "no task is woken without a permit");
    }

    #[test]
    fn a_permit_that_is_granted_but_not_taken_goes_to_the_next_task() {
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
    fn a_task_that_leaves_the_queue_is_no_longer_queued_and_takes_no_permit() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(1));
        let times_out = run.task("times_out", async {
            drop(select(Box::pin(limit.acquire()), run.sleep(ms(5))).await);
            run.sleep(ms(5)).await;
        });
        let holder = run.task("holder", hold(&run, &limit, ms(20)));
        block_on(&run, join(holder, times_out)).expect("they end");
        assert_eq!(queued_us(&run.record()), [5_000, 0], "in the order of spawning");
        assert!(limit.acquire().now_or_never().is_some(), "the permit is back");
    }

    #[test]
    fn tasks_that_are_dropped_in_the_queue_never_ran() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(3));
        let naps = join_all((0..100).map(|_| run.task("nap", hold(&run, &limit, ms(10)))));
        drop(block_on(&run, select(naps, run.sleep(ms(5)))).expect("the sleep ends"));
        let record = run.record();
        let naps = Durations::from_record(&record, "nap", None);
        assert_eq!((Metrics::from_record(&record).peak_concurrency, naps.peak(), naps.begun()), (3, 3, 3));
    }

    #[test]
    fn a_task_that_waits_for_two_permits_is_queued_until_it_has_both() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(1));
        let both = run.task("both", join(hold(&run, &limit, ms(10)), limit.acquire().map(drop)));
        let held = limit.acquire().now_or_never().expect("it is free");
        let give_back = async {
            run.sleep(ms(20)).await;
            drop(held);
        };
        block_on(&run, join(both, give_back)).expect("they end");
        assert_eq!(queued_us(&run.record()), [30_000], "20 ms for the first and 10 more for the second");
        assert_eq!(Durations::from_record(&run.record(), "both", None).tasks().len(), 1);
    }

    #[test]
    fn a_cancelled_task_returns_its_permit() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(1));
        let mut holder = Box::pin(run.task("holder", hold(&run, &limit, ms(1_000))));
        assert_eq!((&mut holder).now_or_never(), None);
        assert!(limit.acquire().now_or_never().is_none(), "the task holds it");
        drop(holder);
        assert!(limit.acquire().now_or_never().is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1_000))]

        #[test]
        fn permits_are_conserved_and_every_task_starts_and_ends_once(
            seed in 0..1_000_000u64, most in 1..12usize, tasks in 0..40usize, without_timeouts: bool,
        ) {
            let run = Run::on_virtual_clock(seed);
            let limit = run.limit(NonZeroUsize::new(most));
            let (held, peak) = (Cell::new(0), Cell::new(0));
            let work = |n: usize| {
                let (run, limit, held, peak) = (&run, &limit, &held, &peak);
                run.task("work", async move {
                    let mut rng = run.rng(format_args!("work {n}"));
                    let work_ms = rng.u64(1..50);
                    let timeout_ms = if without_timeouts { 100_000 } else { rng.u64(1..200) };
                    let work = async {
                        let _permit = limit.acquire().await;
                        held.set(held.get() + 1);
                        peak.set(peak.get().max(held.get()));
                        let _count_down = CountDown(held);
                        run.sleep(ms(work_ms)).await;
                    };
                    // Some time out, in the queue or in progress.
                    drop(select(Box::pin(work), run.sleep(ms(timeout_ms))).await);
                })
            };
            block_on(&run, join_all((0..tasks).map(work))).expect("they end");
            prop_assert_eq!((held.get(), peak.get()), (0, most.min(tasks)));
            let back = (0..most).map(|_| limit.acquire().now_or_never()).collect::<Option<Vec<_>>>();
            prop_assert!(back.is_some(), "all permits are back");
            prop_assert!(limit.acquire().now_or_never().is_none(), "and there are no others");
            drop(back);

            let record = run.record();
            if without_timeouts {
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

    /// Decrements a counter when it is dropped.
    struct CountDown<'a>(&'a Cell<usize>);

    impl Drop for CountDown<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
}
