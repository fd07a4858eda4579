//! Part 6 of the guide: tasks that fail, and what happens to the other tasks.
//!
//! You see that failing fast cancels all tasks at the first error, while collecting keeps every result, in the order of
//! the tasks. You also see which errors a retry can fix, and what retries cost in time and in load. The seed decides
//! which attempts fail, and how.

use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use futures::future::pending;

use crate::exercises::prelude::*;
use crate::measure::events::{Event, EventKind};
use crate::runtime::{Backoff, Limit, RetryError, RetryPolicy, TimedOut, join_all, try_join_all};

/// An operation that takes some time and may fail. Returns twice the number of the task.
async fn risky_operation(run: &Run, plan: &Plan, task: u32, attempt: u32) -> Result<u32, OperationError> {
    let mut rng = run.rng(format_args!("attempt {attempt} of task {task}"));
    let wait = plan.wait.mul_f64(0.5 + rng.f64());
    let fault = plan.draw_fault(run, task, &mut rng);
    // An operation longer than its timeout never ends: on a busy page it could end before the timeout is noticed.
    if fault == Some(SimulatedFault::Hangs) || wait > plan.timeout {
        pending::<()>().await;
    }
    run.sleep(wait).await;
    match fault {
        None => Ok(task * 2),
        Some(SimulatedFault::InvalidInput) => Err(OperationError::InvalidInput { task }),
        Some(SimulatedFault::ServerBusy) => Err(OperationError::ServerBusy { task, retry_after: plan.wait * 2 }),
        Some(SimulatedFault::ConnectionLost | SimulatedFault::Hangs) => Err(OperationError::ConnectionLost { task }),
    }
}

/// The operation with a timeout, which turns an operation that hangs into an error.
async fn timed_operation(run: &Run, plan: &Plan, task: u32, attempt: u32) -> Result<u32, OperationError> {
    let operation = run.timeout(plan.timeout, risky_operation(run, plan, task, attempt));
    operation.await.map_err(|cause| OperationError::TimedOut { task, cause })?
}

/// Runs one attempt and never fails: an error becomes part of the result.
async fn safe_risky_operation(run: &Run, plan: &Plan, limit: &Limit, task: u32) -> TaskResult {
    let operation = async {
        let _permit = limit.acquire().await;
        timed_operation(run, plan, task, 1).await
    };
    let result = run.try_task(("risky_operation", task), operation).await;
    TaskResult { task, attempts: 1, result }
}

/// Retries after errors that may be temporary. The pauses between attempts grow.
async fn retry_async(run: &Run, plan: &Plan, limit: &Limit, task: u32) -> TaskResult {
    let policy = RetryPolicy {
        retries: plan.max_retries,
        backoff: plan.backoff,
        is_transient: OperationError::is_transient,
        retry_after: OperationError::retry_after,
    };
    let operation = async {
        // One permit for all attempts, so that a retry does not go back to the end of the queue.
        let _permit = limit.acquire().await;
        let operation = async |attempt| {
            let value = timed_operation(run, plan, task, attempt).await?;
            Ok((value, attempt))
        };
        run.retry(format_args!("risky_operation {task}"), &policy, operation).await
    };
    match run.try_task(("retry_async", task), operation).await {
        Ok((value, attempts)) => TaskResult { task, attempts, result: Ok(value) },
        Err(RetryError { attempts, last }) => TaskResult { task, attempts, result: Err(last) },
    }
}

/// Collects all results, errors included, in the order of the tasks. Every task runs to its end.
async fn run_tasks_with_error_handling(run: &Run, plan: &Plan) -> Vec<TaskResult> {
    let limit = run.limit(plan.limit);
    join_all(run, (0..plan.tasks).map(|task| safe_risky_operation(run, plan, &limit, task))).await
}

