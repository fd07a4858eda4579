//! The exercise on the virtual clock, where the model server's own logic answers and takes exactly its time.

use super::*;
use crate::exercises::experiment::Experiment;
use crate::exercises::test_support::{set_texts, settings_with};
use crate::measure::events::Record;
use crate::runtime::virtual_time::block_on;

/// Nothing random, nothing besides the requests.
const PLAIN: &[(&str, f64)] = &[("spread", 0.0), ("failure-rate", 0.0), ("capacity", 0.0), ("batch-size", 1.0)];

fn site() -> Site {
    let path = "data/digits.csv";
    let digits = std::fs::read(format!("{}/static/{path}", env!("CARGO_MANIFEST_DIR")));
    Site::in_memory([(path, digits.expect("the repository has it").into())])
}

fn settings(numbers: &[(&str, f64)], texts: &[(&str, &str)]) -> Settings {
    let mut settings = settings_with(&EXERCISE, &[PLAIN, numbers].concat());
    settings.set("one-by-one", Value::Switch(false));
    set_texts(&mut settings, &EXERCISE, texts);
    settings
}

fn outcome(settings: &Settings) -> (Run, Result<Report, Failure>) {
    let run = Run::on_virtual_clock(7);
    let future = (EXERCISE.run)(run.clone(), Rc::new(site()), settings.clone());
    let result = block_on(&run, future).expect("it waits for nothing but time");
    (run, result)
}

fn report(settings: &Settings) -> (Run, Report) {
    let (run, result) = outcome(settings);
    (run, result.expect("the endpoint is there"))
}

fn length_us(record: &Record, part: &str) -> u64 {
    Span::named(record, part).and_then(|span| span.length_us()).expect("it ended well")
}

fn column(table: &Table, column: usize) -> Vec<&str> {
    table.rows.iter().map(|row| row[column].as_str()).collect()
}

#[test]
fn the_server_works_on_as_many_as_it_can_and_the_batch_takes_its_rounds() {
    let numbers = [("requests", 40.0), ("limit", 0.0), ("latency", 100.0), ("capacity", 8.0)];
    let (run, report) = report(&settings(&numbers, &[]));
    assert_eq!(length_us(&run.record(), "batch_inference_api"), 500_000);
    let requests = report.requests().expect("it sent some");
    assert_eq!(requests.throughput_per_s(), Some(80.0));
    assert_eq!(requests.from_send().max(), Some(500_000.0), "the queue is at the server");
    assert!(report.checks.iter().all(Check::is_as_meant), "{:?}", report.checks);
    assert!(report.notes[0].starts_with("40 of 40 requests with 1 input each were answered, in 500 ms: 80.0 requests"));
}

#[test]
fn the_knee_of_a_sweep_is_at_the_servers_capacity() {
    for (capacity, knee) in [(1.0, 1), (4.0, 4), (8.0, 8)] {
        let numbers = [("requests", 0.0), ("latency", 100.0), ("capacity", capacity), ("sweep", 32.0)];
        let (_, report) = report(&settings(&numbers, &[]));
        let sweep = report.sweep().expect("it was asked for");
        assert_eq!(sweep.levels().iter().map(|level| level.concurrency).collect::<Vec<_>>(), [1, 2, 4, 8, 16, 32]);
        assert_eq!(sweep.knee().map(|level| level.concurrency), Some(knee));
        assert!((sweep.best_per_s() - capacity * 10.0).abs() < 1e-9, "{}", sweep.best_per_s());
    }
}

#[test]
fn a_level_of_a_sweep_is_whole_rounds_and_enough_for_a_p95() {
    for (concurrency, requests) in [(1, 20), (2, 20), (4, 20), (8, 32), (16, 64), (1_024, 4_096)] {
        assert_eq!(plan::requests_of_level(concurrency), requests);
    }
}

