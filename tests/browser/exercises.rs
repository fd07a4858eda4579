//! The exercises in a browser: a seed fails in the same way as on the host, waits take their time, and the common
//! issues have the problems that they describe.

use std::cell::RefCell;
use std::rc::Rc;

use interleave::exercises::controls::{Settings, Value};
use interleave::exercises::exercise::Exercise;
use interleave::exercises::experiment::Experiment;
use interleave::exercises::site::Site;
use interleave::exercises::{async_error_handling, async_multiple, common_issues};
use interleave::measure::Record;
use interleave::measure::durations::Durations;
use interleave::measure::metrics::Metrics;
use interleave::measure::report::{Check, Report};
use interleave::measure::spans::Span;
use interleave::runtime::Run;
use wasm_bindgen_test::wasm_bindgen_test;

fn settings(exercise: &Exercise, values: &[(&str, Value)]) -> Settings {
    let mut settings = Settings::defaults(exercise.controls);
    values.iter().for_each(|(name, value)| settings.set(name, value.clone()));
    settings
}

/// Runs an exercise as the page does, with the heartbeat.
async fn run(exercise: &'static Exercise, settings: Settings, seed: u64) -> (Run, Report) {
    let page = Run::for_page();
    let report = Rc::new(RefCell::new(None));
    let slot = Rc::clone(&report);
    let site = Rc::new(Site::served_from("static/"));
    let experiment = Experiment::new(exercise, settings, seed);
    let started = experiment.start(site, move |result| *slot.borrow_mut() = Some(result));
    let experiment = started.await.expect("its code is loaded");
    while report.borrow().is_none() {
        page.sleep(std::time::Duration::from_millis(10)).await;
    }
    let report = report.take().expect("it has ended").expect("it cannot fail");
    (experiment.run().clone(), report)
}

/// Two columns of the table of outcomes: with collected errors, and with retries.
fn outcomes(report: &Report) -> [Vec<String>; 2] {
    [2, 3].map(|column| report.tables()[0].rows.iter().map(|row| row[column].clone()).collect())
}

#[wasm_bindgen_test]
async fn a_seed_fails_in_the_same_way_in_a_browser_as_on_the_host() {
    let exercise = &async_error_handling::EXERCISE;
    let (_, report) = run(exercise, settings(exercise, &[]), 7).await;
    // The exercise's own tests expect the same numbers on the host.
    assert_eq!(
        outcomes(&report),
        [["15", "2", "1", "1", "1", "0", "20"], RETRIED].map(|it| it.map(String::from).to_vec())
    );
    assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);

    let many =
        [("tasks", Value::Number(300.0)), ("failure-rate", Value::Number(0.5)), ("timeout", Value::Number(90.0))];
    for seed in [1, 2, 3] {
        let (_, measured) = run(exercise, settings(exercise, &many), seed).await;
        let on_virtual_clock = Run::on_virtual_clock(seed);
        let run = (exercise.run)(on_virtual_clock.clone(), Rc::new(Site::in_memory([])), settings(exercise, &many));
        let ideal = interleave::runtime::virtual_time::block_on(&on_virtual_clock, run);
        let ideal = ideal.expect("it ends").expect("it cannot fail");
        assert_eq!(outcomes(&measured), outcomes(&ideal), "seed {seed}");
    }
}

#[wasm_bindgen_test]
async fn a_limited_batch_stays_within_its_limit_and_takes_at_least_its_ideal_time() {
    let exercise = &async_multiple::EXERCISE;
    let settings = settings(exercise, &[("samples", Value::Number(40.0)), ("one-by-one", Value::Switch(false))]);
    let (run, report) = run(exercise, settings.clone(), 7).await;
    assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
    let site = Rc::new(Site::served_from("static/"));
    for model in ["logistic-regression", "mlp-16", "mlp-64", "mlp-64-32"] {
        site.read(Box::leak(format!("models/{model}.safetensors").into_boxed_str())).await.expect("the file exists");
    }
    let experiment = Experiment::new(exercise, settings, 7);
    let ideal = experiment.ideal(&site).expect("the files are loaded");
    let in_slices = experiment.ideal_in_slices(site).await.expect("the files are loaded");
    assert_eq!(ideal.events(), in_slices.events(), "computing in slices changes nothing");
    let length_us =
        |record: &Record, part| Span::named(record, part).and_then(|span| span.length_us()).expect("it ended well");
    for part in ["process_batch_async", "process_batch_limited", "download_multiple_models"] {
        let (measured, ideal) = (length_us(&run.record(), part), length_us(&ideal, part));
        assert!(measured >= ideal, "{part} took {measured} µs, less than {ideal}");
    }
}

#[wasm_bindgen_test]
async fn ten_thousand_failing_tasks_behind_a_limit_have_a_small_consistent_record() {
    let exercise = &async_error_handling::EXERCISE;
    let settings = settings(
        exercise,
        &[
            ("tasks", Value::Number(10_000.0)),
            ("limit", Value::Number(64.0)),
            ("wait", Value::Number(2.0)),
            ("pause", Value::Number(2.0)),
            ("timeout", Value::Number(20.0)),
        ],
    );
    let (run, report) = run(exercise, settings, 7).await;
    assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
    let record = run.record();
    let bytes = record.heap_bytes() / record.tasks().len();
    assert!(bytes <= 256, "{bytes} bytes for each task");
    assert_eq!(Metrics::from_record(&record).peak_concurrency, 64);
    for (part, task) in
        [("run_tasks_with_error_handling", "risky_operation"), ("run_tasks_with_retries", "retry_async")]
    {
        let part = Span::named(&record, part).expect("it was run");
        let tasks = Durations::from_record(&record, task, Some(part.task));
        assert_eq!((tasks.tasks().len(), tasks.peak()), (10_000, 64));
        let law = tasks.littles_law().expect("they took time");
        assert!(law.holds(), "{law:?}");
    }
}

#[wasm_bindgen_test]
async fn every_broken_version_of_a_common_issue_fails_its_check_and_every_fixed_version_passes() {
    let exercise = &common_issues::EXERCISE;
    // On a busy machine, starting a worker blocks the page for 150 ms.
    let long = settings(exercise, &[("issue", Value::Choice("all")), ("wait", Value::Number(1000.0))]);
    let (_, report) = run(exercise, long, 7).await;
    assert_eq!(report.checks.iter().filter(|check| check.is_meant_to_fail).count(), 5);
    assert_eq!(report.checks.iter().filter(|check| !check.is_meant_to_fail).count(), 6);
    for check in &report.checks {
        assert!(check.is_as_expected(), "{check:?}");
    }
}

const RETRIED: [&str; 7] = ["19", "0", "0", "1", "0", "0", "25"];
