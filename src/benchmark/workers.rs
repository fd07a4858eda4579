//! The figures of workers: their speed-up, and how fast one worker predicts digits.

use std::num::NonZeroUsize;
use std::time::Duration;

use futures::future::join_all;
use inference::digits::Digits;

use crate::benchmark::{ROUNDS, Workers};
use crate::exercises::exercise::Failure;
use crate::exercises::loading::LoadError;
use crate::exercises::site::Site;
use crate::measure::statistics::Summary;
use crate::runtime::Run;
use crate::runtime::browser::Stopwatch;
use crate::workers::{Job, OffloadError, Pool, processors};

/// The steps of each CPU task, about a tenth of a second.
const STEPS: u32 = 60_000_000;

/// The number of passes over the digits per round, in one batch and one by one.
const PASSES: u32 = 200;

/// Measures the workers. They are started before.
///
/// # Errors
///
/// If a file cannot be loaded, or a job fails.
pub async fn measure() -> Result<Workers, Failure> {
    let site = Site::served_from("static/");
    let weights = site.read("models/mlp-64.safetensors").await.map_err(LoadError::from)?.to_vec();
    let digits = site.read("data/digits.csv").await.map_err(LoadError::from)?;
    let digits = Digits::from_csv(&digits).map_err(LoadError::from)?;

    let run = Run::for_page();
    let (one, all) = (Pool::new(&run, NonZeroUsize::MIN), Pool::new(&run, processors()));
    one.start().await?;
    all.start().await?;
    let tasks = 4 * all.size().get();
    let (mut speed_ups, mut rates, mut single_rates) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        speed_ups.push(compute(&one, tasks).await?.div_duration_f64(compute(&all, tasks).await?));
        let rate = async |batch| {
            let job =
                Job::PredictRepeatedly { weights: weights.clone(), images: digits.scale(), batch, passes: PASSES };
            let worked = one.offload(job).await?.worked;
            Ok::<_, OffloadError>(f64::from(PASSES) * digits.len() as f64 / worked.as_secs_f64())
        };
        rates.push(rate(digits.len() as u32).await?);
        single_rates.push(rate(1).await?);
    }
    let median = |runs: Vec<f64>| Summary::from_sample(runs).median().unwrap_or(0.0);
    Ok(Workers {
        workers: all.size().get(),
        speed_up: median(speed_ups),
        digits_per_s: median(rates),
        single_digits_per_s: median(single_rates),
    })
}

/// The time that the pool takes for `tasks` tasks.
async fn compute(pool: &Pool, tasks: usize) -> Result<Duration, OffloadError> {
    let stopwatch = Stopwatch::start();
    let done = join_all((0..tasks).map(|_| pool.offload(Job::CpuBound { steps: STEPS }))).await;
    done.into_iter().try_for_each(|done| done.map(drop))?;
    Ok(stopwatch.elapsed())
}
