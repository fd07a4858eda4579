//! What the runtime promises, each put to the test.

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

use super::finding::{Promise, Tested, alike, equal, holds};

/// Those who begin first end last, and each result stands in its place all the same.
async fn results_in_order(run: &Run) -> Tested {
    let nap = async |n: u32| {
        run.sleep(SHORT * (5 - n)).await;
        n
    };
    equal(vec![1, 2, 3, 4], join_all(run, (1..5).map(|n| run.task("nap", nap(n)))).await)
}

/// Twelve who want to work, and three who may.
async fn limit_is_kept(run: &Run) -> Tested {
    let (limit, working, peak) = (run.limit(NonZeroUsize::new(3)), Cell::new(0), Cell::new(0));
    let work = async || {
        let _permit = limit.acquire().await;
        working.set(working.get() + 1);
        peak.set(peak.get().max(working.get()));
        run.sleep(SHORT).await;
        working.set(working.get() - 1);
    };
    join_all(run, (0..12).map(|_| run.task("work", work()))).await;
    holds(peak.get() == 3, "3 in flight at the peak", format!("{} at the peak", peak.get()))
}

/// Who comes first is served first.
async fn first_come_first_served(run: &Run) -> Tested {
    let (limit, served) = (run.limit(NonZeroUsize::new(1)), RefCell::new(Vec::new()));
    let work = async |n| {
        let _permit = limit.acquire().await;
        served.borrow_mut().push(n);
        run.yield_now().await;
    };
    join_all(run, (1..7).map(work)).await;
    equal(vec![1, 2, 3, 4, 5, 6], served.into_inner())
}

/// Those who are dropped give their permits back, and those who wait their places in the queue.
async fn permits_come_back(run: &Run) -> Tested {
    let limit = run.limit(NonZeroUsize::new(3));
    let hold = async || {
        let _permit = limit.acquire().await;
        run.sleep(HOUR).await;
    };
    let held = join_all(run, (0..8).map(|_| run.task("hold", hold())));
    // It cannot be in time: that is the point.
    let _ = run.timeout(SHORT, held).await;
    let free: Vec<_> = std::iter::from_fn(|| limit.acquire().now_or_never()).collect();
    holds(free.len() == 3, "3 of 3 permits are back", format!("{} of 3", free.len()))
}

/// What is late is an error that says so.
async fn timeout_fires(run: &Run) -> Tested {
    let late = run.try_task("late", run.timeout(SHORT, run.sleep(HOUR))).await;
    let told = late.err().map_or("no error".to_owned(), |error| error.to_string());
    alike("not done within 20 ms", told)
}

/// What is late is dropped, with all that it holds and its timer.
async fn timeout_drops_the_loser(run: &Run) -> Tested {
    let left = run.nested(async |run| {
        let held = Rc::new(());
        let holder = Rc::clone(&held);
        let slow = async move {
            run.sleep(HOUR).await;
            drop(holder);
        };
        let _ = run.timeout(SHORT, slow).await;
        (Rc::strong_count(&held) - 1, run.sleepers())
    });
    let (holders, timers) = left.await?;
    let told = |holders, timers| format!("{holders} holders and {timers} timers left");
    alike(told(0, 0), told(holders, timers))
}

/// What fails twice succeeds at the third attempt, after pauses that grow and are never cut short.
async fn retry_pauses_and_succeeds(run: &Run) -> Tested {
    let began = RefCell::new(Vec::new());
    let flaky = async |attempt| {
        began.borrow_mut().push(run.now());
        if attempt < 3 { Err("the connection was lost") } else { Ok(attempt) }
    };
    let attempts = run.retry("flaky", &policy(|_| true), flaky).await;
    let pauses: Vec<_> = began.borrow().windows(2).map(|two| two[1] - two[0]).collect();
    let are_long = pauses.len() == 2 && pauses[0] >= SHORT && pauses[1] >= SHORT * 2;
    let told = pauses.iter().map(|pause| units::span(pause.as_micros() as u64)).collect::<Vec<_>>().join(" and ");
    let measured = match &attempts {
        Ok(attempt) => format!("attempt {attempt}, after pauses of {told}"),
        Err(error) => error.to_string(),
    };
    holds(attempts == Ok(3) && are_long, "attempt 3, after pauses of 20 ms and 40 ms or more", measured)
}

