//! One timer for all sleepers.
//!
//! All sleepers of a run stand in one ordered queue, and at most one alarm of the clock is set: for the earliest. When
//! it goes off, everything that is due leaves the queue first, the alarm is set for the next, and only then are the
//! sleepers woken, so that whoever wakes up may sleep again at once.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use crate::runtime::Run;

/// A sleeper's place: its deadline, and a number that keeps sleepers of one deadline in the order of coming.
type Key = (u64, u64);

/// The queue of sleepers. It knows no clock: whoever owns it tells the time.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    sleepers: BTreeMap<Key, Waker>,
    arrivals: u64,
    alarm_us: Option<u64>,
}

impl Timers {
    /// Lets a sleeper in.
    pub(crate) fn insert(&mut self, deadline_us: u64, waker: Waker) -> Key {
        let key = (deadline_us, self.arrivals);
        self.arrivals += 1;
        self.sleepers.insert(key, waker);
        key
    }

    /// Keeps the waker of a sleeper up to date. False when the sleeper is no longer in the queue: it was woken.
    pub(crate) fn is_asleep(&mut self, key: Key, waker: &Waker) -> bool {
        let Some(sleeper) = self.sleepers.get_mut(&key) else { return false };
        sleeper.clone_from(waker);
        true
    }

    /// Lets a sleeper go without waking it.
    pub(crate) fn remove(&mut self, key: Key) {
        self.sleepers.remove(&key);
    }

    /// Takes out the wakers of all sleepers that are due, in the order of their deadlines.
    pub(crate) fn take_due(&mut self, now_us: u64) -> impl Iterator<Item = Waker> + use<> {
        let later = self.sleepers.split_off(&(now_us + 1, 0));
        std::mem::replace(&mut self.sleepers, later).into_values()
    }

    /// The earliest deadline.
    pub(crate) fn next_us(&self) -> Option<u64> {
        self.sleepers.first_key_value().map(|((deadline_us, _), _)| *deadline_us)
    }

    /// The deadline for which the alarm must be set now. None when the alarm that is set comes early enough, which
    /// includes one that was set for a sleeper who has gone since: it finds nobody due and sets the next.
    #[cfg_attr(
        not(any(target_arch = "wasm32", test)),
        expect(dead_code, reason = "only the browser's clock has an alarm")
    )]
    pub(crate) fn alarm_to_set(&mut self) -> Option<u64> {
        let next_us = self.next_us()?;
        if self.alarm_us.is_some_and(|alarm_us| alarm_us <= next_us) {
            return None;
        }
        self.alarm_us = Some(next_us);
        Some(next_us)
    }

    /// Notes that the alarm went off or was cleared.
    pub(crate) fn alarm_went_off(&mut self) {
        self.alarm_us = None;
    }

    /// How many sleep.
    pub(crate) fn len(&self) -> usize {
        self.sleepers.len()
    }
}

/// The future of [`Run::sleep`].
///
/// It begins to count when it is first polled, as Python's `asyncio.sleep` does when it is first awaited. It may end
/// late, when the event loop is busy, and never early. Dropping it takes it out of the queue.
#[derive(Debug)]
#[must_use = "a future does nothing until it is awaited"]
pub struct Sleep {
    run: Run,
    duration: Duration,
    key: Option<Key>,
    is_over: bool,
}

impl Sleep {
    pub(crate) fn new(run: Run, duration: Duration) -> Self {
        Self { run, duration, key: None, is_over: false }
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Some(key) = self.key else {
            if self.is_over {
                return Poll::Ready(());
            }
            self.key = Some(self.run.fall_asleep(self.duration, context.waker().clone()));
            return Poll::Pending;
        };
        if self.run.is_asleep(key, context.waker()) {
            return Poll::Pending;
        }
        self.key = None;
        self.is_over = true;
        Poll::Ready(())
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.run.wake_never(key);
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::task::noop_waker;

    use super::*;

    #[test]
    fn due_sleepers_leave_in_the_order_of_their_deadlines_and_of_coming() {
        let mut timers = Timers::default();
        let keys: Vec<Key> = [30, 10, 30, 20, 31].map(|at| timers.insert(at, noop_waker())).to_vec();
        assert_eq!(timers.take_due(30).count(), 4);
        assert_eq!((timers.len(), timers.next_us()), (1, Some(31)));
        assert!(!timers.is_asleep(keys[0], &noop_waker()));
        assert!(timers.is_asleep(keys[4], &noop_waker()));
    }

    #[test]
    fn the_alarm_is_set_again_only_for_an_earlier_deadline() {
        let mut timers = Timers::default();
        assert_eq!(timers.alarm_to_set(), None, "nobody sleeps");
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
        let key = timers.insert(10, noop_waker());
        timers.remove(key);
        assert_eq!(timers.take_due(10).count(), 0);
    }
}
