//! The exercise on the virtual clock, with responses from the model server's own logic.

use super::*;
use crate::exercises::experiment::Experiment;
use crate::exercises::test_support::{set_texts, settings_with};
use crate::measure::events::Record;
use crate::measure::latencies::Latencies;
use crate::runtime::virtual_time::block_on;

/// No randomness, one input per request.
const PLAIN: &[(&str, f64)] = &[("spread", 0.0), ("failure-rate", 0.0), ("capacity", 0.0), ("batch-size", 1.0)];

fn site() -> Site {
    let path = "data/digits.csv";
    let digits = std::fs::read(format!("{}/static/{path}", env!("CARGO_MANIFEST_DIR")));
    Site::in_memory([(path, digits.expect("the repository has it").into())])
}

/// These settings, without randomness and without the part that sends the requests one by one.
fn settings(numbers: &[(&str, f64)], texts: &[(&str, &str)]) -> Settings {
    let mut settings = settings_with(&EXERCISE, &[PLAIN, numbers].concat());
    settings.set("one-by-one", Value::Switch(false));
    set_texts(&mut settings, &EXERCISE, texts);
    settings
}

fn outcome(settings: &Settings) -> (Run, Result<Report, Failure>) {
    let run = Run::on_virtual_clock(7);
    let future = (EXERCISE.run)(run.clone(), Rc::new(site()), settings.clone());
    let result = block_on(&run, future).expect("it waits only for timers");
    (run, result)
}

fn report(settings: &Settings) -> (Run, Report) {
    let (run, result) = outcome(settings);
    (run, result.expect("the endpoint is there"))
}

fn length_us(record: &Record, part: &str) -> u64 {
    Span::named(record, part).and_then(|span| span.length_us()).expect("it succeeded")
}

fn column(table: &Table, column: usize) -> Vec<&str> {
    table.rows.iter().map(|row| row[column].as_str()).collect()
}