#[test]
fn a_schedule_that_outruns_the_endpoint_shows_from_schedule_only() {
    let numbers = [("requests", 100.0), ("limit", 1.0), ("rate", 10.0), ("latency", 500.0)];
    let (_, report) = report(&settings(&numbers, &[("arrivals", "rate"), ("timeout", "5000")]));
    let requests = report.requests().expect("it sent some");
    let p99 = |sample: crate::measure::statistics::Summary| sample.percentile(99.0).expect("there are a hundred");
    assert_eq!(p99(requests.from_send()), 500_000.0);
    assert!(p99(requests.from_schedule()) > 70.0 * 500_000.0);
    assert!(report.notes.iter().any(|note| note.contains("coordinated omission")), "{:?}", report.notes);
}

#[test]
fn a_schedule_that_the_endpoint_keeps_up_with_says_so() {
    let numbers = [("requests", 30.0), ("limit", 0.0), ("rate", 10.0), ("latency", 500.0)];
    let (run, report) = report(&settings(&numbers, &[("arrivals", "rate")]));
    assert_eq!(length_us(&run.record(), "inference_at_a_rate"), 2_900_000 + 500_000);
    assert!(report.notes.iter().any(|note| note.contains("The endpoint kept up: p95 is 500 ms from schedule")));
}

#[test]
fn every_request_ends_with_its_cause() {
    let texts = [("faults", "all"), ("timeout", "300")];
    let numbers = [("requests", 200.0), ("failure-rate", 0.6), ("retries", 0.0), ("limit", 0.0)];
    let (run, report) = report(&settings(&numbers, &texts));
    let outcomes = report.tables()[0];
    assert_eq!(column(outcomes, 0), ["succeeded", "HTTP 429", "HTTP 500", "HTTP 503", "not JSON", "timed out"]);
    let counts: Vec<u32> = column(outcomes, 1).iter().map(|cell| cell.parse().expect("a number")).collect();
    assert_eq!(counts.iter().sum::<u32>(), 200);
    assert!((60..=100).contains(&counts[0]), "{counts:?}");
    assert!(column(outcomes, 3)[3].contains("the model is not available, on purpose"), "{outcomes:?}");
    assert!(report.checks.iter().all(Check::is_as_meant), "{:?}", report.checks);
    assert_eq!(run.sleepers(), 0);
}

#[test]
fn retries_mend_what_passes_and_are_counted() {
    let numbers = [("requests", 100.0), ("failure-rate", 0.3), ("retries", 8.0), ("limit", 0.0)];
    let (_, report) = report(&settings(&numbers, &[]));
    assert_eq!(column(report.tables()[0], 1), ["100", "0", "0"], "{:?}", report.tables()[0]);
    let attempts: Vec<(usize, usize)> = report.tables()[1]
        .rows
        .iter()
        .map(|row| (row[0].parse().expect("a number"), row[1].parse().expect("a number")))
        .collect();
    assert_eq!(attempts.iter().map(|(_, requests)| requests).sum::<usize>(), 100);
    let retried: usize =
        column(report.tables()[0], 2)[1..].iter().map(|cell| cell.parse::<usize>().expect("a number")).sum();
    assert_eq!(attempts.iter().map(|(attempts, requests)| (attempts - 1) * requests).sum::<usize>(), retried);
}

#[test]
fn what_asks_to_be_left_alone_is_left_alone() {
    let numbers = [("requests", 1.0), ("failure-rate", 1.0), ("retries", 1.0), ("latency", 100.0)];
    let (run, report) = report(&settings(&numbers, &[("faults", "busy")]));
    assert_eq!(column(report.tables()[0], 0), ["succeeded", "HTTP 429"]);
    assert_eq!(length_us(&run.record(), "batch_inference_api"), 100_000 + 1_000_000 + 100_000);
}

#[test]
fn the_digits_are_read_as_well_as_the_classifier_reads_them() {
    let (_, report) = report(&settings(&[("requests", 36.0), ("batch-size", 10.0)], &[]));
    // All 360 images, once each: a test beside the classifiers holds the same number.
    assert!(report.notes[1].starts_with("Of the 360 digits that came back 353 are read right"), "{}", report.notes[1]);
    assert_eq!(report.digits().count(), 10);
}

