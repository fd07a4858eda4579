//! Part 6 of the guide: tasks that fail, and what becomes of the others.
//!
//! You see that failing fast ends all at the first error while collecting keeps every result in its place, which errors
//! another try mends, and what the retries cost in time and in load. Which attempt fails, and how, the seed draws.

use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use futures::future::pending;

use crate::exercises::prelude::*;
use crate::runtime::{Backoff, Limit, RetryError, RetryPolicy, TimedOut, join_all, try_join_all};

/// Something that takes a while and may fail, in its own way at each attempt. Returns twice the task's number.
async fn risky_operation(run: &Run, plan: &Plan, task: u32, attempt: u32) -> Result<u32, OperationError> {
    let mut rng = run.rng(format_args!("attempt {attempt} of task {task}"));
    let wait = plan.wait.mul_f64(0.5 + rng.f64());
    let fault = plan.draw_fault(run, task, &mut rng);
    // What would be too late does not end at all: on a busy page it might end before anybody looks at the deadline.
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

/// The same with a deadline, so that what hangs is an error like any other.
async fn timed_operation(run: &Run, plan: &Plan, task: u32, attempt: u32) -> Result<u32, OperationError> {
    let operation = run.timeout(plan.timeout, risky_operation(run, plan, task, attempt));
    operation.await.map_err(|cause| OperationError::TimedOut { task, cause })?
}

/// The same without an error: what came of it is a value.
async fn safe_risky_operation(run: &Run, plan: &Plan, limit: &Limit, task: u32) -> TaskResult {
    let operation = async {
        let _permit = limit.acquire().await;
        timed_operation(run, plan, task, 1).await
    };
    let result = run.try_task("risky_operation", operation).await;
    TaskResult { task, attempts: 1, result }
}

/// Tries again what another try may mend, after a pause that grows.
async fn retry_async(run: &Run, plan: &Plan, limit: &Limit, task: u32) -> TaskResult {
    let policy = RetryPolicy {
        retries: plan.max_retries,
        backoff: plan.backoff,
        is_transient: OperationError::is_transient,
        retry_after: OperationError::retry_after,
    };
    let operation = async {
        // One permit for all attempts: a retry must not stand at the end of the queue again.
        let _permit = limit.acquire().await;
        let operation = async |attempt| {
            let value = timed_operation(run, plan, task, attempt).await?;
            Ok((value, attempt))
        };
        run.retry(format_args!("risky_operation {task}"), &policy, operation).await
    };
    match run.try_task("retry_async", operation).await {
        Ok((value, attempts)) => TaskResult { task, attempts, result: Ok(value) },
        Err(RetryError { attempts, last }) => TaskResult { task, attempts, result: Err(last) },
    }
}

/// Collects: every task runs to its end, and each result stands in its place, the errors among them.
async fn run_tasks_with_error_handling(run: &Run, plan: &Plan) -> Vec<TaskResult> {
    let limit = run.limit(plan.limit);
    join_all(run, (0..plan.tasks).map(|task| safe_risky_operation(run, plan, &limit, task))).await
}

/// Collects as well, with another try for what failed.
async fn run_tasks_with_retries(run: &Run, plan: &Plan) -> Vec<TaskResult> {
    let limit = run.limit(plan.limit);
    join_all(run, (0..plan.tasks).map(|task| retry_async(run, plan, &limit, task))).await
}

/// Fails fast: at the first error all others are cancelled, whatever they have done so far.
async fn fail_fast(run: &Run, plan: &Plan) -> Option<OperationError> {
    let limit = run.limit(plan.limit);
    let operation = async |task| {
        let _permit = limit.acquire().await;
        timed_operation(run, plan, task, 1).await
    };
    let tasks = (0..plan.tasks).map(|task| run.try_task("risky_operation", operation(task)));
    try_join_all(run, tasks).await.err()
}

/// Runs the exercise. Each part that is compared is a root task.
async fn async_error_handling(run: &Run, plan: &Plan) -> Findings {
    let mut done = Findings::default();
    if plan.fails_fast {
        run.log(Level::Info, "the first error ends all");
        done.first_error = run.task("fail_fast", fail_fast(run, plan)).await;
    }
    if plan.collects {
        run.log(Level::Info, "every result in its place");
        let part = run.task("run_tasks_with_error_handling", run_tasks_with_error_handling(run, plan));
        done.collected = part.await;
        run.log(Level::Info, "another try for what failed");
        done.retried = run.task("run_tasks_with_retries", run_tasks_with_retries(run, plan)).await;
    }
    done
}

/// What an attempt may come to instead of a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum OperationError {
    #[error("task {task}: the connection was lost")]
    ConnectionLost { task: u32 },
    #[error("task {task}: the server is busy and asks to be left alone for {}", units::span(retry_after.as_micros() as u64))]
    ServerBusy { task: u32, retry_after: Duration },
    #[error("task {task}: the input is not valid")]
    InvalidInput { task: u32 },
    #[error("task {task}: {cause}")]
    TimedOut { task: u32, cause: TimedOut },
}