/// Collects all results like that, but retries tasks that fail.
async fn run_tasks_with_retries(run: &Run, plan: &Plan) -> Vec<TaskResult> {
    let limit = run.limit(plan.limit);
    join_all(run, (0..plan.tasks).map(|task| retry_async(run, plan, &limit, task))).await
}

/// Fails fast: the first error cancels all other tasks, and their work is lost.
async fn fail_fast(run: &Run, plan: &Plan) -> Option<OperationError> {
    let limit = run.limit(plan.limit);
    let operation = async |task| {
        let _permit = limit.acquire().await;
        timed_operation(run, plan, task, 1).await
    };
    let tasks = (0..plan.tasks).map(|task| run.try_task(("risky_operation", task), operation(task)));
    try_join_all(run, tasks).await.err()
}

/// Runs the exercise. Each part that is compared is a root task.
async fn async_error_handling(run: &Run, plan: &Plan) -> Findings {
    let mut done = Findings::default();
    if plan.fails_fast {
        run.log(Level::Info, "fail fast: the first error cancels all other tasks");
        done.first_error = run.task("fail_fast", fail_fast(run, plan)).await;
    }
    if plan.collects {
        run.log(Level::Info, "collect: every task runs to its end");
        let part = run.task("run_tasks_with_error_handling", run_tasks_with_error_handling(run, plan));
        done.collected = part.await;
        run.log(Level::Info, "retry: tasks that fail are tried again");
        done.retried = run.task("run_tasks_with_retries", run_tasks_with_retries(run, plan)).await;
    }
    done
}

/// The error of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum OperationError {
    #[error("task {task}: the connection was lost")]
    ConnectionLost { task: u32 },
    #[error("task {task}: the server is busy: retry after {}", units::span(retry_after.as_micros() as u64))]
    ServerBusy { task: u32, retry_after: Duration },
    #[error("task {task}: the input is not valid")]
    InvalidInput { task: u32 },
    #[error("task {task}: {cause}")]
    TimedOut { task: u32, cause: TimedOut },
}

impl OperationError {
    /// True if a retry may succeed. Invalid input fails every time.
    fn is_transient(&self) -> bool {
        !matches!(self, Self::InvalidInput { .. })
    }

    /// The pause that the server asks for.
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::ServerBusy { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}

impl TaskError for OperationError {
    fn outcome(&self) -> Outcome {
        match self {
            Self::TimedOut { .. } => Outcome::TimedOut,
            _ => Outcome::Failed,
        }
    }
}

/// A way in which an attempt fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SimulatedFault {
    ConnectionLost,
    ServerBusy,
    InvalidInput,
    Hangs,
}

/// The number of tasks, how they fail, and how errors are handled.
struct Plan {
    tasks: u32,
    failure_rate: f64,
    faults: &'static [SimulatedFault],
    /// The mean duration of an attempt. Each attempt takes 50 % to 150 % of it.
    wait: Duration,
    timeout: Duration,
    max_retries: u32,
    backoff: Backoff,
    limit: Option<NonZeroUsize>,
    fails_fast: bool,
    collects: bool,
}

impl Plan {
    /// The fault of an attempt, if it fails. Whether it fails is random for each attempt, but the kind of fault is the
    /// same for all attempts of a task: an invalid input stays invalid.
    fn draw_fault(&self, run: &Run, task: u32, attempt: &mut Rng) -> Option<SimulatedFault> {
        let kind = || run.rng(format_args!("fault of task {task}")).u32(..self.faults.len() as u32) as usize;
        let fails = attempt.f64() < self.failure_rate;
        fails.then(|| self.faults[kind()])
    }
}

/// The result of one task.
#[derive(Debug)]
struct TaskResult {
    task: u32,
    attempts: u32,
    result: Result<u32, OperationError>,
}

/// The results of all parts.
#[derive(Debug, Default)]
struct Findings {
    first_error: Option<OperationError>,
    collected: Vec<TaskResult>,
    retried: Vec<TaskResult>,
}

// The entry in the catalogue.

