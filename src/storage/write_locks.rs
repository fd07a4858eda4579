//! WriteLocks: changes of the same file happen one after the other, in the order in which they were asked for.
//!
//! Without them, which of two writes comes last would be the browser's choice, and of two additions to a file one could
//! be lost. Files with different names do not wait for each other, and readers wait for nobody. Other tabs have turns of
//! their own.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::storage::FileName;

/// Who may change which file, in one folder. Clones are handles to the same queues.
#[derive(Clone, Debug, Default)]
pub struct WriteLocks(Rc<RefCell<Queues>>);

#[derive(Debug, Default)]
struct Queues {
    next_ticket: u64,
    // Whoever is at the front has the turn. A queue that is empty is taken away.
    by_name: BTreeMap<FileName, VecDeque<Waiter>>,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    waker: Option<Waker>,
}

/// The right to change a file. It goes to the next when it is dropped.
#[must_use = "a turn that is dropped at once keeps nobody apart"]
pub struct WriteGuard {
    locks: WriteLocks,
    name: FileName,
    ticket: u64,
}

impl WriteLocks {
    /// Waits for the turn to change a file. Dropping the future gives up the place in the queue.
    pub async fn acquire(&self, name: FileName) -> WriteGuard {
        let guard = self.enqueue(name);
        poll_fn(|context| guard.poll(context.waker())).await;
        guard
    }

    /// The files that somebody changes or waits to change.
    #[must_use]
    pub fn names(&self) -> Vec<FileName> {
        self.0.borrow().by_name.keys().cloned().collect()
    }

    fn enqueue(&self, name: FileName) -> WriteGuard {
        let mut queues = self.0.borrow_mut();
        let ticket = queues.next_ticket;
        queues.next_ticket += 1;
        queues.by_name.entry(name.clone()).or_default().push_back(Waiter { ticket, waker: None });
        WriteGuard { locks: self.clone(), name, ticket }
    }
}

impl WriteGuard {
    /// The file's name.
    #[must_use]
    pub fn name(&self) -> &FileName {
        &self.name
    }

    fn poll(&self, waker: &Waker) -> Poll<()> {
        let mut queues = self.locks.0.borrow_mut();
        let queue = queues.by_name.get_mut(&self.name).into_iter().flatten();
        for (place, waiting) in queue.enumerate() {
            if waiting.ticket == self.ticket {
                waiting.waker = Some(waker.clone());
                return if place == 0 { Poll::Ready(()) } else { Poll::Pending };
            }
        }
        // It stands in line as long as it is there.
        Poll::Pending
    }
}

impl Drop for WriteGuard {
    fn drop(&mut self) {
        let mut queues = self.locks.0.borrow_mut();
        let Some(queue) = queues.by_name.get_mut(&self.name) else { return };
        queue.retain(|waiting| waiting.ticket != self.ticket);
        let next = queue.front_mut().and_then(|next| next.waker.take());
        if queue.is_empty() {
            queues.by_name.remove(&self.name);
        }
        // Whoever is woken may want another turn at once.
        drop(queues);
        if let Some(waker) = next {
            waker.wake();
        }
    }
}

impl fmt::Debug for WriteGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteGuard").field("name", &self.name).field("ticket", &self.ticket).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    fn name(text: &str) -> FileName {
        FileName::parse(text).expect("it is one")
    }

    #[test]
    fn turns_of_a_name_come_in_the_order_of_asking() {
        let locks = WriteLocks::default();
        let first = locks.acquire(name("a")).now_or_never().expect("nobody is before it");
        let mut second = Box::pin(locks.acquire(name("a")));
        let mut third = Box::pin(locks.acquire(name("a")));
        assert!((&mut second).now_or_never().is_none() && (&mut third).now_or_never().is_none());
        drop(first);
        assert!((&mut third).now_or_never().is_none(), "the second is before it");
        drop(second.now_or_never().expect("it is its turn"));
        assert!(third.now_or_never().is_some());
    }

    #[test]
    fn other_names_do_not_wait() {
        let locks = WriteLocks::default();
        let held = locks.acquire(name("a")).now_or_never();
        assert!(held.is_some() && locks.acquire(name("b")).now_or_never().is_some());
    }

    #[test]
    fn whoever_gives_up_waiting_lets_nobody_in_before_the_time() {
        let locks = WriteLocks::default();
        let first = locks.acquire(name("a")).now_or_never().expect("nobody is before it");
        let mut second = Box::pin(locks.acquire(name("a")));
        let mut third = Box::pin(locks.acquire(name("a")));
        assert!((&mut second).now_or_never().is_none() && (&mut third).now_or_never().is_none());
        drop(second);
        assert!((&mut third).now_or_never().is_none(), "the first still has its turn");
        drop(first);
        drop(third.now_or_never().expect("it is its turn"));
        assert!(locks.0.borrow().by_name.is_empty(), "nothing is left behind");
    }
}
