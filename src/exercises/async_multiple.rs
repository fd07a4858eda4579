//! Part 2 of the guide: many concurrent tasks of random lengths.
//!
//! You see that a concurrent batch takes as long as its longest sample, not as long as all of them in sequence. You see
//! that with a limit some samples run while the others queue, and that results come back in order or by name.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use inference::classifier::Classifier;

use crate::exercises::prelude::*;
use crate::runtime::{join_all, try_join_all};

/// Processes one sample, which takes some time. Returns its number.
async fn process_sample(run: &Run, batch: Batch, sample: u32) -> u32 {
    run.sleep(batch.sample_time(run, sample)).await;
    sample
}

/// Processes one sample after the other, so their times add up.
async fn process_batch_sequential(run: &Run, batch: Batch) -> Vec<u32> {
    let mut processed = Vec::new();
    for sample in 0..batch.samples {
        processed.push(run.task(("process_sample", sample), process_sample(run, batch, sample)).await);
    }
    processed
}

/// Processes all samples concurrently. With a limit, some run while the others queue. The results are in the order of
/// the samples, not in the order in which they end.
async fn process_batch_async(run: &Run, batch: Batch, max_concurrent: Option<NonZeroUsize>) -> Vec<u32> {
    let limit = run.limit(max_concurrent);
    let limited = async |sample| {
        let _permit = limit.acquire().await;
        process_sample(run, batch, sample).await
    };
    join_all(run, (0..batch.samples).map(|sample| run.task(("process_sample", sample), limited(sample)))).await
}

/// Fetches the weights of a classifier, then waits, as for a slower network.
async fn download_model(run: &Run, site: &Site, model: Model, delay: Duration) -> Result<Classifier, LoadError> {
    let bytes = site.read(model.path).await?;
    run.sleep(delay).await;
    Ok(Classifier::from_safetensors(&bytes)?)
}

/// Downloads all models concurrently, and returns them by name. The first error cancels the other downloads.
async fn download_multiple_models(
    run: &Run,
    site: &Site,
    batch: Batch,
) -> Result<BTreeMap<&'static str, Classifier>, LoadError> {
    let download = |model: &Model| {
        let delay = batch.download_delay(run, *model);
        run.try_task(format!("download_model {}", model.name), download_model(run, site, *model, delay))
    };
    let models = try_join_all(run, MODELS.iter().map(download)).await?;
    Ok(MODELS.iter().map(|model| model.name).zip(models).collect())
}

/// Runs the exercise. Each part that is compared is a root task.
async fn async_multiple(
    run: &Run,
    site: &Site,
    batch: Batch,
    has_one_by_one: bool,
    limit: Option<NonZeroUsize>,
) -> Result<Findings, LoadError> {
    if has_one_by_one {
        run.log(Level::Info, "samples in sequence");
        run.task("process_batch_sequential", process_batch_sequential(run, batch)).await;
    }
    run.log(Level::Info, "all samples at once");
    let processed = run.task("process_batch_async", process_batch_async(run, batch, None)).await;
    if limit.is_some() {
        run.log(Level::Info, "all samples, with a limit");
        run.task("process_batch_limited", process_batch_async(run, batch, limit)).await;
    }
    run.log(Level::Info, "four models, by name");
    let models = run.try_task("download_multiple_models", download_multiple_models(run, site, batch)).await?;
    Ok(Findings { processed, models })
}

/// The number of samples, and the times of samples and downloads.
#[derive(Clone, Copy)]
struct Batch {
    samples: u32,
    shortest: Duration,
    longest: Duration,
    scale: f64,
}

impl Batch {
    /// The time of a sample: random, from the shortest to the longest.
    fn sample_time(self, run: &Run, sample: u32) -> Duration {
        let share = run.rng(format_args!("process_sample {sample}")).f64();
        self.shortest + self.longest.saturating_sub(self.shortest).mul_f64(share)
    }

    /// The delay of a download: random, from 0.5 s to 2 s, multiplied by the scale.
    fn download_delay(self, run: &Run, model: Model) -> Duration {
        let share = run.rng(format_args!("download_model {}", model.name)).f64();
        Duration::from_millis(500).mul_f64(self.scale * (1.0 + 3.0 * share))
    }
}

/// A file of weights.
#[derive(Clone, Copy)]
struct Model {
    name: &'static str,
    path: &'static str,
}

static MODELS: [Model; 4] = [
    Model { name: "logistic-regression", path: "models/logistic-regression.safetensors" },
    Model { name: "mlp-16", path: "models/mlp-16.safetensors" },
    Model { name: "mlp-64", path: "models/mlp-64.safetensors" },
    Model { name: "mlp-64-32", path: "models/mlp-64-32.safetensors" },
];