impl OperationError {
    /// Whether another try may mend it. The same input will not be valid the next time.
    fn is_transient(&self) -> bool {
        !matches!(self, Self::InvalidInput { .. })
    }

    /// How long the other side asks to be left alone.
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

/// How an attempt can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SimulatedFault {
    ConnectionLost,
    ServerBusy,
    InvalidInput,
    Hangs,
}

/// How many tasks there are, how they fail, and what is done about it.
struct Plan {
    tasks: u32,
    failure_rate: f64,
    faults: &'static [SimulatedFault],
    /// About how long an attempt takes: between half of it and one and a half.
    wait: Duration,
    timeout: Duration,
    max_retries: u32,
    backoff: Backoff,
    limit: Option<NonZeroUsize>,
    fails_fast: bool,
    collects: bool,
}

impl Plan {
    /// Whether an attempt fails is drawn for the attempt, and how for the task: an input does not become invalid.
    fn draw_fault(&self, run: &Run, task: u32, attempt: &mut Rng) -> Option<SimulatedFault> {
        let kind = || run.rng(format_args!("fault of task {task}")).u32(..self.faults.len() as u32) as usize;
        let fails = attempt.f64() < self.failure_rate;
        fails.then(|| self.faults[kind()])
    }
}

/// What came of one task.
#[derive(Debug)]
struct TaskResult {
    task: u32,
    attempts: u32,
    result: Result<u32, OperationError>,
}

