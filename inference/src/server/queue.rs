//! The queue of requests: at most `capacity` are served at once, the others wait in order of arrival.
//!
//! A [`QueuedRequest`] can be dropped at any time. Its place goes directly to the first request in the queue, so a
//! later request cannot take it first.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Poll, Waker};

/// The queue. Clones are handles to the same queue.
#[derive(Clone, Debug)]
pub(super) struct Queue(Rc<RefCell<State>>);

#[derive(Debug)]
struct State {
    capacity: usize,
    counts: Counts,
    next: u64,
    /// The waiting requests, in order of arrival.
    waiting: BTreeMap<u64, Option<Waker>>,
}

/// The numbers of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub in_flight: usize,
    pub queued: usize,
    pub serving: usize,
    pub completed: u64,
    pub cancelled: u64,
}

/// A request from its arrival to its end.
#[derive(Debug)]
#[must_use = "dropping it cancels the request"]
pub(super) struct QueuedRequest {
    queue: Queue,
    ticket: u64,
    /// True while it is in the queue or being served.
    is_inside: bool,
    is_complete: bool,
}

impl Queue {
    /// Creates a queue that serves `capacity` requests at once, or any number for `None`.
    pub fn new(capacity: Option<usize>) -> Self {
        let capacity = capacity.unwrap_or(usize::MAX);
        Self(Rc::new(RefCell::new(State { capacity, counts: Counts::default(), next: 0, waiting: BTreeMap::new() })))
    }

    pub fn counts(&self) -> Counts {
        self.0.borrow().counts
    }

    /// Adds a request at the end of the queue.
    pub fn enter(&self) -> QueuedRequest {
        let mut state = self.0.borrow_mut();
        let ticket = state.next;
        state.next += 1;
        state.counts.in_flight += 1;
        if state.counts.serving < state.capacity {
            state.counts.serving += 1;
        } else {
            state.waiting.insert(ticket, None);
            state.counts.queued += 1;
        }
        QueuedRequest { queue: self.clone(), ticket, is_inside: true, is_complete: false }
    }
}

impl QueuedRequest {
    /// Waits until this request is served.
    pub fn turn(&mut self) -> impl Future<Output = ()> {
        poll_fn(|context| match self.queue.0.borrow_mut().waiting.get_mut(&self.ticket) {
            Some(waker) => {
                *waker = Some(context.waker().clone());
                Poll::Pending
            }
            None => Poll::Ready(()),
        })
    }

    /// Passes the place to the next request. This one still counts as in flight.
    pub fn leave(&mut self) {
        if !std::mem::take(&mut self.is_inside) {
            return;
        }
        let mut state = self.queue.0.borrow_mut();
        if state.waiting.remove(&self.ticket).is_some() {
            state.counts.queued -= 1;
            return;
        }
        let Some((_, next)) = state.waiting.pop_first() else {
            state.counts.serving -= 1;
            return;
        };
        state.counts.queued -= 1;
        // The waker is called after the borrow ends, because it may run any code.
        drop(state);
        if let Some(waker) = next {
            waker.wake();
        }
    }

    /// Ends the request with a reply.
    pub fn complete(mut self) {
        self.is_complete = true;
    }
}

impl Drop for QueuedRequest {
    fn drop(&mut self) {
        self.leave();
        let counts = &mut self.queue.0.borrow_mut().counts;
        counts.in_flight -= 1;
        if self.is_complete { counts.completed += 1 } else { counts.cancelled += 1 }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Wake};

    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    use super::*;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn is_served(queued: &mut QueuedRequest) -> bool {
        pin!(queued.turn()).poll(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    #[test]
    fn at_most_capacity_are_served_at_once_and_the_others_wait_in_order() {
        let queue = Queue::new(Some(2));
        let [mut first, mut second, mut third, mut fourth] = [(); 4].map(|()| queue.enter());
        assert_eq!(queue.counts(), Counts { in_flight: 4, queued: 2, serving: 2, ..Counts::default() });
        assert!(is_served(&mut first) && is_served(&mut second));
        assert!(!is_served(&mut third) && !is_served(&mut fourth));

        second.complete();
        assert!(is_served(&mut third) && !is_served(&mut fourth));
        first.complete();
        assert!(is_served(&mut fourth));
        drop((third, fourth));
        assert_eq!(queue.counts(), Counts { completed: 2, cancelled: 2, ..Counts::default() });
    }

    #[test]
    fn a_free_place_goes_to_the_next_request_and_wakes_it() {
        let queue = Queue::new(Some(1));
        let (first, mut second) = (queue.enter(), queue.enter());
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        assert!(pin!(second.turn()).poll(&mut Context::from_waker(&waker)).is_pending());
        drop(first);
        assert_eq!(wakes.0.load(Ordering::Relaxed), 1);

        let mut third = queue.enter();
        assert!(!is_served(&mut third), "the place was given to the second before");
        assert!(is_served(&mut second));
    }

    #[test]
    fn a_dropped_request_leaves_the_queue_or_its_place() {
        let queue = Queue::new(Some(1));
        let (first, second, mut third) = (queue.enter(), queue.enter(), queue.enter());
        drop(second);
        assert_eq!(queue.counts().queued, 1);
        drop(first);
        assert!(is_served(&mut third));
    }

    #[test]
    fn a_request_that_left_its_place_still_counts() {
        let queue = Queue::new(Some(1));
        let (mut first, mut second) = (queue.enter(), queue.enter());
        first.leave();
        first.leave();
        assert!(is_served(&mut second));
        assert_eq!(queue.counts(), Counts { in_flight: 2, serving: 1, ..Counts::default() });
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(4), failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn places_are_conserved(capacity in 1..5usize, steps in prop::collection::vec((0..3u8, any::<usize>()), 0..100)) {
            let queue = Queue::new(Some(capacity));
            let mut requests: Vec<QueuedRequest> = Vec::new();
            for (step, at) in steps {
                match step {
                    0 => requests.push(queue.enter()),
                    _ if requests.is_empty() => {}
                    1 => drop(requests.remove(at % requests.len())),
                    _ => requests.remove(at % requests.len()).complete(),
                }
                let counts = queue.counts();
                prop_assert_eq!(counts.in_flight, requests.len());
                prop_assert_eq!(counts.serving, requests.len().min(capacity));
                prop_assert_eq!(counts.queued, requests.len() - counts.serving);
                // The requests that arrived first are served.
                let served: Vec<_> = requests.iter_mut().map(is_served).collect();
                prop_assert!(served.is_sorted_by(|a, b| a >= b));
            }
        }
    }
}