/// The results of the exercise.
struct Findings {
    processed: Vec<u32>,
    models: BTreeMap<&'static str, Classifier>,
}

// The entry in the catalogue.

/// The exercise as the page shows and runs it.
pub static EXERCISE: Exercise = Exercise::new("async-multiple", 2, "Many tasks")
    .teaches("A concurrent batch takes as long as its longest sample. A limit sets how many samples run at once.")
    .with_controls(&[
        Control::count("samples", "Samples", "The number of samples in the batch.", 10_000, 10),
        Control::millis(
            "min",
            "Shortest",
            "The shortest time for a sample. Each sample takes a random time between this and the longest.",
            100.0,
        ),
        Control::millis("max", "Longest", "The longest time for a sample.", 500.0),
        Control::count(
            "limit",
            "Limit",
            "The maximum number of samples that run at once in the limited batch; 0 skips that batch.",
            10_000,
            3,
        ),
        Control::switch(
            "one-by-one",
            "One by one",
            "Also runs the batch in sequence, which takes a long time if there are many samples.",
            true,
        ),
        Control::new(
            "scale",
            "Scale",
            "Multiplies all waits. At 1 they are those of the Python guide: samples of 0.1 to 0.5 s, models of 0.5 to 2 s.",
            ControlKind::Number { unit: "×", min: 0.1, max: 5.0, step: 0.1, default: 0.5 },
        ),
    ])
    .with_main_controls(&["samples", "limit", "max"])
    .with_conflict(|settings| {
        let (min, max) = (settings.number("min"), settings.number("max"));
        (min > max).then(|| Conflict {
            control: "min",
            why: "the shortest time is longer than the longest".to_owned(),
            nearest: Value::Number(max),
        })
    })
    .with_comparisons(&[
        Comparison::race(
            "The same samples, in sequence and concurrently",
            &[
                Bar::new("process_batch_sequential", "One by one").only_if(|settings| settings.is_on("one-by-one")),
                Bar::new("process_batch_limited", "Limited").only_if(|settings| settings.count("limit") > 0),
                Bar::new("process_batch_async", "All at once"),
            ],
        ),
        Comparison::race("Four models at once", &[Bar::new("download_multiple_models", "Models")]),
    ])
    .with_distributions(
        const {
            &[
                Distribution::new("All at once", "process_sample", "process_batch_async"),
                Distribution::new("Limited", "process_sample", "process_batch_limited"),
            ]
        },
    )
    .with_question(|settings| Batch::from(settings).question(settings.count("limit")))
    .runs(code!(run in exercises));

async fn run(run: Run, site: Rc<Site>, settings: Settings) -> Result<Report, Failure> {
    let batch = Batch::from(&settings);
    let limit = NonZeroUsize::new(settings.count("limit") as usize);
    let done = async_multiple(&run, &site, batch, settings.is_on("one-by-one"), limit).await?;
    Ok(done.report(&run, batch, limit))
}

impl From<&Settings> for Batch {
    fn from(settings: &Settings) -> Self {
        let scale = settings.number("scale");
        Self {
            samples: settings.count("samples"),
            shortest: settings.millis("min").mul_f64(scale),
            longest: settings.millis("max").mul_f64(scale),
            scale,
        }
    }
}

impl Batch {
    /// The question about the limited batch or, without a limit, about the batch without one.
    fn question(self, limit: u32) -> Option<Question> {
        if self.samples == 0 {
            return None;
        }
        let (part, at_once) = match limit {
            0 => ("process_batch_async", "nothing limits how many run at once".to_owned()),
            limit => ("process_batch_limited", format!("at most {} run at once", units::count(limit.into()))),
        };
        let samples = units::counted(self.samples.into(), "sample takes", "samples take");
        let each = if self.samples > 1 { " each" } else { "" };
        let times = from_to(self.shortest, self.longest);
        let text = format!("{samples} {times}{each}, and {at_once}. How long does the batch take?");
        // No sample starts later than if all of them took the longest time.
        let rounds = if limit == 0 { 1 } else { self.samples.div_ceil(limit) };
        let axis = self.longest * rounds + self.longest;
        Some(Question::new(text, part, axis.as_micros() as u64))
    }
}

impl Findings {
    fn report(&self, run: &Run, batch: Batch, limit: Option<NonZeroUsize>) -> Report {
        let notes = match batch.samples {
            0 => vec!["A batch without samples ends immediately, because there is nothing to wait for.".to_owned()],
            _ => Vec::new(),
        };
        let tables = [self.batch_in_numbers(run, batch), self.models_by_name()];
        Report {
            notes,
            sections: tables.map(Section::Table).into(),
            checks: self.checks(run, batch, limit),
            ..Report::default()
        }
    }

