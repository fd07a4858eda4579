//! Waiting for many futures: for all of them, or until the first fails.
//!
//! Both functions start a few hundred futures per turn of the event loop, so that ten thousand of them do not block the
//! page. `try_join_all` returns as soon as one future fails. The function of the same name in the `futures` crate does
//! not: with more than thirty futures, it returns an error only after all futures before the failed one have ended.

use std::future::{Future, poll_fn};
use std::iter::{Enumerate, Peekable};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use pin_project_lite::pin_project;

use crate::runtime::{LatestWait, Run, Sleep};

/// The number of futures that are started in one turn, which takes a few milliseconds.
const BATCH_SIZE: usize = 500;

/// Waits until all futures have ended, even if some fail: the counterpart of
/// `asyncio.gather(…, return_exceptions=True)`. The outputs are in the order of the futures.
///
/// ```
/// use std::time::Duration;
/// use interleave::runtime::{Run, join_all, virtual_time};
///
/// let run = Run::on_virtual_clock(7);
/// let load = async |ms| {
///     run.sleep(Duration::from_millis(ms)).await;
///     if ms == 20 { Err("the file is empty") } else { Ok(ms) }
/// };
/// let all = virtual_time::block_on(&run, join_all(&run, [30, 20, 10].map(load)))?;
/// assert_eq!(all, [Ok(30), Err("the file is empty"), Ok(10)]);
/// assert_eq!(run.now(), Duration::from_millis(30));
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
pub async fn join_all<F: Future>(run: &Run, futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut futures = BatchedFutures::new(run, futures.into_iter());
    let mut outputs = Vec::new();
    while let Some((index, output)) = futures.next().await {
        put(&mut outputs, index, output);
    }
    outputs.into_iter().flatten().collect()
}

/// Waits until all futures have succeeded, or until the first fails: then it returns immediately, and the others are
/// dropped. The values are in the order of the futures.
///
/// # Errors
///
/// The error of the future that failed first.
///
/// ```
/// use std::time::Duration;
/// use interleave::runtime::{Run, try_join_all, virtual_time};
///
/// let run = Run::on_virtual_clock(7);
/// let load = async |ms| {
///     run.sleep(Duration::from_millis(ms)).await;
///     if ms == 20 { Err("the file is empty") } else { Ok(ms) }
/// };
/// assert_eq!(virtual_time::block_on(&run, try_join_all(&run, [30, 10].map(load)))?, Ok(vec![30, 10]));
/// assert_eq!(virtual_time::block_on(&run, try_join_all(&run, [60, 20].map(load)))?, Err("the file is empty"));
/// assert_eq!(run.now(), Duration::from_millis(30 + 20), "the slow one was not waited for");
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
pub async fn try_join_all<T, E, F>(run: &Run, futures: impl IntoIterator<Item = F>) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<T, E>>,
{
    let mut futures = BatchedFutures::new(run, futures.into_iter());
    let mut values = Vec::new();
    while let Some((index, result)) = futures.next().await {
        put(&mut values, index, result?);
    }
    Ok(values.into_iter().flatten().collect())
}

fn put<T>(outputs: &mut Vec<Option<T>>, index: usize, output: T) {
    if outputs.len() <= index {
        outputs.resize_with(index + 1, || None);
    }
    outputs[index] = Some(output);
}

/// Futures started in batches, one per turn. `next` returns the output of each future when it ends, with the future's
/// index.
struct BatchedFutures<'a, I: Iterator> {
    run: &'a Run,
    not_started: Peekable<Enumerate<I>>,
    running: FuturesUnordered<Indexed<I::Item>>,
    /// The sleep before the next batch. `None` before the first batch and after the last.
    turn: Option<Sleep>,
    /// What the futures wait for, also after a poll in which none of them noted a wait.
    wait: LatestWait,
}

