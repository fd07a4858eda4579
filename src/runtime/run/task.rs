//! The wrapper that records a future.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::measure::{EventKind, Level, Outcome, TaskId, TaskName};
use crate::runtime::{Line, Run};

/// An error that a task can return.
///
/// ```
/// use interleave::measure::Outcome;
/// use interleave::runtime::TaskError;
///
/// #[derive(Debug, thiserror::Error)]
/// #[error("the model's queue is full")]
/// struct ServerBusy;
///
/// impl TaskError for ServerBusy {}
/// assert_eq!(ServerBusy.outcome(), Outcome::Failed);
/// ```
pub trait TaskError: fmt::Display {
    /// The recorded outcome of a task that ends with this error.
    fn outcome(&self) -> Outcome {
        Outcome::Failed
    }
}

impl TaskError for &str {}

impl TaskError for String {}

/// The outcome of a task, and its message for the log.
pub(crate) struct TaskEnd {
    pub(crate) outcome: Outcome,
    pub(crate) message: Option<(Level, String)>,
}

impl TaskEnd {
    pub(crate) const SUCCEEDED: Self = Self { outcome: Outcome::Succeeded, message: None };

    pub(crate) fn with_error(error: &impl TaskError) -> Self {
        Self { outcome: error.outcome(), message: Some((Level::Error, error.to_string())) }
    }

    pub(crate) fn from_result<T, E: TaskError>(result: &Result<T, E>) -> Self {
        result.as_ref().err().map_or(Self::SUCCEEDED, Self::with_error)
    }
}

pin_project! {
    /// The future of [`Run::task`] and [`Run::try_task`].
    ///
    /// If the task is dropped before it ends, its future is dropped first, then the task is recorded as cancelled.
    #[must_use = "a future does nothing until it is awaited"]
    pub struct Task<F: Future> {
        run: Run,
        id: TaskId,
        // Where the task was created.
        line: Line,
        // `None` once the task has ended. The future is dropped as soon as it is ready, so that its subtasks are recorded
        // as ended before this task.
        #[pin]
        future: Option<F>,
        end: fn(&F::Output) -> TaskEnd,
    }

    impl<F: Future> PinnedDrop for Task<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if this.future.is_some() {
                this.future.set(None);
                this.run.push(*this.id, EventKind::Ended(Outcome::Cancelled));
            }
        }
    }
}

impl<F: Future> Task<F> {
    pub(crate) fn new(run: Run, name: TaskName, line: Line, future: F, end: fn(&F::Output) -> TaskEnd) -> Self {
        let id = run.spawned(name);
        Self { run, id, line, future: Some(future), end }
    }
}

impl<F: Future> Future for Task<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let (run, id) = (this.run, *this.id);
        let Some(future) = this.future.as_mut().as_pin_mut() else { panic!("a task was polled after it had ended") };

        let outside = run.poll_started(id);
        let poll = future.poll(context);
        match &poll {
            Poll::Ready(output) => {
                this.future.set(None);
                run.poll_ended(id, *this.line, outside, Some((this.end)(output)));
            }
            Poll::Pending => run.poll_ended(id, *this.line, outside, None),
        }
        poll
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::FutureExt;
    use futures::future::join;

    use super::*;
    use crate::measure::Level;
    use crate::measure::waits::WaitId;
    use crate::runtime::virtual_time::block_on;

    const NAP: Duration = Duration::from_millis(10);

    fn events(run: &Run) -> Vec<(u64, usize, EventKind)> {
        run.record().events().iter().map(|event| (event.at_us, event.task.index(), event.kind)).collect()
    }

    #[test]
    fn a_task_with_one_await_records_five_events() {
        use EventKind::{Ended, PollEnded, PollStarted, Spawned};
        let run = Run::on_virtual_clock(1);
        block_on(&run, run.task("nap", run.sleep(NAP))).expect("the sleep ends");
        let expected = [
            (0, 0, Spawned),
            (0, 0, PollStarted),
            (0, 0, PollEnded(WaitId::at(0))),
            (10_000, 0, PollStarted),
            (10_000, 0, Ended(Outcome::Succeeded)),
        ];
        assert_eq!(events(&run), expected);
    }

    #[test]
    fn a_task_made_inside_another_is_its_child() {
        let run = Run::on_virtual_clock(1);
        let outer = run.task("outer", async {
            let naps = join(run.task("inner", run.sleep(NAP)), run.task("inner", run.sleep(NAP)));
            naps.await
        });
        block_on(&run, outer).expect("the sleeps end");
        block_on(&run, run.task("next", async {})).expect("it is ready");

        let record = run.record();
        let parents: Vec<_> = record.tasks().iter().map(|task| task.parent.map(TaskId::index)).collect();
        assert_eq!(parents, [None, Some(0), Some(0), None]);
    }

    #[test]
    fn a_task_that_is_built_and_dropped_does_nothing_and_is_cancelled() {
        let run = Run::on_virtual_clock(1);
        drop(run.task("never awaited", async { unreachable!("it is never polled") }));
        assert_eq!(events(&run), [(0, 0, EventKind::Spawned), (0, 0, EventKind::Ended(Outcome::Cancelled))]);
    }

    #[test]
    fn subtasks_end_before_the_task_that_holds_them() {
        let run = Run::on_virtual_clock(1);
        let outer = run.task("outer", async { run.task("inner", run.sleep(NAP)).await });
        assert!(outer.now_or_never().is_none());
        let ends: Vec<_> =
            events(&run).into_iter().filter(|(_, _, kind)| matches!(kind, EventKind::Ended(_))).collect();
        let cancelled = EventKind::Ended(Outcome::Cancelled);
        assert_eq!(ends, [(0, 1, cancelled), (0, 0, cancelled)]);
        assert_eq!(run.sleepers(), 0);
    }

    #[test]
    fn an_error_is_recorded_as_failed_and_its_message_is_logged() {
        let run = Run::on_virtual_clock(1);
        let failing = run.try_task("load", async { Err::<(), _>("the file is empty") });
        let result = block_on(&run, failing).expect("it is ready");
        assert_eq!(result, Err("the file is empty"));
        assert_eq!(events(&run).last().map(|event| event.2), Some(EventKind::Ended(Outcome::Failed)));
        let record = run.record();
        assert_eq!(
            (record.log_lines()[0].text.as_ref(), record.log_lines()[0].level),
            ("the file is empty", Level::Error)
        );
        assert_eq!(record.log_lines()[0].task, Some(TaskId::at(0)));
    }
}
