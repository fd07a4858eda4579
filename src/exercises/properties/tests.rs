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
    let Either::Left((report, heart)) = ended else { unreachable!("the heart beats for ever") };
    // Then it enters the beat that is overdue.
    drop(heart);
    report.expect("it cannot fail");
    run.take_record()
}

fn properties_of(exercise: &'static Exercise, settings: &Settings) -> Vec<Property> {
    let record = record_of(exercise, settings);
    let spans = Spans::from_record(&record);
    let ideal = exercise.has_ideal.then(|| Experiment::new(exercise, settings.clone(), 7).ideal(&site())).flatten();
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
        assert!(properties.iter().all(|it| it.holds), "{}: {properties:#?}", exercise.slug);
        assert!(names(&properties).starts_with(&["tasks-end"]), "{}", exercise.slug);
    }
}

#[test]
fn a_part_that_blocks_on_purpose_is_told_apart() {
    let exercise = catalogue::find("async-basics").expect("it is there");
    let properties = properties_of(exercise, &Settings::defaults(exercise.controls));
    assert_eq!(names(&properties), ["tasks-end", "loop-free", "speed-up", "speed-up"]);
    assert_eq!(properties[1].claim, "The loop is never kept for more than 50 ms but where a part blocks on purpose");
    assert_eq!(properties[1].measured, "0 ms at the longest, and 300 ms on purpose");
    assert_eq!(properties[2].claim, "Concurrent is 1.03 times as fast as sequential or more, 80 % of the ideal");
}

#[test]
fn a_limit_of_the_settings_is_held_against_the_peak() {
    let exercise = catalogue::find("async-error-handling").expect("it is there");
    let mut settings = Settings::defaults(exercise.controls);
    settings.set("limit", crate::exercises::controls::Value::Number(3.0));
    let properties = properties_of(exercise, &settings);
    let limits: Vec<_> = properties.iter().filter(|it| it.name == "within-limit").collect();
    assert_eq!(limits.len(), 3, "{properties:#?}");
    assert_eq!(
        (&*limits[1].claim, &*limits[1].measured),
        ("Collect: no more than 3 in flight at once", "3 at the peak")
    );
    assert!(names(&properties).contains(&"permits-back"));
}

#[test]
fn of_a_hidden_page_no_times_are_told() {
    let exercise = catalogue::find("async-basics").expect("it is there");
    let settings = Settings::defaults(exercise.controls);
    let mut record = record_of(exercise, &settings);
    record.mark_hidden(5);
    assert_eq!(names(&Property::all(exercise, &settings, &record, &[])), ["tasks-end"]);
}

/// What a crowd behind a limit leaves, some of whom are stopped.
fn crowd(tasks: usize, most: usize, stopped_after_ms: u64) -> Record {
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
    fn nothing_is_left_of_a_crowd_whenever_it_is_stopped(tasks in 1..40usize, most in 1..9usize, after_ms in 0..200u64) {
        let properties = Property::nothing_left(&crowd(tasks, most, after_ms));
        prop_assert!(properties.iter().all(|it| it.holds), "{:?}", properties);
    }

    #[test]
    fn a_task_and_a_permit_that_stay_are_noticed(tasks in 5..40usize, most in 1..5usize, which in 0..1_000usize) {
        let record = crowd(tasks, most, 10_000);
        let ends: Vec<_> = (0..record.events().len()).filter(|place| {
            matches!(record.events()[*place].kind, EventKind::Ended(_))
        }).collect();
        let end = ends[which % ends.len()];
        let task = record.events()[end].task;
        let has_waited = record.events().iter().any(|it| it.task == task && it.kind == EventKind::Granted);
        let broken: Vec<_> = Property::nothing_left(&without(&record, end)).into_iter().filter(|it| !it.holds).collect();
        let expected: &[_] = if has_waited { &["tasks-end", "permits-back"] } else { &["tasks-end"] };
        prop_assert_eq!(names(&broken), expected);
    }
}
