//! [`Plan`]: the number of samples, their batches, and the delays of the stages. It is made from the controls.

use std::num::NonZeroUsize;
use std::ops::Range;
use std::time::Duration;

use crate::exercises::prelude::*;

/// The maximum number of samples in a sweep, which would take too long with more samples in batches of one.
const MAX_SWEEP_SAMPLES: u32 = 200;

/// The maximum number of samples that are recorded as tasks. With more samples only batches are: the record would get
/// large, and the timeline would have too many tasks to be readable.
const MAX_RECORDED_SAMPLES: u32 = 2_000;

/// The settings of the pipeline.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub samples: u32,
    /// The number of samples in a batch, at least 1.
    pub batch_size: u32,
    /// The delay for all samples together.
    pub load: Duration,
    /// The delay for a sample. The samples of a batch wait concurrently.
    pub preprocess: Duration,
    /// The delay for a sample. The samples of a batch wait concurrently.
    pub predict: Duration,
    /// The maximum number of batches in a queue.
    pub bound: NonZeroUsize,
    /// The path of the model's weights.
    pub model: &'static str,
    /// The number of workers; `None` if they are not used.
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
    /// The ids of the samples in each batch. The last batch may be smaller.
    pub fn batches(&self) -> impl Iterator<Item = Range<u32>> + use<> {
        let (samples, size) = (self.samples, self.batch_size);
        (0..self.batch_count()).map(move |n| n * size..(n + 1).saturating_mul(size).min(samples))
    }

    /// The number of the batch that a sample is in, counted from 0.
    pub fn batch_of(&self, sample: u32) -> u32 {
        sample / self.batch_size
    }

    /// The number of batches.
    pub fn batch_count(&self) -> u32 {
        self.samples.div_ceil(self.batch_size)
    }

    /// The time to load these samples. Every batch takes the same share of the total, even if the last is smaller.
    pub fn time_to_load(&self, ids: &Range<u32>) -> Duration {
        let batches = (ids.len() as u32).div_ceil(self.batch_size);
        self.load.mul_f64(f64::from(batches) / f64::from(self.batch_count().max(1)))
    }

    /// True if each sample is recorded as a task in each stage.
    pub fn records_samples(&self) -> bool {
        self.samples <= MAX_RECORDED_SAMPLES
    }

    /// The time that each stage takes for a batch.
    pub fn stage_times(&self) -> [Duration; 3] {
        [self.time_to_load(&(0..self.batch_size.min(self.samples))), self.preprocess, self.predict]
    }

    /// The time that the delays alone take when streamed: the first batch goes through all stages, then the others
    /// follow at the pace of the slowest stage.
    pub fn streamed_ideal(&self) -> Duration {
        let times = self.stage_times();
        let slowest = times.into_iter().max().unwrap_or_default();
        match self.batch_count() {
            0 => Duration::ZERO,
            batches => times.into_iter().sum::<Duration>() + slowest * (batches - 1),
        }
    }

    /// The maximum number of samples between loading and prediction when streamed: the batches in the two queues, one
    /// batch in each of the first two stages, and one for each predictor.
    pub fn max_in_flight(&self, predictors: u32) -> u64 {
        let batches = 2 * self.bound.get() as u64 + 2 + u64::from(predictors);
        (batches * u64::from(self.batch_size)).min(self.samples.into())
    }

    /// The plans of a sweep: batches of 1, 2, 4, …, and one batch with all samples.
    pub fn sweep(&self) -> impl Iterator<Item = Self> {
        let samples = self.samples.min(MAX_SWEEP_SAMPLES);
        let load = self.load.mul_f64(f64::from(samples) / f64::from(self.samples.max(1)));
        let doubled = (0..32).map(|power| 1 << power).take_while(move |size| *size < samples);
        let sizes = doubled.chain((samples > 0).then_some(samples));
        sizes.map(move |batch_size| Self { samples, batch_size, load, ..self.clone() })
    }
}

/// True if inference also runs in workers.
pub(super) fn has_workers(settings: &Settings) -> bool {
    settings.choice("inference") == "workers"
}

/// A control for the delay of a stage.
const fn delay(name: &'static str, label: &'static str, help: &'static str, default: f64) -> Control {
    Control::new(name, label, help, ControlKind::Number { unit: "ms", min: 0.0, max: 2_000.0, step: 5.0, default })
}

/// The controls of the exercise.
pub(super) const CONTROLS: &[Control] = &[
    Control::count("samples", "Samples", "The number of digits to classify.", 10_000, 200),
    Control::new(
        "batch-size",
        "Batch size",
        "The number of samples in a batch. In the Python guide it is 32.",
        ControlKind::Count { min: 1, max: 10_000, default: 8 },
    ),
    delay("load", "Load", "The time to load all samples. When streamed, each batch takes an equal share of it.", 500.0)
        .with_heading("Stages"),
    delay("preprocess", "Preprocess", "The delay for a sample. The samples of a batch wait concurrently.", 10.0),
    delay(
        "predict",
        "Predict",
        "The delay for a sample, in addition to the real inference. The samples of a batch wait concurrently.",
        20.0,
    ),
    Control::new(
        "scale",
        "Scale",
        "Multiplies all delays. At 1 they are those of the Python guide: 0.5 s, 0.01 s and 0.02 s.",
        ControlKind::Number { unit: "×", min: 0.1, max: 10.0, step: 0.1, default: 2.0 },
    ),
    Control::new(
        "bound",
        "Queue",
        "The maximum number of batches that wait between two stages.",
        ControlKind::Count { min: 1, max: 1_000, default: 2 },
    ),
    Control::choice(
        "model",
        "Model",
        "The classifier that predicts the digits.",
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
        "Where inference runs. Workers run in parallel with the page.",
        &[Choice::new("workers", "In the page, then in workers"), Choice::new("page", "In the page only")],
    ),
    Control::new(
        "workers",
        "Workers",
        "The number of workers. Each predicts one batch at a time.",
        ControlKind::Count { min: 1, max: 16, default: 2 },
    )
    .only_if(has_workers),
    Control::switch(
        "sweep",
        "Batch sizes",
        "Afterwards also runs batches of 1, 2, 4, …, with at most 200 samples.",
        false,
    ),
];
