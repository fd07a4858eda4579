//! One write lock per file: changes of the same file happen one after the other, in the order in which they were
//! requested.
//!
//! Without the locks, the browser would choose which of two writes comes last, and one of two appends could be lost.
//! Files with different names do not wait for each other, and reading never waits. Other tabs have locks of their own.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::storage::FileName;

/// The write locks of the files in one folder. Clones are handles to the same locks.
#[derive(Clone, Debug, Default)]
pub struct WriteLocks(Rc<RefCell<Queues>>);

#[derive(Debug, Default)]
struct Queues {
    next_ticket: u64,
    // The first waiter of a queue holds the lock. An empty queue is removed.
    by_name: BTreeMap<FileName, VecDeque<Waiter>>,
}

#[derive(Debug)]
struct Waiter {
    ticket: u64,
    waker: Option<Waker>,
}

/// The right to change a file, or a place in the queue for it. Dropping it passes the right to the next waiter.
#[must_use = "dropping the guard releases the lock at once"]
pub struct WriteGuard {
    locks: WriteLocks,
    name: FileName,
    ticket: u64,
}

impl WriteLocks {
    /// Waits for the right to change a file. Dropping the future leaves the queue.
    pub async fn acquire(&self, name: FileName) -> WriteGuard {
        let guard = self.enqueue(name);
        poll_fn(|context| guard.poll(context.waker())).await;
        guard
    }

    /// The files that are being changed or will be.
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
        for (position, waiter) in queue.enumerate() {
            if waiter.ticket == self.ticket {
                waiter.waker = Some(waker.clone());
                return if position == 0 { Poll::Ready(()) } else { Poll::Pending };
            }
        }
        // Cannot happen: a guard is in the queue until it is dropped.
        Poll::Pending
    }
}

impl Drop for WriteGuard {
    fn drop(&mut self) {
        let mut queues = self.locks.0.borrow_mut();
        let Some(queue) = queues.by_name.get_mut(&self.name) else { return };
        queue.retain(|waiter| waiter.ticket != self.ticket);
        let next = queue.front_mut().and_then(|next| next.waker.take());
        if queue.is_empty() {
            queues.by_name.remove(&self.name);
        }
        // The woken task may ask for another lock at once.
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
    fn changes_of_a_file_happen_in_the_order_of_requests() {
        let locks = WriteLocks::default();
        let first = locks.acquire(name("a")).now_or_never().expect("the queue was empty");
        let mut second = Box::pin(locks.acquire(name("a")));
        let mut third = Box::pin(locks.acquire(name("a")));
        assert!((&mut second).now_or_never().is_none() && (&mut third).now_or_never().is_none());
        drop(first);
        assert!((&mut third).now_or_never().is_none(), "the second is before it");
        drop(second.now_or_never().expect("it is first in the queue"));
        assert!(third.now_or_never().is_some());
    }

    #[test]
    fn files_with_different_names_do_not_wait_for_each_other() {
        let locks = WriteLocks::default();
        let held = locks.acquire(name("a")).now_or_never();
        assert!(held.is_some() && locks.acquire(name("b")).now_or_never().is_some());
    }

    #[test]
    fn a_dropped_waiter_leaves_the_queue_without_releasing_the_lock() {
        let locks = WriteLocks::default();
        let first = locks.acquire(name("a")).now_or_never().expect("the queue was empty");
        let mut second = Box::pin(locks.acquire(name("a")));
        let mut third = Box::pin(locks.acquire(name("a")));
        assert!((&mut second).now_or_never().is_none() && (&mut third).now_or_never().is_none());
        drop(second);
        assert!((&mut third).now_or_never().is_none(), "the first still holds the lock");
        drop(first);
        drop(third.now_or_never().expect("it is first in the queue"));
        assert!(locks.0.borrow().by_name.is_empty(), "nothing is left behind");
    }
}
