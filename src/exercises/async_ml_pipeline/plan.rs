//! What the controls mean: how many samples in which batches, and how long each stage takes.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::time::Duration;

use crate::exercises::prelude::*;

/// A sweep takes no more samples than that: with batches of one it would never end.
const MOST_SWEPT: u32 = 200;

/// Of more samples each batch is one task on the record, and not each of its samples: the record of a run grows with
/// every task, and who looks at so many sees none of them.
const MOST_ON_RECORD: u32 = 2_000;

/// How the pipeline is run.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub samples: u32,
    /// At least 1.
    pub batch_size: u32,
    /// For all samples together.
    pub load: Duration,
    /// For each sample of a batch at once.
    pub preprocess: Duration,
    /// For each sample of a batch at once.
    pub predict: Duration,
    /// So many batches lie between two stages at most.
    pub bound: NonZeroUsize,
    /// The path of the model's weights.
    pub model: &'static str,
    /// How many predict at once, if they do.
    pub workers: Option<NonZeroUsize>,
    pub has_sweep: bool,
}

impl From<&Settings> for Plan {
    fn from(settings: &Settings) -> Self {
        let scaled = |name| settings.millis(name).mul_f64(settings.number("scale"));
        let at_least_one = |name| NonZeroUsize::new(settings.count(name) as usize).unwrap_or(NonZeroUsize::MIN);
        Self {
            samples: settings.count("samples"),
            batch_size: settings.count("batch-size").max(1),
            load: scaled("load"),
            preprocess: scaled("preprocess"),
            predict: scaled("predict"),
            bound: at_least_one("bound"),
            model: match settings.choice("model") {
                "mlp-64-32" => "models/mlp-64-32.safetensors",
                "mlp-16" => "models/mlp-16.safetensors",
                "logistic-regression" => "models/logistic-regression.safetensors",
                _ => "models/mlp-64.safetensors",
            },
            workers: has_workers(settings).then(|| at_least_one("workers")),
            has_sweep: settings.is_on("sweep"),
        }
    }
}

impl Plan {
    /// The numbers of the samples in each batch. The last may have fewer.
    pub fn batches(&self) -> impl Iterator<Item = Range<u32>> + use<> {
        let (samples, size) = (self.samples, self.batch_size);
        (0..self.batch_count()).map(move |n| n * size..(n + 1).saturating_mul(size).min(samples))
    }

    /// How many batches there are.
    pub fn batch_count(&self) -> u32 {
        self.samples.div_ceil(self.batch_size)
    }

    /// How long so many samples take to load: each batch an equal share, the last one, too.
    pub fn time_to_load(&self, ids: &Range<u32>) -> Duration {
        let batches = (ids.len() as u32).div_ceil(self.batch_size);
        self.load.mul_f64(f64::from(batches) / f64::from(self.batch_count().max(1)))
    }

    /// Whether each sample is a task of its own in each stage.
    pub fn records_samples(&self) -> bool {
        self.samples <= MOST_ON_RECORD
    }

    /// How long each stage takes for a batch.
    pub fn stage_times(&self) -> [Duration; 3] {
        [self.time_to_load(&(0..self.batch_size.min(self.samples))), self.preprocess, self.predict]
    }

    /// How long it takes streamed: the first batch goes through all stages, and then one comes out whenever the slowest
    /// stage is done with it.
    pub fn streamed_ideal(&self) -> Duration {
        let times = self.stage_times();
        let slowest = times.into_iter().max().unwrap_or_default();
        match self.batch_count() {
            0 => Duration::ZERO,
            batches => times.into_iter().sum::<Duration>() + slowest * (batches - 1),
        }
    }

    /// The most samples that are loaded and not done at once when streamed, with so many who predict at once: a batch
    /// in the hands of each stage, and those in the queues.
    pub fn most_under_way(&self, at_once: u32) -> u64 {
        let batches = 2 * self.bound.get() as u64 + 2 + u64::from(at_once);
        (batches * u64::from(self.batch_size)).min(self.samples.into())
    }

    /// The same with batches of 1, 2, 4, … and all in one, for a sweep.
    pub fn swept(&self) -> impl Iterator<Item = Self> {
        let samples = self.samples.min(MOST_SWEPT);
        let load = self.load.mul_f64(f64::from(samples) / f64::from(self.samples.max(1)));
        let doubled = (0..32).map(|power| 1 << power).take_while(move |size| *size < samples);
        let sizes = doubled.chain((samples > 0).then_some(samples));
        sizes.map(move |batch_size| Self { samples, batch_size, load, ..self.clone() })
    }
}

/// Whether inference is run in workers as well.
pub(super) fn has_workers(settings: &Settings) -> bool {
    settings.choice("inference") == "workers"
}

/// A time that a stage takes.
const fn delay(name: &'static str, label: &'static str, help: &'static str, default: f64) -> Control {
    Control::new(name, label, help, ControlKind::Number { unit: "ms", min: 0.0, max: 2_000.0, step: 5.0, default })
}

/// The controls of the exercise.
pub(super) const CONTROLS: &[Control] = &[
    Control::count("samples", "Samples", "How many digits go through.", 10_000, 200),
    Control::new(
        "batch-size",
        "Batch size",
        "How many a stage takes at once. The guide's own is 32.",
        ControlKind::Count { min: 1, max: 10_000, default: 8 },
    ),
    delay("load", "Load", "How long loading all samples takes; streamed, each batch takes its share.", 500.0)
        .with_heading("Stages"),
    delay("preprocess", "Preprocess", "How long a sample takes. Those of a batch wait together.", 10.0),
    delay("predict", "Predict", "How long a sample takes, besides the real inference.", 20.0),
    Control::new(
        "scale",
        "Scale",
        "Multiplies all delays. At 1 they are the guide's own: 0.5 s, 0.01 s and 0.02 s.",
        ControlKind::Number { unit: "×", min: 0.1, max: 10.0, step: 0.1, default: 2.0 },
    ),
    Control::new(
        "bound",
        "Queue",
        "How many batches lie between two stages at most.",
        ControlKind::Count { min: 1, max: 1_000, default: 2 },
    ),
    Control::choice(
        "model",
        "Model",
        "The real classifier that reads the digits.",
        &[
            Choice::new("mlp-64", "mlp-64"),
            Choice::new("mlp-64-32", "mlp-64-32"),
            Choice::new("mlp-16", "mlp-16"),
            Choice::new("logistic-regression", "logistic-regression"),
        ],
    )
    .with_heading("Inference"),
    Control::choice(
        "inference",
        "Inference",
        "Where it runs. Workers have processors of their own.",
        &[Choice::new("workers", "In the page, then in workers"), Choice::new("page", "In the page only")],
    ),
    Control::new(
        "workers",
        "Workers",
        "How many of them predict at once, each a batch.",
        ControlKind::Count { min: 1, max: 16, default: 2 },
    )
    .only_if(has_workers),
    Control::switch("sweep", "Batch sizes", "Tries batches of 1, 2, 4, … afterwards, with at most 200 samples.", false),
];
