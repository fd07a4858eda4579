//! The promises of the runtime, and their tests.

use std::cell::{Cell, RefCell};
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{join, select};

use crate::exercises::prelude::*;
use crate::measure::Record;
use crate::measure::heartbeat::longest_lag_us;
use crate::measure::metrics::Metrics;
use crate::runtime::virtual_time::{Stalled, block_on};
use crate::runtime::{Backoff, RetryPolicy, join_all};

use super::finding::{Promise, Tested, check, same, same_text};

/// The tasks that start first end last, but the results are in the order of the tasks.
async fn results_in_order(run: &Run) -> Tested {
    let nap = async |n: u32| {
        run.sleep(SHORT * (5 - n)).await;
        n
    };
    same(vec![1, 2, 3, 4], join_all(run, (1..5).map(|n| run.task("nap", nap(n)))).await)
}

/// Twelve tasks with a limit of three.
async fn limit_is_respected(run: &Run) -> Tested {
    let (limit, working, peak) = (run.limit(NonZeroUsize::new(3)), Cell::new(0), Cell::new(0));
    let work = async || {
        let _permit = limit.acquire().await;
        working.set(working.get() + 1);
        peak.set(peak.get().max(working.get()));
        run.sleep(SHORT).await;
        working.set(working.get() - 1);
    };
    join_all(run, (0..12).map(|_| run.task("work", work()))).await;
    check(peak.get() == 3, "at most 3 in progress", format!("at most {} in progress", peak.get()))
}

/// The task that asks first gets a permit first.
async fn first_come_first_served(run: &Run) -> Tested {
    let (limit, served) = (run.limit(NonZeroUsize::new(1)), RefCell::new(Vec::new()));
    let work = async |n| {
        let _permit = limit.acquire().await;
        served.borrow_mut().push(n);
        run.yield_now().await;
    };
    join_all(run, (1..7).map(work)).await;
    same(vec![1, 2, 3, 4, 5, 6], served.into_inner())
}

/// Dropped tasks return their permits and leave the queue.
async fn permits_are_returned(run: &Run) -> Tested {
    let limit = run.limit(NonZeroUsize::new(3));
    let work = async || {
        let _permit = limit.acquire().await;
        run.sleep(HOUR).await;
    };
    let all = join_all(run, (0..8).map(|_| run.task("work", work())));
    // The timeout is expected: it drops the tasks.
    let _ = run.timeout(SHORT, all).await;
    let free: Vec<_> = std::iter::from_fn(|| limit.acquire().now_or_never()).collect();
    check(free.len() == 3, "3 of 3 permits returned", format!("{} of 3 permits returned", free.len()))
}

/// A task that takes too long ends with an error that says so.
async fn timeout_fires(run: &Run) -> Tested {
    let late = run.try_task("late", run.timeout(SHORT, run.sleep(HOUR))).await;
    let error = late.err().map_or("no error".to_owned(), |error| error.to_string());
    same_text("not done within 20 ms", error)
}

/// A future that takes too long is dropped, with everything that it owns and its timer.
async fn timeout_drops_the_loser(run: &Run) -> Tested {
    let left = run.nested(async |run| {
        let shared = Rc::new(());
        let owned = Rc::clone(&shared);
        let slow = async move {
            run.sleep(HOUR).await;
            drop(owned);
        };
        let _ = run.timeout(SHORT, slow).await;
        (Rc::strong_count(&shared) - 1, run.sleepers())
    });
    let (values, timers) = left.await?;
    let in_words = |values, timers| format!("{values} values and {timers} timers left");
    same_text(in_words(0, 0), in_words(values, timers))
}

