//! The exercise on the virtual clock.

use proptest::prelude::*;

use super::*;
use crate::exercises::test_support::{set_texts, settings_with};
use crate::measure::Record;
use crate::measure::metrics::Metrics;
use crate::measure::segments::TaskHistories;
use crate::runtime::virtual_time::block_on;

fn settings(numbers: &[(&str, f64)], choices: &[(&str, &str)]) -> Settings {
    let mut settings = settings_with(&EXERCISE, numbers);
    set_texts(&mut settings, &EXERCISE, choices);
    settings
}

fn run(seed: u64, settings: &Settings) -> (Run, Report) {
    let run = Run::on_virtual_clock(seed);
    let future = (EXERCISE.run)(run.clone(), Rc::new(Site::in_memory([])), settings.clone());
    let report = block_on(&run, future).expect("it waits only for timers").expect("it cannot fail");
    assert!(report.checks.iter().all(Check::is_as_expected), "seed {seed}: {:?}", report.checks);
    assert_eq!(run.sleepers(), 0);
    (run, report)
}

/// The columns of the table of outcomes.
const FAIL_FAST: usize = 1;
const COLLECT: usize = 2;
const RETRY: usize = 3;

/// The seven rows of one column: succeeded, four causes of failure, cancelled, attempts.
fn column(report: &Report, column: usize) -> [u32; 7] {
    let cell = |row: &Vec<String>| row[column].replace(',', "").parse().expect("it is a count");
    report.tables()[0].rows.iter().map(cell).collect::<Vec<_>>().try_into().expect("there are seven rows")
}

fn durations_of(record: &Record, name: &str, part: &str) -> Durations {
    let part = Span::named(record, part).expect("it ran");
    Durations::from_record(record, name, Some(part.task))
}

#[test]
fn collecting_gives_every_task_a_result_and_retries_fix_most_failures() {
    let (run, report) = run(7, &settings(&[], &[]));
    // These numbers are the same in every browser: the tests in `tests/browser` expect them too.
    assert_eq!(column(&report, COLLECT), [15, 2, 1, 1, 1, 0, 20]);
    assert_eq!(column(&report, RETRY), [19, 0, 0, 1, 0, 0, 25]);
    let collected = durations_of(&run.record(), "risky_operation", "run_tasks_with_error_handling").outcomes();
    assert_eq!((collected.get(Outcome::Failed), collected.get(Outcome::TimedOut)), (4, 1));
}

#[test]
fn failing_fast_ends_at_the_instant_of_the_first_failure_and_cancels_the_rest() {
    for limit in [0.0, 3.0] {
        let choices = [("on-error", "fail-fast"), ("faults", "transient")];
        let (run, report) = run(7, &settings(&[("tasks", 100.0), ("limit", limit)], &choices));
        let record = run.record();
        let part = Span::named(&record, "fail_fast").expect("it ran");
        let tasks = durations_of(&record, "risky_operation", "fail_fast");
        let failures: Vec<_> = tasks.tasks().iter().filter(|it| it.outcome == Outcome::Failed).collect();
        assert_eq!(failures.len(), 1);
        // The part itself succeeds: the first error is its value.
        assert_eq!(part.end, Some((failures[0].ended_us, Outcome::Succeeded)));
        let [succeeded, .., cancelled, attempts] = column(&report, FAIL_FAST);
        assert_eq!(succeeded + 1 + cancelled, 100, "limit {limit}");
        // With a limit, only tasks that got a permit made an attempt: those that had succeeded, and the three in
        // progress at the failure.
        assert_eq!(attempts, if limit == 0.0 { 100 } else { succeeded + 3 }, "limit {limit}");
    }
}

#[test]
fn no_task_fails_at_a_rate_of_zero_and_every_task_fails_at_a_rate_of_one() {
    let (_, report) = run(7, &settings(&[("failure-rate", 0.0)], &[]));
    assert_eq!((column(&report, FAIL_FAST)[0], column(&report, COLLECT)[0], column(&report, RETRY)[6]), (20, 20, 20));
    assert!(report.notes[0].contains("No task failed"));
    let (_, report) = run(7, &settings(&[("failure-rate", 1.0)], &[("faults", "transient")]));
    // 20 tasks with three attempts each: the first and two retries.
    assert_eq!((column(&report, COLLECT)[0], column(&report, RETRY)[0], column(&report, RETRY)[6]), (0, 0, 60));
}

#[test]
fn without_retries_the_outcomes_are_those_of_collecting() {
    let (_, report) = run(7, &settings(&[("max-retries", 0.0)], &[]));
    assert_eq!(column(&report, RETRY), column(&report, COLLECT));
}

#[test]
fn a_run_without_tasks_ends_immediately_and_says_why() {
    let (run, report) = run(7, &settings(&[("tasks", 0.0)], &[]));
    assert_eq!(run.record().end_us(), 0);
    assert!(report.notes[0].starts_with("There are no tasks"));
}

#[test]
fn a_hanging_operation_ends_at_its_timeout() {
    let (run, _) = run(7, &settings(&[("failure-rate", 1.0), ("max-retries", 0.0)], &[("faults", "hangs")]));
    let record = run.record();
    let tasks = durations_of(&record, "risky_operation", "run_tasks_with_error_handling");
    assert!(tasks.tasks().iter().all(|it| it.outcome == Outcome::TimedOut && it.total_us == 300_000));
    assert!(record.log_lines().iter().any(|line| line.text == "task 3: not done within 300 ms"));
}

#[test]
fn ten_thousand_tasks_respect_a_limit() {
    let (run, _) = run(7, &settings(&[("tasks", 10_000.0), ("limit", 64.0)], &[("on-error", "collect")]));
    let record = run.record();
    let metrics = Metrics::from_record(&record);
    assert_eq!(metrics.peak_concurrency, 64);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn with_every_seed_tasks_respect_the_limit_and_start_and_end_once(
        seed in 0..1_000_000u64, tasks in 0..40u32, rate in 0..=20u32, limit in 0..12u32, retries in 0..4u32,
    ) {
        let numbers = [
            ("tasks", tasks.into()),
            ("failure-rate", f64::from(rate) / 20.0),
            ("limit", limit.into()),
            ("max-retries", retries.into()),
        ];
        let (run, report) = run(seed, &settings(&numbers, &[]));
        let record = run.record();
        for part in ["run_tasks_with_error_handling", "run_tasks_with_retries"] {
            let name = if part.ends_with("retries") { "retry_async" } else { "risky_operation" };
            let expected = if limit == 0 { tasks } else { limit.min(tasks) };
            prop_assert_eq!(durations_of(&record, name, part).peak(), expected, "{}", part);
        }
        for part in [FAIL_FAST, COLLECT, RETRY] {
            let [outcomes @ .., _] = column(&report, part);
            prop_assert_eq!(outcomes.iter().sum::<u32>(), tasks);
        }
        let mut starts = vec![0; record.tasks().len()];
        let mut ends = starts.clone();
        for event in record.events() {
            match event.kind {
                EventKind::Spawned => starts[event.task.index()] += 1,
                EventKind::Ended(_) => ends[event.task.index()] += 1,
                _ => {}
            }
        }
        prop_assert!(starts.iter().chain(&ends).all(|n| *n == 1));
        prop_assert!(TaskHistories::from_record(&record).iter().all(|(_, history)| history.end.is_some()));
    }
}
