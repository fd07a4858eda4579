//! Part 2 of the guide: many tasks at once, each as long as the seed draws.
//!
//! You see that a batch takes as long as its longest sample and not as long as all of them together, that a limit lets
//! only so many work at once while the rest queue, and that results come back in their places and by their names.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::time::Duration;

use inference::classifier::Classifier;

use crate::exercises::prelude::*;
use crate::runtime::{join_all, try_join_all};

/// Works on one sample, which takes a while. Returns its number.
async fn process_sample(run: &Run, batch: Batch, sample: u32) -> u32 {
    run.sleep(batch.time_of(run, sample)).await;
    sample
}

/// One sample after the other: their times add up.
async fn process_batch_sequential(run: &Run, batch: Batch) -> Vec<u32> {
    let mut processed = Vec::new();
    for sample in 0..batch.samples {
        processed.push(run.task("process_sample", process_sample(run, batch, sample)).await);
    }
    processed
}

/// All samples at once, or with a limit while the rest queue. The results are in the order of the samples,
/// whichever ended first.
async fn process_batch_async(run: &Run, batch: Batch, most: Option<NonZeroUsize>) -> Vec<u32> {
    let limit = run.limit(most);
    let limited = async |sample| {
        let _permit = limit.acquire().await;
        process_sample(run, batch, sample).await
    };
    join_all(run, (0..batch.samples).map(|sample| run.task("process_sample", limited(sample)))).await
}

/// Fetches the weights of one classifier, then waits as a slower network would.
async fn download_model(run: &Run, site: &Site, model: Model, delay: Duration) -> Result<Classifier, LoadError> {
    let bytes = site.read(model.path).await?;
    run.sleep(delay).await;
    Ok(Classifier::from_safetensors(&bytes)?)
}

/// All models at once, to be found by their names. The first that fails ends it, and the others are dropped.
async fn download_multiple_models(
    run: &Run,
    site: &Site,
    batch: Batch,
) -> Result<BTreeMap<&'static str, Classifier>, LoadError> {
    let tasks = MODELS
        .iter()
        .map(|model| run.try_task("download_model", download_model(run, site, *model, batch.delay_of(run, *model))));
    let models = try_join_all(run, tasks).await?;
    Ok(MODELS.iter().map(|model| model.name).zip(models).collect())
}

/// Runs the exercise. Each part that is compared is a root task.
async fn async_multiple(
    run: &Run,
    site: &Site,
    batch: Batch,
    one_by_one: bool,
    most: Option<NonZeroUsize>,
) -> Result<Findings, LoadError> {
    if one_by_one {
        run.log(Level::Info, "samples in sequence");
        run.task("process_batch_sequential", process_batch_sequential(run, batch)).await;
    }
    run.log(Level::Info, "all samples at once");
    let processed = run.task("process_batch_async", process_batch_async(run, batch, None)).await;
    if most.is_some() {
        run.log(Level::Info, "with a limit");
        run.task("process_batch_limited", process_batch_async(run, batch, most)).await;
    }
    run.log(Level::Info, "four models, by name");
    let models = run.try_task("download_multiple_models", download_multiple_models(run, site, batch)).await?;
    Ok(Findings { processed, models })
}

/// The samples, and how long each of them and each download takes.
#[derive(Clone, Copy)]
struct Batch {
    samples: u32,
    shortest: Duration,
    longest: Duration,
    scale: f64,
}

impl Batch {
    /// Between the shortest and the longest, by the seed and the number of the sample.
    fn time_of(self, run: &Run, sample: u32) -> Duration {
        let share = run.rng(format_args!("process_sample {sample}")).f64();
        self.shortest + self.longest.saturating_sub(self.shortest).mul_f64(share)
    }

    /// Between half a second and two, times the scale.
    fn delay_of(self, run: &Run, model: Model) -> Duration {
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

/// What the exercise found, besides its record.
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
            "The shortest time for a sample. The seed picks a time between this and the longest.",
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
            "Also runs the batch in sequence. With many samples this takes long.",
            true,
        ),
        Control::new(
            "scale",
            "Scale",
            "Multiplies all waits. At 1 they are the guide's own: samples of 0.1 to 0.5 s, models of 0.5 to 2 s.",
            ControlKind::Number { unit: "×", min: 0.1, max: 5.0, step: 0.1, default: 0.5 },
        ),
    ])
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
    .runs(code!(run in exercises));