/// What no other attempt would mend is not tried again.
async fn retry_gives_up(run: &Run) -> Tested {
    let refused = async |_| Err::<(), _>("the input is not valid");
    let ended = run.retry("refused", &policy(|_| false), refused).await;
    let told = ended.map_or_else(|error| error.to_string(), |()| "a value".to_owned());
    alike("the input is not valid, at the only attempt", told)
}

/// Twenty tasks, four at work and the rest in the queue, are dropped: nobody sleeps any more, all permits are back, and
/// the record says what became of them.
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
    let told =
        |timers, permits, cancelled| format!("{timers} timers left, {permits} permits back, {cancelled} cancelled");
    alike(told(0, 4, 20), told(timers, permits, cancelled))
}

/// Whoever leaves a scope ends the tasks in it.
async fn scope_ends_its_tasks(run: &Run) -> Tested {
    let left = run.nested(async |run| {
        let leave = run.scope(async |scope| {
            for _ in 0..3 {
                // It is open as long as this goes on.
                let _ = scope.spawn(run.task("endless", run.sleep(HOUR)));
            }
            run.sleep(SHORT).await;
        });
        leave.await;
        (cancelled(&run.record()), run.sleepers())
    });
    let (cancelled, timers) = left.await?;
    let told = |cancelled, timers| format!("{cancelled} cancelled, {timers} timers left");
    alike(told(3, 0), told(cancelled, timers))
}

/// Sixty waits of a minute take exactly an hour on the virtual clock, and next to nothing on the reader's.
async fn virtual_clock_jumps(run: &Run) -> Tested {
    let began = run.now();
    let virtual_run = Run::on_virtual_clock(run.seed());
    block_on(&virtual_run, async {
        for _ in 0..60 {
            virtual_run.sleep(HOUR / 60).await;
        }
    })?;
    let [passed, took] = [virtual_run.now(), run.now() - began];
    let in_words = |time: Duration| units::span(time.as_micros() as u64);
    let measured = format!("{}, in {}", in_words(passed), in_words(took));
    holds(passed == HOUR && took < HOUR / 60, format!("{}, in far less", in_words(HOUR)), measured)
}

/// The same seed leaves the same record, event by event; another leaves another.
async fn seed_draws_the_same() -> Tested {
    let [one, same, other] = [7, 7, 8].map(events_of_draws);
    let (one, same, other) = (one?, same?, other?);
    let told = |same, other| format!("the same seed: {same}; another: {other}");
    alike(told("equal", "different"), told(in_a_word(one == same), in_a_word(one == other)))
}

/// What a seed draws, it draws in every browser.
async fn seed_draws_the_same_everywhere() -> Tested {
    let mut rng = Run::on_virtual_clock(7).rng("validate_async");
    equal([714, 2, 456, 231], std::array::from_fn(|_| rng.u32(0..1_000)))
}

