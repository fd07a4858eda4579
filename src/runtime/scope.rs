//! A scope that owns its tasks: leaving it cancels them.
//!
//! No task outlives its scope, so a task cannot be forgotten: it ends, or its scope cancels it. A scope is itself a
//! future that polls its tasks, so they need no executor.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use futures::channel::oneshot;
use futures::future::{Either, LocalBoxFuture, select};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};

use crate::runtime::{LatestWait, Run, TaskError};

/// The scope that [`Run::scope`] passes to its body. Clones are handles to the same scope, and may outlive it.
#[derive(Clone)]
pub struct Scope(Rc<RefCell<State>>);

#[derive(Default)]
struct State {
    is_closed: bool,
    /// The tasks that were spawned since the last poll.
    new_tasks: Vec<LocalBoxFuture<'static, ()>>,
    waker: Option<Waker>,
}

/// The tasks that have been polled.
type Tasks = FuturesUnordered<LocalBoxFuture<'static, ()>>;

/// The scope was left: it takes no more tasks, and those that it had were cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the scope of this task is closed")]
pub struct ScopeClosed;

impl TaskError for ScopeClosed {}

/// Waits for the output of a task of a scope. Dropping it changes nothing: the scope owns the task.
#[derive(Debug)]
pub struct JoinHandle<T>(oneshot::Receiver<T>);

impl Run {
    /// Opens a scope for tasks that run concurrently with `body`: the counterpart of `asyncio.TaskGroup`, with one
    /// difference. When `body` ends or is dropped, the tasks that are still running are cancelled. Await those that you
    /// need.
    ///
    /// ```
    /// use std::time::Duration;
    /// use interleave::measure::Outcome;
    /// use interleave::measure::metrics::Metrics;
    /// use interleave::runtime::{Run, ScopeClosed, virtual_time};
    ///
    /// let run = Run::on_virtual_clock(7);
    /// let answer = run.scope(async |scope| {
    ///     let quick = scope.spawn(run.task("quick", run.sleep(Duration::from_millis(10))))?;
    ///     let _slow = scope.spawn(run.task("slow", run.sleep(Duration::from_secs(60))))?;
    ///     quick.await
    /// });
    /// assert_eq!(virtual_time::block_on(&run, answer)?, Ok::<_, ScopeClosed>(()));
    /// assert_eq!(run.now(), Duration::from_millis(10));
    /// assert_eq!(Metrics::from_record(&run.record()).outcomes.get(Outcome::Cancelled), 1, "the slow task");
    /// # Ok::<(), virtual_time::Stalled>(())
    /// ```
    pub async fn scope<T>(&self, body: impl AsyncFnOnce(Scope) -> T) -> T {
        let scope = Scope(Rc::default());
        let mut tasks = Tasks::new();
        let mut wait = LatestWait::default();
        let mut tasks = poll_fn(|context| wait.poll(self, || scope.poll_tasks(&mut tasks, context)));
        // Dropped before the tasks, so that tasks that are being dropped find the scope closed.
        let _close_on_drop = CloseOnDrop(&scope);
        match select(pin!(body(scope.clone())), &mut tasks).await {
            Either::Left((output, _)) => output,
            Either::Right((never, _)) => match never {},
        }
    }
}

/// Polling the tasks never ends, because others may be spawned while the scope is open.
enum Never {}

impl Scope {
    /// Spawns a task that runs concurrently with the scope's body. It is first polled in the scope's next poll.
    ///
    /// # Errors
    ///
    /// [`ScopeClosed`] if the scope was left already; the task is dropped.
    pub fn spawn<T: 'static>(&self, task: impl Future<Output = T> + 'static) -> Result<JoinHandle<T>, ScopeClosed> {
        let (send, receive) = oneshot::channel();
        let mut state = self.0.borrow_mut();
        if state.is_closed {
            drop(state);
            return Err(ScopeClosed);
        }
        state.new_tasks.push(Box::pin(async move {
            // It fails if the handle was dropped.
            let _ = send.send(task.await);
        }));
        if let Some(waker) = &state.waker {
            waker.wake_by_ref();
        }
        Ok(JoinHandle(receive))
    }

    fn poll_tasks(&self, tasks: &mut Tasks, context: &mut Context<'_>) -> Poll<Never> {
        loop {
            while let Poll::Ready(Some(())) = tasks.poll_next_unpin(context) {}
            let mut state = self.0.borrow_mut();
            if state.new_tasks.is_empty() {
                state.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
            tasks.extend(state.new_tasks.drain(..));
        }
    }
}

