//! Part 5 of the guide: a pipeline that loads, preprocesses and predicts, sequential and streamed.
//!
//! You see that sequential stages are idle most of the time, and that concurrent (streamed) stages are together as fast
//! as the slowest one. You see that bounded queues make fast stages wait instead of filling the memory, and which stage
//! is the bottleneck.

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

/// A digit that goes through the pipeline.
#[derive(Clone, Debug)]
struct Sample {
    id: u32,
    label: u8,
    /// 64 values: from 0 to 16 when loaded, from 0 to 1 when preprocessed.
    pixels: Vec<f32>,
    prediction: Option<u8>,
}

/// The pipeline. In addition to its real work, each stage waits, as for a disk or a larger model.
#[derive(Clone, Copy)]
struct AsyncMLPipeline<'a> {
    run: &'a Run,
    digits: &'a Digits,
    weights: &'a [u8],
    model: &'a Classifier,
    plan: &'a Plan,
    /// The workers that predict; `None` if the page does.
    workers: Option<&'a Pool>,
}

impl AsyncMLPipeline<'_> {
    /// Loads the samples with these ids. After the last image of the data set, the first one follows.
    async fn load_data(&self, ids: Range<u32>) -> Vec<Sample> {
        self.run.sleep(self.plan.time_to_load(&ids)).await;
        ids.map(|id| Sample::load(self.digits, id)).collect()
    }

    /// Scales the pixels to the range with which the classifier was trained.
    async fn preprocess_sample(&self, mut sample: Sample) -> Sample {
        self.run.sleep(self.plan.preprocess).await;
        sample.pixels.iter_mut().for_each(|pixel| *pixel /= f32::from(BRIGHTEST));
        sample
    }

    /// Preprocesses the samples of a batch concurrently, which takes as long as one of them.
    async fn preprocess_batch(&self, batch: Vec<Sample>) -> Vec<Sample> {
        let preprocess = |sample: Sample| {
            let id = sample.id;
            let preprocessed = self.preprocess_sample(sample);
            match self.plan.records_samples() {
                true => Left(self.run.task(("preprocess_sample", id), preprocessed)),
                false => Right(preprocessed),
            }
        };
        join_all(self.run, batch.into_iter().map(preprocess)).await
    }

    /// Predicts the digit of a sample.
    async fn predict_sample(&self, mut sample: Sample) -> Result<Sample, PredictError> {
        self.run.sleep(self.plan.predict).await;
        sample.prediction = self.model.predict(&sample.pixels)?.first().copied();
        Ok(sample)
    }

    /// Predicts the digits of a batch: concurrently in the page, or all in one job of a worker.
    async fn predict_batch(&self, batch: Vec<Sample>) -> Result<Vec<Sample>, PredictError> {
        if let Some(workers) = self.workers {
            return self.predict_batch_in_worker(workers, batch).await;
        }
        let predict = |sample: Sample| {
            let id = sample.id;
            let predicted = self.predict_sample(sample);
            match self.plan.records_samples() {
                true => Left(self.run.try_task(("predict_sample", id), predicted)),
                false => Right(predicted),
            }
        };
        try_join_all(self.run, batch.into_iter().map(predict)).await
    }

    /// Sends a batch to a worker, so that the page stays responsive however long the model takes.
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

    /// The guide's pipeline, which is sequential: it loads everything, then preprocesses and predicts one batch after
    /// the other. While one stage works, the others are idle.
    async fn run_pipeline(&self) -> Result<Vec<Predicted>, PredictError> {
        let samples = self.run.task("load_data", self.load_data(0..self.plan.samples)).await;
        let (mut samples, mut predicted) = (samples.into_iter(), Vec::new());
        for (n, ids) in (0..).zip(self.plan.batches()) {
            let batch = samples.by_ref().take(ids.len()).collect();
            let batch = self.run.task(("preprocess_batch", n), self.preprocess_batch(batch)).await;
            let batch = self.run.try_task(("predict_batch", n), self.predict_batch(batch)).await?;
            predicted.extend(batch.iter().map(Predicted::from));
        }
        Ok(predicted)
    }

    /// The streamed pipeline: all stages run concurrently, each on its own batch. The queues between them are bounded,
    /// so a stage waits if the next one is slower.
    async fn run_streamed(&self) -> Result<Vec<Predicted>, PredictError> {
        let (loaded, preprocessed) = (self.run.queue(self.plan.bound), self.run.queue(self.plan.bound));
        let load = self.run.task("load", self.load_stage(&loaded));
        let preprocess = self.run.task("preprocess", self.preprocess_stage(&loaded, &preprocessed));
        let predict = || self.run.try_task("predict", self.predict_stage(&preprocessed));
        let predictors = self.workers.map_or(1, |workers| workers.size().get());
        let predict = try_join_all(self.run, (0..predictors).map(|_| predict()));
        // The first error cancels the other stages.
        let ((), (), predicted) = try_join3(load.map(Ok), preprocess.map(Ok), predict).await?;
        let mut predicted = predicted.concat();
        if predictors > 1 {
            // Batches may be done in any order.
            predicted.sort_by_key(|predicted| predicted.id);
        }
        Ok(predicted)
    }

    async fn load_stage(&self, output: &Queue<Vec<Sample>>) {
        for (n, ids) in (0..).zip(self.plan.batches()) {
            let batch = self.run.task(("load_data", n), self.load_data(ids)).await;
            self.run.task("put", output.put(batch)).await;
        }
        output.close();
    }

    async fn preprocess_stage(&self, input: &Queue<Vec<Sample>>, output: &Queue<Vec<Sample>>) {
        while let Some(batch) = self.run.task("take", input.take()).await {
            let n = self.plan.batch_of(batch[0].id);
            let batch = self.run.task(("preprocess_batch", n), self.preprocess_batch(batch)).await;
            self.run.task("put", output.put(batch)).await;
        }
        output.close();
    }

    async fn predict_stage(&self, input: &Queue<Vec<Sample>>) -> Result<Vec<Predicted>, PredictError> {
        let mut predicted = Vec::new();
        while let Some(batch) = self.run.task("take", input.take()).await {
            let n = self.plan.batch_of(batch[0].id);
            let batch = self.run.try_task(("predict_batch", n), self.predict_batch(batch)).await?;
            // The pixels are dropped, because there may be many samples.
            predicted.extend(batch.iter().map(Predicted::from));
        }
        Ok(predicted)
    }

    /// Runs both pipelines on the same samples in batches of 1, 2, 4, …, and with all samples in one batch.
    async fn batch_size_sweep(&self) -> Result<BatchSizes, PredictError> {
        let mut levels = Vec::new();
        for plan in self.plan.sweep() {
            let pipeline = AsyncMLPipeline { plan: &plan, ..*self };
            let start = self.run.now();
            pipeline.run_pipeline().await?;
            let middle = self.run.now();
            pipeline.run_streamed().await?;
            let us = |span: Duration| span.as_micros() as u64;
            let (in_turn_us, streamed_us) = (us(middle - start), us(self.run.now() - middle));
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
        run.log(Level::Info, "many samples: only their batches are recorded as tasks");
    }
    run.log(Level::Info, "sequential, one batch after the other");
    let sequential = run.try_task("run_pipeline", pipeline.run_pipeline()).await?;
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
    Ok(Findings { sequential, streamed, in_workers, sizes, digits })
}