/// Work in slices, with a turn for everybody else after each: who waits for a moment is not kept waiting till the end.
async fn yield_now_lets_others_turn(run: &Run) -> Tested {
    let (slices, woken_after) = (Cell::new(0), Cell::new(None));
    let patient = async {
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
    join(run.task("patient", patient), run.task("slices", work)).await;
    let woken = woken_after.get();
    let measured = woken.map_or("never".to_owned(), |after| format!("woken after {after} of {SLICES} slices"));
    holds(woken.is_some_and(|after| after < SLICES), "woken between two slices", measured)
}

/// A quick maker and a slow taker: the queue between them holds no more than its bound, and loses nothing.
async fn queue_keeps_its_bound(run: &Run) -> Tested {
    let bound = NonZeroUsize::new(3).expect("3 is not 0");
    let (queue, peak, mut taken) = (run.queue(bound), Cell::new(0), Vec::new());
    let make = async {
        for n in 0..12 {
            queue.put(n).await;
            peak.set(peak.get().max(queue.len()));
        }
        queue.close();
    };
    let take = async {
        while let Some(n) = queue.take().await {
            taken.push(n);
            run.sleep(SHORT / 4).await;
        }
    };
    join(run.task("make", make), run.task("take", take)).await;
    let measured = format!("{} of 12 in order, {} at the peak", taken.len(), peak.get());
    holds(taken.iter().copied().eq(0..12) && peak.get() == 3, "12 of 12 in order, 3 at the peak", measured)
}

/// A loop that is blocked cannot beat, and the record says for how long.
async fn heartbeat_sees_a_block(run: &Run) -> Tested {
    let block = SHORT * 5;
    let lag_us = run.nested(async |run| {
        select(Box::pin(async { run.block(block) }), Box::pin(run.heartbeat())).await;
        longest_lag_us(run.record().beats(), 0, u64::MAX)
    });
    let lag_us = lag_us.await?.unwrap_or(0);
    let expected = format!("a lag of {} or more", units::span(block.as_micros() as u64 / 2));
    holds(lag_us >= block.as_micros() as u64 / 2, expected, format!("a lag of {}", units::span(lag_us)))
}

/// Short enough that all of this is soon over. Nothing is held against it but what can only be longer.
const SHORT: Duration = Duration::from_millis(20);
const HOUR: Duration = Duration::from_secs(3_600);
const SLICES: u32 = 20;

fn policy(is_transient: fn(&&'static str) -> bool) -> RetryPolicy<&'static str> {
    RetryPolicy { retries: 4, backoff: Backoff::Linear { step: SHORT }, is_transient, retry_after: |_| None }
}

fn cancelled(record: &Record) -> u32 {
    Metrics::from_record(record).outcomes.get(Outcome::Cancelled)
}

/// The times at which something happened in a run whose waits its seed draws.
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

/// All of them.
pub(super) const PROMISES: &[Promise] = &[
    Promise {
        name: "results_in_order",
        says: "Results stand in the order of the tasks, whoever ends first",
        shown_by: "async-multiple",
        test: |it| Box::pin(results_in_order(it.run)),
    },
    Promise {
        name: "limit_is_kept",
        says: "No more tasks are in flight than the limit says",
        shown_by: "async-multiple?samples=30&limit=3",
        test: |it| Box::pin(limit_is_kept(it.run)),
    },
    Promise {
        name: "first_come_first_served",
        says: "Who comes first to a limit is served first",
        shown_by: "async-multiple?samples=30&limit=1",
        test: |it| Box::pin(first_come_first_served(it.run)),
    },
    Promise {
        name: "permits_come_back",
        says: "Who is dropped gives back the permit",
        shown_by: "async-error-handling?limit=3",
        test: |it| Box::pin(permits_come_back(it.run)),
    },
    Promise {
        name: "timeout_fires",
        says: "What is late ends with an error that says so",
        shown_by: "async-error-handling?timeout=60",
        test: |it| Box::pin(timeout_fires(it.run)),
    },
    Promise {
        name: "timeout_drops_the_loser",
        says: "What is late is dropped, and its timer with it",
        shown_by: "async-error-handling?timeout=60",
        test: |it| Box::pin(timeout_drops_the_loser(it.run)),
    },
    Promise {
        name: "retry_pauses_and_succeeds",
        says: "What is transient is tried again, after pauses that grow",
        shown_by: "async-error-handling",
        test: |it| Box::pin(retry_pauses_and_succeeds(it.run)),
    },
    Promise {
        name: "retry_gives_up",
        says: "What no other try would mend is not tried again",
        shown_by: "async-error-handling",
        test: |it| Box::pin(retry_gives_up(it.run)),
    },
    Promise {
        name: "cancel_leaves_nothing",
        says: "Dropping tasks leaves no timer, no permit and no silence in the record",
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
        name: "heartbeat_sees_a_block",
        says: "A blocked event loop is noticed",
        shown_by: "common-issues?issue=blocked-loop",
        test: |it| Box::pin(heartbeat_sees_a_block(it.run)),
    },
    Promise {
        name: "virtual_clock_jumps",
        says: "An hour of waits takes no time on the virtual clock, and exactly an hour of its own",
        shown_by: "async-basics",
        test: |it| Box::pin(virtual_clock_jumps(it.run)),
    },
    Promise {
        name: "seed_draws_the_same",
        says: "A seed leaves the same record again",
        shown_by: "async-error-handling",
        test: |_| Box::pin(seed_draws_the_same()),
    },
    Promise {
        name: "seed_draws_the_same_everywhere",
        says: "A seed draws in this browser what it draws in every other",
        shown_by: "async-multiple",
        test: |_| Box::pin(seed_draws_the_same_everywhere()),
    },
    Promise {
        name: "yield_now_lets_others_turn",
        says: "Work in slices leaves a turn for everybody else",
        shown_by: "common-issues?issue=sync-inside",
        test: |it| Box::pin(yield_now_lets_others_turn(it.run)),
    },
    Promise {
        name: "queue_keeps_its_bound",
        says: "A queue never grows beyond its bound, and loses nothing",
        shown_by: "async-ml-pipeline",
        test: |it| Box::pin(queue_keeps_its_bound(it.run)),
    },
];