/// What came of all of them.
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
    .teaches("An error is a result like any other: collect it, try again, or let it end everything at once.")
    .with_controls(&[
        Control::count("tasks", "Tasks", "How many there are.", 10_000, 20),
        Control::new(
            "failure-rate",
            "Failure rate",
            "How likely each attempt is to fail. At 0 none does, at 1 all do.",
            ControlKind::Number { unit: "", min: 0.0, max: 1.0, step: 0.05, default: 0.3 },
        ),
        Control::choice(
            "faults",
            "Faults",
            "How attempts fail. Invalid input is not tried again: it would fail again.",
            &[
                Choice::new("all", "All kinds"),
                Choice::new("transient", "Lost and busy"),
                Choice::new("invalid", "Invalid input"),
                Choice::new("hangs", "Never answers"),
            ],
        ),
        Control::choice(
            "on-error",
            "On an error",
            "Fail fast cancels all others; collect keeps every result.",
            &[
                Choice::new("compare", "Compare both"),
                Choice::new("collect", "Collect"),
                Choice::new("fail-fast", "Fail fast"),
            ],
        ),
        Control::count(
            "max-retries",
            "Retries",
            "How many attempts may follow the first. At 0 there is only that one.",
            10,
            2,
        ),
        Control::choice(
            "backoff",
            "Backoff",
            "How the pauses grow: doubling up to eight times the first and drawn at random below that, or by the same \
             step, as in the guide.",
            &[Choice::new("exponential", "Exponential, with jitter"), Choice::new("linear", "Linear")],
        ),
        Control::millis("pause", "Pause", "The first pause before another try. The guide's own is 500 ms.", 100.0),
        Control::millis(
            "wait",
            "Wait",
            "About how long an attempt takes: between half of it and one and a half.",
            100.0,
        ),
        Control::millis("timeout", "Timeout", "An attempt that is not done by then is dropped.", 300.0),
        Control::count("limit", "Limit", "How many tasks work at once; 0 is no limit.", 10_000, 0),
    ])
    .with_comparisons(&[Comparison::new(
        "The same tasks, three ways to meet an error",
        &[
            Bar::new("fail_fast", "Fail fast")
                .only_if(|settings| settings.choice("on-error") != "collect")
                .limiting("risky_operation", most),
            Bar::new("run_tasks_with_error_handling", "Collect")
                .only_if(|settings| settings.choice("on-error") != "fail-fast")
                .limiting("risky_operation", most),
            Bar::new("run_tasks_with_retries", "Retry")
                .only_if(|settings| settings.choice("on-error") != "fail-fast")
                .limiting("retry_async", most),
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
    .runs(code!(run in exercises));

fn most(settings: &Settings) -> u32 {
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

/// The causes, in the words and the order of the table.
const CAUSES: [&str; 4] = ["connection lost", "server busy", "invalid input", "timed out"];

impl OperationError {
    /// Its place among the [`CAUSES`].
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
        Report { notes: self.notes(run, plan), sections, checks: self.checks(run, plan) }
    }

    fn notes(&self, run: &Run, plan: &Plan) -> Vec<String> {
        if plan.tasks == 0 {
            return vec!["Without tasks there is nothing that could fail: every part is over at once.".to_owned()];
        }
        let mut notes = Vec::new();
        if let Some(error) = &self.first_error {
            notes.push(format!("Failing fast ended with the first error: {error}."));
        } else if plan.fails_fast {
            notes.push("No task failed, so failing fast had to wait for all of them.".to_owned());
        }
        if plan.collects {
            notes.push(self.what_retries_cost(run));
        }
        notes
    }

    /// What the retries brought, and what they cost in time and in load.
    fn what_retries_cost(&self, run: &Run) -> String {
        let failed = |handled: &[TaskResult]| handled.iter().filter(|it| it.result.is_err()).count() as u64;
        let attempts = |handled: &[TaskResult]| handled.iter().map(|it| u64::from(it.attempts)).sum::<u64>();
        let length_us = |part| Span::named(&run.record(), part).and_then(|span| span.length_us()).unwrap_or(0);
        let (collected, retried) = (&self.collected, &self.retried);
        format!(
            "Without retries {} of {} tasks failed, in {}. With retries {} failed, after {} attempts instead of {}, in {}.",
            units::count(failed(collected)),
            units::count(collected.len() as u64),
            units::span(length_us("run_tasks_with_error_handling")),
            units::count(failed(retried)),
            units::count(attempts(retried)),
            units::count(attempts(collected)),
            units::span(length_us("run_tasks_with_retries")),
        )
    }

    /// What came of the tasks in each part, by cause.
    fn outcomes(&self, run: &Run, plan: &Plan) -> Table {
        let fast = FailedFast::new(run, self.first_error.as_ref());
        let told = |is_run: bool, n: usize| if is_run { units::count(n as u64) } else { "–".to_owned() };
        let row = |what: &str, fast_n: usize, is_meant: &dyn Fn(&TaskResult) -> bool| {
            let of = |handled: &[TaskResult]| handled.iter().filter(|it| is_meant(it)).count();
            vec![
                what.to_owned(),
                told(plan.fails_fast, fast_n),
                told(plan.collects, of(&self.collected)),
                told(plan.collects, of(&self.retried)),
            ]
        };
        let causes = CAUSES.iter().enumerate().map(|(cause, name)| {
            let is_meant = |error: &OperationError| error.cause() == cause;
            let is_first = usize::from(self.first_error.as_ref().is_some_and(is_meant));
            row(name, is_first, &|handled| handled.result.as_ref().is_err_and(is_meant))
        });
        let mut rows = vec![row("succeeded", fast.succeeded, &|handled| handled.result.is_ok())];
        rows.extend(causes);
        rows.push(row("cancelled", fast.cancelled, &|_| false));
        rows.push(vec![
            "attempts made".to_owned(),
            told(plan.fails_fast, fast.begun),
            told(plan.collects, self.collected.len()),
            told(plan.collects, self.retried.iter().map(|it| it.attempts as usize).sum()),
        ]);
        let parts = ["Fail fast", "Collect", "Retry"].map(Column::number);
        Table {
            caption: "What came of the tasks, by cause".to_owned(),
            columns: [Column::text("Outcome")].into_iter().chain(parts).collect(),
            rows,
        }
    }

    /// How many tasks took how many attempts.
    fn attempts(&self, plan: &Plan) -> Table {
        let row = |attempts: u32| {
            let such: Vec<_> = self.retried.iter().filter(|it| it.attempts == attempts).collect();
            let succeeded = such.iter().filter(|it| it.result.is_ok()).count();
            [attempts as usize, such.len(), succeeded, such.len() - succeeded].map(|n| units::count(n as u64)).to_vec()
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
            let is_whole = self.collected.iter().map(|it| it.task).eq(0..plan.tasks);
            let results = format!("{} results", units::count(self.collected.len() as u64));
            checks.push(Check::new(
                "run_tasks_with_error_handling",
                "every task has one result, in its place",
                results,
                is_whole,
            ));
            let drawn = plan.failures(run);
            let failed = self.collected.iter().filter(|it| it.result.is_err()).count();
            let claim = format!("{} tasks fail, as the seed draws", units::count(drawn as u64));
            let told = format!("{} failed", units::count(failed as u64));
            checks.push(Check::new("run_tasks_with_error_handling", claim, told, drawn == failed));
            let most = self.retried.iter().map(|it| it.attempts).max().unwrap_or(0);
            let claim = format!("at most {} attempts for a task", plan.max_retries + 1);
            checks.push(Check::new(
                "run_tasks_with_retries",
                claim,
                format!("{most} at most"),
                most <= plan.max_retries + 1,
            ));
        }
        checks
    }
}

impl Plan {
    /// How many tasks fail at their first attempt, by the seed alone. One that takes longer than its timeout fails,
    /// too.
    fn failures(&self, run: &Run) -> usize {
        let fails = |task: &u32| {
            let mut rng = run.rng(format_args!("attempt 1 of task {task}"));
            let wait = self.wait.mul_f64(0.5 + rng.f64());
            self.draw_fault(run, *task, &mut rng).is_some() || wait > self.timeout
        };
        (0..self.tasks).filter(fails).count()
    }
}

/// What the record says of the part that fails fast.
struct FailedFast {
    has_failed: bool,
    succeeded: usize,
    cancelled: usize,
    begun: usize,
    /// From the first failure to the end of the part, in microseconds.
    late_us: u64,
}

impl FailedFast {
    fn new(run: &Run, first_error: Option<&OperationError>) -> Self {
        let record = run.record();
        let part = Span::named(&record, "fail_fast");
        let tasks =
            part.map(|part| Durations::from_record(&record, "risky_operation", Some(part.task))).unwrap_or_default();
        let outcomes = tasks.outcomes();
        let cancelled = outcomes.get(Outcome::Cancelled) as usize;
        let failures = tasks.tasks().iter().filter(|it| it.outcome != Outcome::Succeeded);
        let first_us = failures.map(|it| it.ended_us).min();
        let end_us = part.and_then(|part| part.end).map(|(at_us, _)| at_us);
        Self {
            has_failed: first_error.is_some(),
            succeeded: outcomes.get(Outcome::Succeeded) as usize,
            cancelled,
            begun: tasks.begun() as usize,
            late_us: first_us.zip(end_us).map_or(0, |(first_us, end_us)| end_us.saturating_sub(first_us)),
        }
    }

    fn check(&self) -> Check {
        // A turn of the page may come in between, no other wait.
        const AT_ONCE_US: u64 = 50_000;
        let told = match self.has_failed {
            true => format!(
                "{} after it, with {} cancelled",
                units::span(self.late_us),
                units::count(self.cancelled as u64)
            ),
            false => "no task failed".to_owned(),
        };
        Check::new("fail_fast", "the first failure ends all at once", told, self.late_us <= AT_ONCE_US)
    }
}

#[cfg(test)]
mod tests;