#[test]
fn a_model_that_is_missing_keeps_its_row_and_takes_nothing_from_the_others() {
    let (_, report) = report(&settings(&[], &[("models", "mlp-16, resnet , mlp-64,")]));
    let models = report.tables()[2];
    assert_eq!(column(models, 0), ["mlp-16", "resnet", "mlp-64"]);
    assert_eq!(column(models, 2)[0], "images FP32 [-1, 64]");
    assert!(column(models, 2)[1].starts_with("✕ HTTP status 404: there is no model `resnet`"), "{models:?}");
}

#[test]
fn a_first_model_that_is_missing_fails_the_run_and_is_named() {
    let failure = outcome(&settings(&[], &[("models", "resnet")])).1.expect_err("there is no such model");
    assert!(failure.message.starts_with("model `resnet`: HTTP status 404: there is no model `resnet`"), "{failure:?}");
    assert!(failure.advice.starts_with("Check the model's name"));
}

#[test]
fn an_endpoint_that_is_not_there_fails_the_run() {
    let settings = settings(&[], &[("endpoint", "own"), ("url", "http://models.example")]);
    let failure = outcome(&settings).1.expect_err("nobody is there");
    assert!(failure.message.contains("`http://models.example/v2/models/mlp-64` cannot be reached"), "{failure:?}");
    assert!(Experiment::new(&EXERCISE, settings, 7).ideal(&site()).is_none(), "what a network takes has no ideal");
}

#[test]
fn no_requests_are_over_at_once_and_say_so() {
    let (run, report) = report(&settings(&[("requests", 0.0)], &[]));
    assert_eq!(length_us(&run.record(), "batch_inference_api"), 0);
    assert!(report.notes[0].starts_with("Without requests"));
    assert_eq!(report.notes.len(), 1);
    assert!(report.checks.iter().all(Check::is_as_meant), "{:?}", report.checks);
}

#[test]
fn a_connection_tells_who_is_there_and_what_the_model_takes() {
    let run = Run::on_virtual_clock(7);
    let connect = EXERCISE.connection_test.as_ref().expect("it has an endpoint").ask;
    let connection = block_on(&run, connect(run.clone(), settings(&[], &[]))).expect("it ends").expect("it is there");
    assert!(connection.lines[0].starts_with("`interleave` 0.1.0 answered in 0 ms"), "{connection:?}");
    assert!(connection.lines[1].starts_with("`mlp-64` takes images FP32 [-1, 64] and gives logits FP32 [-1, 10]"));
}

#[test]
fn a_stopped_run_leaves_nobody_waiting() {
    let run = Run::on_virtual_clock(7);
    let settings = settings(
        &[("requests", 50.0), ("limit", 0.0), ("failure-rate", 1.0)],
        &[("faults", "hangs"), ("timeout", "60000")],
    );
    let future = (EXERCISE.run)(run.clone(), Rc::new(site()), settings);
    let stopped = run.timeout(Duration::from_millis(500), future);
    assert!(block_on(&run, stopped).expect("it ends").is_err());
    assert_eq!(run.sleepers(), 0);
    let left = Durations::from_record(&run.record(), "infer", None).outcomes();
    assert_eq!(left.get(Outcome::Cancelled), 50);
}

#[test]
fn the_same_seed_fails_alike_one_by_one_and_together() {
    let mut settings = settings(&[("requests", 30.0), ("failure-rate", 0.4), ("retries", 0.0)], &[]);
    settings.set("one-by-one", Value::Switch(true));
    let (run, _) = report(&settings);
    let record = run.record();
    let failed = |part| {
        let part = Span::named(&record, part).expect("it ran").task;
        Durations::from_record(&record, "infer", Some(part)).outcomes().get(Outcome::Failed)
    };
    assert_eq!(failed("one_by_one"), failed("batch_inference_api"));
    assert!(failed("one_by_one") > 5);
}
