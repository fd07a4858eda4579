//! Part 1 of the guide: functions that wait, in sequence and concurrently.
//!
//! You see that two concurrent waits take as long as the longer one, and that a step that needs the result of another
//! step still runs after it. You also see that a blocking wait stops everything else on the page.

use std::rc::Rc;
use std::time::Duration;

use futures::future::{join_all, try_join};
use inference::classifier::Classifier;
use inference::digits::Digits;

use crate::exercises::prelude::*;

/// Fetches the weights of a classifier of handwritten digits, then waits, as for a slower network.
async fn download_model(run: &Run, site: &Site, delay: Duration) -> Result<Classifier, LoadError> {
    let bytes = site.read("models/logistic-regression.safetensors").await?;
    run.sleep(delay).await;
    Ok(Classifier::from_safetensors(&bytes)?)
}

/// Fetches 360 labelled images of digits.
async fn load_dataset(run: &Run, site: &Site, delay: Duration) -> Result<Digits, LoadError> {
    let bytes = site.read("data/digits.csv").await?;
    run.sleep(delay).await;
    Ok(Digits::from_csv(&bytes)?)
}

/// Scales the pixels from 0…16 to 0…1, the range with which the classifier was trained. The shape is `[images, 64]`.
async fn preprocess_data(run: &Run, dataset: &Digits, delay: Duration) -> Vec<f32> {
    run.sleep(delay).await;
    dataset.scale()
}

/// Runs one step after the other, so the waits add up.
async fn sequential_execution(run: &Run, site: &Site, delays: Delays) -> Result<Prepared, LoadError> {
    let model = run.try_task("download_model", download_model(run, site, delays.download)).await?;
    let dataset = run.try_task("load_dataset", load_dataset(run, site, delays.load)).await?;
    let features = run.task("preprocess_data", preprocess_data(run, &dataset, delays.preprocess)).await;
    Ok(Prepared { model, dataset, features })
}

/// Loads the model and the data set concurrently, so the shorter wait costs nothing. Preprocessing needs the data set,
/// so it runs afterwards.
async fn concurrent_execution(run: &Run, site: &Site, delays: Delays) -> Result<Prepared, LoadError> {
    let (model, dataset) = try_join(
        run.try_task("download_model", download_model(run, site, delays.download)),
        run.try_task("load_dataset", load_dataset(run, site, delays.load)),
    )
    .await?;
    let features = run.task("preprocess_data", preprocess_data(run, &dataset, delays.preprocess)).await;
    Ok(Prepared { model, dataset, features })
}

/// Three concurrent waits that do not block each other.
async fn async_sleep(run: &Run, delay: Duration) {
    join_all((0..3).map(|n| run.task(("sleep", n), run.sleep(delay)))).await;
}

/// Three "concurrent" waits that block the event loop, and with it the whole page.
async fn blocking_sleep(run: &Run, delay: Duration) {
    join_all((0..3).map(|n| run.task(("block", n), async { run.block(delay) }))).await;
}

/// Runs the exercise. Each part that is compared is a root task.
async fn async_basics(run: &Run, site: &Site, delays: Delays, has_demo: bool) -> Result<Prepared, LoadError> {
    run.log(Level::Info, "steps in sequence");
    run.try_task("sequential_execution", sequential_execution(run, site, delays)).await?;

    run.log(Level::Info, "model and data set concurrently");
    let prepared = run.try_task("concurrent_execution", concurrent_execution(run, site, delays)).await?;

    if has_demo {
        run.log(Level::Info, "three sleeps that yield, then three that block");
        run.task("async_sleep", async_sleep(run, delays.demo)).await;
        run.task("blocking_sleep", blocking_sleep(run, delays.demo)).await;
    }
    Ok(prepared)
}

/// The time that each step waits in addition to its real work.
#[derive(Clone, Copy)]
struct Delays {
    download: Duration,
    load: Duration,
    preprocess: Duration,
    demo: Duration,
}

/// The results of the steps: everything that a prediction needs.
struct Prepared {
    model: Classifier,
    dataset: Digits,
    features: Vec<f32>,
}

// The entry in the catalogue.