/// The exercise as the page shows and runs it.
pub static EXERCISE: Exercise = Exercise::new("async-error-handling", 6, "Error handling")
    .with_short_title("Errors")
    .teaches(
        "You choose what an error does: it cancels all other tasks, becomes one of the results, or leads to a retry.",
    )
    .with_controls(&[
        Control::count("tasks", "Tasks", "The number of tasks.", 10_000, 20),
        Control::new(
            "failure-rate",
            "Failure rate",
            "The probability that an attempt fails: at 0 none fails, at 1 all fail.",
            ControlKind::Number { unit: "", min: 0.0, max: 1.0, step: 0.05, default: 0.3 },
        ),
        Control::choice(
            "faults",
            "Faults",
            "How attempts fail. Invalid input is never retried, because it would fail again.",
            &[
                Choice::new("all", "All kinds"),
                Choice::new("transient", "Connection lost, server busy"),
                Choice::new("invalid", "Invalid input"),
                Choice::new("hangs", "Never answers"),
            ],
        ),
        Control::choice(
            "on-error",
            "On an error",
            "Fail fast cancels all other tasks at the first error. Collect runs every task to its end.",
            &[
                Choice::new("compare", "Compare both"),
                Choice::new("collect", "Collect"),
                Choice::new("fail-fast", "Fail fast"),
            ],
        ),
        Control::count(
            "max-retries",
            "Retries",
            "The maximum number of retries for a task. At 0 there is only one attempt.",
            10,
            2,
        ),
        Control::choice(
            "backoff",
            "Backoff",
            "How the pauses between attempts grow. Exponential: each pause is random, up to a bound that doubles \
            after each attempt, at most three times. Linear: each pause is longer by the same step, as in the Python guide.",
            &[Choice::new("exponential", "Exponential, with jitter"), Choice::new("linear", "Linear")],
        ),
        Control::millis(
            "pause",
            "Pause",
            "The first pause or, with jitter, its upper bound. In the Python guide it is 500 ms.",
            100.0,
        ),
        Control::millis(
            "wait",
            "Wait",
            "The mean duration of an attempt. Each attempt takes 50 % to 150 % of it.",
            100.0,
        ),
        Control::millis(
            "timeout",
            "Timeout",
            "The time limit for an attempt. An attempt that takes longer is dropped.",
            300.0,
        ),
        Control::count("limit", "Limit", "The maximum number of tasks that run at once; 0 means no limit.", 10_000, 0),
    ])
    .with_main_controls(&["tasks", "failure-rate", "on-error"])
    .with_comparisons(&[Comparison::new(
        "The same tasks, with three ways to handle errors",
        &[
            Bar::new("fail_fast", "Fail fast")
                .only_if(|settings| settings.choice("on-error") != "collect")
                .limiting("risky_operation", limit),
            Bar::new("run_tasks_with_error_handling", "Collect")
                .only_if(|settings| settings.choice("on-error") != "fail-fast")
                .limiting("risky_operation", limit),
            Bar::new("run_tasks_with_retries", "Retry")
                .only_if(|settings| settings.choice("on-error") != "fail-fast")
                .limiting("retry_async", limit),
        ],
    )])
    .with_distributions(
        const {
            &[
                Distribution::new("Collected", "risky_operation", "run_tasks_with_error_handling"),
                Distribution::new("With retries", "retry_async", "run_tasks_with_retries"),
            ]
        },
    )
    .with_question(|settings| Plan::from(settings).question())
    .runs(code!(run in exercises));

fn limit(settings: &Settings) -> u32 {
    settings.count("limit")
}

async fn run(run: Run, _site: Rc<Site>, settings: Settings) -> Result<Report, Failure> {
    let plan = Plan::from(&settings);
    let done = async_error_handling(&run, &plan).await;
    Ok(done.report(&run, &plan))
}