/// An operation that fails twice succeeds at the third attempt, after pauses that grow and never end early.
async fn retry_pauses_and_succeeds(run: &Run) -> Tested {
    let started = RefCell::new(Vec::new());
    let flaky = async |attempt| {
        started.borrow_mut().push(run.now());
        if attempt < 3 { Err("the connection was lost") } else { Ok(attempt) }
    };
    let attempts = run.retry("flaky", &policy(|_| true), flaky).await;
    let pauses: Vec<_> = started.borrow().windows(2).map(|two| two[1] - two[0]).collect();
    let are_long = pauses.len() == 2 && pauses[0] >= SHORT && pauses[1] >= SHORT * 2;
    let in_words = pauses.iter().map(|pause| units::span(pause.as_micros() as u64)).collect::<Vec<_>>().join(" and ");
    let measured = match &attempts {
        Ok(attempt) => format!("attempt {attempt}, after pauses of {in_words}"),
        Err(error) => error.to_string(),
    };
    check(attempts == Ok(3) && are_long, "attempt 3, after pauses of at least 20 ms and 40 ms", measured)
}

/// An error that another attempt would not fix is not retried.
async fn permanent_errors_are_not_retried(run: &Run) -> Tested {
    let refused = async |_| Err::<(), _>("the input is not valid");
    let ended = run.retry("refused", &policy(|_| false), refused).await;
    let outcome = ended.map_or_else(|error| error.to_string(), |()| "a value".to_owned());
    same_text("the input is not valid (only 1 attempt)", outcome)
}

/// Twenty tasks are dropped: four are running and the rest are in the queue. No timer is left, all permits are
/// returned, and the record shows that the tasks were cancelled.
async fn cancel_leaves_nothing(run: &Run) -> Tested {
    let left = run.nested(async |run| {
        let limit = run.limit(NonZeroUsize::new(4));
        let work = async || {
            let _permit = limit.acquire().await;
            run.sleep(HOUR).await;
        };
        let _ = run.timeout(SHORT, join_all(run, (0..20).map(|_| run.task("work", work())))).await;
        let permits = std::iter::from_fn(|| limit.acquire().now_or_never()).collect::<Vec<_>>().len();
        (run.sleepers(), permits, cancelled(&run.record()))
    });
    let (timers, permits, cancelled) = left.await?;
    let in_words =
        |timers, permits, cancelled| format!("{timers} timers left, {permits} permits returned, {cancelled} cancelled");
    same_text(in_words(0, 4, 20), in_words(timers, permits, cancelled))
}

/// Leaving a scope ends the tasks in it.
async fn scope_ends_its_tasks(run: &Run) -> Tested {
    let left = run.nested(async |run| {
        let leave = run.scope(async |scope| {
            for _ in 0..3 {
                // The scope is open here, so this cannot fail.
                let _ = scope.spawn(run.task("endless", run.sleep(HOUR)));
            }
            run.sleep(SHORT).await;
        });
        leave.await;
        (cancelled(&run.record()), run.sleepers())
    });
    let (cancelled, timers) = left.await?;
    let in_words = |cancelled, timers| format!("{cancelled} cancelled, {timers} timers left");
    same_text(in_words(3, 0), in_words(cancelled, timers))
}

/// Sixty waits of a minute take exactly an hour on the virtual clock, and almost no real time.
async fn virtual_clock_jumps(run: &Run) -> Tested {
    let started = run.now();
    let virtual_run = Run::on_virtual_clock(run.seed());
    block_on(&virtual_run, async {
        for _ in 0..60 {
            virtual_run.sleep(HOUR / 60).await;
        }
    })?;
    let [passed, took] = [virtual_run.now(), run.now() - started];
    let in_words = |time: Duration| units::span(time.as_micros() as u64);
    let measured = format!("{} on the virtual clock, in {}", in_words(passed), in_words(took));
    let expected = format!("{} on the virtual clock, in less than {}", in_words(HOUR), in_words(HOUR / 60));
    check(passed == HOUR && took < HOUR / 60, expected, measured)
}

/// The same seed gives the same record, event by event. Another seed gives another record.
async fn seed_repeats_the_record() -> Tested {
    let [one, same, other] = [7, 7, 8].map(events_of_draws);
    let (one, same, other) = (one?, same?, other?);
    let in_words = |same, other| format!("same seed: {same}; other seed: {other}");
    same_text(in_words("equal", "different"), in_words(in_a_word(one == same), in_a_word(one == other)))
}

