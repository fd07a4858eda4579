//! Part 5 of the guide: a pipeline that loads, preprocesses and predicts, batch after batch and streamed.
//!
//! You see that stages which take turns leave each other idle, that streamed they are together as quick as the slowest
//! of them, that a bounded queue lets the quick ones wait instead of filling memory, and which stage is worth
//! relieving.

mod findings;
mod notes;
mod plan;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::Either::{Left, Right};
use futures::future::try_join3;
use inference::classifier::{Classifier, InputError};
use inference::digits::{BRIGHTEST, Digits};

use crate::exercises::exercise::{Failure, Preset};
use crate::exercises::prelude::*;
use crate::measure::batch_sizes::{BatchSizes, SizeLevel};
use crate::runtime::{Queue, join_all, try_join_all};
use crate::workers::{Answer, Job, OffloadError, Pool};

use findings::Findings;
use plan::Plan;

/// A digit on its way through the pipeline.
#[derive(Clone, Debug)]
struct Sample {
    id: u32,
    label: u8,
    /// From 0 to 16 as it is loaded, from 0 to 1 once it is preprocessed: 64 values.
    pixels: Vec<f32>,
    prediction: Option<u8>,
}

/// The pipeline. Besides its real work each stage waits, as a disk or a larger model would.
#[derive(Clone, Copy)]
struct AsyncMLPipeline<'a> {
    run: &'a Run,
    digits: &'a Digits,
    weights: &'a [u8],
    model: &'a Classifier,
    plan: &'a Plan,
    /// Who predicts; the page itself without them.
    workers: Option<&'a Pool>,
}