impl From<&Settings> for Plan {
    fn from(settings: &Settings) -> Self {
        let pause = settings.millis("pause");
        let on_error = settings.choice("on-error");
        Self {
            tasks: settings.count("tasks"),
            failure_rate: settings.number("failure-rate"),
            faults: match settings.choice("faults") {
                "transient" => &[SimulatedFault::ConnectionLost, SimulatedFault::ServerBusy],
                "invalid" => &[SimulatedFault::InvalidInput],
                "hangs" => &[SimulatedFault::Hangs],
                _ => &[
                    SimulatedFault::ConnectionLost,
                    SimulatedFault::ServerBusy,
                    SimulatedFault::InvalidInput,
                    SimulatedFault::Hangs,
                ],
            },
            wait: settings.millis("wait"),
            timeout: settings.millis("timeout"),
            max_retries: settings.count("max-retries"),
            backoff: match settings.choice("backoff") {
                "linear" => Backoff::Linear { step: pause },
                _ => Backoff::Exponential { base: pause, cap: pause * 8 },
            },
            limit: NonZeroUsize::new(settings.count("limit") as usize),
            fails_fast: on_error != "collect",
            collects: on_error != "fail-fast",
        }
    }
}

impl Plan {
    /// The question about the part with retries or, if only that part runs, about the one that fails fast.
    fn question(&self) -> Option<Question> {
        if self.tasks == 0 {
            return None;
        }
        let (shortest, longest) = (self.wait.mul_f64(0.5), self.wait.mul_f64(1.5));
        let about = match self.collects {
            true => format!(
                "a task has at most {}. How long does it take until all have ended?",
                units::counted(self.max_retries.into(), "retry", "retries")
            ),
            false => "the first failure cancels all other tasks. How long does it take?".to_owned(),
        };
        let limited = self.limit.map(|limit| format!(" At most {} run at once.", units::count(limit.get() as u64)));
        let text = format!(
            "{} {} for an attempt.{} {:.0} % of the attempts fail, and {about}",
            units::counted(self.tasks.into(), "task needs", "tasks need"),
            from_to(shortest, longest),
            limited.unwrap_or_default(),
            self.failure_rate * 100.0,
        );
        let at_once = self.limit.map_or(self.tasks, |limit| self.tasks.min(limit.get() as u32));
        let attempts = if self.collects { self.max_retries + 1 } else { 1 };
        // An attempt that hangs takes until its timeout, and a busy server asks for a pause.
        let axis = (longest.max(self.timeout) + self.wait * 2) * attempts * self.tasks.div_ceil(at_once);
        let part = if self.collects { "run_tasks_with_retries" } else { "fail_fast" };
        Some(Question::new(text, part, axis.as_micros() as u64))
    }
}

/// The causes of errors, as they appear in the table.
const CAUSES: [&str; 4] = ["connection lost", "server busy", "invalid input", "timed out"];

impl OperationError {
    /// Its index in [`CAUSES`].
    fn cause(&self) -> usize {
        match self {
            Self::ConnectionLost { .. } => 0,
            Self::ServerBusy { .. } => 1,
            Self::InvalidInput { .. } => 2,
            Self::TimedOut { .. } => 3,
        }
    }
}

impl Findings {
    fn report(&self, run: &Run, plan: &Plan) -> Report {
        let mut sections = vec![Section::Table(self.outcomes(run, plan))];
        if plan.collects {
            sections.push(Section::Table(self.attempts(plan)));
        }
        let retries = (plan.collects && plan.tasks > 0).then(|| self.about_retries(run));
        Report {
            headlines: retries.into_iter().map(|text| Headline::new("run_tasks_with_retries", text)).collect(),
            notes: self.notes(run, plan),
            sections,
            checks: self.checks(run, plan),
        }
    }

