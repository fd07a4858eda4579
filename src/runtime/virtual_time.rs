//! The virtual clock: an event loop on which waiting takes no real time.
//!
//! [`block_on`] polls a future until it waits only for time, then moves the clock to the earliest deadline and wakes
//! the sleepers that are due. Everything except waiting takes no time, so the time at the end is the run's *ideal*: the
//! sum of the waits along its longest chain.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::runtime::Run;

/// The future waits for something that never happens: no task is ready and there are no sleepers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("deadlock: every task is waiting, and no timer is left")]
pub struct Stalled;

/// Drives a future on the virtual clock of `run` until it ends.
///
/// Sleepers with the same deadline are woken in the order in which they fell asleep.
///
/// # Errors
///
/// [`Stalled`] if the future waits and there is no sleeper to wake it.
///
/// ```
/// use std::time::Duration;
/// use interleave::runtime::{Run, virtual_time};
///
/// let run = Run::on_virtual_clock(7);
/// let hour = run.sleep(Duration::from_secs(3600));
/// virtual_time::block_on(&run, hour)?;
/// assert_eq!(run.now(), Duration::from_secs(3600));
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
pub fn block_on<T>(run: &Run, future: impl Future<Output = T>) -> Result<T, Stalled> {
    let future = pin!(future);
    let mut events = EventLoop::new(run, future);
    loop {
        if let Some(end) = events.turn() {
            return end;
        }
    }
}

/// Drives a future like [`block_on`], and awaits `pause` after every turn of the virtual event loop, so that the page
/// stays responsive.
///
/// # Errors
///
/// See [`block_on`].
pub async fn drive<T>(run: &Run, future: impl Future<Output = T>, pause: impl AsyncFn()) -> Result<T, Stalled> {
    let future = pin!(future);
    let mut events = EventLoop::new(run, future);
    loop {
        if let Some(end) = events.turn() {
            return end;
        }
        pause().await;
    }
}

/// A future with the virtual clock that it waits for.
struct EventLoop<'a, F> {
    run: &'a Run,
    future: Pin<&'a mut F>,
    woken: Arc<Woken>,
}

impl<'a, F: Future> EventLoop<'a, F> {
    fn new(run: &'a Run, future: Pin<&'a mut F>) -> Self {
        Self { run, future, woken: Arc::new(Woken(AtomicBool::new(true))) }
    }

    /// Polls until every task waits for time, then lets time pass. Returns the result if the future has ended.
    fn turn(&mut self) -> Option<Result<F::Output, Stalled>> {
        let waker = Waker::from(Arc::clone(&self.woken));
        let mut context = Context::from_waker(&waker);
        while self.woken.0.swap(false, Ordering::Relaxed) {
            if let Poll::Ready(output) = self.future.as_mut().poll(&mut context) {
                return Some(Ok(output));
            }
        }
        if self.run.jump_to_next_deadline() { None } else { Some(Err(Stalled)) }
    }
}

