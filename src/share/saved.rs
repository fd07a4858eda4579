//! [`SavedRun`]: a run that is over, with all that its page shows of it.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::exercises::controls::Settings;
use crate::exercises::exercise::{Exercise, Failure};
use crate::measure::Record;
use crate::measure::figures::{Facts, Memory};
use crate::measure::metrics::Metrics;
use crate::measure::report::Report;
use crate::measure::units::span;
use crate::share::permalink::{Destination, Setup};

/// A run that is over. What is big in it is shared, so that it is cheap to clone.
#[derive(Clone, Debug)]
pub struct SavedRun {
    /// The lesson that was run.
    pub exercise: &'static Exercise,
    /// What its controls were set to.
    pub settings: Settings,
    /// The seed of its random numbers.
    pub seed: u64,
    /// How it ended.
    pub ending: RunEnding,
    /// What happened in it.
    pub record: Rc<Record>,
    /// What the record took in memory when the run was over, in bytes.
    pub record_bytes: u64,
    /// What the same lesson leaves on the virtual clock, if it was computed.
    pub ideal: Option<Rc<Record>>,
    /// What the lesson found, if it came to its end.
    pub report: Option<Rc<Report>>,
    /// The wasm module's memory around it, if that is known.
    pub memory: Option<Memory>,
    /// One step of the clock with which it was measured, in microseconds.
    pub clock_resolution_us: u64,
    /// When it was over, in milliseconds since 1970 began (UTC).
    pub finished_at_ms: u64,
}

/// How a run ended. Times are microseconds since its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnding {
    /// It came to its end.
    Finished {
        /// When.
        wall_us: u64,
    },
    /// The reader stopped it.
    Stopped {
        /// When.
        after_us: u64,
    },
    /// It could not go on.
    Failed {
        /// When.
        after_us: u64,
        /// What happened.
        message: String,
        /// What to do.
        advice: String,
    },
}

impl SavedRun {
    /// Where the same experiment can be run anew. It does not begin by itself.
    #[must_use]
    pub fn destination(&self) -> Destination {
        Destination::Exercise(Setup { settings: self.settings.clone(), seed: self.seed, ..Setup::new(self.exercise) })
    }

    /// What is known of it in numbers.
    #[must_use]
    pub fn facts(&self) -> Facts {
        Facts {
            measured: Metrics::from_record(&self.record),
            ideal_us: self.ideal.as_ref().map(|ideal| ideal.end_us()),
            clock_resolution_us: self.clock_resolution_us,
            record_bytes: self.record_bytes,
            memory: self.memory,
        }
    }
}

impl RunEnding {
    /// The end of a run that could not go on.
    #[must_use]
    pub fn failed(after_us: u64, failure: Failure) -> Self {
        Self::Failed { after_us, message: failure.message, advice: failure.advice.to_owned() }
    }

    /// It in words.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Finished { wall_us } => format!("Finished in {}.", span(*wall_us)),
            Self::Stopped { after_us } => format!("Stopped after {}. Nothing is left running.", span(*after_us)),
            Self::Failed { after_us: 0, message, .. } => format!("Failed before it began: {message}."),
            Self::Failed { after_us, message, .. } => format!("Failed after {}: {message}.", span(*after_us)),
        }
    }

    /// How long the run had gone on, in microseconds.
    #[must_use]
    pub fn at_us(&self) -> u64 {
        match *self {
            Self::Finished { wall_us } => wall_us,
            Self::Stopped { after_us } | Self::Failed { after_us, .. } => after_us,
        }
    }
}