    fn notes(&self, run: &Run, plan: &Plan) -> Vec<String> {
        if plan.tasks == 0 {
            return vec!["There are no tasks, so nothing can fail and every part ends immediately.".to_owned()];
        }
        let mut notes = Vec::new();
        if let Some(error) = &self.first_error {
            notes.push(format!("Fail fast stopped at the first error: {error}."));
        } else if plan.fails_fast {
            notes.push("No task failed, so fail fast waited for all of them.".to_owned());
        }
        if plan.collects {
            notes.push(self.about_retries(run));
        }
        notes
    }

    /// The gain of the retries, and their cost in time and in load.
    fn about_retries(&self, run: &Run) -> String {
        let failed = |results: &[TaskResult]| results.iter().filter(|it| it.result.is_err()).count() as u64;
        let attempts = |results: &[TaskResult]| results.iter().map(|it| u64::from(it.attempts)).sum::<u64>();
        let length_us = |part| Span::named(&run.record(), part).and_then(|span| span.length_us()).unwrap_or(0);
        let (collected, retried) = (&self.collected, &self.retried);
        format!(
            "Without retries, {} of {} failed; this took {}. With retries, {} failed; this took {} instead of {}, and \
             {}.",
            units::count(failed(collected)),
            units::counted(collected.len() as u64, "task", "tasks"),
            units::span(length_us("run_tasks_with_error_handling")),
            units::count(failed(retried)),
            units::counted(attempts(retried), "attempt", "attempts"),
            units::count(attempts(collected)),
            units::span(length_us("run_tasks_with_retries")),
        )
    }

    /// The outcomes of the tasks in each part, by cause.
    fn outcomes(&self, run: &Run, plan: &Plan) -> Table {
        let fast = FailedFast::new(run, self.first_error.as_ref());
        let cell = |is_run: bool, n: usize| if is_run { units::count(n as u64) } else { "–".to_owned() };
        let row = |outcome: &str, fast_n: usize, is_counted: &dyn Fn(&TaskResult) -> bool| {
            let number = |results: &[TaskResult]| results.iter().filter(|it| is_counted(it)).count();
            vec![
                outcome.to_owned(),
                cell(plan.fails_fast, fast_n),
                cell(plan.collects, number(&self.collected)),
                cell(plan.collects, number(&self.retried)),
            ]
        };
        let causes = CAUSES.iter().enumerate().map(|(cause, name)| {
            let is_this = |error: &OperationError| error.cause() == cause;
            let fast_n = usize::from(self.first_error.as_ref().is_some_and(is_this));
            row(name, fast_n, &|it| it.result.as_ref().is_err_and(is_this))
        });
        let mut rows = vec![row("succeeded", fast.succeeded, &|it| it.result.is_ok())];
        rows.extend(causes);
        rows.push(row("cancelled", fast.cancelled, &|_| false));
        rows.push(vec![
            "attempts".to_owned(),
            cell(plan.fails_fast, fast.started),
            cell(plan.collects, self.collected.len()),
            cell(plan.collects, self.retried.iter().map(|it| it.attempts as usize).sum()),
        ]);
        let parts = ["Fail fast", "Collect", "Retry"].map(Column::number);
        Table {
            caption: "Outcomes of the tasks, by cause".to_owned(),
            columns: [Column::text("Outcome")].into_iter().chain(parts).collect(),
            rows,
        }
    }

    /// The number of tasks for each number of attempts.
    fn attempts(&self, plan: &Plan) -> Table {
        let row = |attempts: u32| {
            let tasks: Vec<_> = self.retried.iter().filter(|it| it.attempts == attempts).collect();
            let succeeded = tasks.iter().filter(|it| it.result.is_ok()).count();
            [attempts as usize, tasks.len(), succeeded, tasks.len() - succeeded]
                .map(|n| units::count(n as u64))
                .to_vec()
        };
        Table {
            caption: "Attempts per task, with retries".to_owned(),
            columns: ["Attempts", "Tasks", "Succeeded", "Failed"].map(Column::number).to_vec(),
            rows: (1..=plan.max_retries + 1).map(row).collect(),
        }
    }