/// A seed gives the same random numbers in every browser.
async fn seed_is_the_same_everywhere() -> Tested {
    let mut rng = Run::on_virtual_clock(7).rng("validate_async");
    same([714, 2, 456, 231], std::array::from_fn(|_| rng.u32(0..1_000)))
}

/// Work in slices, which yields after each: another task that sleeps briefly wakes before the work is done.
async fn yield_now_lets_others_run(run: &Run) -> Tested {
    let (slices, woken_after) = (Cell::new(0), Cell::new(None));
    let sleeper = async {
        run.sleep(SHORT).await;
        woken_after.set(Some(slices.get()));
    };
    let work = async {
        for _ in 0..SLICES {
            run.block(SHORT / 4);
            slices.set(slices.get() + 1);
            run.yield_now().await;
        }
    };
    join(run.task("sleeper", sleeper), run.task("slices", work)).await;
    let woken = woken_after.get();
    let measured = woken.map_or("never".to_owned(), |after| format!("woken after {after} of {SLICES} slices"));
    check(woken.is_some_and(|after| after < SLICES), "woken between two slices", measured)
}

/// A fast producer and a slow consumer: the queue between them never exceeds its bound and loses nothing.
async fn queue_stays_within_its_bound(run: &Run) -> Tested {
    let bound = NonZeroUsize::new(3).expect("3 is not 0");
    let (queue, peak, mut taken) = (run.queue(bound), Cell::new(0), Vec::new());
    let produce = async {
        for n in 0..12 {
            queue.put(n).await;
            peak.set(peak.get().max(queue.len()));
        }
        queue.close();
    };
    let consume = async {
        while let Some(n) = queue.take().await {
            taken.push(n);
            run.sleep(SHORT / 4).await;
        }
    };
    join(run.task("produce", produce), run.task("consume", consume)).await;
    let measured = format!("{} of 12 in order, at most {} in the queue", taken.len(), peak.get());
    let is_met = taken.iter().copied().eq(0..12) && peak.get() == 3;
    check(is_met, "12 of 12 in order, at most 3 in the queue", measured)
}

/// A blocked event loop delays the heartbeat, and the record shows for how long.
async fn heartbeat_notices_a_block(run: &Run) -> Tested {
    let block = SHORT * 5;
    let lag_us = run.nested(async |run| {
        select(Box::pin(async { run.block(block) }), Box::pin(run.heartbeat())).await;
        longest_lag_us(run.record().beats(), 0, u64::MAX)
    });
    let lag_us = lag_us.await?.unwrap_or(0);
    let expected = format!("a lag of at least {}", units::span(block.as_micros() as u64 / 2));
    check(lag_us >= block.as_micros() as u64 / 2, expected, format!("a lag of {}", units::span(lag_us)))
}

/// Short, so that the validations end soon. They check only that nothing ends before this time.
const SHORT: Duration = Duration::from_millis(20);
const HOUR: Duration = Duration::from_secs(3_600);
const SLICES: u32 = 20;

