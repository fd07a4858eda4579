//! Runs the cases in rounds.

use std::time::Duration;

use futures::future::{join, join_all, ready};

use super::{Case, Contender, ROUNDS, Results, SLEEP, promises, workers};
use crate::measure::Record;
use crate::measure::heartbeat::longest_lag_us;
use crate::runtime::browser::Stopwatch;
use crate::runtime::{Run, stoppable};

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