async fn run(run: Run, site: Rc<Site>, settings: Settings) -> Result<Report, Failure> {
    let batch = Batch::from(&settings);
    let most = NonZeroUsize::new(settings.count("limit") as usize);
    let done = async_multiple(&run, &site, batch, settings.is_on("one-by-one"), most).await?;
    Ok(done.report(&run, batch, most))
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

impl Findings {
    fn report(&self, run: &Run, batch: Batch, most: Option<NonZeroUsize>) -> Report {
        let notes = match batch.samples {
            0 => vec!["A batch without samples is over as soon as it begins: there is nothing to wait for.".to_owned()],
            _ => Vec::new(),
        };
        let tables = [self.batch_in_numbers(run, batch), self.models_by_name()];
        Report { notes, sections: tables.map(Section::Table).into(), checks: self.checks(run, batch, most) }
    }

    /// What the batch took beside the sum and the longest of its samples.
    fn batch_in_numbers(&self, run: &Run, batch: Batch) -> Table {
        let times_us = || (0..batch.samples).map(|sample| batch.time_of(run, sample).as_micros() as u64);
        let row = |what: &str, value: Option<u64>| vec![what.to_owned(), value.map_or("–".to_owned(), units::span)];
        let measured = |part: &str| Span::named(&run.record(), part).and_then(|span| span.length_us());
        Table {
            caption: format!("The batch of {} samples in numbers", units::count(batch.samples.into())),
            columns: vec![Column::text("What"), Column::number("Time")],
            rows: vec![
                row("The sum of the samples, as drawn", Some(times_us().sum())),
                row("The longest of them", times_us().max()),
                row("One by one, as measured", measured("process_batch_sequential")),
                row("Limited, as measured", measured("process_batch_limited")),
                row("All at once, as measured", measured("process_batch_async")),
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

    fn checks(&self, run: &Run, batch: Batch, most: Option<NonZeroUsize>) -> Vec<Check> {
        let record = run.record();
        let in_order = self.processed.iter().copied().eq(0..batch.samples);
        let places = if in_order { "each result is in its place" } else { "the order is another" };
        let order = Check::new("process_batch_async", "results are in the order of the samples", places, in_order);
        let limited = most.zip(Span::named(&record, "process_batch_limited")).map(|(most, part)| {
            let peak = Durations::from_record(&record, "process_sample", Some(part.task)).peak();
            let expected = most.get().min(batch.samples as usize);
            let claim = format!("never more than {most} running");
            Check::new("process_batch_limited", claim, format!("{peak} at the peak"), peak as usize == expected)
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
        let report = block_on(&run, future).expect("it waits for nothing but time").expect("the files are good");
        (run, report)
    }

    fn length_us(run: &Run, name: &str) -> u64 {
        Span::named(&run.record(), name).and_then(|span| span.length_us()).expect("it ended well")
    }

    fn times_us(run: &Run, settings: &Settings) -> Vec<u64> {
        let batch = Batch::from(settings);
        // The clock knows whole microseconds and never wakes anybody early.
        (0..batch.samples).map(|sample| batch.time_of(run, sample).as_nanos().div_ceil(1_000) as u64).collect()
    }

    #[test]
    fn together_a_batch_takes_its_longest_sample_and_one_by_one_their_sum() {
        let settings = settings(&[]);
        let (run, report) = run(7, &settings);
        let times = times_us(&run, &settings);
        assert!(times.iter().all(|us| (100_000..=500_000).contains(us)), "the guide's own: {times:?}");
        assert_eq!(length_us(&run, "process_batch_async"), times.iter().copied().max().expect("there are ten"));
        assert_eq!(length_us(&run, "process_batch_sequential"), times.iter().sum::<u64>());
        assert!(report.checks.iter().all(Check::is_as_meant), "{:?}", report.checks);
    }

    #[test]
    fn the_models_are_found_by_their_names() {
        let (run, report) = run(7, &settings(&[]));
        let names: Vec<_> = report.tables()[1].rows.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(names, ["logistic-regression", "mlp-16", "mlp-64", "mlp-64-32"]);
        assert!((500_000..=2_000_000).contains(&length_us(&run, "download_multiple_models")));
    }

    #[test]
    fn a_model_that_is_missing_is_named_and_the_other_downloads_are_dropped() {
        let run = Run::on_virtual_clock(7);
        let future = (EXERCISE.run)(run.clone(), Rc::new(Site::in_memory([])), settings(&[("samples", 0.0)]));
        let failure = block_on(&run, future).expect("it ends").expect_err("there are no files");
        assert!(failure.message.contains("models/logistic-regression.safetensors"), "{}", failure.message);
        assert_eq!(run.sleepers(), 0);
    }

    #[test]
    fn a_batch_without_samples_is_over_at_once_and_says_so() {
        let (run, report) = run(7, &settings(&[("samples", 0.0)]));
        assert_eq!(length_us(&run, "process_batch_async"), 0);
        assert!(report.notes[0].contains("without samples"));
        assert!(report.checks.iter().all(Check::is_as_meant), "{:?}", report.checks);
    }

    #[test]
    fn a_limit_of_zero_leaves_the_limited_batch_out() {
        let (run, report) = run(7, &settings(&[("limit", 0.0)]));
        assert_eq!(Span::named(&run.record(), "process_batch_limited"), None);
        assert_eq!(report.checks.len(), 1);
    }

    #[test]
    fn a_shortest_time_above_the_longest_is_a_conflict_with_a_way_out() {
        let settings = settings(&[("min", 600.0)]);
        let conflict = (EXERCISE.conflict)(&settings).expect("they do not go together");
        assert_eq!((conflict.control, conflict.nearest), ("min", Value::Number(500.0)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_makespans_follow_from_the_drawn_times(
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
            // Who comes first is served first, so the makespan is that of a list schedule.
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