impl AsyncMLPipeline<'_> {
    /// Loads samples by their numbers. When there are no more images it begins with the first again.
    async fn load_data(&self, ids: Range<u32>) -> Vec<Sample> {
        self.run.sleep(self.plan.time_to_load(&ids)).await;
        ids.map(|id| Sample::load(self.digits, id)).collect()
    }

    /// Scales the pixels as the classifier was trained.
    async fn preprocess_sample(&self, mut sample: Sample) -> Sample {
        self.run.sleep(self.plan.preprocess).await;
        sample.pixels.iter_mut().for_each(|pixel| *pixel /= f32::from(BRIGHTEST));
        sample
    }

    /// Preprocesses the samples of a batch together: it takes as long as one of them.
    async fn preprocess_batch(&self, batch: Vec<Sample>) -> Vec<Sample> {
        let preprocess = |sample| {
            let preprocessed = self.preprocess_sample(sample);
            match self.plan.records_samples() {
                true => Left(self.run.task("preprocess_sample", preprocessed)),
                false => Right(preprocessed),
            }
        };
        join_all(self.run, batch.into_iter().map(preprocess)).await
    }

    /// Reads the digit.
    async fn predict_sample(&self, mut sample: Sample) -> Result<Sample, PredictError> {
        self.run.sleep(self.plan.predict).await;
        sample.prediction = self.model.predict(&sample.pixels)?.first().copied();
        Ok(sample)
    }

    /// Reads the digits of a batch: all together in the page, or the batch as a whole in a worker.
    async fn predict_batch(&self, batch: Vec<Sample>) -> Result<Vec<Sample>, PredictError> {
        if let Some(workers) = self.workers {
            return self.predict_batch_in_worker(workers, batch).await;
        }
        let predict = |sample| {
            let predicted = self.predict_sample(sample);
            match self.plan.records_samples() {
                true => Left(self.run.try_task("predict_sample", predicted)),
                false => Right(predicted),
            }
        };
        try_join_all(self.run, batch.into_iter().map(predict)).await
    }

    /// Hands a batch to a worker, so that the page stays free however long the model takes.
    async fn predict_batch_in_worker(
        &self,
        workers: &Pool,
        mut batch: Vec<Sample>,
    ) -> Result<Vec<Sample>, PredictError> {
        self.run.sleep(self.plan.predict).await;
        let images = batch.iter().flat_map(|sample| &sample.pixels).copied().collect();
        let done = workers.offload(Job::Predict { weights: self.weights.to_vec(), images }).await?;
        if let Answer::Digits(digits) = done.answer {
            batch.iter_mut().zip(digits).for_each(|(sample, digit)| sample.prediction = Some(digit));
        }
        Ok(batch)
    }

    /// The guide's way: loads everything, then takes one batch after the other through the stages. While one stage
    /// works the others do nothing.
    async fn run_pipeline(&self) -> Result<Vec<Predicted>, PredictError> {
        let samples = self.run.task("load_data", self.load_data(0..self.plan.samples)).await;
        let (mut samples, mut predicted) = (samples.into_iter(), Vec::new());
        for ids in self.plan.batches() {
            let batch = samples.by_ref().take(ids.len()).collect();
            let batch = self.run.task("preprocess_batch", self.preprocess_batch(batch)).await;
            let batch = self.run.try_task("predict_batch", self.predict_batch(batch)).await?;
            predicted.extend(batch.iter().map(Predicted::from));
        }
        Ok(predicted)
    }

    /// Streamed: all stages work side by side, each on a batch of its own. A queue between two of them holds a few
    /// batches; whoever is quicker waits there.
    async fn run_streamed(&self) -> Result<Vec<Predicted>, PredictError> {
        let (loaded, preprocessed) = (self.run.queue(self.plan.bound), self.run.queue(self.plan.bound));
        let load = self.run.task("load", self.load_stage(&loaded));
        let preprocess = self.run.task("preprocess", self.preprocess_stage(&loaded, &preprocessed));
        let predict = || self.run.try_task("predict", self.predict_stage(&preprocessed));
        let at_once = self.workers.map_or(1, |workers| workers.size().get());
        let predict = try_join_all(self.run, (0..at_once).map(|_| predict()));
        // The first error drops the other stages.
        let ((), (), predicted) = try_join3(load.map(Ok), preprocess.map(Ok), predict).await?;
        let mut predicted = predicted.concat();
        if at_once > 1 {
            // One worker may have overtaken another.
            predicted.sort_by_key(|predicted| predicted.id);
        }
        Ok(predicted)
    }

    async fn load_stage(&self, output: &Queue<Vec<Sample>>) {
        for ids in self.plan.batches() {
            let batch = self.run.task("load_data", self.load_data(ids)).await;
            self.run.task("put", output.put(batch)).await;
        }
        output.close();
    }

    async fn preprocess_stage(&self, input: &Queue<Vec<Sample>>, output: &Queue<Vec<Sample>>) {
        while let Some(batch) = self.run.task("take", input.take()).await {
            let batch = self.run.task("preprocess_batch", self.preprocess_batch(batch)).await;
            self.run.task("put", output.put(batch)).await;
        }
        output.close();
    }

    async fn predict_stage(&self, input: &Queue<Vec<Sample>>) -> Result<Vec<Predicted>, PredictError> {
        let mut predicted = Vec::new();
        while let Some(batch) = self.run.task("take", input.take()).await {
            let batch = self.run.try_task("predict_batch", self.predict_batch(batch)).await?;
            // No more is kept of a sample: there may be many.
            predicted.extend(batch.iter().map(Predicted::from));
        }
        Ok(predicted)
    }

    /// Takes the same samples through both ways in batches of 1, 2, 4, … up to all in one.
    async fn batch_size_sweep(&self) -> Result<BatchSizes, PredictError> {
        let mut levels = Vec::new();
        for plan in self.plan.swept() {
            let pipeline = AsyncMLPipeline { plan: &plan, ..*self };
            let start = self.run.now();
            pipeline.run_pipeline().await?;
            let between = self.run.now();
            pipeline.run_streamed().await?;
            let us = |span: Duration| span.as_micros() as u64;
            let (in_turn_us, streamed_us) = (us(between - start), us(self.run.now() - between));
            let level = SizeLevel { batch_size: plan.batch_size, samples: plan.samples, in_turn_us, streamed_us };
            self.run.log(Level::Info, notes::level_in_words(&level));
            levels.push(level);
        }
        Ok(BatchSizes::new(levels))
    }
}

