//! A bounded queue between producers and consumers: backpressure.
//!
//! A queue without a bound hides that one side is slower than the other until memory is full. Here the faster side
//! waits, and the wait is *queued* in the record.
//!
//! The waits are those of two [limits](crate::runtime::Limit): each permit of one is a free slot, each permit of the
//! other is an item. So both sides are served in order, and no task is woken unnecessarily.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::num::NonZeroUsize;

use crate::measure::waits::ObjectKind;
use crate::runtime::{Limit, Run, here};

/// A bounded queue: the counterpart of `asyncio.Queue`. It may have any number of producers and consumers. See
/// [`Run::queue`].
#[derive(Debug)]
pub struct Queue<T> {
    items: RefCell<VecDeque<T>>,
    /// One permit for each free slot.
    free_slots: Limit,
    /// One permit for each item, and one more when the queue is closed.
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
    /// let producer = async {
    ///     for n in 0..3 {
    ///         queue.put(n).await;
    ///     }
    ///     queue.close();
    ///     run.now()
    /// };
    /// let consumer = async {
    ///     while queue.take().await.is_some() {
    ///         run.sleep(Duration::from_millis(100)).await;
    ///     }
    /// };
    /// let (producer_ended_at, ()) = virtual_time::block_on(&run, join(producer, consumer))?;
    /// assert_eq!(producer_ended_at, Duration::from_millis(100), "the third item had to wait for a free slot");
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    #[must_use]
    pub fn queue<T>(&self, bound: NonZeroUsize) -> Queue<T> {
        let object = self.add_object(ObjectKind::Queue, None);
        Queue {
            items: RefCell::default(),
            free_slots: Limit::with_permits(self, bound.get(), object),
            items_ready: Limit::with_permits(self, 0, object),
            is_closed: Cell::new(false),
        }
    }
}

impl<T> Queue<T> {
    /// Waits for a free slot and adds an item. Dropping the future drops the item.
    #[track_caller]
    pub fn put(&self, item: T) -> impl Future<Output = ()> {
        let line = here();
        async move {
            self.free_slots.acquire_in(line).await.forget();
            self.items.borrow_mut().push_back(item);
            self.items_ready.add_permit();
        }
    }

    /// Waits for an item and takes it. Returns `None` if the queue is closed and empty. Dropping the future takes
    /// nothing.
    #[track_caller]
    pub fn take(&self) -> impl Future<Output = Option<T>> {
        let line = here();
        async move {
            let permit = self.items_ready.acquire_in(line).await;
            // If the queue is closed and empty, the permit is returned, and the next consumer gets it.
            let item = self.items.borrow_mut().pop_front()?;
            permit.forget();
            self.free_slots.add_permit();
            Some(item)
        }
    }

    /// Closes the queue: no more items will be added. Its items can still be taken.
    pub fn close(&self) {
        if !self.is_closed.replace(true) {
            self.items_ready.add_permit();
        }
    }

    /// The number of items in the queue.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.borrow().len()
    }

    /// True if the queue has no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;
    use futures::future::{Either, join, join_all, select};
    use proptest::prelude::*;

    use super::*;
    use crate::measure::segments::{Phase, TaskHistories};
    use crate::runtime::virtual_time::block_on;
    use crate::test_support::ms;

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
    fn a_closed_queue_returns_its_items_and_then_none_to_every_consumer() {
        let run = Run::on_virtual_clock(1);
        let queue = run.queue(bound(3));
        let consumers = join_all((0..3).map(|_| queue.take()));
        let producer = async {
            queue.put(7).await;
            queue.close();
            queue.close();
        };
        let (taken, ()) = block_on(&run, join(consumers, producer)).expect("every consumer ends");
        assert_eq!(taken, [Some(7), None, None]);
        assert_eq!(queue.take().now_or_never(), Some(None), "later calls, too");
    }

    #[test]
    fn waits_on_both_sides_are_queued_in_the_record() {
        let run = Run::on_virtual_clock(1);
        let queue = run.queue(bound(1));
        let producer = async {
            run.sleep(ms(20)).await;
            queue.put(1).await;
            queue.put(2).await;
            run.task("put", queue.put(3)).await;
        };
        let consumer = async {
            run.task("take", queue.take()).await;
            run.sleep(ms(30)).await;
            queue.take().await;
        };
        block_on(&run, join(producer, consumer)).expect("they end");
        let record = run.record();
        let histories = TaskHistories::from_record(&record);
        let queued: Vec<_> = histories
            .segments()
            .iter()
            .filter(|segment| segment.phase == Phase::Queued)
            .map(|segment| (record.task(segment.task).name.kind(), segment.from_us, segment.to_us))
            .collect();
        assert_eq!(queued, [("take", 0, 20_000), ("put", 20_000, 50_000)]);
    }

    #[test]
    fn a_dropped_put_or_take_changes_nothing() {
        let run = Run::on_virtual_clock(1);
        let queue = run.queue(bound(1));
        let mut dropped = Box::pin(queue.take());
        assert_eq!((&mut dropped).now_or_never(), None);
        assert!(queue.put(1).now_or_never().is_some());
        drop(dropped);
        assert!(queue.put(2).now_or_never().is_none(), "the queue is full, and the item is dropped");
        assert_eq!(
            queue.take().now_or_never(),
            Some(Some(1)),
            "the item that was granted to the dropped future is still there"
        );
        assert_eq!((queue.take().now_or_never(), queue.len()), (None, 0));
        assert!(queue.put(3).now_or_never().is_some());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]

        #[test]
        fn no_item_is_lost_or_repeated_or_out_of_order(
            seed in 0..1_000_000u64, most in 1..6usize, items in 0..60u64, consumers in 1..5usize,
        ) {
            let run = Run::on_virtual_clock(seed);
            let queue = run.queue(bound(most));
            let (taken, deepest) = (RefCell::new(Vec::new()), Cell::new(0));
            let producer = async {
                for item in 0..items {
                    run.sleep(ms(run.rng(format_args!("make {item}")).u64(0..20))).await;
                    // Some calls time out and are repeated.
                    while let Either::Right(_) = select(Box::pin(queue.put(item)), run.sleep(ms(3))).await {}
                    deepest.set(deepest.get().max(queue.len()));
                }
                queue.close();
            };
            let consumer = async || {
                while let Some(item) = queue.take().await {
                    taken.borrow_mut().push(item);
                    run.sleep(ms(run.rng(format_args!("use {item}")).u64(0..40))).await;
                }
            };
            block_on(&run, join(producer, join_all((0..consumers).map(|_| consumer())))).expect("they end");
            prop_assert!(taken.into_inner().into_iter().eq(0..items));
            prop_assert!(deepest.get() <= most);
        }
    }
}