/// The exercise as the page shows and runs it.
pub static EXERCISE: Exercise = Exercise::new("async-basics", 1, "Async basics")
    .teaches("Concurrent waits take as long as the longest one, not as long as their sum.")
    .with_controls(&[
        Control::millis("download", "Download", "Delay added to the real request for the model.", 400.0),
        Control::millis("load", "Data set", "Delay added to the real request for the data set.", 200.0),
        Control::millis("preprocess", "Preprocess", "Delay added to the real preprocessing (scaling).", 300.0),
        Control::new(
            "scale",
            "Scale",
            "Multiplies all delays. At 5 they are those of the Python guide: 2 s, 1 s and 1.5 s.",
            ControlKind::Number { unit: "×", min: 0.1, max: 5.0, step: 0.1, default: 1.0 },
        ),
        Control::switch(
            "blocking",
            "Blocking demo",
            "Adds three concurrent sleeps of 100 ms, then three blocking waits of 100 ms. The page freezes \
             while it is blocked, on purpose.",
            true,
        ),
    ])
    .with_comparisons(&[
        Comparison::race(
            "The same three steps, in sequence and concurrently",
            &[Bar::new("sequential_execution", "Sequential"), Bar::new("concurrent_execution", "Concurrent")],
        ),
        Comparison::race(
            "Three waits of the same length: sleeping and blocking",
            &[
                Bar::new("blocking_sleep", "Blocking").only_if(|settings| settings.is_on("blocking")).that_blocks(),
                Bar::new("async_sleep", "Sleeping").only_if(|settings| settings.is_on("blocking")),
            ],
        ),
    ])
    .with_question(|settings| Some(Delays::from(settings).question()))
    .runs(code!(run in exercises));

async fn run(run: Run, site: Rc<Site>, settings: Settings) -> Result<Report, Failure> {
    let prepared = async_basics(&run, &site, Delays::from(&settings), settings.is_on("blocking")).await?;
    Ok(prepared.report(&run)?)
}

impl From<&Settings> for Delays {
    fn from(settings: &Settings) -> Self {
        let scale = settings.number("scale");
        Self {
            download: settings.millis("download").mul_f64(scale),
            load: settings.millis("load").mul_f64(scale),
            preprocess: settings.millis("preprocess").mul_f64(scale),
            demo: Duration::from_millis(100).mul_f64(scale),
        }
    }
}

impl Delays {
    fn question(self) -> Question {
        let [download, load, preprocess] = [self.download, self.load, self.preprocess];
        let text = format!(
            "Download and data set are loaded concurrently ({} and {}), then preprocessing takes {}. How long does it \
             take?",
            from_to(download, download),
            from_to(load, load),
            from_to(preprocess, preprocess),
        );
        // Enough for an answer without any concurrency.
        let axis = (download + load + preprocess).mul_f64(1.2);
        Question::new(text, "concurrent_execution", axis.as_micros() as u64)
    }
}

