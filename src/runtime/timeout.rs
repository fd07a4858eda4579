//! A deadline for any future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::measure::{Outcome, units};
use crate::runtime::{Line, Run, Sleep, TaskError, here};

/// A future was not ready in time and was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not done within {}", units::span(limit.as_micros() as u64))]
pub struct TimedOut {
    /// The time limit.
    pub limit: Duration,
}

impl TaskError for TimedOut {
    fn outcome(&self) -> Outcome {
        Outcome::TimedOut
    }
}

pin_project! {
    /// The future of [`Run::timeout`].
    #[must_use = "a future does nothing until it is awaited"]
    pub struct Timeout<F> {
        // `None` when it is over.
        #[pin]
        future: Option<F>,
        deadline: Sleep,
        line: Line,
        limit: Duration,
    }
}

impl Run {
    /// Drops a future that is not ready within `limit`: the counterpart of `asyncio.wait_for`.
    ///
    /// A future that is ready when it is polled is never timed out. If the page was blocked past the deadline, a future
    /// that became ready in time succeeds, and so does one that became ready during the block.
    ///
    /// A task that ends with the error is recorded as `timed out`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use interleave::measure::Outcome;
    /// use interleave::measure::metrics::Metrics;
    /// use interleave::runtime::{Run, virtual_time};
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let slow = run.sleep(Duration::from_secs(60));
    /// let task = run.try_task("slow", run.timeout(Duration::from_millis(300), slow));
    /// let error = virtual_time::block_on(&run, task)?.expect_err("it takes a minute");
    /// assert_eq!(error.to_string(), "not done within 300 ms");
    /// assert_eq!((run.now(), run.sleepers()), (Duration::from_millis(300), 0));
    /// assert_eq!(Metrics::from_record(&run.record()).outcomes.get(Outcome::TimedOut), 1);
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    #[track_caller]
    pub fn timeout<F: Future>(&self, limit: Duration, future: F) -> Timeout<F> {
        Timeout { future: Some(future), deadline: self.internal_sleep(limit), line: here(), limit }
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, TimedOut>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else { panic!("a timeout was polled after it had ended") };
        // The future is polled first, so that it succeeds if it was ready in time but is polled late.
        let result = match future.poll(context) {
            Poll::Ready(output) => Ok(output),
            Poll::Pending if Pin::new(&mut *this.deadline).poll(context).is_ready() => {
                Err(TimedOut { limit: *this.limit })
            }
            Poll::Pending => {
                this.deadline.run().add_line(*this.line);
                return Poll::Pending;
            }
        };
        this.future.set(None);
        Poll::Ready(result)
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use futures::future::{join, pending};

    use super::*;
    use crate::measure::EventKind;
    use crate::runtime::virtual_time::block_on;
    use crate::test_support::ms;

    #[test]
    fn a_future_that_is_ready_in_time_leaves_no_sleeper() {
        let run = Run::on_virtual_clock(1);
        let quick = async {
            run.sleep(ms(10)).await;
            "done"
        };
        assert_eq!(block_on(&run, run.timeout(ms(50), quick)), Ok(Ok("done")));
        assert_eq!((run.now(), run.sleepers()), (ms(10), 0));
    }

    #[test]
    fn the_deadline_drops_the_inner_future_and_its_tasks_are_cancelled() {
        let run = Run::on_virtual_clock(1);
        let held = Rc::new(());
        let holder = Rc::clone(&held);
        let slow = run.task("slow", async move {
            pending::<()>().await;
            drop(holder);
        });
        let mut timeout = Box::pin(run.timeout(ms(50), slow));
        assert_eq!(block_on(&run, &mut timeout), Ok(Err(TimedOut { limit: ms(50) })));
        assert_eq!(Rc::strong_count(&held), 1, "the future was dropped although the timeout still exists");
        let last = run.record().events().last().map(|event| (event.at_us, event.kind));
        assert_eq!(last, Some((50_000, EventKind::Ended(Outcome::Cancelled))));
    }

    #[test]
    fn a_future_that_is_ready_at_the_deadline_is_in_time_even_after_a_block() {
        let run = Run::on_virtual_clock(1);
        let on_the_dot = run.timeout(ms(50), run.sleep(ms(50)));
        let in_time = run.timeout(ms(50), run.sleep(ms(40)));
        let both = join(on_the_dot, in_time);
        let ((first, second), ()) = block_on(&run, join(both, async { run.block(ms(500)) })).expect("they end");
        assert_eq!((first, second), (Ok(()), Ok(())));
    }

    #[test]
    fn a_future_that_became_ready_during_a_block_succeeds() {
        let run = Run::on_virtual_clock(1);
        let late = run.timeout(ms(50), run.sleep(ms(80)));
        let (late, ()) = block_on(&run, join(late, async { run.block(ms(500)) })).expect("they end");
        assert_eq!(late, Ok(()));
    }

    #[test]
    fn a_ready_future_needs_no_time() {
        let run = Run::on_virtual_clock(1);
        assert_eq!(block_on(&run, run.timeout(ms(0), async { 7 })), Ok(Ok(7)));
        let late = block_on(&run, run.timeout(ms(0), pending::<()>()));
        assert_eq!(late, Ok(Err(TimedOut { limit: ms(0) })));
    }
}