/// Runs the exercise. Each part that is compared is a root task.
async fn async_ml_pipeline(run: &Run, site: &Site, plan: &Plan) -> Result<Findings, Failure> {
    let weights = site.read(plan.model).await.map_err(LoadError::from)?;
    let model = Classifier::from_safetensors(&weights).map_err(LoadError::from)?;
    let digits = site.read("data/digits.csv").await.map_err(LoadError::from)?;
    let digits = Digits::from_csv(&digits).map_err(LoadError::from)?;
    let pipeline = AsyncMLPipeline { run, digits: &digits, weights: &weights, model: &model, plan, workers: None };

    if !plan.records_samples() {
        run.log(Level::Info, "so many samples are on the record by batches only");
    }
    run.log(Level::Info, "batch after batch");
    let in_turn = run.try_task("run_pipeline", pipeline.run_pipeline()).await?;
    run.log(Level::Info, "streamed");
    let streamed = run.try_task("run_streamed", pipeline.run_streamed()).await?;
    let in_workers = match plan.workers {
        None => None,
        Some(workers) => Some(run_in_workers(run, pipeline, &Pool::new(run, workers)).await),
    };
    let sizes = match plan.has_sweep {
        false => None,
        true => Some(run.try_task("batch_size_sweep", pipeline.batch_size_sweep()).await?),
    };
    Ok(Findings { in_turn, streamed, in_workers, sizes, digits })
}

/// Streamed once more, with inference in workers. Where a browser makes none this part fails, and the others are as
/// good as before.
async fn run_in_workers(
    run: &Run,
    pipeline: AsyncMLPipeline<'_>,
    workers: &Pool,
) -> Result<Vec<Predicted>, PredictError> {
    run.log(Level::Info, "streamed, with inference in workers");
    // Their start is no part of the comparison.
    let start = run.try_task("start_workers", workers.start()).await;
    let pipeline = AsyncMLPipeline { workers: Some(workers), ..pipeline };
    let streamed = async {
        start?;
        pipeline.run_streamed().await
    };
    run.try_task("run_streamed_in_workers", streamed).await
}

/// What is kept of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Predicted {
    id: u32,
    label: u8,
    digit: Option<u8>,
}

impl Sample {
    fn load(digits: &Digits, id: u32) -> Self {
        let image = id as usize % digits.len();
        let pixels = digits.image(image).iter().map(|pixel| f32::from(*pixel)).collect();
        Self { id, label: digits.label(image), pixels, prediction: None }
    }
}

impl From<&Sample> for Predicted {
    fn from(sample: &Sample) -> Self {
        Self { id: sample.id, label: sample.label, digit: sample.prediction }
    }
}

/// Why a batch could not be predicted.
#[derive(Debug, thiserror::Error)]
enum PredictError {
    #[error("the classifier cannot read a sample: {0}")]
    Input(#[from] InputError),
    #[error(transparent)]
    Offload(#[from] OffloadError),
}

impl TaskError for PredictError {}

// The entry in the catalogue.

/// The exercise as the page shows and runs it.
pub static EXERCISE: Exercise = Exercise::new("async-ml-pipeline", 5, "ML pipeline")
    .teaches("Stages that work side by side are together as quick as the slowest of them.")
    .with_controls(plan::CONTROLS)
    .with_presets(&[
        Preset::new("The guide's own batches", "batch-size=32&scale=1"),
        Preset::new("Stages of equal length", "load=500&preprocess=20&predict=20"),
        Preset::new("A slow model, and two of it", "predict=50&scale=1"),
        Preset::new("10,000 samples", "samples=10000&batch-size=100&load=300&preprocess=5&scale=1&inference=page"),
        Preset::new("Which batch size", "sweep=on&scale=0.5&inference=page"),
    ])
    .with_comparisons(&[
        Comparison::race(
            "The same samples, batch after batch and streamed",
            &[Bar::new("run_pipeline", "In turn"), Bar::new("run_streamed", "Streamed"), IN_WORKERS],
        ),
        Comparison::new(
            "What else is run",
            &[
                Bar::new("start_workers", "Workers").only_if(plan::has_workers),
                Bar::new("batch_size_sweep", "Sweep").only_if(|settings| settings.is_on("sweep")),
            ],
        ),
    ])
    .runs(code!(run in pipeline));

const IN_WORKERS: Bar = Bar::new("run_streamed_in_workers", "In workers").only_if(plan::has_workers);

async fn run(run: Run, site: Rc<Site>, settings: Settings) -> Result<Report, Failure> {
    let plan = Plan::from(&settings);
    let done = async_ml_pipeline(&run, &site, &plan).await?;
    Ok(done.report(&run, &plan))
}
