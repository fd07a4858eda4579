//! One timer for all sleepers.
//!
//! All sleepers of a run are in one ordered queue, and at most one alarm of the clock is set: for the earliest
//! deadline. When it goes off, the sleepers that are due are removed first, then the alarm is set for the next
//! deadline, and only then are the sleepers woken, so that a task that wakes may sleep again immediately.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::measure::waits::Awaited;
use crate::runtime::{Line, Run};

/// The id of a sleeper. It is valid for one sleep, until the sleeper is woken or removed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SleeperId {
    deadline_us: u64,
    bucket: u64,
    slot: usize,
}

/// All sleepers with the same deadline, in the order of their calls. Browsers' clocks are coarse, so many sleeps that
/// begin in a row share a deadline, and the queue stays short.
#[derive(Debug)]
struct Bucket {
    id: u64,
    slots: Vec<Option<Waker>>,
    asleep: usize,
}

/// The queue of sleepers. It has no clock: its owner passes the time.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    buckets: BTreeMap<u64, Bucket>,
    buckets_made: u64,
    alarm_us: Option<u64>,
}

impl Timers {
    /// Adds a sleeper.
    pub(crate) fn insert(&mut self, deadline_us: u64, waker: Waker) -> SleeperId {
        let bucket = self.buckets.entry(deadline_us).or_insert_with(|| {
            self.buckets_made += 1;
            Bucket { id: self.buckets_made, slots: Vec::new(), asleep: 0 }
        });
        bucket.slots.push(Some(waker));
        bucket.asleep += 1;
        SleeperId { deadline_us, bucket: bucket.id, slot: bucket.slots.len() - 1 }
    }

    /// Updates the waker of a sleeper. Returns false if the sleeper is no longer in the queue because it was woken.
    pub(crate) fn is_asleep(&mut self, id: SleeperId, waker: &Waker) -> bool {
        let Some(sleeper) = self.bucket(id).and_then(|bucket| bucket.slots[id.slot].as_mut()) else {
            return false;
        };
        sleeper.clone_from(waker);
        true
    }

    /// Removes a sleeper without waking it.
    pub(crate) fn remove(&mut self, id: SleeperId) {
        let Some(bucket) = self.bucket(id) else { return };
        bucket.slots[id.slot] = None;
        bucket.asleep -= 1;
        if bucket.asleep == 0 {
            self.buckets.remove(&id.deadline_us);
        }
    }

    fn bucket(&mut self, id: SleeperId) -> Option<&mut Bucket> {
        self.buckets.get_mut(&id.deadline_us).filter(|bucket| bucket.id == id.bucket)
    }

    /// Removes the wakers of all sleepers that are due, in the order of their deadlines.
    pub(crate) fn take_due(&mut self, now_us: u64) -> impl Iterator<Item = Waker> + use<> {
        let later = self.buckets.split_off(&(now_us + 1));
        let due = std::mem::replace(&mut self.buckets, later);
        due.into_values().flat_map(|bucket| bucket.slots).flatten()
    }

    /// The earliest deadline.
    pub(crate) fn next_us(&self) -> Option<u64> {
        self.buckets.first_key_value().map(|(deadline_us, _)| *deadline_us)
    }

    /// The deadline for which the alarm must be set now. `None` if the current alarm is early enough. Its sleeper may
    /// have been removed; then it finds no sleeper that is due, and the next alarm is set.
    #[cfg_attr(
        not(any(target_arch = "wasm32", test)),
        expect(dead_code, reason = "only the browser's clock has an alarm")
    )]
    pub(crate) fn alarm_to_set(&mut self) -> Option<u64> {
        let next_us = self.next_us()?;
        if self.is_covered(next_us) {
            return None;
        }
        self.alarm_us = Some(next_us);
        Some(next_us)
    }

    /// True if the current alarm is early enough for this deadline.
    pub(crate) fn is_covered(&self, deadline_us: u64) -> bool {
        self.alarm_us.is_some_and(|alarm_us| alarm_us <= deadline_us)
    }

    /// Records that the alarm went off or was cleared.
    pub(crate) fn alarm_went_off(&mut self) {
        self.alarm_us = None;
    }

    /// The number of sleepers.
    pub(crate) fn len(&self) -> usize {
        self.buckets.values().map(|bucket| bucket.asleep).sum()
    }

    /// True if there are no sleepers.
    pub(crate) fn is_empty(&self) -> bool {
        self.buckets.is_empty()
    }
}

