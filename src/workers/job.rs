//! What workers can do, and what comes of it: the messages that go to a worker and back.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::runtime::TaskError;

/// What a worker can do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Job {
    /// Keeps a processor busy for that long, without a pause.
    Compute(Duration),
    /// Waits for that long and blocks its thread meanwhile, as `time.sleep` does: it needs no processor.
    Block(Duration),
    /// Computes so many steps of [`cpu_bound_task`](crate::workers::cpu_bound_task), from zero.
    CpuBound {
        /// How many.
        steps: u32,
    },
    /// Reads digits from images. No images have no digits.
    Predict {
        /// The classifier, as a safetensors file. A worker reads it once and remembers it for the next job.
        #[serde(with = "serde_bytes")]
        weights: Vec<u8>,
        /// `[n, 64]` row by row, with pixels from 0 to 1.
        #[serde(with = "floats")]
        images: Vec<f32>,
    },
    /// The same again and again, to measure how quick that is.
    PredictRepeatedly {
        /// As of [`Predict`](Self::Predict).
        #[serde(with = "serde_bytes")]
        weights: Vec<u8>,
        /// As of [`Predict`](Self::Predict).
        #[serde(with = "floats")]
        images: Vec<f32>,
        /// How many images are read at once; at least one is.
        batch: u32,
        /// How often all of them are read.
        times: u32,
    },
    /// Panics with these words, to show what comes of it.
    Panic(String),
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Answer {
    /// Of [`Job::Compute`] and [`Job::Block`]: it is over.
    Finished,
    /// Of [`Job::CpuBound`], its last; of [`Job::PredictRepeatedly`], the sum of all digits.
    Number(u32),
    /// Of [`Job::Predict`]: the digit of each image, `[n]`.
    Digits(#[serde(with = "serde_bytes")] Vec<u8>),
}

/// A job that was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompletedJob {
    /// What came of it.
    pub answer: Answer,
    /// How long the worker was at it, without its start and the messages.
    pub worked: Duration,
}

/// Why a job was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum OffloadError {
    /// There is no worker that could begin.
    #[error("no worker could be started: {why}")]
    NotStarted {
        /// What the browser says.
        why: String,
    },
    /// The worker ended before its job. Another takes its place.
    #[error("the worker died before its job was done: {why}")]
    Died {
        /// What the browser says.
        why: String,
    },
    /// The job panicked, and its worker died of it. Another takes its place.
    #[error("the job panicked in its worker: {message}")]
    Panicked {
        /// The message, with the place in the code.
        message: String,
    },
    /// The job makes no sense. Its worker is as well as before.
    #[error("the job cannot be done: {why}")]
    InvalidJob {
        /// What is wrong with it.
        why: String,
    },
}

impl OffloadError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NotStarted { .. } => {
                "A policy of the site (`worker-src`) or an extension of the browser may forbid workers: allow them, then \
                 reload. What needs no worker runs all the same."
            }
            Self::Died { .. } | Self::Panicked { .. } => {
                "The worker has been replaced: run again, with less if it lacked memory."
            }
            Self::InvalidJob { .. } => {
                "The file on the server is not the one that belongs to this page: copy the site again."
            }
        }
    }

    /// Whether the worker that had the job can have no other.
    pub(super) fn is_fatal(&self) -> bool {
        !matches!(self, Self::InvalidJob { .. })
    }
}

impl TaskError for OffloadError {}

impl Job {
    /// How long it takes on the virtual clock: what it asks for, a millisecond for a million steps, and nothing for
    /// what the classifier does.
    pub(super) fn service_time(&self) -> Duration {
        match self {
            Self::Compute(length) | Self::Block(length) => *length,
            Self::CpuBound { steps } => Duration::from_nanos((*steps).into()),
            Self::Predict { .. } | Self::PredictRepeatedly { .. } | Self::Panic(_) => Duration::ZERO,
        }
    }
}

/// Numbers as bytes, which go to a worker as one buffer and not one by one.
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