/// Runs the streamed pipeline with inference in workers. If the browser cannot start workers, only this part fails.
async fn run_in_workers(
    run: &Run,
    pipeline: AsyncMLPipeline<'_>,
    workers: &Pool,
) -> Result<Vec<Predicted>, PredictError> {
    run.log(Level::Info, "streamed, with inference in workers");
    // Starting the workers is not part of the comparison.
    let start = run.try_task("start_workers", workers.start()).await;
    let pipeline = AsyncMLPipeline { workers: Some(workers), ..pipeline };
    let streamed = async {
        start?;
        pipeline.run_streamed().await
    };
    run.try_task("run_streamed_in_workers", streamed).await
}

/// The result for one sample.
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

/// The reason why a batch could not be predicted.
#[derive(Debug, thiserror::Error)]
enum PredictError {
    #[error("the classifier cannot use a sample: {0}")]
    Input(#[from] InputError),
    #[error(transparent)]
    Offload(#[from] OffloadError),
}

impl TaskError for PredictError {}

// The entry in the catalogue.

/// The exercise as the page shows and runs it.
pub static EXERCISE: Exercise = Exercise::new("async-ml-pipeline", 5, "ML pipeline")
    .teaches("Stages that run concurrently are together as fast as the slowest one.")
    .with_controls(plan::CONTROLS)
    .with_main_controls(&["samples", "batch-size", "bound"])
    .with_presets(&[
        Preset::new("The Python guide's batch size", "batch-size=32&scale=1"),
        Preset::new("Equally slow stages", "load=500&preprocess=20&predict=20"),
        Preset::new("A slow model in two workers", "predict=50&scale=1"),
        Preset::new("10,000 samples", "samples=10000&batch-size=100&load=300&preprocess=5&scale=1&inference=page"),
        Preset::new("Find the batch size", "sweep=on&scale=0.5&inference=page"),
    ])
    .with_comparisons(&[
        Comparison::race(
            "The same samples, sequential and streamed",
            &[Bar::new("run_pipeline", "Sequential"), Bar::new("run_streamed", "Streamed"), IN_WORKERS],
        ),
        Comparison::new(
            "Other parts",
            &[
                Bar::new("start_workers", "Start workers").only_if(plan::has_workers),
                Bar::new("batch_size_sweep", "Sweep").only_if(|settings| settings.is_on("sweep")),
            ],
        ),
    ])
    .with_python_requirement("numpy and a pool of processes")
    .runs(code!(run in exercises));

const IN_WORKERS: Bar = Bar::new("run_streamed_in_workers", "In workers").only_if(plan::has_workers);

async fn run(run: Run, site: Rc<Site>, settings: Settings) -> Result<Report, Failure> {
    let plan = Plan::from(&settings);
    let done = async_ml_pipeline(&run, &site, &plan).await?;
    Ok(done.report(&run, &plan))
}