    fn checks(&self, run: &Run, plan: &Plan) -> Vec<Check> {
        let mut checks = Vec::new();
        if plan.fails_fast {
            checks.push(FailedFast::new(run, self.first_error.as_ref()).check());
        }
        if plan.collects {
            let is_complete = self.collected.iter().map(|it| it.task).eq(0..plan.tasks);
            let results = format!("{} results", units::count(self.collected.len() as u64));
            checks.push(Check::new(
                "run_tasks_with_error_handling",
                "every task has one result, in the order of the tasks",
                results,
                is_complete,
            ));
            let expected = plan.failures(run);
            let failed = self.collected.iter().filter(|it| it.result.is_err()).count();
            let claim = format!("with this seed, {} must fail", units::counted(expected as u64, "task", "tasks"));
            let measured = format!("{} failed", units::count(failed as u64));
            checks.push(Check::new("run_tasks_with_error_handling", claim, measured, expected == failed));
            let max = self.retried.iter().map(|it| it.attempts).max().unwrap_or(0);
            let claim =
                format!("at most {} for a task", units::counted((plan.max_retries + 1).into(), "attempt", "attempts"));
            checks.push(Check::new(
                "run_tasks_with_retries",
                claim,
                format!("most: {max}"),
                max <= plan.max_retries + 1,
            ));
        }
        checks
    }
}

impl Plan {
    /// The number of tasks that fail at the first attempt with this seed, including those that exceed the timeout.
    fn failures(&self, run: &Run) -> usize {
        let fails = |task: &u32| {
            let mut rng = run.rng(format_args!("attempt 1 of task {task}"));
            let wait = self.wait.mul_f64(0.5 + rng.f64());
            self.draw_fault(run, *task, &mut rng).is_some() || wait > self.timeout
        };
        (0..self.tasks).filter(fails).count()
    }
}

/// The tasks of the part that fails fast, from the record.
struct FailedFast {
    has_failed: bool,
    succeeded: usize,
    cancelled: usize,
    started: usize,
    /// From the first failure to the end of the part, in microseconds.
    late_us: u64,
    /// The number of polls in that time, of the part and of its tasks. An immediate end needs none, however busy the
    /// browser is.
    polls_after: usize,
}

impl FailedFast {
    fn new(run: &Run, first_error: Option<&OperationError>) -> Self {
        let record = run.record();
        let part = Span::named(&record, "fail_fast");
        let tasks =
            part.map(|part| Durations::from_record(&record, "risky_operation", Some(part.task))).unwrap_or_default();
        let outcomes = tasks.outcomes();
        let cancelled = outcomes.get(Outcome::Cancelled) as usize;
        let is_within = |event: &&Event| part.is_some_and(|part| record.is_within(Some(event.task), Some(part.task)));
        let is_failure = |event: &Event| matches!(event.kind, EventKind::Ended(Outcome::Failed | Outcome::TimedOut));
        let mut after = record.events().iter().filter(is_within).skip_while(|event| !is_failure(event));
        let first_us = after.next().map(|failure| failure.at_us);
        let polls_after = after.filter(|event| event.kind == EventKind::PollStarted).count();
        let end_us = part.and_then(|part| part.end).map(|(at_us, _)| at_us);
        Self {
            has_failed: first_error.is_some(),
            succeeded: outcomes.get(Outcome::Succeeded) as usize,
            cancelled,
            started: tasks.begun() as usize,
            late_us: first_us.zip(end_us).map_or(0, |(first_us, end_us)| end_us.saturating_sub(first_us)),
            polls_after,
        }
    }

    fn check(&self) -> Check {
        let measured = match self.has_failed {
            true => format!(
                "ended {} later, {} cancelled",
                units::span(self.late_us),
                units::counted(self.cancelled as u64, "task", "tasks")
            ),
            false => "no task failed".to_owned(),
        };
        Check::new("fail_fast", "the first failure ends the part immediately", measured, self.polls_after == 0)
    }
}

#[cfg(test)]
mod tests;