#[test]
fn more_requests_than_the_servers_capacity_take_several_rounds() {
    let numbers = [("requests", 40.0), ("limit", 0.0), ("latency", 100.0), ("capacity", 8.0)];
    let (run, report) = report(&settings(&numbers, &[]));
    assert_eq!(length_us(&run.record(), "batch_inference_api"), 500_000);
    let requests = report.requests().expect("it sent some");
    assert_eq!(requests.throughput_per_s(), Some(80.0));
    assert_eq!(requests.since_sent().max(), Some(500_000.0), "the requests queue at the server");
    assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
    assert!(report.notes[0].starts_with("40 of 40 requests with 1 input each succeeded in 500 ms: 80.0 requests"));
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
fn only_latency_from_schedule_shows_that_the_endpoint_is_too_slow() {
    let numbers = [("requests", 100.0), ("limit", 1.0), ("rate", 10.0), ("latency", 500.0)];
    let (_, report) = report(&settings(&numbers, &[("arrivals", "rate"), ("timeout", "5000")]));
    let requests = report.requests().expect("it sent some");
    let p99 = |sample: crate::measure::statistics::Summary| sample.percentile(99.0).expect("there are a hundred");
    assert_eq!(p99(requests.since_sent()), 500_000.0);
    // The requests are due 100 ms apart and end 500 ms apart, so the last of the hundred ends 40 s after it was due.
    assert!(p99(requests.since_due()) > 70.0 * 500_000.0);
    assert!(report.notes.iter().any(|note| note.contains("coordinated omission")), "{:?}", report.notes);
}

#[test]
fn the_notes_say_that_the_endpoint_kept_up() {
    let numbers = [("requests", 30.0), ("limit", 0.0), ("rate", 10.0), ("latency", 500.0)];
    let (run, report) = report(&settings(&numbers, &[("arrivals", "rate")]));
    assert_eq!(length_us(&run.record(), "inference_at_a_rate"), 2_900_000 + 500_000);
    assert!(
        report
            .notes
            .iter()
            .any(|note| note.contains("The endpoint kept up: the median is 500 ms since due and 500 ms since sent"))
    );
}

/// The report of a preset, whose settings are read as from a link.
fn report_of_preset(label: &str) -> Report {
    let preset = EXERCISE.presets.iter().find(|preset| preset.label == label).expect("there is such a preset");
    let texts: Vec<_> = preset.query.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let mut settings = Settings::defaults(EXERCISE.controls);
    set_texts(&mut settings, &EXERCISE, &texts);
    report(&settings).1
}

#[test]
fn the_coordinated_omission_preset_blames_the_limit_and_not_the_endpoint() {
    let report = report_of_preset("Coordinated omission");
    let verdict = report.notes.iter().find(|note| note.contains("coordinated omission")).expect("there is one");
    assert!(verdict.starts_with("The endpoint is not the cause: it took 50 ms per request"), "{verdict}");
    assert!(verdict.contains("waited for your limit of 1"), "{verdict}");
    // The chart of the latencies names the same two times.
    let requests = report.requests().expect("it sent some");
    let caption = Latencies::from_requests(requests).expect("there are some").caption();
    assert!(verdict.contains("took 4.01 s, and 3.96 s of that"), "{verdict}");
    assert!(caption.contains("3.96 s of the 4.01 s of the slowest request"), "{caption}");
    assert!(!report.notes.iter().any(|note| note.contains("kept up") || note.contains("did not keep up")));
}

#[test]
fn the_other_presets_show_what_their_names_promise_and_do_not_blame_the_limit() {
    let knee = report_of_preset("Find the knee");
    assert_eq!(knee.sweep().and_then(|sweep| sweep.knee()).map(|level| level.concurrency), Some(8));
    let failing = report_of_preset("An endpoint that fails");
    let succeeded: usize = column(failing.tables()[0], 1)[0].parse().expect("a number");
    assert!((1..=50).contains(&succeeded) && failing.tables()[0].rows.len() > 2, "{:?}", failing.tables()[0]);
    let at_once = report_of_preset("500 requests at once");
    assert!(at_once.notes.iter().any(|note| note.starts_with("No limit: every request was sent as soon as possible")));
    for report in [knee, failing, at_once] {
        assert!(!report.notes.iter().any(|note| note.contains("The endpoint is not the cause")), "{:?}", report.notes);
    }
}

#[test]
fn an_endpoint_that_is_slower_than_the_rate_does_not_keep_up() {
    let numbers = [("requests", 40.0), ("limit", 0.0), ("rate", 10.0), ("latency", 500.0), ("capacity", 1.0)];
    let (_, report) = report(&settings(&numbers, &[("arrivals", "rate"), ("timeout", "60000")]));
    assert!(report.notes.iter().any(|note| note.contains("The endpoint did not keep up")), "{:?}", report.notes);
}

#[test]
fn every_request_is_counted_by_its_outcome() {
    let texts = [("faults", "all"), ("timeout", "300")];
    let numbers = [("requests", 200.0), ("failure-rate", 0.6), ("retries", 0.0), ("limit", 0.0)];
    let (run, report) = report(&settings(&numbers, &texts));
    let outcomes = report.tables()[0];
    assert_eq!(column(outcomes, 0), ["succeeded", "HTTP 429", "HTTP 500", "HTTP 503", "not JSON", "timed out"]);
    let counts: Vec<u32> = column(outcomes, 1).iter().map(|cell| cell.parse().expect("a number")).collect();
    assert_eq!(counts.iter().sum::<u32>(), 200);
    assert!((60..=100).contains(&counts[0]), "{counts:?}");
    assert!(column(outcomes, 3)[3].contains("simulated failure: the model is not available"), "{outcomes:?}");
    assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
    assert_eq!(run.sleepers(), 0);
}

#[test]
fn retries_fix_temporary_failures_and_are_counted() {
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
fn a_retry_waits_as_long_as_the_server_asks() {
    let numbers = [("requests", 1.0), ("failure-rate", 1.0), ("retries", 1.0), ("latency", 100.0)];
    let (run, report) = report(&settings(&numbers, &[("faults", "busy")]));
    assert_eq!(column(report.tables()[0], 0), ["succeeded", "HTTP 429"]);
    assert_eq!(length_us(&run.record(), "batch_inference_api"), 100_000 + 1_000_000 + 100_000);
}

#[test]
fn the_accuracy_is_that_of_the_classifier() {
    let (_, report) = report(&settings(&[("requests", 36.0), ("batch-size", 10.0)], &[]));
    // All 360 images, once each: the tests of the classifiers expect the same number.
    assert!(report.notes[1].starts_with("353 of 360 digits were classified correctly"), "{}", report.notes[1]);
    assert_eq!(report.digits().count(), 10);
}

#[test]
fn a_missing_model_has_its_own_row_and_does_not_affect_the_others() {
    let (_, report) = report(&settings(&[], &[("models", "mlp-16, resnet , mlp-64,")]));
    let models = report.tables()[2];
    assert_eq!(column(models, 0), ["mlp-16", "resnet", "mlp-64"]);
    assert_eq!(column(models, 2)[0], "images FP32 [-1, 64]");
    assert!(column(models, 2)[1].starts_with("✕ HTTP status 404: there is no model `resnet`"), "{models:?}");
}

#[test]
fn the_run_fails_if_the_first_model_is_missing() {
    let failure = outcome(&settings(&[], &[("models", "resnet")])).1.expect_err("there is no such model");
    assert!(failure.message.starts_with("model `resnet`: HTTP status 404: there is no model `resnet`"), "{failure:?}");
    assert!(failure.advice.starts_with("Check the model's name"));
}

#[test]
fn the_run_fails_if_the_endpoint_cannot_be_reached() {
    let settings = settings(&[], &[("endpoint", "own"), ("url", "http://models.example")]);
    let failure = outcome(&settings).1.expect_err("there is no server");
    assert!(failure.message.contains("`http://models.example/v2` cannot be reached"), "{failure:?}");
    assert!(Experiment::new(&EXERCISE, settings, 7).ideal(&site()).is_none(), "a real endpoint has no ideal");
}

#[test]
fn a_run_without_requests_ends_immediately_and_says_so() {
    let (run, report) = report(&settings(&[("requests", 0.0)], &[]));
    assert_eq!(length_us(&run.record(), "batch_inference_api"), 0);
    assert!(report.notes[0].starts_with("No inference requests were sent"));
    assert_eq!(report.notes.len(), 1);
    assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
}

#[test]
fn a_connection_test_shows_the_server_and_the_models_inputs_and_outputs() {
    let run = Run::on_virtual_clock(7);
    let connect = EXERCISE.connection_test.as_ref().expect("it has an endpoint").send;
    let connection = block_on(&run, connect(run.clone(), settings(&[], &[]))).expect("it ends").expect("it is there");
    assert!(connection.lines[0].starts_with("`interleave` 0.1.0 answered in 0 ms"), "{connection:?}");
    assert!(connection.lines[1].starts_with("Models: mlp-64, mlp-16"), "{connection:?}");
    assert!(connection.lines[2].starts_with("Inputs of `mlp-64`: images FP32 [-1, 64]. Outputs: logits FP32 [-1, 10]"));
}

#[test]
fn a_stopped_run_leaves_no_timers() {
    let run = Run::on_virtual_clock(7);
    let settings = settings(
        &[("requests", 50.0), ("limit", 0.0), ("failure-rate", 1.0)],
        &[("faults", "hangs"), ("timeout", "60000")],
    );
    let future = (EXERCISE.run)(run.clone(), Rc::new(site()), settings);
    let stopped = run.timeout(Duration::from_millis(500), future);
    assert!(block_on(&run, stopped).expect("it ends").is_err());
    assert_eq!(run.sleepers(), 0);
    let outcomes = Durations::from_record(&run.record(), "infer", None).outcomes();
    assert_eq!(outcomes.get(Outcome::Cancelled), 50);
}

#[test]
fn as_many_requests_fail_one_by_one_as_concurrently() {
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