/// The future of [`Run::sleep`].
///
/// It counts from its first poll, as Python's `asyncio.sleep` counts from its first await. It may end late, if the
/// event loop is busy, but never early. Dropping it removes it from the queue.
#[derive(Debug)]
#[must_use = "a future does nothing until it is awaited"]
pub struct Sleep {
    run: Run,
    duration: Duration,
    /// The line to record while the current task waits. `None` for sleeps of the runtime's own.
    line: Line,
    id: Option<SleeperId>,
    is_over: bool,
}

impl Sleep {
    pub(crate) fn new(run: Run, duration: Duration, line: Line) -> Self {
        Self { run, duration, line, id: None, is_over: false }
    }

    pub(crate) fn run(&self) -> &Run {
        &self.run
    }

    fn pending(&self) -> Poll<()> {
        if self.line.is_some() {
            self.run.note_wait(self.line, &Awaited::Timer);
        }
        Poll::Pending
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(id) = self.id else {
            if self.is_over {
                return Poll::Ready(());
            }
            self.id = Some(self.run.add_sleeper(self.duration, context.waker().clone()));
            return self.pending();
        };
        if self.run.is_asleep(id, context.waker()) {
            return self.pending();
        }
        self.id = None;
        self.is_over = true;
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.run.remove_sleeper(id);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::task::noop_waker;

    use super::*;

    #[test]
    fn due_sleepers_leave_in_the_order_of_their_deadlines_and_calls() {
        let mut timers = Timers::default();
        let ids = [30, 10, 30, 20, 31].map(|at| timers.insert(at, noop_waker()));
        assert_eq!(timers.take_due(30).count(), 4);
        assert_eq!((timers.len(), timers.next_us()), (1, Some(31)));
        assert!(!timers.is_asleep(ids[0], &noop_waker()));
        assert!(timers.is_asleep(ids[4], &noop_waker()));
    }

    #[test]
    fn the_alarm_is_set_again_only_for_an_earlier_deadline() {
        let mut timers = Timers::default();
        assert_eq!(timers.alarm_to_set(), None, "there are no sleepers");
        timers.insert(50, noop_waker());
        assert_eq!(timers.alarm_to_set(), Some(50));
        timers.insert(60, noop_waker());
        assert_eq!(timers.alarm_to_set(), None, "the alarm at 50 comes first");
        timers.insert(40, noop_waker());
        assert_eq!(timers.alarm_to_set(), Some(40));
        timers.alarm_went_off();
        assert_eq!(timers.take_due(40).count(), 1);
        assert_eq!(timers.alarm_to_set(), Some(50));
    }

    #[test]
    fn a_sleeper_that_is_removed_is_not_woken() {
        let mut timers = Timers::default();
        let [gone, stays] = [10, 10].map(|at| timers.insert(at, noop_waker()));
        timers.remove(gone);
        assert_eq!((timers.len(), timers.is_asleep(stays, &noop_waker())), (1, true));
        timers.remove(stays);
        assert!(timers.is_empty());
        assert_eq!(timers.take_due(10).count(), 0);
    }

    #[test]
    fn a_woken_sleeper_is_not_confused_with_a_later_one_of_the_same_deadline() {
        let mut timers = Timers::default();
        let first = timers.insert(10, noop_waker());
        assert_eq!(timers.take_due(10).count(), 1);
        let second = timers.insert(10, noop_waker());
        assert!(!timers.is_asleep(first, &noop_waker()));
        timers.remove(first);
        assert!(timers.is_asleep(second, &noop_waker()));
    }
}
