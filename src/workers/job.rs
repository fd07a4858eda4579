//! Jobs and their results: the messages to and from a worker.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::runtime::TaskError;

/// A job for a worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Job {
    /// Keeps a processor busy for this long, without a pause.
    Compute(Duration),
    /// Blocks the worker's thread for this long without using the processor, like `time.sleep`.
    Block(Duration),
    /// Runs [`cpu_bound_task`](crate::workers::cpu_bound_task) from state 0.
    CpuBound {
        /// The number of steps.
        steps: u32,
    },
    /// Predicts the digits of images. The answer is empty if there are no images.
    Predict {
        /// The classifier, as a safetensors file. A worker parses it once and reuses it for the next job.
        #[serde(with = "serde_bytes")]
        weights: Vec<u8>,
        /// Pixels from 0 to 1 with shape `[n, 64]`, in row-major order.
        #[serde(with = "floats")]
        images: Vec<f32>,
    },
    /// Like [`Predict`](Self::Predict), but repeated, to measure throughput.
    PredictRepeatedly {
        /// See [`Predict`](Self::Predict).
        #[serde(with = "serde_bytes")]
        weights: Vec<u8>,
        /// See [`Predict`](Self::Predict).
        #[serde(with = "floats")]
        images: Vec<f32>,
        /// The number of images in a batch; 0 means 1.
        batch: u32,
        /// The number of passes over all images.
        passes: u32,
    },
    /// Panics with this message, to show how a panic is handled.
    Panic(String),
}

/// The result of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// For [`Job::Compute`] and [`Job::Block`]: they have no result.
    Finished,
    /// For [`Job::CpuBound`], the last state; for [`Job::PredictRepeatedly`], the sum of all digits.
    Number(u32),
    /// For [`Job::Predict`], the digit of each image, with shape `[n]`.
    Digits(#[serde(with = "serde_bytes")] Vec<u8>),
}

/// A job that succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletedJob {
    /// The job's answer.
    pub answer: Answer,
    /// The time that the worker spent on it, without the worker's start and the messages.
    pub worked: Duration,
}

/// The reason why a job failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum OffloadError {
    /// No worker could be started.
    #[error("no worker could be started: {why}")]
    NotStarted {
        /// The browser's message.
        why: String,
    },
    /// The worker died during the job. It will be replaced.
    #[error("the worker stopped unexpectedly during its job: {why}")]
    Died {
        /// The browser's message.
        why: String,
    },
    /// The job panicked, which ended its worker. The worker will be replaced.
    #[error("the job panicked in its worker: {message}")]
    Panicked {
        /// The message, with the file and line.
        message: String,
    },
    /// The job is invalid. Its worker is unaffected.
    #[error("the job is invalid: {why}")]
    InvalidJob {
        /// The problem.
        why: String,
    },
}

impl OffloadError {
    /// A suggestion for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NotStarted { .. } => {
                "The site's content security policy (`worker-src`) or a browser extension may be blocking workers: \
                allow them, then reload. Everything that does not need a worker still works."
            }
            Self::Died { .. } | Self::Panicked { .. } => {
                "The worker has been replaced: run again, with less data if memory ran out."
            }
            Self::InvalidJob { .. } => {
                "The file on the server does not match this page. Deploy the site again, then \
                reload."
            }
        }
    }

    /// True if the worker cannot run another job after this error.
    pub(super) fn is_fatal(&self) -> bool {
        !matches!(self, Self::InvalidJob { .. })
    }
}

impl TaskError for OffloadError {}

impl Job {
    /// The job's duration on the virtual clock: the requested duration, one millisecond for a million steps, and zero
    /// for the classifier.
    pub(super) fn service_time(&self) -> Duration {
        match self {
            Self::Compute(length) | Self::Block(length) => *length,
            Self::CpuBound { steps } => Duration::from_nanos((*steps).into()),
            Self::Predict { .. } | Self::PredictRepeatedly { .. } | Self::Panic(_) => Duration::ZERO,
        }
    }
}

/// Serializes numbers as bytes, so that they are sent as one buffer and not one by one.
mod floats {
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(floats: &[f32], serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(size_of_val(floats));
        floats.iter().for_each(|float| bytes.extend_from_slice(&float.to_le_bytes()));
        serializer.serialize_bytes(&bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<f32>, D::Error> {
        let bytes: Vec<u8> = serde_bytes::deserialize(deserializer)?;
        let (floats, _) = bytes.as_chunks();
        Ok(floats.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect())
    }
}
