use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{Either, join_all, select};
use proptest::prelude::*;

use super::*;
use crate::exercises::catalogue;
use crate::exercises::experiment::Experiment;
use crate::exercises::site::Site;
use crate::measure::Event;
use crate::measure::spans::Spans;
use crate::measure::waits::Awaited;
use crate::measure::warnings::Warning;
use crate::runtime::Run;
use crate::runtime::virtual_time::block_on;

const FILES: [&str; 5] = [
    "models/logistic-regression.safetensors",
    "models/mlp-16.safetensors",
    "models/mlp-64.safetensors",
    "models/mlp-64-32.safetensors",
    "data/digits.csv",
];

fn site() -> Site {
    let read =
        |path| std::fs::read(format!("{}/static/{path}", env!("CARGO_MANIFEST_DIR"))).expect("the repository has it");
    Site::in_memory(FILES.map(|path| (path, Rc::from(read(path)))))
}

/// The record of an exercise on the virtual clock, with a heartbeat.
fn record_of(exercise: &Exercise, settings: &Settings) -> Record {
    let run = Run::on_virtual_clock(7);
    let future = (exercise.run)(run.clone(), Rc::new(site()), settings.clone());
    let ended = block_on(&run, select(future, run.heartbeat().boxed_local())).expect("it ends");
    let Either::Left((report, heart)) = ended else { unreachable!("the heartbeat never ends") };
    // Dropping the heartbeat records the beat that is overdue.
    drop(heart);
    report.expect("it cannot fail");
    run.take_record()
}

fn properties_of(exercise: &'static Exercise, settings: &Settings) -> Vec<Property> {
    let record = record_of(exercise, settings);
    let spans = Spans::from_record(&record);
    let ideal = exercise.has_forecast.then(|| Experiment::new(exercise, settings.clone(), 7).ideal(&site())).flatten();
    let ideal = ideal.map(|record| (Spans::from_record(&record), record));
    let ideal = ideal.as_ref().map(|(spans, record)| (record, spans));
    let compared = Compared::all(exercise, settings, Some((&record, &spans)), record.end_us(), ideal);
    Property::all(exercise, settings, &record, &compared)
}

fn names(properties: &[Property]) -> Vec<&'static str> {
    properties.iter().map(|it| it.name).collect()
}

#[test]
fn every_exercise_at_its_defaults_has_all_properties() {
    for exercise in catalogue::all() {
        let properties = properties_of(exercise, &Settings::defaults(exercise.controls));
        assert!(properties.iter().all(|it| it.passed), "{}: {properties:#?}", exercise.slug);
        assert!(names(&properties).starts_with(&["tasks-end"]), "{}", exercise.slug);
    }
}

/// The calls of which one must be on the line of a wait. A response without a line of its own has that of the timeout
/// around it, and a job that waits for a worker that of its `offload`.
fn calls(awaited: Option<&Awaited>) -> &'static [&'static str] {
    match awaited {
        Some(Awaited::Timer) => &["sleep(", "yield_now(", "retry("],
        Some(Awaited::Subtasks) => &["task(", "retry("],
        Some(Awaited::Object(_)) => &["acquire(", "put(", "take(", "offload("],
        Some(Awaited::Response) | None => &["timeout("],
        Some(Awaited::Worker) => &["offload("],
        Some(other) => unreachable!("no exercise waits for {other:?} on the virtual clock"),
    }
}

