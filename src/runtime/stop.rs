//! Stopping by dropping: a future that other code can drop at any moment.
//!
//! The executor owns the futures that it polls, so the Stop button cannot drop them. [`stoppable`] keeps the future in
//! a place that both can reach. Unlike `futures::future::abortable` it drops the future at the call and not at the
//! next poll, so that when [`Stopper::stop`] returns, everything that the future held is gone.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures::future::LocalBoxFuture;

/// Splits a future into one half for the executor and one that stops it.
///
/// ```
/// use futures::FutureExt;
/// use interleave::runtime::stoppable;
///
/// let (future, stopper) = stoppable(futures::future::pending());
/// stopper.stop();
/// assert_eq!(future.now_or_never(), Some(()), "a stopped future is ready");
/// ```
pub fn stoppable(future: impl Future<Output = ()> + 'static) -> (Stoppable, Stopper) {
    let shared = Rc::new(RefCell::new(State::Idle(Box::pin(future), None)));
    (Stoppable(Rc::clone(&shared)), Stopper(shared))
}

enum State {
    /// Between two polls, with the waker of the last one.
    Idle(LocalBoxFuture<'static, ()>, Option<Waker>),
    /// During a poll, which holds the future.
    Polling,
    /// It has ended or was stopped.
    Over,
}

/// The half for the executor. It is ready when the future has ended or was stopped.
#[must_use = "a future does nothing until it is awaited"]
pub struct Stoppable(Rc<RefCell<State>>);

impl Future for Stoppable {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let State::Idle(mut future, _) = self.0.replace(State::Polling) else {
            self.0.replace(State::Over);
            return Poll::Ready(());
        };
        let poll = future.as_mut().poll(context);
        // It may have been stopped from within.
        if poll.is_ready() || matches!(*self.0.borrow(), State::Over) {
            self.0.replace(State::Over);
            return Poll::Ready(());
        }
        self.0.replace(State::Idle(future, Some(context.waker().clone())));
        Poll::Pending
    }
}

/// The half that stops the future. Dropping it also stops the future.
#[must_use = "dropping it stops the future"]
pub struct Stopper(Rc<RefCell<State>>);

impl Stopper {
    /// Drops the future now. If it is called from inside the future, the future is dropped as soon as its poll returns.
    pub fn stop(&self) {
        let state = self.0.replace(State::Over);
        if let State::Idle(future, waker) = state {
            drop(future);
            // The executor holds the other half until it polls it again.
            waker.inspect(Waker::wake_by_ref);
        }
    }
}

impl Drop for Stopper {
    fn drop(&mut self) {
        self.stop();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use futures::FutureExt;
    use futures::future::join;

    use super::*;
    use crate::measure::{EventKind, Outcome};
    use crate::runtime::Run;
    use crate::runtime::virtual_time::block_on;

    #[test]
    fn stop_drops_the_future_before_it_returns() {
        let held = Rc::new(());
        let holder = Rc::clone(&held);
        let (mut future, stopper) = stoppable(async move {
            futures::future::pending::<()>().await;
            drop(holder);
        });
        assert_eq!((&mut future).now_or_never(), None);
        stopper.stop();
        assert_eq!(Rc::strong_count(&held), 1);
        assert_eq!(future.now_or_never(), Some(()));
    }

    #[test]
    fn a_future_that_stops_itself_ends_with_its_poll() {
        let slot: Rc<Cell<Option<Stopper>>> = Rc::default();
        let own = Rc::clone(&slot);
        let (future, stopper) = stoppable(async move {
            drop(own.take());
            futures::future::pending::<()>().await;
        });
        slot.set(Some(stopper));
        assert_eq!(future.now_or_never(), Some(()));
    }

    #[test]
    fn after_a_stop_there_are_no_sleepers_and_nothing_is_recorded() {
        let run = Run::on_virtual_clock(1);
        let inside = run.clone();
        let (future, stopper) = stoppable(async move {
            let nap = |ms| inside.task("nap", inside.sleep(Duration::from_millis(ms)));
            join(nap(10), nap(1_000)).await;
        });
        let watch = run.clone();
        let press_stop = async move {
            watch.sleep(Duration::from_millis(50)).await;
            stopper.stop();
            assert_eq!(watch.sleepers(), 0);
            let events = watch.record().events().len();
            watch.sleep(Duration::from_secs(5)).await;
            assert_eq!(watch.record().events().len(), events);
        };
        block_on(&run, join(future, press_stop)).expect("both end");
        let record = run.record();
        let last = record.events().last().expect("there are events");
        assert_eq!((last.at_us, last.kind), (50_000, EventKind::Ended(Outcome::Cancelled)));
    }
}