impl<'a, I> BatchedFutures<'a, I>
where
    I: Iterator,
    I::Item: Future,
{
    fn new(run: &'a Run, futures: I) -> Self {
        Self {
            run,
            not_started: futures.enumerate().peekable(),
            running: FuturesUnordered::new(),
            turn: None,
            wait: LatestWait::default(),
        }
    }

    /// The next output, or `None` if all futures have ended.
    async fn next(&mut self) -> Option<(usize, <I::Item as Future>::Output)> {
        poll_fn(|context| {
            // Moved out, because the closure borrows `self`.
            let (run, mut wait) = (self.run, std::mem::take(&mut self.wait));
            let polled = wait.poll(run, || self.poll_next(context));
            self.wait = wait;
            polled
        })
        .await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<(usize, <I::Item as Future>::Output)>> {
        loop {
            let can_start = self.turn.as_mut().is_none_or(|turn| turn.poll_unpin(context).is_ready());
            if can_start {
                self.start_batch();
            }
            match self.running.poll_next_unpin(context) {
                Poll::Ready(Some(output)) => return Poll::Ready(Some(output)),
                Poll::Ready(None) if self.turn.is_none() => return Poll::Ready(None),
                // `start_batch` has just created a new sleep. Loop to poll it once, or it would never wake this task.
                _ if can_start && self.turn.is_some() => {}
                _ => return Poll::Pending,
            }
        }
    }

    fn start_batch(&mut self) {
        let batch = self.not_started.by_ref().take(BATCH_SIZE);
        self.running.extend(batch.map(|(index, future)| Indexed { index, future }));
        self.turn = self.not_started.peek().is_some().then(|| self.run.internal_sleep(Duration::ZERO));
    }
}

pin_project! {
    /// A future with its index.
    struct Indexed<F> {
        index: usize,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Indexed<F> {
    type Output = (usize, F::Output);

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        this.future.poll(context).map(|output| (*this.index, output))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures::future::join;

    use super::*;
    use crate::measure::Outcome;
    use crate::measure::metrics::Metrics;
    use crate::runtime::Run;
    use crate::runtime::virtual_time::block_on;
    use crate::test_support::ms;

    #[test]
    fn an_empty_list_ends_immediately() {
        let run = Run::on_virtual_clock(1);
        let none: [std::future::Ready<Result<(), ()>>; 0] = [];
        assert_eq!(block_on(&run, try_join_all(&run, none)), Ok(Ok(vec![])));
    }

    #[test]
    fn try_join_all_returns_at_the_first_failure_and_cancels_the_rest() {
        // On both sides of the number of futures, 30, above which the `futures` crate waits in another way.
        for tasks in [3, 100] {
            let run = Run::on_virtual_clock(1);
            let work = |n: u64| {
                let run = &run;
                run.try_task("work", async move {
                    run.sleep(ms(10 * (tasks - n))).await;
                    if n == tasks - 2 { Err("the second to last fails") } else { Ok(n) }
                })
            };
            let result = block_on(&run, try_join_all(&run, (0..tasks).map(work))).expect("it ends");
            assert_eq!((result, run.now()), (Err("the second to last fails"), ms(20)));
            let outcomes = Metrics::from_record(&run.record()).outcomes;
            let counts = [Outcome::Succeeded, Outcome::Failed, Outcome::Cancelled].map(|it| outcomes.get(it));
            assert_eq!(counts, [1, 1, tasks as u32 - 2], "{tasks} tasks");
            assert_eq!(run.sleepers(), 0);
        }
    }

    #[test]
    fn join_all_keeps_the_order_of_the_futures() {
        let run = Run::on_virtual_clock(1);
        let work = |n: u64| {
            let run = &run;
            run.try_task("work", async move {
                run.sleep(ms(100 - n)).await;
                if n.is_multiple_of(3) { Err("every third fails") } else { Ok(n) }
            })
        };
        let results = block_on(&run, join_all(&run, (0..50).map(work))).expect("it ends");
        for (n, result) in (0u64..).zip(results) {
            assert_eq!(result.ok(), (!n.is_multiple_of(3)).then_some(n));
        }
        assert_eq!(run.now(), ms(100));
    }

    #[test]
    fn ten_thousand_futures_start_in_batches_at_the_same_instant() {
        let run = Run::on_virtual_clock(1);
        let turns = Cell::new(0);
        let work = |n: u64| {
            let run = &run;
            run.task("work", async move {
                run.sleep(ms(10)).await;
                n
            })
        };
        // Counts the turns of other tasks before all futures have started.
        let watch = async {
            for _ in 0..100 {
                run.yield_now().await;
                turns.set(turns.get() + usize::from(run.record().tasks().len() < 10_000));
            }
        };
        let (outputs, ()) = block_on(&run, join(join_all(&run, (0..10_000).map(work)), watch)).expect("they end");
        assert!(outputs.into_iter().eq(0..10_000));
        assert_eq!(run.now(), ms(10));
        assert!(
            turns.get() > 10_000 / BATCH_SIZE / 2,
            "other tasks had only {} turns between the batches",
            turns.get()
        );
    }
}
