//! Waiting for many: all of them, or the first that fails.
//!
//! `join_all` of the `futures` crate collects: it gives each result in its place, errors like values, as
//! `asyncio.gather(…, return_exceptions=True)` does. Its `try_join_all` is not used here: with more than thirty futures it
//! hands an error on only when all that stand before it are over, so that it does not fail fast.

use std::future::Future;

use futures::StreamExt;
use futures::stream::FuturesUnordered;

/// Waits until all have succeeded, or until the first fails: then it ends at once, and the rest are dropped. The values
/// stand in the order of the futures.
///
/// # Errors
///
/// The error of the one that failed first.
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
/// assert_eq!(virtual_time::block_on(&run, try_join_all([30, 10].map(load)))?, Ok(vec![30, 10]));
/// assert_eq!(virtual_time::block_on(&run, try_join_all([60, 20].map(load)))?, Err("the file is empty"));
/// assert_eq!(run.now(), Duration::from_millis(30 + 20), "the slow one was not waited for");
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
pub async fn try_join_all<T, E>(
    futures: impl IntoIterator<Item = impl Future<Output = Result<T, E>>>,
) -> Result<Vec<T>, E> {
    let in_place = futures.into_iter().enumerate().map(|(place, future)| async move { (place, future.await) });
    let mut under_way: FuturesUnordered<_> = in_place.collect();
    let mut values: Vec<Option<T>> = std::iter::repeat_with(|| None).take(under_way.len()).collect();
    while let Some((place, result)) = under_way.next().await {
        values[place] = Some(result?);
    }
    Ok(values.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures::future::join_all;

    use super::*;
    use crate::measure::Outcome;
    use crate::measure::metrics::Metrics;
    use crate::runtime::Run;
    use crate::runtime::virtual_time::block_on;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn nothing_to_wait_for_is_over_at_once() {
        let run = Run::on_virtual_clock(1);
        let none: [std::future::Ready<Result<(), ()>>; 0] = [];
        assert_eq!(block_on(&run, try_join_all(none)), Ok(Ok(vec![])));
    }

    #[test]
    fn fail_fast_ends_at_the_first_failure_and_the_rest_are_cancelled() {
        for tasks in [3, 100] {
            let run = Run::on_virtual_clock(1);
            let work = |n: u64| {
                let run = &run;
                run.try_task("work", async move {
                    run.sleep(ms(10 * (tasks - n))).await;
                    if n == tasks - 2 { Err("the last but one fails") } else { Ok(n) }
                })
            };
            let result = block_on(&run, try_join_all((0..tasks).map(work))).expect("it ends");
            assert_eq!((result, run.now()), (Err("the last but one fails"), ms(20)));
            let outcomes = Metrics::of(&run.record()).outcomes;
            let counts = [Outcome::Succeeded, Outcome::Failed, Outcome::Cancelled].map(|it| outcomes.of(it));
            assert_eq!(counts, [1, 1, tasks as u32 - 2], "{tasks} tasks");
            assert_eq!(run.sleepers(), 0);
        }
    }

    #[test]
    fn collecting_keeps_each_result_in_its_place() {
        let run = Run::on_virtual_clock(1);
        let work = |n: u64| {
            let run = &run;
            run.try_task("work", async move {
                run.sleep(ms(100 - n)).await;
                if n.is_multiple_of(3) { Err("every third fails") } else { Ok(n) }
            })
        };
        let results = block_on(&run, join_all((0..50).map(work))).expect("it ends");
        for (n, result) in (0u64..).zip(results) {
            assert_eq!(result.ok(), (!n.is_multiple_of(3)).then_some(n));
        }
        assert_eq!(run.now(), ms(100));
    }
}