struct CloseOnDrop<'a>(&'a Scope);

impl Drop for CloseOnDrop<'_> {
    fn drop(&mut self) {
        let mut state = self.0.0.borrow_mut();
        state.is_closed = true;
        let new_tasks = std::mem::take(&mut state.new_tasks);
        // Tasks may use the scope while they are dropped.
        drop(state);
        drop(new_tasks);
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, ScopeClosed>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.poll_unpin(context).map_err(|_| ScopeClosed)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::measure::metrics::Metrics;
    use crate::measure::{EventKind, Outcome};
    use crate::runtime::virtual_time::block_on;
    use crate::test_support::ms;

    #[test]
    fn tasks_run_concurrently_with_the_body_and_each_other() {
        let run = Run::on_virtual_clock(1);
        let sum = run.scope(async |scope| {
            let naps = [30, 10, 20].map(|n| {
                let nap = run.sleep(ms(n));
                scope.spawn(nap.map(move |()| n)).expect("it is open")
            });
            run.sleep(ms(5)).await;
            let mut sum = 0;
            for nap in naps {
                sum += nap.await.expect("it is open");
            }
            sum
        });
        assert_eq!((block_on(&run, sum), run.now()), (Ok(60), ms(30)));
    }

    #[test]
    fn leaving_early_cancels_running_tasks() {
        let run = Run::on_virtual_clock(1);
        let leave = run.scope(async |scope| {
            scope.spawn(run.task("slow", run.sleep(ms(1_000)))).expect("it is open");
            run.sleep(ms(10)).await;
            Err::<(), _>("the body failed")
        });
        assert_eq!(block_on(&run, leave), Ok(Err("the body failed")));
        let last = run.record().events().last().map(|event| (event.at_us, event.kind));
        assert_eq!((last, run.sleepers()), (Some((10_000, EventKind::Ended(Outcome::Cancelled))), 0));
    }

    #[test]
    fn dropping_an_open_scope_cancels_its_tasks() {
        let run = Run::on_virtual_clock(1);
        let mut scope = Box::pin(run.scope(async |scope| {
            scope.spawn(run.task("slow", run.sleep(ms(1_000)))).expect("it is open");
            futures::future::pending::<()>().await;
        }));
        assert_eq!((&mut scope).now_or_never(), None);
        assert_eq!(run.sleepers(), 1);
        drop(scope);
        assert_eq!(run.sleepers(), 0);
        assert_eq!(Metrics::from_record(&run.record()).outcomes.get(Outcome::Cancelled), 1);
    }

    #[test]
    fn a_task_may_spawn_others() {
        let run = Run::on_virtual_clock(1);
        let ended = Rc::new(Cell::new(0));
        let all = run.scope(async |scope| {
            let (inside, inner_run, inner_ended) = (scope.clone(), run.clone(), Rc::clone(&ended));
            let outer = scope.spawn(async move {
                let nap = inner_run.sleep(ms(10));
                inside.spawn(async move {
                    nap.await;
                    inner_ended.set(1);
                })
            });
            outer.expect("it is open").await.expect("it is open").expect("it is open").await
        });
        assert_eq!((block_on(&run, all), ended.get()), (Ok(Ok(())), 1));
    }

    #[test]
    fn a_scope_that_was_left_takes_no_more_tasks() {
        let run = Run::on_virtual_clock(1);
        let (scope, spawned) = block_on(
            &run,
            run.scope(async |scope| {
                let spawned = scope.spawn(run.sleep(ms(1_000))).expect("it is open");
                (scope, spawned)
            }),
        )
        .expect("it ends");
        assert_eq!(spawned.now_or_never(), Some(Err(ScopeClosed)), "waiting for it ends with an error");
        assert_eq!(scope.spawn(async {}).map(drop), Err(ScopeClosed));
    }
}
