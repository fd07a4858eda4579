//! The exercise on the virtual clock, where stages take exactly their delays.

use proptest::prelude::*;

use super::*;
use crate::exercises::test_support::set_texts;
use crate::measure::flow::Flow;
use crate::measure::metrics::Metrics;
use crate::runtime::virtual_time::block_on;

/// Inference in the page only, and the guide's own delays.
const PLAIN: &[(&str, &str)] = &[("inference", "page"), ("scale", "1")];

fn file(path: &'static str) -> (&'static str, Rc<[u8]>) {
    let bytes = std::fs::read(format!("{}/static/{path}", env!("CARGO_MANIFEST_DIR")));
    (path, bytes.expect("the repository has it").into())
}

fn site() -> Site {
    let models = ["mlp-64", "mlp-64-32", "mlp-16", "logistic-regression"];
    let models = models.map(|name| file(Box::leak(format!("models/{name}.safetensors").into_boxed_str())));
    Site::in_memory(models.into_iter().chain([file("data/digits.csv")]))
}

fn settings(values: &[(&str, &str)]) -> Settings {
    let mut settings = Settings::defaults(EXERCISE.controls);
    set_texts(&mut settings, &EXERCISE, &[PLAIN, values].concat());
    settings
}

fn report(values: &[(&str, &str)]) -> (Run, Report) {
    let run = Run::on_virtual_clock(7);
    let future = (EXERCISE.run)(run.clone(), Rc::new(site()), settings(values));
    let report = block_on(&run, future).expect("it ends").expect("the files are good");
    (run, report)
}

fn length_us(run: &Run, part: &str) -> u64 {
    Span::named(&run.record(), part).and_then(|span| span.length_us()).expect("it ended well")
}

fn flow<'a>(report: &'a Report, name: &str) -> &'a Flow {
    report.flows().find(|flow| flow.name == name).expect("it ran")
}

fn note<'a>(report: &'a Report, part: &str) -> &'a str {
    let found = report.notes.iter().find(|note| note.contains(part));
    found.unwrap_or_else(|| panic!("no note contains `{part}`: {:?}", report.notes))
}

#[test]
fn with_the_guides_own_numbers_streaming_takes_little_longer_than_loading() {
    let (run, report) = report(&[("batch-size", "32")]);
    assert_eq!(length_us(&run, "run_pipeline"), 500_000 + 7 * 30_000);
    // The time to load a batch, a seventh of 500 ms, is rounded up to whole microseconds.
    assert_eq!(length_us(&run, "run_streamed"), 7 * 71_429 + 30_000);
    assert!(
        note(&report, "bottleneck").starts_with("Load is the bottleneck: in the streamed run, it worked for 94.3 %")
    );
    assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
    assert_eq!(report.flows().count(), 2);
}

#[test]
fn the_bottleneck_is_named_with_a_remedy() {
    let (_, predict) = report(&[("predict", "50")]);
    let about = note(&predict, "bottleneck");
    assert!(about.contains("A faster model, or several models at once, would help. Then load would be"), "{about}");
    assert!(about.ends_with("with at most 400 samples per second instead of 156."), "{about}");

    let (_, equal) = report(&[("preprocess", "20")]);
    assert!(note(&equal, "bottleneck").contains("bottleneck together"), "{:?}", equal.notes);

    let (_, one_batch) = report(&[("batch-size", "10000")]);
    assert!(note(&one_batch, "bottleneck").starts_with("All samples are in a single batch"), "{:?}", one_batch.notes);
}

#[test]
fn each_worker_predicts_a_batch_at_a_time_with_the_same_result() {
    let (run, report) = report(&[("inference", "workers"), ("predict", "50"), ("workers", "3"), ("samples", "240")]);
    assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
    assert_eq!(flow(&report, "In workers").stages[2].servers, 3);
    let [streamed, in_workers] = ["run_streamed", "run_streamed_in_workers"].map(|part| length_us(&run, part));
    assert!(in_workers * 2 < streamed, "{in_workers} instead of {streamed}");
    let correct: Vec<_> = report.tables()[0].rows.iter().map(|row| row[4].as_str()).collect();
    assert_eq!(correct, ["97.9 %"; 3]);
}

#[test]
fn the_accuracy_on_all_images_is_that_of_the_classifier() {
    // The tests of the classifiers expect the same numbers.
    for (model, correct) in [("mlp-64", 353), ("mlp-64-32", 351), ("mlp-16", 351), ("logistic-regression", 346)] {
        let (_, report) = report(&[("samples", "360"), ("batch-size", "50"), ("model", model)]);
        let about = note(&report, "classified correctly");
        assert!(about.starts_with(&format!("{correct} of 360 samples")), "{model}: {about}");
        assert_eq!(report.digits().count(), 12);
    }
}

