//! How a job is done, wherever that is.

use inference::classifier::Classifier;
use inference::digits::PIXELS;

use crate::workers::{Answer, Job, OffloadError};

/// The guide's `cpu_bound_task`: so many steps, each of which needs the one before, from `state`. It gives the last.
///
/// It means nothing; it stands for work that needs a processor and nothing else. To go on from where it ended gives the
/// same as to do it in one go:
///
/// ```
/// use interleave::workers::cpu_bound_task;
///
/// assert_eq!(cpu_bound_task(cpu_bound_task(0, 600), 400), cpu_bound_task(0, 1_000));
/// assert_eq!(cpu_bound_task(7, 0), 7);
/// ```
#[must_use]
pub fn cpu_bound_task(state: u32, steps: u32) -> u32 {
    // A generator of Knuth and Lewis: no compiler knows a short cut to its last number.
    (0..steps).fold(state, |state, _| state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223))
}

/// Whoever does jobs, with what it has learned in doing them.
#[derive(Debug, Default)]
pub(super) struct JobRunner {
    /// The last classifier, with the file from which it was read.
    known: Option<(Vec<u8>, Classifier)>,
}

impl JobRunner {
    /// Does a job. A length of time that the job asks for is left to the caller.
    ///
    /// # Panics
    ///
    /// When the job is to panic.
    pub fn run(&mut self, job: Job) -> Result<Answer, OffloadError> {
        match job {
            Job::Compute(_) | Job::Block(_) => Ok(Answer::Finished),
            Job::CpuBound { steps } => Ok(Answer::Number(cpu_bound_task(0, steps))),
            Job::Predict { weights, images } => {
                let digits = self.classifier(weights)?.predict(&images).map_err(invalid)?;
                Ok(Answer::Digits(digits))
            }
            Job::PredictRepeatedly { weights, images, batch, times } => {
                let (classifier, batch) = (self.classifier(weights)?, batch.max(1) as usize * PIXELS);
                let mut sum = 0;
                for images in (0..times).flat_map(|_| images.chunks(batch)) {
                    let digits = classifier.predict(images).map_err(invalid)?;
                    sum += digits.into_iter().map(u32::from).sum::<u32>();
                }
                Ok(Answer::Number(sum))
            }
            Job::Panic(words) => panic!("{words}"),
        }
    }

    fn classifier(&mut self, weights: Vec<u8>) -> Result<&Classifier, OffloadError> {
        let known = match self.known.take().filter(|(file, _)| *file == weights) {
            Some(known) => known,
            None => {
                let classifier = Classifier::from_safetensors(&weights).map_err(invalid)?;
                (weights, classifier)
            }
        };
        Ok(&self.known.insert(known).1)
    }
}

fn invalid(error: impl std::error::Error) -> OffloadError {
    OffloadError::InvalidJob { why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_that_are_read_often_are_the_same_each_time_whatever_the_batch() {
        let read = |path: &str| std::fs::read(format!("{}/static/{path}", env!("CARGO_MANIFEST_DIR"))).expect(path);
        let weights = read("models/mlp-16.safetensors");
        let images = inference::digits::Digits::from_csv(&read("data/digits.csv")).expect("they are good").scale();
        let mut runner = JobRunner::default();
        let once = runner.run(Job::Predict { weights: weights.clone(), images: images.clone() });
        let Ok(Answer::Digits(digits)) = once else { panic!("{once:?}") };
        let sum: u32 = digits.into_iter().map(u32::from).sum();
        for batch in [0, 1, 7, 360, 100_000] {
            let job = Job::PredictRepeatedly { weights: weights.clone(), images: images.clone(), batch, times: 3 };
            assert_eq!(runner.run(job), Ok(Answer::Number(3 * sum)), "{batch}");
        }
    }
}