#[test]
fn every_wait_is_on_a_line_of_the_exercise_that_contains_the_awaited_call() {
    for exercise in catalogue::all() {
        let record = record_of(exercise, &Settings::defaults(exercise.controls));
        let ended = record.events().iter().filter_map(|event| match event.kind {
            EventKind::PollEnded(wait) => Some((wait, record.task(event.task).name.text())),
            _ => None,
        });
        for (wait, task) in ended.collect::<HashSet<_>>() {
            let wait = record.waits().get(wait).unwrap_or_else(|| panic!("{}: {task}", exercise.slug));
            let line = wait.line.unwrap_or_else(|| panic!("{}: {task}: {wait:?}", exercise.slug));
            let path = &*record.waits().sources()[line.source].path;
            let parts = exercise.rust.replace(".rs", "/");
            assert!(path == exercise.rust || path.starts_with(&parts), "{}: {task} waits in {path}", exercise.slug);
            let source = std::fs::read_to_string(path).expect("it is in the repository");
            // The page shows the source above these lines.
            let shown = source.split("\n// The entry in the catalogue.").next().unwrap_or_default();
            let shown = shown.split("\n#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let text = shown.lines().nth(line.line as usize - 1);
            let has_call = text.is_some_and(|text| calls(wait.awaited.as_ref()).iter().any(|call| text.contains(call)));
            assert!(has_call, "{path}:{}: {task} waits for {:?} in {text:?}", line.line, wait.awaited);
        }
    }
}

#[test]
fn intended_blocks_are_reported_separately() {
    let exercise = catalogue::find("async-basics").expect("it is there");
    let properties = properties_of(exercise, &Settings::defaults(exercise.controls));
    assert_eq!(names(&properties), ["tasks-end", "loop-free", "speed-up", "speed-up"]);
    assert_eq!(properties[1].claim, "No unintended event-loop block over 50 ms");
    assert_eq!(properties[1].measured, "longest: 0 ms, intended: 300 ms");
    assert_eq!(properties[2].claim, "Concurrent is at least 1.03 times as fast as sequential, 80 % of the ideal");
}

#[test]
fn the_default_run_of_the_first_exercise_has_no_warning_but_names_the_intended_block() {
    let first = catalogue::EXERCISES[0];
    let experiment = Experiment::new(first, Settings::defaults(first.controls), 7);
    let record = record_of(experiment.exercise(), &experiment.settings);
    let mut warnings = experiment.warnings(&record, 5);
    warnings.retain(|warning| *warning != Warning::DebugBuild);
    assert_eq!(warnings, [Warning::BlockedOnPurpose { times: 1, longest_us: 300_000 }]);
}

#[test]
fn the_peak_is_compared_with_the_limit_in_the_settings() {
    let exercise = catalogue::find("async-error-handling").expect("it is there");
    let mut settings = Settings::defaults(exercise.controls);
    settings.set("limit", crate::exercises::controls::Value::Number(3.0));
    let properties = properties_of(exercise, &settings);
    let limits: Vec<_> = properties.iter().filter(|it| it.name == "within-limit").collect();
    assert_eq!(limits.len(), 3, "{properties:#?}");
    assert_eq!((&*limits[1].claim, &*limits[1].measured), ("Collect: at most 3 in progress", "peak of this part: 3"));
    assert!(names(&properties).contains(&"permits-back"));
}

#[test]
fn times_of_a_hidden_page_are_not_checked() {
    let exercise = catalogue::find("async-basics").expect("it is there");
    let settings = Settings::defaults(exercise.controls);
    let mut record = record_of(exercise, &settings);
    record.mark_hidden(5);
    assert_eq!(names(&Property::all(exercise, &settings, &record, &[])), ["tasks-end"]);
}

/// The record of tasks behind a limit, some of which are stopped.
fn limited_tasks(tasks: usize, most: usize, stopped_after_ms: u64) -> Record {
    let run = Run::on_virtual_clock(1);
    let limit = run.limit(NonZeroUsize::new(most));
    let work = async || {
        let _permit = limit.acquire().await;
        run.sleep(Duration::from_millis(10)).await;
    };
    let all = join_all((0..tasks).map(|_| run.task("work", work())));
    let _ = block_on(&run, run.timeout(Duration::from_millis(stopped_after_ms), all)).expect("it ends");
    run.take_record()
}

/// The same record without one of its events.
fn without(record: &Record, missing: usize) -> Record {
    let mut copy = Record::default();
    for (place, Event { at_us, task, kind }) in record.events().iter().copied().enumerate() {
        match kind {
            EventKind::Spawned => drop(copy.spawn(at_us, record.task(task).name.clone(), None)),
            _ if place == missing => {}
            kind => copy.push(at_us, task, kind),
        }
    }
    copy
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn limited_tasks_leave_nothing_whenever_they_are_stopped(tasks in 1..40usize, most in 1..9usize, after_ms in 0..200u64) {
        let properties = Property::nothing_left(&limited_tasks(tasks, most, after_ms));
        prop_assert!(properties.iter().all(|it| it.passed), "{:?}", properties);
    }

    #[test]
    fn an_unfinished_task_and_a_missing_permit_are_noticed(tasks in 5..40usize, most in 1..5usize, which in 0..1_000usize) {
        let record = limited_tasks(tasks, most, 10_000);
        let ends: Vec<_> = (0..record.events().len()).filter(|place| {
            matches!(record.events()[*place].kind, EventKind::Ended(_))
        }).collect();
        let end = ends[which % ends.len()];
        let task = record.events()[end].task;
        let has_waited = record.events().iter().any(|it| it.task == task && it.kind == EventKind::Granted);
        let found = Property::nothing_left(&without(&record, end));
        let broken: Vec<_> = found.into_iter().filter(|it| !it.passed).collect();
        let expected: &[_] = if has_waited { &["tasks-end", "permits-back"] } else { &["tasks-end"] };
        prop_assert_eq!(names(&broken), expected);
    }
}
