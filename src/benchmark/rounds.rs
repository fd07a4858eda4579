//! Runs the cases in rounds.

use std::time::Duration;

use futures::future::{join, join_all, ready};

use super::{Case, Contender, PAIRS, ROUNDS, Results, SLEEP, promises, workers};
use crate::measure::Record;
use crate::measure::heartbeat::longest_lag_us;
use crate::runtime::browser::Stopwatch;
use crate::runtime::{Run, stoppable, virtual_time};

/// The number of tasks in the record whose size is measured.
const TASKS: usize = 10_000;

/// Runs all cases, and shows the results after every round. Dropping the future stops it.
pub async fn run(mut show: impl FnMut(&Results)) {
    let page = Run::for_page();
    let mut results = Results::default();
    for round in 0..=ROUNDS {
        for measured in &mut results.measured {
            let ms = measure(measured.case, measured.contender).await;
            if round > 0 {
                measured.runs_ms.push(ms);
            }
            // So that the page paints and collects garbage now, and not during the next case.
            page.sleep(Duration::from_millis(50)).await;
        }
        results.rounds_done = round + 1;
        show(&results);
    }
    for pair in 0..PAIRS {
        // Neither always comes first.
        let order = if pair % 2 == 0 { [true, false] } else { [false, true] };
        let [first, second] = order.map(seconds_to_record);
        let [with, without] = if order[0] { [first, second] } else { [second, first] };
        results.line_costs.push(with / without);
        page.sleep(Duration::from_millis(20)).await;
    }
    let record = recorded_sleeps().await;
    results.bytes_per_task = Some(record.heap_bytes() / TASKS);
    results.longest_block_us = longest_lag_us(record.beats(), 0, record.end_us());
    show(&results);
    results.workers = Some(workers::measure().await);
    show(&results);
}

/// The wall time of a case in milliseconds.
async fn measure(case: Case, contender: Contender) -> f64 {
    let (run, stopwatch) = (Run::in_browser(0), Stopwatch::start());
    match (case, contender) {
        (Case::Sleeps(n), Contender::Runtime) => drop(join_all((0..n).map(|_| run.sleep(SLEEP))).await),
        (Case::Sleeps(n), Contender::Recorded) => {
            drop(join_all((0..n).map(|_| run.task("sleep", run.sleep(SLEEP)))).await);
        }
        (Case::Ready(n), Contender::Runtime) => drop(join_all((0..n).map(|_| ready(()))).await),
        (Case::Ready(n), Contender::Recorded) => drop(join_all((0..n).map(|_| run.task("ready", ready(())))).await),
        (Case::Sleeps(n), Contender::Promises) => promises::sleeps(n, SLEEP.as_millis() as u32).await,
        (Case::Ready(n), Contender::Promises) => promises::ready(n).await,
    }
    stopwatch.elapsed().as_secs_f64() * 1e3
}

/// The time to record ten thousand tasks with one wait each, with or without the lines of the waits. It is all computing:
/// on the virtual clock nothing waits.
fn seconds_to_record(has_lines: bool) -> f64 {
    let run = Run::on_virtual_clock(0);
    let sleep = || if has_lines { run.sleep(SLEEP) } else { run.internal_sleep(SLEEP) };
    let stopwatch = Stopwatch::start();
    let sleeps = join_all((0..TASKS).map(|_| run.task("sleep", sleep())));
    drop(virtual_time::block_on(&run, sleeps));
    stopwatch.elapsed().as_secs_f64()
}

/// The record of ten thousand tasks with one wait each, and of a heartbeat.
async fn recorded_sleeps() -> Record {
    let run = Run::in_browser(0);
    let (heartbeat, heart) = stoppable(run.heartbeat());
    let sleeps = join_all((0..TASKS).map(|_| run.task("sleep", run.sleep(SLEEP))));
    let work = async {
        sleeps.await;
        drop(heart);
    };
    join(heartbeat, work).await;
    run.take_record()
}