/// True if another poll was requested.
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::future::poll_fn;

    use futures::FutureExt;
    use futures::future::{join, join_all, pending, select};

    use super::*;
    use crate::test_support::ms;

    #[test]
    fn concurrent_sleeps_take_as_long_as_the_longest() {
        let run = Run::on_virtual_clock(1);
        block_on(&run, join_all([30, 10, 20].map(|n| run.sleep(ms(n))))).expect("they end");
        assert_eq!(run.now(), ms(30));
    }

    #[test]
    fn sequential_sleeps_take_their_sum() {
        let run = Run::on_virtual_clock(1);
        let naps = async {
            for n in [30, 10, 20] {
                run.sleep(ms(n)).await;
            }
        };
        block_on(&run, naps).expect("they end");
        assert_eq!(run.now(), ms(60));
    }

    #[test]
    fn sleepers_of_one_deadline_wake_in_the_order_of_falling_asleep() {
        let run = Run::on_virtual_clock(1);
        let order = RefCell::new(Vec::new());
        let naps = (0..5).map(|n| {
            let (run, order) = (&run, &order);
            async move {
                run.sleep(ms(10)).await;
                order.borrow_mut().push(n);
            }
        });
        block_on(&run, join_all(naps)).expect("they end");
        assert_eq!(order.into_inner(), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn a_hundred_thousand_sleepers_end_at_their_instant() {
        let run = Run::on_virtual_clock(1);
        block_on(&run, join_all((0..100_000).map(|_| run.sleep(ms(100))))).expect("they end");
        assert_eq!((run.now(), run.sleepers()), (ms(100), 0));
    }

    #[test]
    fn the_loser_of_a_race_leaves_no_sleeper_behind() {
        let run = Run::on_virtual_clock(1);
        let race = async {
            drop(select(run.sleep(ms(10)), run.sleep(ms(1_000))).await);
        };
        block_on(&run, race).expect("it ends");
        assert_eq!((run.now(), run.sleepers()), (ms(10), 0));
    }

    #[test]
    fn a_sleep_counts_from_its_first_poll() {
        let run = Run::on_virtual_clock(1);
        let lazy = run.sleep(ms(10));
        let naps = async {
            run.sleep(ms(50)).await;
            lazy.await;
        };
        block_on(&run, naps).expect("they end");
        assert_eq!(run.now(), ms(60));
    }

    #[test]
    fn a_block_makes_others_late_and_not_early() {
        let run = Run::on_virtual_clock(1);
        let woke_at = async {
            run.sleep(ms(10)).await;
            run.now()
        };
        let (woke_at, ()) = block_on(&run, join(woke_at, async { run.block(ms(100)) })).expect("they end");
        assert_eq!(woke_at, ms(100));
    }

    #[test]
    fn a_future_that_wakes_itself_starves_a_timer_and_yield_now_does_not() {
        let ticks_until_the_timer = |yields: bool| {
            let run = Run::on_virtual_clock(1);
            let has_rung = Cell::new(false);
            let timer = async {
                run.sleep(ms(5)).await;
                has_rung.set(true);
            };
            let busy = async {
                let mut turns = 0;
                while !has_rung.get() && turns < 1_000 {
                    run.block(ms(1));
                    if yields {
                        run.yield_now().await;
                    } else {
                        wake_myself().await;
                    }
                    turns += 1;
                }
                turns
            };
            block_on(&run, join(timer, busy)).expect("both end").1
        };
        assert_eq!(ticks_until_the_timer(true), 5);
        assert_eq!(ticks_until_the_timer(false), 1_000, "it never came to the timer");
    }

    /// Wakes itself, so it is polled again before other tasks. `yield_now` must not do this.
    async fn wake_myself() {
        let mut has_been_polled = false;
        poll_fn(|context| {
            context.waker().wake_by_ref();
            if std::mem::replace(&mut has_been_polled, true) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    #[test]
    fn drive_pauses_between_the_turns() {
        let run = Run::on_virtual_clock(1);
        let pauses = Cell::new(0);
        let naps = async {
            for _ in 0..3 {
                run.sleep(ms(10)).await;
            }
        };
        let driven = drive(&run, naps, async || pauses.set(pauses.get() + 1));
        assert_eq!(driven.now_or_never(), Some(Ok(())));
        assert_eq!((run.now(), pauses.get()), (ms(30), 3));
    }

    #[test]
    fn waiting_for_nothing_is_an_error() {
        let run = Run::on_virtual_clock(1);
        assert_eq!(block_on(&run, pending::<()>()), Err(Stalled));
    }

    #[test]
    fn the_heartbeat_sees_a_block_at_the_very_end() {
        let run = Run::on_virtual_clock(1);
        let work = async {
            run.sleep(ms(30)).await;
            run.block(ms(300));
        };
        let either = async {
            let _ = select(std::pin::pin!(work), std::pin::pin!(run.heartbeat())).await;
        };
        block_on(&run, either).expect("the work ends");
        let lags: Vec<u64> = run.record().beats().iter().map(|beat| beat.lag_us()).collect();
        assert_eq!(lags, [0, 290_000], "the beat that was due at 40 ms came at 330 ms");
    }
}