    /// The time of the batch in each mode, compared with the sum and the longest of its samples.
    fn batch_in_numbers(&self, run: &Run, batch: Batch) -> Table {
        let times_us = || (0..batch.samples).map(|sample| batch.sample_time(run, sample).as_micros() as u64);
        let row = |name: &str, value: Option<u64>| vec![name.to_owned(), value.map_or("–".to_owned(), units::span)];
        let measured = |part: &str| Span::named(&run.record(), part).and_then(|span| span.length_us());
        Table {
            caption: format!("Times of a batch of {}", units::counted(batch.samples.into(), "sample", "samples")),
            columns: vec![Column::text("Mode"), Column::number("Time")],
            rows: vec![
                row("Sum of all samples (requested)", Some(times_us().sum())),
                row("Longest sample (requested)", times_us().max()),
                row("One by one (measured)", measured("process_batch_sequential")),
                row("Limited (measured)", measured("process_batch_limited")),
                row("All at once (measured)", measured("process_batch_async")),
            ],
        }
    }

    fn models_by_name(&self) -> Table {
        let row = |(name, model): (&&str, &Classifier)| {
            let layers: Vec<_> = model.layer_sizes().iter().map(ToString::to_string).collect();
            vec![(*name).to_owned(), layers.join(" → "), units::count(model.parameters() as u64)]
        };
        Table {
            caption: "The models by name".to_owned(),
            columns: vec![Column::text("Model"), Column::text("Layers"), Column::number("Parameters")],
            rows: self.models.iter().map(row).collect(),
        }
    }

