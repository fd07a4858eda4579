//! A deadline for any future.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;

use crate::measure::{Outcome, units};
use crate::runtime::{Run, Sleep, TaskError};

/// Something was not ready in time and was dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not done within {}", units::span(limit.as_micros() as u64))]
pub struct TimedOut {
    /// How long it had.
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
        // None when it is over.
        #[pin]
        future: Option<F>,
        deadline: Sleep,
        limit: Duration,
    }
}

impl Run {
    /// Gives a future so much time, and drops it when that is over: the `asyncio.wait_for` of the page.
    ///
    /// What is ready when somebody looks is handed on. On a page that was blocked nobody looks at the deadline, so that
    /// what was ready in time is never lost, and what became ready during the block passes as well.
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
    pub fn timeout<F: Future>(&self, limit: Duration, future: F) -> Timeout<F> {
        Timeout { future: Some(future), deadline: self.sleep(limit), limit }
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, TimedOut>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else { panic!("a timeout was polled after it had ended") };
        // The future first: what is ready in time stays so when the page comes late.
        let over = match future.poll(context) {
            Poll::Ready(output) => Ok(output),
            Poll::Pending if Pin::new(this.deadline).poll(context).is_ready() => Err(TimedOut { limit: *this.limit }),
            Poll::Pending => return Poll::Pending,
        };
        this.future.set(None);
        Poll::Ready(over)
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
    fn what_is_ready_in_time_is_handed_on_and_leaves_no_sleeper() {
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
        assert_eq!(Rc::strong_count(&held), 1, "it is gone although the timeout is still there");
        let last = run.record().events().last().map(|event| (event.at_us, event.kind));
        assert_eq!(last, Some((50_000, EventKind::Ended(Outcome::Cancelled))));
    }

    #[test]
    fn what_is_ready_at_the_deadline_is_in_time_even_on_a_page_that_was_blocked() {
        let run = Run::on_virtual_clock(1);
        let on_the_dot = run.timeout(ms(50), run.sleep(ms(50)));
        let in_time = run.timeout(ms(50), run.sleep(ms(40)));
        let both = join(on_the_dot, in_time);
        let ((first, second), ()) = block_on(&run, join(both, async { run.block(ms(500)) })).expect("they end");
        assert_eq!((first, second), (Ok(()), Ok(())));
    }

    #[test]
    fn what_became_ready_while_nobody_could_look_is_handed_on_too() {
        let run = Run::on_virtual_clock(1);
        let late = run.timeout(ms(50), run.sleep(ms(80)));
        let (late, ()) = block_on(&run, join(late, async { run.block(ms(500)) })).expect("they end");
        assert_eq!(late, Ok(()));
    }

    #[test]
    fn no_time_at_all_is_enough_for_what_is_ready() {
        let run = Run::on_virtual_clock(1);
        assert_eq!(block_on(&run, run.timeout(ms(0), async { 7 })), Ok(Ok(7)));
        let late = block_on(&run, run.timeout(ms(0), pending::<()>()));
        assert_eq!(late, Ok(Err(TimedOut { limit: ms(0) })));
    }
}
