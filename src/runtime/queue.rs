//! A line of bounded length between those who make things and those who use them: backpressure.
//!
//! A queue without a bound hides that one side is slower than the other until memory is full. Here whoever is quicker
//! waits, at this end or at that one, and the record calls the wait *queued*.
//!
//! Two [limits](crate::runtime::Limit) do the waiting: a permit of the one is a place that is free, a permit of the other
//! an item that lies there. So both ends are served first come, first served, and nobody is woken in vain.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::num::NonZeroUsize;

use crate::runtime::{Limit, Run};

/// What [`Run::queue`] gives: the `asyncio.Queue` of the page. Any number of tasks may stand at either end.
#[derive(Debug)]
pub struct Queue<T> {
    items: RefCell<VecDeque<T>>,
    /// A permit for each place that is free.
    free_slots: Limit,
    /// A permit for each item that is there, and one more when the queue is closed.
    items_ready: Limit,
    is_closed: Cell<bool>,
}

impl Run {
    /// A queue that holds at most `bound` items.
    ///
    /// ```
    /// use std::num::NonZeroUsize;
    /// use std::time::Duration;
    /// use futures::future::join;
    /// use interleave::runtime::{Run, virtual_time};
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let queue = run.queue(NonZeroUsize::MIN);
    /// let quick = async {
    ///     for n in 0..3 {
    ///         queue.put(n).await;
    ///     }
    ///     queue.close();
    ///     run.now()
    /// };
    /// let slow = async {
    ///     while queue.take().await.is_some() {
    ///         run.sleep(Duration::from_millis(100)).await;
    ///     }
    /// };
    /// let (quick_ended_at, ()) = virtual_time::block_on(&run, join(quick, slow))?;
    /// assert_eq!(quick_ended_at, Duration::from_millis(100), "the third had to wait for a place");
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    #[must_use]
    pub fn queue<T>(&self, bound: NonZeroUsize) -> Queue<T> {
        Queue {
            items: RefCell::default(),
            free_slots: self.limit(Some(bound)),
            items_ready: Limit::without_permits(self),
            is_closed: Cell::new(false),
        }
    }
}

impl<T> Queue<T> {
    /// Waits for a place and puts an item there. Dropping the future drops the item.
    pub async fn put(&self, item: T) {
        self.free_slots.acquire().await.forget();
        self.items.borrow_mut().push_back(item);
        self.items_ready.add_permit();
    }

    /// Waits for an item and takes it. None when the queue is closed and nothing is left in it. Dropping the future takes
    /// nothing.
    pub async fn take(&self) -> Option<T> {
        let permit = self.items_ready.acquire().await;
        // At the end the permit goes on to whoever else waits there.
        let item = self.items.borrow_mut().pop_front()?;
        permit.forget();
        self.free_slots.add_permit();
        Some(item)
    }

    /// Says that nothing more comes. What is in the queue can still be taken.
    pub fn close(&self) {
        if !self.is_closed.replace(true) {
            self.items_ready.add_permit();
        }
    }

    /// How many items lie in the queue.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }

    /// Whether no item lies in the queue.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt;
    use futures::future::{Either, join, join_all, select};
    use proptest::prelude::*;

    use super::*;
    use crate::measure::segments::{Phase, TaskHistories};
    use crate::runtime::virtual_time::block_on;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn bound(n: usize) -> NonZeroUsize {
        NonZeroUsize::new(n).expect("it is not zero")
    }

    #[test]
    fn the_bound_is_exact() {
        let run = Run::on_virtual_clock(1);
        for n in 1..5 {
            let queue = run.queue(bound(n));
            assert!((0..n).all(|item| queue.put(item).now_or_never().is_some()));
            assert_eq!((queue.put(n).now_or_never(), queue.len()), (None, n));
            assert_eq!(queue.take().now_or_never(), Some(Some(0)));
            assert!(queue.put(n).now_or_never().is_some());
        }
    }

    #[test]
    fn a_closed_queue_gives_what_is_left_and_then_tells_everybody_that_it_is_empty() {
        let run = Run::on_virtual_clock(1);
        let queue = run.queue(bound(3));
        let takers = join_all((0..3).map(|_| queue.take()));
        let maker = async {
            queue.put(7).await;
            queue.close();
            queue.close();
        };
        let (taken, ()) = block_on(&run, join(takers, maker)).expect("nobody waits for ever");
        assert_eq!(taken, [Some(7), None, None]);
        assert_eq!(queue.take().now_or_never(), Some(None), "and whoever comes later");
    }

    #[test]
    fn waits_at_both_ends_are_queued_in_the_record() {
        let run = Run::on_virtual_clock(1);
        let queue = run.queue(bound(1));
        let maker = async {
            run.sleep(ms(20)).await;
            queue.put(1).await;
            queue.put(2).await;
            run.task("put", queue.put(3)).await;
        };
        let taker = async {
            run.task("take", queue.take()).await;
            run.sleep(ms(30)).await;
            queue.take().await;
        };
        block_on(&run, join(maker, taker)).expect("they end");
        let record = run.record();
        let histories = TaskHistories::from_record(&record);
        let queued: Vec<_> = histories
            .segments()
            .iter()
            .filter(|segment| segment.phase == Phase::Queued)
            .map(|segment| (record.task(segment.task).name.as_ref(), segment.from_us, segment.to_us))
            .collect();
        assert_eq!(queued, [("take", 0, 20_000), ("put", 20_000, 50_000)]);
    }

    #[test]
    fn whoever_gives_up_at_either_end_takes_nothing_along() {
        let run = Run::on_virtual_clock(1);
        let queue = run.queue(bound(1));
        let mut early = Box::pin(queue.take());
        assert_eq!((&mut early).now_or_never(), None);
        assert!(queue.put(1).now_or_never().is_some());
        drop(early);
        assert!(queue.put(2).now_or_never().is_none(), "its place is not free, and it is dropped");
        assert_eq!(queue.take().now_or_never(), Some(Some(1)), "what was granted to the one who left is still there");
        assert_eq!((queue.take().now_or_never(), queue.len()), (None, 0));
        assert!(queue.put(3).now_or_never().is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn nothing_is_lost_or_doubled_or_overtakes(
            seed in 0..1_000_000u64, most in 1..6usize, items in 0..60u64, takers in 1..5usize,
        ) {
            let run = Run::on_virtual_clock(seed);
            let queue = run.queue(bound(most));
            let (taken, deepest) = (RefCell::new(Vec::new()), Cell::new(0));
            let maker = async {
                for item in 0..items {
                    run.sleep(ms(run.rng(format_args!("make {item}")).u64(0..20))).await;
                    // Some makers lose patience and come again.
                    while let Either::Right(_) = select(Box::pin(queue.put(item)), run.sleep(ms(3))).await {}
                    deepest.set(deepest.get().max(queue.len()));
                }
                queue.close();
            };
            let taker = async || {
                while let Some(item) = queue.take().await {
                    taken.borrow_mut().push(item);
                    run.sleep(ms(run.rng(format_args!("use {item}")).u64(0..40))).await;
                }
            };
            block_on(&run, join(maker, join_all((0..takers).map(|_| taker())))).expect("they end");
            prop_assert!(taken.into_inner().into_iter().eq(0..items));
            prop_assert!(deepest.get() <= most);
        }
    }
}
