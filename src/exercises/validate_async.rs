//! Part 8 of the guide: is all of it true in this browser?
//!
//! You see each promise of the guide, of the runtime and of the page, with what was expected and what was measured. A
//! feature that your browser lacks is reported separately from a failure.

mod browser_promises;
mod finding;
mod runtime_promises;
#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use futures::future::LocalBoxFuture;

use crate::endpoint::model_server;
use crate::exercises::exercise::Failure;
use crate::exercises::prelude::*;
use crate::measure::spans::speed_up;
use crate::measure::validation::{Validation, summary};
use crate::runtime::join_all;

use finding::{Promise, TestContext, Tested, check, same, same_text};

/// An async function does nothing until it is awaited, and then returns its value.
async fn async_function(run: &Run) -> Tested {
    let has_started = Cell::new(false);
    let answer = async {
        has_started.set(true);
        run.sleep(SHORT).await;
        42
    };
    let started_too_early = has_started.get();
    let answer = answer.await;
    let when = if started_too_early { "before" } else { "at" };
    same_text("starts at the await, returns 42", format!("starts {when} the await, returns {answer}"))
}

/// The results of concurrent calls are in the order of the calls. The three calls are the guide's.
async fn gather(run: &Run) -> Tested {
    let double = async |n: u32| {
        run.sleep(SHORT).await;
        n * 2
    };
    same(vec![2, 4, 6], join_all(run, [1, 2, 3].map(|n| run.task("double", double(n)))).await)
}

/// A task that fails does not affect the others, and its error is in its place among the results.
async fn error_handling(run: &Run) -> Tested {
    let risky = async |n: u32| {
        run.sleep(SHORT).await;
        if n == 2 { Err("2 is not valid") } else { Ok(n * 2) }
    };
    let results = join_all(run, [1, 2, 3].map(|n| run.try_task("risky_operation", risky(n)))).await;
    same(vec![Ok(2), Err("2 is not valid"), Ok(6)], results)
}

/// Concurrent tasks have all started before the first of them ends.
async fn concurrent_tasks(run: &Run) -> Tested {
    let started = Cell::new(0);
    let task = async || {
        started.set(started.get() + 1);
        run.sleep(SHORT).await;
        started.get()
    };
    same(vec![SLEEPS; SLEEPS], join_all(run, (0..SLEEPS).map(|_| run.task("task", task()))).await)
}

/// Five sleeps, one after another.
async fn sequential_execution(run: &Run) {
    for _ in 0..SLEEPS {
        run.task("sleep", run.sleep(LONG)).await;
    }
}

/// The same five at once.
async fn concurrent_execution(run: &Run) {
    join_all(run, (0..SLEEPS).map(|_| run.task("sleep", run.sleep(LONG)))).await;
}

/// Five concurrent sleeps are almost five times as fast as five sleeps in sequence. The check asks only for twice as
/// fast, so that other activity of the machine does not change the verdict.
async fn concurrency_is_faster(run: &Run) -> Tested {
    let length_us = |part| Span::named(&run.record(), part).and_then(|span| span.length_us()).unwrap_or(0);
    let [sequential_us, concurrent_us] = ["sequential_execution", "concurrent_execution"].map(length_us);
    let ratio = speed_up(sequential_us, concurrent_us).unwrap_or(0.0);
    let [sequential, concurrent] = [sequential_us, concurrent_us].map(units::span);
    let measured = format!("{ratio:.1} times as fast: {concurrent} instead of {sequential}");
    check(ratio >= 2.0, "at least 2.0 times as fast", measured)
}

/// Runs the exercise. Each part that is compared is a root task.
async fn validate_async(context: &TestContext<'_>) -> Vec<Validation> {
    let run = context.run;
    run.task("sequential_execution", sequential_execution(run)).await;
    run.task("concurrent_execution", concurrent_execution(run)).await;
    let guide = run.task("validate_guide", context.validate("Promises of the Python guide", PROMISES)).await;
    let runtime = context.validate("Promises of the runtime", runtime_promises::PROMISES);
    let runtime = run.task("validate_runtime", runtime).await;
    let browser = context.validate("Promises of the page in this browser", browser_promises::PROMISES);
    let browser = run.task("validate_browser", browser).await;
    [guide, runtime, browser].concat()
}

const SHORT: Duration = Duration::from_millis(20);
/// Long, compared with the delays of a busy machine.
const LONG: Duration = Duration::from_millis(200);
const SLEEPS: usize = 5;

/// The promises of the guide.
const PROMISES: &[Promise] = &[
    Promise {
        name: "async_function",
        says: "An async function starts when it is awaited, and returns its value",
        shown_by: "common-issues?issue=never-awaited",
        test: |it| Box::pin(async_function(it.run)),
    },
    Promise {
        name: "gather",
        says: "Doubling 1, 2 and 3 concurrently gives 2, 4 and 6",
        shown_by: "async-multiple",
        test: |it| Box::pin(gather(it.run)),
    },
    Promise {
        name: "error_handling",
        says: "A task that fails does not affect the others",
        shown_by: "async-error-handling",
        test: |it| Box::pin(error_handling(it.run)),
    },
    Promise {
        name: "concurrent_tasks",
        says: "Concurrent tasks have all started before the first one ends",
        shown_by: "async-basics?blocking=off",
        test: |it| Box::pin(concurrent_tasks(it.run)),
    },
    Promise {
        name: "concurrency_is_faster",
        says: "Waiting concurrently is faster than waiting in sequence",
        shown_by: "async-basics?blocking=off",
        test: |it| Box::pin(concurrency_is_faster(it.run)),
    },
];

// The entry in the catalogue.

/// The exercise as the page shows and runs it.
pub static EXERCISE: Exercise = Exercise::new("validate-async", 8, "Validation")
    .teaches(
        "Every promise of the Python guide and of this page, tested in your browser: what was expected, what was measured, \
         and what your browser lacks.",
    )
    .with_comparisons(&[
        Comparison::race(
            "Five sleeps of 200 ms, in sequence and concurrently",
            &[Bar::new("sequential_execution", "Sequential"), Bar::new("concurrent_execution", "Concurrent")],
        ),
        Comparison::new(
            "How long the validations took",
            &[
                Bar::new("validate_guide", "Guide"),
                Bar::new("validate_runtime", "Runtime").that_blocks(),
                Bar::new("validate_browser", "Browser"),
            ],
        )
        .about("Some of them block the page on purpose, to test that blocks are detected."),
    ])
    .without_ideal()
    .runs(code!(run in io))
    .prepared_by(|_, _| Box::pin(async { prepared::prepare().await?.await }));

lazy!(mod prepared in io: prepare() -> LocalBoxFuture<'static, Result<(), Failure>>);

/// Starts the page's own model server. If it cannot start, the exercise reports that.
fn prepare() -> LocalBoxFuture<'static, Result<(), Failure>> {
    Box::pin(async {
        let _ = model_server::start().await;
        Ok(())
    })
}

async fn run(run: Run, site: Rc<Site>, _settings: Settings) -> Result<Report, Failure> {
    let server = model_server::start().await;
    let validations = validate_async(&TestContext { run: &run, site: &site, server }).await;
    let summary = summary(&validations);
    let headlines = vec![Headline::new("validate_guide", summary.clone())];
    let notes = vec![summary];
    Ok(Report { headlines, notes, sections: vec![Section::Validations(validations)], ..Report::default() })
}