impl Prepared {
    /// A report on what was loaded: a prediction of all digits, and twelve random images.
    fn report(&self, run: &Run) -> Result<Report, LoadError> {
        let predicted = self.model.predict(&self.features)?;
        let correct = predicted.iter().zip(self.dataset.labels()).filter(|(a, b)| a == b).count();
        let n = self.dataset.len();
        let mut rng = run.rng("images to show");
        let digits = std::iter::repeat_with(|| rng.u64(..n as u64) as usize).take(12.min(n)).map(|index| Digit {
            pixels: self.dataset.scaled(index).to_vec(),
            label: self.dataset.label(index),
            predicted: predicted[index],
        });
        let row = |name: &str, value: String| vec![name.to_owned(), value];
        let loaded = Table {
            caption: "What was loaded".to_owned(),
            columns: vec![Column::text("Item"), Column::number("Value")],
            rows: vec![
                row("Model", self.model.name().to_owned()),
                row("Parameters", units::count(self.model.parameters() as u64)),
                row("Images", units::count(n as u64)),
                row("Pixels scaled to 0…1", units::count(self.features.len() as u64)),
                row(
                    "Digits classified correctly",
                    format!("{correct} of {n}, {}", units::percent(correct as f64 / n as f64)),
                ),
            ],
        };
        let sections = vec![Section::Table(loaded), Section::Digits(digits.collect())];
        Ok(Report { sections, ..Report::default() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exercises::exercise::Failure;
    use crate::exercises::experiment::Experiment;
    use crate::exercises::test_support::settings_with;
    use crate::measure::spans::Span;
    use crate::measure::{Outcome, Record};
    use crate::runtime::virtual_time::block_on;

    const MODEL: &[u8] = include_bytes!("../../static/models/logistic-regression.safetensors");
    const DATA: &[u8] = include_bytes!("../../static/data/digits.csv");

    fn site(model: &[u8], data: &[u8]) -> Site {
        Site::in_memory([
            ("models/logistic-regression.safetensors", Rc::from(model)),
            ("data/digits.csv", Rc::from(data)),
        ])
    }

    fn settings(numbers: &[(&str, f64)]) -> Settings {
        settings_with(&EXERCISE, numbers)
    }

    fn length_ms(record: &Record, name: &str) -> f64 {
        let length_us = Span::named(record, name).and_then(|span| span.length_us());
        length_us.expect("the task ended well") as f64 / 1e3
    }

    fn run(settings: Settings, site: Site) -> (Run, Result<Report, Failure>) {
        let run = Run::on_virtual_clock(7);
        let result = block_on(&run, (EXERCISE.run)(run.clone(), Rc::new(site), settings));
        (run, result.expect("it waits only for timers"))
    }

    #[test]
    fn sequential_takes_the_sum_and_concurrent_the_longer_download_plus_preprocessing() {
        let (run, result) = run(settings(&[]), site(MODEL, DATA));
        result.expect("the files are good");
        let record = run.record();
        assert_eq!(length_ms(&record, "sequential_execution"), 900.0);
        assert_eq!(length_ms(&record, "concurrent_execution"), 700.0);
        assert_eq!(length_ms(&record, "async_sleep"), 100.0);
        assert_eq!(length_ms(&record, "blocking_sleep"), 300.0);
    }

    #[test]
    fn a_scale_of_five_gives_the_guides_own_delays() {
        let record =
            Experiment::new(&EXERCISE, settings(&[("scale", 5.0)]), 7).ideal(&site(MODEL, DATA)).expect("it runs");
        assert_eq!(length_ms(&record, "sequential_execution"), 4_500.0);
        assert_eq!(length_ms(&record, "concurrent_execution"), 3_500.0);
    }

    #[test]
    fn without_the_demo_only_sequential_and_concurrent_run() {
        let mut settings = settings(&[]);
        settings.set("blocking", Value::Switch(false));
        let record = Experiment::new(&EXERCISE, settings.clone(), 7).ideal(&site(MODEL, DATA)).expect("it runs");
        assert_eq!(Span::named(&record, "blocking_sleep"), None);
        assert_eq!(record.end_us(), 1_600_000);
    }

    #[test]
    fn the_report_shows_what_was_loaded() {
        let (_, result) = run(settings(&[]), site(MODEL, DATA));
        let report = result.expect("the files are good");
        let values: Vec<_> = report.tables()[0].rows.iter().map(|row| row[1].as_str()).collect();
        assert_eq!(values[..4], ["logistic-regression", "650", "360", "23,040"]);
        assert_eq!(report.digits().count(), 12);
    }

    #[test]
    fn the_same_seed_shows_the_same_images() {
        let shown = |seed| {
            let run = Run::on_virtual_clock(seed);
            let future = (EXERCISE.run)(run.clone(), Rc::new(site(MODEL, DATA)), settings(&[]));
            block_on(&run, future).expect("it ends").expect("the files are good").sections
        };
        assert_eq!(shown(7), shown(7));
        assert_ne!(shown(7), shown(8));
    }

    #[test]
    fn a_bad_file_is_named_in_the_failure_and_in_the_log() {
        let html = b"<!DOCTYPE html><title>Not found</title>";
        let missing = Site::in_memory([]);
        for (what, site, expected) in [
            ("weights cut short", site(&MODEL[..900], DATA), "the weights cannot be used"),
            ("weights that are a page", site(html, DATA), "the weights cannot be used"),
            ("a data set that is a page", site(MODEL, html), "the data set cannot be used"),
            ("a data set cut short", site(MODEL, &DATA[..5_000]), "the data set cannot be used"),
            ("no files at all", missing, "`models/logistic-regression.safetensors` cannot be reached"),
        ] {
            let (run, result) = run(settings(&[]), site);
            let failure = result.expect_err(what);
            assert!(failure.message.contains(expected), "{what}: {}", failure.message);
            assert!(!failure.advice.is_empty());
            let record = run.record();
            let lines = record.log_lines().iter().filter(|line| line.text == failure.message).count();
            assert_eq!(lines, 1, "{what}: an error is logged once, not by every parent");
            let span = Span::named(&record, "sequential_execution").expect("it started");
            assert!(matches!(span.end, Some((_, Outcome::Failed))), "{what}");
        }
    }

    proptest! {
        #[test]
        fn the_makespans_follow_from_the_delays(
            download in 0..2_000u32, load in 0..2_000u32, preprocess in 0..2_000u32,
        ) {
            let [download, load, preprocess] = [download, load, preprocess].map(f64::from);
            let settings = settings(&[("download", download), ("load", load), ("preprocess", preprocess)]);
            let record = Experiment::new(&EXERCISE, settings.clone(), 7).ideal(&site(MODEL, DATA)).expect("it runs");
            prop_assert_eq!(length_ms(&record, "sequential_execution"), download + load + preprocess);
            prop_assert_eq!(length_ms(&record, "concurrent_execution"), download.max(load) + preprocess);
        }
    }
}
