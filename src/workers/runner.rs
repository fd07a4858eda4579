//! Runs jobs: the code that real and virtual workers share.

use inference::classifier::Classifier;
use inference::digits::PIXELS;

use crate::workers::{Answer, Job, OffloadError};

/// The guide's `cpu_bound_task`: runs `steps` steps from `state`, each of which depends on the one before, and returns
/// the last state.
///
/// The result has no meaning; the function represents work that needs only a processor. Continuing from an earlier
/// result gives the same as one call with all steps:
///
/// ```
/// use interleave::workers::cpu_bound_task;
///
/// assert_eq!(cpu_bound_task(cpu_bound_task(0, 600), 400), cpu_bound_task(0, 1_000));
/// assert_eq!(cpu_bound_task(7, 0), 7);
/// ```
#[must_use]
pub fn cpu_bound_task(state: u32, steps: u32) -> u32 {
    // A generator of Knuth and Lewis: compilers do not know a short cut to its last number.
    (0..steps).fold(state, |state, _| state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223))
}

/// Runs jobs, and caches the classifier.
#[derive(Debug, Default)]
pub(super) struct JobRunner {
    /// The last classifier, with the file from which it was parsed.
    cached: Option<(Vec<u8>, Classifier)>,
}

impl JobRunner {
    /// Runs a job. The duration of [`Job::Compute`] and [`Job::Block`] is left to the caller.
    ///
    /// # Panics
    ///
    /// If the job is [`Job::Panic`].
    pub fn run(&mut self, job: Job) -> Result<Answer, OffloadError> {
        match job {
            Job::Compute(_) | Job::Block(_) => Ok(Answer::Finished),
            Job::CpuBound { steps } => Ok(Answer::Number(cpu_bound_task(0, steps))),
            Job::Predict { weights, images } => {
                let digits = self.classifier(weights)?.predict(&images).map_err(invalid)?;
                Ok(Answer::Digits(digits))
            }
            Job::PredictRepeatedly { weights, images, batch, passes } => {
                let (classifier, batch) = (self.classifier(weights)?, batch.max(1) as usize * PIXELS);
                let mut sum = 0;
                for images in (0..passes).flat_map(|_| images.chunks(batch)) {
                    let digits = classifier.predict(images).map_err(invalid)?;
                    sum += digits.into_iter().map(u32::from).sum::<u32>();
                }
                Ok(Answer::Number(sum))
            }
            Job::Panic(message) => panic!("{message}"),
        }
    }

    fn classifier(&mut self, weights: Vec<u8>) -> Result<&Classifier, OffloadError> {
        let cached = match self.cached.take().filter(|(file, _)| *file == weights) {
            Some(cached) => cached,
            None => {
                let classifier = Classifier::from_safetensors(&weights).map_err(invalid)?;
                (weights, classifier)
            }
        };
        Ok(&self.cached.insert(cached).1)
    }
}

fn invalid(error: impl std::error::Error) -> OffloadError {
    OffloadError::InvalidJob { why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_predictions_are_the_same_for_every_batch_size() {
        let read = |path: &str| std::fs::read(format!("{}/static/{path}", env!("CARGO_MANIFEST_DIR"))).expect(path);
        let weights = read("models/mlp-16.safetensors");
        let images = inference::digits::Digits::from_csv(&read("data/digits.csv")).expect("the file is valid").scale();
        let mut runner = JobRunner::default();
        let once = runner.run(Job::Predict { weights: weights.clone(), images: images.clone() });
        let Ok(Answer::Digits(digits)) = once else { panic!("{once:?}") };
        let sum: u32 = digits.into_iter().map(u32::from).sum();
        for batch in [0, 1, 7, 360, 100_000] {
            let job = Job::PredictRepeatedly { weights: weights.clone(), images: images.clone(), batch, passes: 3 };
            assert_eq!(runner.run(job), Ok(Answer::Number(3 * sum)), "{batch}");
        }
    }
}
