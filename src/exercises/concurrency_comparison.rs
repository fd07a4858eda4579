//! Part 7 of the guide: which kind of concurrency for which kind of work.
//!
//! You see the same waits in sequence, with async and in blocking workers, and the same computation in the page, in
//! slices, in one worker and in all workers. The exercise measures how long each takes and how long it blocks the page.
//! A table then lists which approach to use for which work, in the browser and in Python.

mod findings;
mod plan;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use crate::exercises::exercise::Preset;
use crate::exercises::prelude::*;
use crate::measure::heartbeat::PERIOD;
use crate::runtime::join_all;
use crate::workers::{Answer, Job, OffloadError, Pool, cpu_bound_task};

use findings::Findings;
use plan::Plan;

/// Waits for a slow server and blocks everything else: the guide's `time.sleep`.
fn io_bound_task(run: &Run, wait: Duration) {
    run.block(wait);
}

/// The same wait, which yields to the event loop: the guide's `asyncio.sleep`.
async fn io_bound_task_async(run: &Run, wait: Duration) {
    run.sleep(wait).await;
}

/// One wait after another. They block the page the whole time.
async fn sync_io_tasks(run: &Run, plan: &Plan) {
    for n in 0..plan.tasks {
        run.task(("io_bound_task", n), async { io_bound_task(run, plan.wait) }).await;
    }
}

/// All waits at once, in the page's only thread.
async fn async_io_tasks(run: &Run, plan: &Plan) {
    let wait = |n| run.task(("io_bound_task_async", n), io_bound_task_async(run, plan.wait));
    join_all(run, (0..plan.tasks).map(wait)).await;
}

/// All waits at once, each in a worker, which is a thread that the wait blocks.
async fn threaded_io_tasks(run: &Run, plan: &Plan, threads: &Pool) -> Result<(), OffloadError> {
    let wait = |n| run.try_task(("io_bound_task", n), threads.offload(Job::Block(plan.wait)));
    join_all(run, (0..plan.tasks).map(wait)).await.into_iter().try_for_each(|done| done.map(drop))
}

/// One computation after another, in the page.
async fn cpu_inline(run: &Run, plan: &Plan) -> Vec<u32> {
    let mut numbers = Vec::new();
    for n in 0..plan.tasks {
        numbers.push(run.task(("cpu_bound_task", n), async { cpu_bound_task(0, plan.steps) }).await);
    }
    numbers
}

/// The same, but yields to the event loop after each slice.
async fn cpu_in_slices(run: &Run, plan: &Plan) -> Vec<u32> {
    let sliced = async || {
        let mut number = 0;
        for slice in plan.slices() {
            number = cpu_bound_task(number, slice);
            run.yield_now().await;
        }
        number
    };
    let mut numbers = Vec::new();
    for n in 0..plan.tasks {
        numbers.push(run.task(("cpu_bound_task", n), sliced()).await);
    }
    numbers
}

/// The same, in workers: as many computations at once as there are workers.
async fn cpu_in_workers(run: &Run, plan: &Plan, workers: &Pool) -> Result<Vec<Answer>, OffloadError> {
    let task = |n| run.try_task(("cpu_bound_task", n), workers.offload(Job::CpuBound { steps: plan.steps }));
    let done = join_all(run, (0..plan.tasks).map(task)).await;
    done.into_iter().map(|done| Ok(done?.answer)).collect()
}

/// Starts workers, in a task of its own: the comparison does not include the start.
async fn started(run: &Run, part: &'static str, size: NonZeroUsize) -> Result<Pool, OffloadError> {
    let pool = Pool::new(run, size);
    run.try_task(part, pool.start()).await?;
    Ok(pool)
}

/// Runs the exercise. Each part that is compared is a root task. If workers cannot start, the other parts still run.
async fn concurrency_comparison(run: &Run, plan: &Plan) -> Findings {
    // Lets the heartbeat catch up between two parts, so that a block counts only for the part that caused it.
    let settle = async || run.sleep(PERIOD * 2).await;

    run.task("sync_io_tasks", sync_io_tasks(run, plan)).await;
    settle().await;
    run.task("async_io_tasks", async_io_tasks(run, plan)).await;
    let in_threads = async {
        let threads = started(run, "start_threads", plan.threads()).await?;
        run.try_task("threaded_io_tasks", threaded_io_tasks(run, plan, &threads)).await
    };
    let threaded = in_threads.await;
    settle().await;

    let inline = run.task("cpu_inline", cpu_inline(run, plan)).await;
    settle().await;
    let in_slices = run.task("cpu_in_slices", cpu_in_slices(run, plan)).await;
    let in_workers = async |start, part, size| {
        let workers = started(run, start, size).await?;
        run.try_task(part, cpu_in_workers(run, plan, &workers)).await
    };
    settle().await;
    let in_one = in_workers("start_one_worker", "cpu_in_one_worker", NonZeroUsize::MIN).await;
    settle().await;
    let in_all = in_workers("start_all_workers", "cpu_in_all_workers", plan.workers).await;
    settle().await;
    Findings { threaded, inline, in_slices, in_one, in_all }
}

// The entry in the catalogue.

/// The exercise as the page shows and runs it.
pub static EXERCISE: Exercise = Exercise::new("concurrency-comparison", 7, "Concurrency compared")
    .with_short_title("Comparison")
    .teaches("Async is for waiting, workers are for computing: neither helps with the other.")
    .with_controls(plan::CONTROLS)
    .with_main_controls(&["tasks", "size", "workers"])
    .with_presets(&[Preset::new("Only waits", "size=0"), Preset::new("One worker", "workers=1")])
    .with_comparisons(&[
        Comparison::new(
            "Work that waits",
            &[
                Bar::new("sync_io_tasks", "One by one").that_blocks(),
                Bar::new("async_io_tasks", "Async"),
                Bar::new("threaded_io_tasks", "Blocking workers"),
            ],
        ),
        Comparison::new(
            "Work that computes",
            &[
                Bar::new("cpu_inline", "Inline").that_blocks(),
                Bar::new("cpu_in_slices", "In slices"),
                Bar::new("cpu_in_one_worker", "One worker"),
                Bar::new("cpu_in_all_workers", "All workers"),
            ],
        ),
    ])
    .with_pulse()
    .without_ideal()
    .with_python_requirement("threads and processes")
    .runs(code!(run in exercises));

async fn run(run: Run, _site: Rc<Site>, settings: Settings) -> Result<Report, Failure> {
    let plan = Plan::from(&settings);
    let done = concurrency_comparison(&run, &plan).await;
    Ok(done.report(&run.record(), &plan))
}