#[test]
fn bounded_queues_keep_most_of_ten_thousand_samples_out_of_memory() {
    let (run, report) = report(&[("samples", "10000"), ("batch-size", "50"), ("predict", "100"), ("bound", "3")]);
    assert_eq!(flow(&report, "Sequential").most_under_way, 10_000);
    // A batch in each stage, and three in each queue.
    assert_eq!(flow(&report, "Streamed").most_under_way, (3 + 2 * 3) * 50);
    assert_eq!(flow(&report, "Streamed").queues.iter().map(|queue| queue.peak()).collect::<Vec<_>>(), [3, 3]);
    // The record does not contain every sample either.
    assert!(run.record().heap_bytes() < 500_000, "{}", run.record().heap_bytes());
    assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
}

#[test]
fn a_run_without_samples_ends_immediately_and_says_so() {
    let (run, report) = report(&[("samples", "0"), ("inference", "workers"), ("sweep", "on")]);
    assert_eq!(run.now(), Duration::ZERO);
    assert!(report.notes[0].starts_with("Nothing went through"), "{:?}", report.notes);
    assert_eq!(report.notes.len(), 3, "{:?}", report.notes);
    assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
    assert!(report.batch_sizes().is_some_and(|sizes| sizes.levels().is_empty()));
}

#[test]
fn a_batch_size_above_the_number_of_samples_gives_one_batch() {
    let (run, report) = report(&[("samples", "5"), ("batch-size", "32")]);
    assert_eq!(length_us(&run, "run_pipeline"), 530_000);
    assert_eq!(length_us(&run, "run_streamed"), 530_000);
    assert_eq!(flow(&report, "Streamed").stages[2].works.iter().map(|work| work.samples).collect::<Vec<_>>(), [5]);
    assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
}

#[test]
fn a_sweep_finds_the_smallest_sufficient_batch_size() {
    let (_, report) = report(&[("sweep", "on"), ("samples", "1000"), ("load", "2000")]);
    let sizes = report.batch_sizes().expect("it was asked for");
    let measured: Vec<_> = sizes.levels().iter().map(|level| (level.batch_size, level.samples)).collect();
    assert_eq!(measured, [1, 2, 4, 8, 16, 32, 64, 128, 200].map(|size| (size, 200)));
    // Loading a fifth of the samples takes a fifth of the time: 400 ms.
    assert_eq!(sizes.levels()[8].in_turn_us, 430_000);
    assert!(sizes.sentence().starts_with("Streamed: batches of 16 are enough"), "{}", sizes.sentence());
}

#[test]
fn a_stopped_run_leaves_no_timers() {
    let run = Run::on_virtual_clock(7);
    let settings = settings(&[("predict", "500"), ("inference", "workers")]);
    let future = (EXERCISE.run)(run.clone(), Rc::new(site()), settings);
    // In the middle of the streamed part, when both queues are full.
    let stopped = run.timeout(Duration::from_millis(16_000), future);
    assert!(block_on(&run, stopped).expect("it ends").is_err());
    assert_eq!(run.sleepers(), 0);
    let outcomes = Metrics::from_record(&run.record()).outcomes;
    let unfinished = run.record().tasks().len() as u32 - outcomes.get(Outcome::Succeeded);
    assert!(unfinished > 3 && outcomes.get(Outcome::Cancelled) == unfinished, "{outcomes:?}");
}

#[test]
fn the_run_fails_if_a_file_is_missing() {
    let run = Run::on_virtual_clock(7);
    let future = (EXERCISE.run)(run.clone(), Rc::new(Site::in_memory([])), settings(&[]));
    let failure = block_on(&run, future).expect("it ends").expect_err("there are no files");
    assert!(failure.message.contains("`models/mlp-64.safetensors` cannot be reached"), "{failure:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn streamed_time_depends_on_the_first_batch_and_the_slowest_stage(
        samples in 0..120u32, batch_size in 1..40u32, bound in 1..4u32,
        load in 0..400u32, preprocess in 0..30u32, predict in 0..30u32,
    ) {
        // A multiple of the number of batches, so that nothing is rounded.
        let load = load * samples.div_ceil(batch_size);
        prop_assume!(load <= 2_000);
        let values = [samples, batch_size, bound, load, preprocess, predict].map(|number| number.to_string());
        let names = ["samples", "batch-size", "bound", "load", "preprocess", "predict"];
        let values: Vec<_> = names.into_iter().zip(values.iter().map(String::as_str)).collect();
        let (run, report) = report(&values);
        let plan = Plan::from(&settings(&values));
        prop_assert_eq!(length_us(&run, "run_streamed"), plan.streamed_ideal().as_micros() as u64);

        let sequential_us = u64::from(load + plan.batch_count() * (preprocess + predict)) * 1_000;
        prop_assert_eq!(length_us(&run, "run_pipeline"), sequential_us);
        prop_assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
        for stage in &flow(&report, "Streamed").stages {
            prop_assert_eq!(stage.works.iter().map(|work| work.samples).sum::<u32>(), samples, "{}", stage.name);
        }
    }
}
