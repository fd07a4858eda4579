//! Part 8 of the guide: whether all of it is true, in this browser.
//!
//! You see each promise of the guide, of the runtime and of the page with what was expected and what was measured here
//! and now. What your browser has not is told apart from what failed.

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
use crate::measure::validation::{Validation, in_short};
use crate::runtime::join_all;

use finding::{Promise, TestContext, Tested, alike, equal, holds};

/// An async function does nothing until somebody awaits it, and then gives its value.
async fn async_function(run: &Run) -> Tested {
    let has_begun = Cell::new(false);
    let answer = async {
        has_begun.set(true);
        run.sleep(SHORT).await;
        42
    };
    let began_too_early = has_begun.get();
    let answer = answer.await;
    let when = if began_too_early { "before" } else { "at" };
    alike("begins at the await, gives 42", format!("begins {when} the await, gives {answer}"))
}

/// All results at once, in the order of the calls: the guide's own three.
async fn gather(run: &Run) -> Tested {
    let double = async |n: u32| {
        run.sleep(SHORT).await;
        n * 2
    };
    equal(vec![2, 4, 6], join_all(run, [1, 2, 3].map(|n| run.task("double", double(n)))).await)
}

/// One that fails takes nothing from the others, and its error stands in its place.
async fn error_handling(run: &Run) -> Tested {
    let risky = async |n: u32| {
        run.sleep(SHORT).await;
        if n == 2 { Err("2 is not valid") } else { Ok(n * 2) }
    };
    let results = join_all(run, [1, 2, 3].map(|n| run.try_task("risky_operation", risky(n)))).await;
    equal(vec![Ok(2), Err("2 is not valid"), Ok(6)], results)
}

/// Those that run together have all begun before the first of them ends.
async fn concurrent_tasks(run: &Run) -> Tested {
    let begun = Cell::new(0);
    let task = async || {
        begun.set(begun.get() + 1);
        run.sleep(SHORT).await;
        begun.get()
    };
    equal(vec![SLEEPS; SLEEPS], join_all(run, (0..SLEEPS).map(|_| run.task("task", task()))).await)
}

/// Five sleeps, one after the other.
async fn sequential_execution(run: &Run) {
    for _ in 0..SLEEPS {
        run.task("sleep", run.sleep(LONG)).await;
    }
}

/// The same five at once.
async fn concurrent_execution(run: &Run) {
    join_all(run, (0..SLEEPS).map(|_| run.task("sleep", run.sleep(LONG)))).await;
}

/// Five sleeps together are near to five times as fast as in turn. Twice is enough, so that a machine which is busy
/// with other things does not change the verdict.
async fn concurrency_is_faster(run: &Run) -> Tested {
    let length_us = |part| Span::named(&run.record(), part).and_then(|span| span.length_us()).unwrap_or(0);
    let [in_turn_us, together_us] = ["sequential_execution", "concurrent_execution"].map(length_us);
    let ratio = speed_up(in_turn_us, together_us).unwrap_or(0.0);
    let told = format!("{ratio:.1} times: {} instead of {}", units::span(together_us), units::span(in_turn_us));
    holds(ratio >= 2.0, "2.0 times as fast or more", told)
}

/// Runs the exercise. Each part that is compared is a root task.
async fn validate_async(bench: &TestContext<'_>) -> Vec<Validation> {
    let run = bench.run;
    run.task("sequential_execution", sequential_execution(run)).await;
    run.task("concurrent_execution", concurrent_execution(run)).await;
    let guide = run.task("validate_guide", bench.validate("What the guide validates", PROMISES)).await;
    let runtime = bench.validate("What the runtime promises", runtime_promises::PROMISES);
    let runtime = run.task("validate_runtime", runtime).await;
    let browser = bench.validate("What the page promises in this browser", browser_promises::PROMISES);
    let browser = run.task("validate_browser", browser).await;
    [guide, runtime, browser].concat()
}

const SHORT: Duration = Duration::from_millis(20);
/// Long beside the hiccups of a busy machine.
const LONG: Duration = Duration::from_millis(200);
const SLEEPS: usize = 5;

/// The guide's own.
const PROMISES: &[Promise] = &[
    Promise {
        name: "async_function",
        says: "An async function runs when it is awaited, and gives its value",
        shown_by: "common-issues?issue=never-awaited",
        test: |it| Box::pin(async_function(it.run)),
    },
    Promise {
        name: "gather",
        says: "1, 2 and 3 doubled together are 2, 4 and 6",
        shown_by: "async-multiple",
        test: |it| Box::pin(gather(it.run)),
    },
    Promise {
        name: "error_handling",
        says: "One that fails takes nothing from the others",
        shown_by: "async-error-handling",
        test: |it| Box::pin(error_handling(it.run)),
    },
    Promise {
        name: "concurrent_tasks",
        says: "Tasks that run together have all begun before the first ends",
        shown_by: "async-basics?blocking=off",
        test: |it| Box::pin(concurrent_tasks(it.run)),
    },
    Promise {
        name: "concurrency_is_faster",
        says: "Waiting together is faster than waiting in turn",
        shown_by: "async-basics?blocking=off",
        test: |it| Box::pin(concurrency_is_faster(it.run)),
    },
];

// The entry in the catalogue.

/// The exercise as the page shows and runs it.
pub static EXERCISE: Exercise = Exercise::new("validate-async", 8, "Validation")
    .teaches(
        "Every promise of the guide and of this page, put to the test in your browser: what was expected, what was \
              measured, and what your browser lacks.",
    )
    .with_comparisons(&[
        Comparison::race(
            "Five sleeps of 200 ms, in turn and together",
            &[Bar::new("sequential_execution", "Sequential"), Bar::new("concurrent_execution", "Concurrent")],
        ),
        Comparison::new(
            "What the validations took",
            &[
                Bar::new("validate_guide", "Guide"),
                Bar::new("validate_runtime", "Runtime").that_blocks(),
                Bar::new("validate_browser", "Browser"),
            ],
        )
        .about(
            "Blocks of the page are among them, on purpose: that the heartbeat sees them is a promise as \
             well.",
        ),
    ])
    .without_ideal()
    .runs(code!(run in validate))
    .loaded_by(|_, _| Box::pin(async { prepared::prepare().await?.await }));

lazy!(mod prepared in validate: prepare() -> LocalBoxFuture<'static, Result<(), Failure>>);

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
    let notes = vec![in_short(&validations)];
    Ok(Report { notes, sections: vec![Section::Validations(validations)], ..Report::default() })
}