    fn checks(&self, run: &Run, batch: Batch, limit: Option<NonZeroUsize>) -> Vec<Check> {
        let record = run.record();
        let in_order = self.processed.iter().copied().eq(0..batch.samples);
        let measured = if in_order { "same order" } else { "different order" };
        let order = Check::new("process_batch_async", "results are in the order of the samples", measured, in_order);
        let limited = limit.zip(Span::named(&record, "process_batch_limited")).map(|(limit, part)| {
            let peak = Durations::from_record(&record, "process_sample", Some(part.task)).peak();
            let expected = limit.get().min(batch.samples as usize);
            let claim = format!("never more than {limit} in progress");
            Check::new("process_batch_limited", claim, format!("peak of this part: {peak}"), peak as usize == expected)
        });
        [order].into_iter().chain(limited).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exercises::experiment::Experiment;
    use crate::exercises::test_support::settings_with;
    use crate::measure::metrics::Metrics;
    use crate::runtime::virtual_time::block_on;

    fn site() -> Site {
        let file = |model: &Model| {
            let path = format!("{}/static/{}", env!("CARGO_MANIFEST_DIR"), model.path);
            (model.path, Rc::from(std::fs::read(path).expect("the repository has it")))
        };
        Site::in_memory(MODELS.iter().map(file))
    }

    fn settings(numbers: &[(&str, f64)]) -> Settings {
        settings_with(&EXERCISE, &[&[("scale", 1.0)], numbers].concat())
    }

    fn run(seed: u64, settings: &Settings) -> (Run, Report) {
        let run = Run::on_virtual_clock(seed);
        let future = (EXERCISE.run)(run.clone(), Rc::new(site()), settings.clone());
        let report = block_on(&run, future).expect("it waits only for timers").expect("the files are good");
        (run, report)
    }

    fn length_us(run: &Run, name: &str) -> u64 {
        Span::named(&run.record(), name).and_then(|span| span.length_us()).expect("it ended well")
    }

    fn times_us(run: &Run, settings: &Settings) -> Vec<u64> {
        let batch = Batch::from(settings);
        // The clock rounds wake-up times up to whole microseconds.
        (0..batch.samples).map(|sample| batch.sample_time(run, sample).as_nanos().div_ceil(1_000) as u64).collect()
    }

    #[test]
    fn a_batch_takes_its_longest_sample_concurrently_and_the_sum_in_sequence() {
        let settings = settings(&[]);
        let (run, report) = run(7, &settings);
        let times = times_us(&run, &settings);
        assert!(times.iter().all(|us| (100_000..=500_000).contains(us)), "the guide's own: {times:?}");
        assert_eq!(length_us(&run, "process_batch_async"), times.iter().copied().max().expect("there are ten"));
        assert_eq!(length_us(&run, "process_batch_sequential"), times.iter().sum::<u64>());
        assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
    }

    #[test]
    fn tasks_are_named_by_what_they_work_on() {
        let (run, _) = run(7, &settings(&[]));
        let record = run.record();
        let limited = Span::named(&record, "process_batch_limited").expect("there is a limit").task;
        let in_limited = record.tasks().iter().filter(|task| task.parent == Some(limited));
        let names: Vec<_> = in_limited.map(|task| task.name.to_string()).collect();
        assert_eq!((names.len(), &*names[0], &*names[9]), (10, "process_sample 0", "process_sample 9"));
        assert!(record.tasks().iter().any(|task| task.name.text() == "download_model mlp-16"));
    }

    #[test]
    fn the_figures_of_a_limited_batch_agree() {
        let settings = settings(&[]);
        let (run, report) = run(7, &settings);
        let record = run.record();
        let metrics = Metrics::from_record(&record);
        let compared = Experiment::new(&EXERCISE, settings.clone(), 7).compared(None, 0, None);
        let properties = Experiment::new(&EXERCISE, settings, 7).properties(&record, &compared);
        let measured = |name| properties.iter().find(|it| it.name == name).map(|it| it.measured.as_str());
        // Three of ten samples get a permit, and seven wait.
        assert_eq!(metrics.peak_queue, 7);
        assert_eq!(measured("permits-back"), Some("7 waits, 7 permits granted, all returned"));
        assert_eq!(report.checks[1].measured, "peak of this part: 3");
        // The peak of the whole run is in the part without a limit.
        let durations = |part| Durations::from_record(&record, "process_sample", Some(part)).peak();
        let all_at_once = Span::named(&record, "process_batch_async").expect("it ran").task;
        assert_eq!((metrics.peak_concurrency, durations(all_at_once)), (10, 10));
    }

    #[test]
    fn the_report_lists_the_models_by_name() {
        let (run, report) = run(7, &settings(&[]));
        let names: Vec<_> = report.tables()[1].rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(names, ["logistic-regression", "mlp-16", "mlp-64", "mlp-64-32"]);
        assert!((500_000..=2_000_000).contains(&length_us(&run, "download_multiple_models")));
    }

    #[test]
    fn a_missing_model_is_named_and_the_other_downloads_are_cancelled() {
        let run = Run::on_virtual_clock(7);
        let future = (EXERCISE.run)(run.clone(), Rc::new(Site::in_memory([])), settings(&[("samples", 0.0)]));
        let failure = block_on(&run, future).expect("it ends").expect_err("there are no files");
        assert!(failure.message.contains("models/logistic-regression.safetensors"), "{}", failure.message);
        assert_eq!(run.sleepers(), 0);
    }

    #[test]
    fn a_batch_without_samples_ends_immediately_and_says_so() {
        let (run, report) = run(7, &settings(&[("samples", 0.0)]));
        assert_eq!(length_us(&run, "process_batch_async"), 0);
        assert!(report.notes[0].contains("without samples"));
        assert!(report.checks.iter().all(Check::is_as_expected), "{:?}", report.checks);
    }

    #[test]
    fn a_limit_of_zero_skips_the_limited_batch() {
        let (run, report) = run(7, &settings(&[("limit", 0.0)]));
        assert_eq!(Span::named(&run.record(), "process_batch_limited"), None);
        assert_eq!(report.checks.len(), 1);
    }

    #[test]
    fn a_shortest_time_above_the_longest_is_a_conflict_with_a_nearest_value() {
        let settings = settings(&[("min", 600.0)]);
        let conflict = (EXERCISE.conflict)(&settings).expect("they do not go together");
        assert_eq!((conflict.control, conflict.nearest), ("min", Value::Number(500.0)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_makespans_follow_from_the_times_of_the_samples(
            seed in 0..1_000u64, samples in 0..60u32, limit in 1..70u32, min in 0..300u32, more in 0..300u32,
        ) {
            let values = [("samples", samples), ("limit", limit), ("min", min), ("max", min + more)];
            let settings = settings(&values.map(|(name, value)| (name, f64::from(value))));
            let record = Experiment::new(&EXERCISE, settings.clone(), seed).ideal(&site()).expect("it runs");
            let run = Run::on_virtual_clock(seed);
            let times = times_us(&run, &settings);
            let length = |name: &str| Span::named(&record, name).and_then(|span| span.length_us());
            prop_assert_eq!(length("process_batch_async"), Some(times.iter().copied().max().unwrap_or(0)));
            prop_assert_eq!(length("process_batch_sequential"), Some(times.iter().sum::<u64>()));

            let limited = Span::named(&record, "process_batch_limited").expect("there is a limit");
            let tasks = Durations::from_record(&record, "process_sample", Some(limited.task));
            prop_assert_eq!(tasks.peak(), limit.min(samples));
            // Permits are given in order, so the makespan is that of a list schedule.
            let mut free_at_us = vec![0u64; limit as usize];
            for time in times {
                let first_free = free_at_us.iter_mut().min().expect("the limit is at least 1");
                *first_free += time;
            }
            prop_assert_eq!(limited.length_us(), free_at_us.into_iter().max());
            prop_assert!(Metrics::from_record(&record).peak_concurrency >= limit.min(samples));
        }
    }
}