fn policy(is_transient: fn(&&'static str) -> bool) -> RetryPolicy<&'static str> {
    RetryPolicy { retries: 4, backoff: Backoff::Linear { step: SHORT }, is_transient, retry_after: |_| None }
}

fn cancelled(record: &Record) -> u32 {
    Metrics::from_record(record).outcomes.get(Outcome::Cancelled)
}

/// The times of all events of a run whose waits are random.
fn events_of_draws(seed: u64) -> Result<Vec<u64>, Stalled> {
    let run = Run::on_virtual_clock(seed);
    let nap = |n: u32| run.task("nap", run.sleep(Duration::from_micros(run.rng(n).u64(0..1_000_000))));
    block_on(&run, join_all(&run, (0..20).map(nap)))?;
    let record = run.record();
    Ok(record.events().iter().map(|event| event.at_us).collect())
}

fn in_a_word(is_equal: bool) -> &'static str {
    if is_equal { "equal" } else { "different" }
}

/// The promises of the runtime.
pub(super) const PROMISES: &[Promise] = &[
    Promise {
        name: "results_in_order",
        says: "Results are in the order of the tasks, even if a later task ends first",
        shown_by: "async-multiple",
        test: |it| Box::pin(results_in_order(it.run)),
    },
    Promise {
        name: "limit_is_respected",
        says: "Never more tasks are in progress than the limit allows",
        shown_by: "async-multiple?samples=30&limit=3",
        test: |it| Box::pin(limit_is_respected(it.run)),
    },
    Promise {
        name: "first_come_first_served",
        says: "The task that asks first gets a permit first",
        shown_by: "async-multiple?samples=30&limit=1",
        test: |it| Box::pin(first_come_first_served(it.run)),
    },
    Promise {
        name: "permits_are_returned",
        says: "A dropped task returns its permit",
        shown_by: "async-error-handling?limit=3",
        test: |it| Box::pin(permits_are_returned(it.run)),
    },
    Promise {
        name: "timeout_fires",
        says: "A task that takes too long ends with an error that says so",
        shown_by: "async-error-handling?timeout=60",
        test: |it| Box::pin(timeout_fires(it.run)),
    },
    Promise {
        name: "timeout_drops_the_loser",
        says: "A future that takes too long is dropped, and its timer with it",
        shown_by: "async-error-handling?timeout=60",
        test: |it| Box::pin(timeout_drops_the_loser(it.run)),
    },
    Promise {
        name: "retry_pauses_and_succeeds",
        says: "A transient error is retried, after pauses that grow",
        shown_by: "async-error-handling",
        test: |it| Box::pin(retry_pauses_and_succeeds(it.run)),
    },
    Promise {
        name: "permanent_errors_are_not_retried",
        says: "An error that another attempt would not fix is not retried",
        shown_by: "async-error-handling",
        test: |it| Box::pin(permanent_errors_are_not_retried(it.run)),
    },
    Promise {
        name: "cancel_leaves_nothing",
        says: "Dropped tasks leave no timers, return all permits, and are recorded as cancelled",
        shown_by: "async-error-handling?on-error=fail-fast",
        test: |it| Box::pin(cancel_leaves_nothing(it.run)),
    },
    Promise {
        name: "scope_ends_its_tasks",
        says: "No task outlives its scope",
        shown_by: "common-issues?issue=closed",
        test: |it| Box::pin(scope_ends_its_tasks(it.run)),
    },
    Promise {
        name: "heartbeat_notices_a_block",
        says: "A blocked event loop is noticed",
        shown_by: "common-issues?issue=blocked-loop",
        test: |it| Box::pin(heartbeat_notices_a_block(it.run)),
    },
    Promise {
        name: "virtual_clock_jumps",
        says: "An hour of waits is exactly an hour on the virtual clock, and takes almost no real time",
        shown_by: "async-basics",
        test: |it| Box::pin(virtual_clock_jumps(it.run)),
    },
    Promise {
        name: "seed_repeats_the_record",
        says: "The same seed gives the same record",
        shown_by: "async-error-handling",
        test: |_| Box::pin(seed_repeats_the_record()),
    },
    Promise {
        name: "seed_is_the_same_everywhere",
        says: "A seed gives the same random numbers in every browser",
        shown_by: "async-multiple",
        test: |_| Box::pin(seed_is_the_same_everywhere()),
    },
    Promise {
        name: "yield_now_lets_others_run",
        says: "Work in slices lets other tasks run in between",
        shown_by: "common-issues?issue=sync-inside",
        test: |it| Box::pin(yield_now_lets_others_run(it.run)),
    },
    Promise {
        name: "queue_stays_within_its_bound",
        says: "A queue never exceeds its bound, and loses nothing",
        shown_by: "async-ml-pipeline",
        test: |it| Box::pin(queue_stays_within_its_bound(it.run)),
    },
];
