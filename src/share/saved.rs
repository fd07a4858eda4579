//! [`SavedRun`]: a run that has ended, with everything that its page shows.

use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::exercises::compared::Compared;
use crate::exercises::exercise::{Failure, ProgramLine};
use crate::exercises::experiment::Experiment;
use crate::measure::Record;
use crate::measure::figures::{Facts, Memory};
use crate::measure::metrics::Metrics;
use crate::measure::report::Report;
use crate::measure::spans::Spans;
use crate::measure::units::span;
use crate::share::permalink::{Destination, Setup};

/// A run that has ended. Its large parts are shared, so it is cheap to clone.
#[derive(Clone, Debug)]
pub struct SavedRun {
    /// The experiment.
    pub experiment: Experiment,
    /// Its outcome.
    pub ending: RunEnding,
    /// The events of the run.
    pub record: Rc<Record>,
    /// The size of the record in memory at the end of the run, in bytes.
    pub record_bytes: u64,
    /// The record of the same run on the virtual clock, if there is one.
    pub ideal: Option<Rc<Record>>,
    /// The findings, if the run finished.
    pub report: Option<Rc<Report>>,
    /// The wasm module's memory before and after the run, if known.
    pub memory: Option<Memory>,
    /// The resolution of the clock that measured it, in microseconds.
    pub clock_resolution_us: u64,
    /// The time of its end, in milliseconds since 1970 began (UTC).
    pub finished_at_ms: u64,
}

/// The way in which a run ended. Times are in microseconds since its start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RunEnding {
    /// It finished.
    Finished {
        /// The time of its end.
        wall_us: u64,
    },
    /// The user stopped it.
    Stopped {
        /// The time at which it was stopped.
        after_us: u64,
    },
    /// It failed.
    Failed {
        /// The time at which it failed; 0 if it never began.
        after_us: u64,
        /// The cause.
        message: String,
        /// Advice for the user.
        advice: String,
        /// The line of the reader's program that caused it, if one did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<ProgramLine>,
    },
}

impl SavedRun {
    /// The page on which the same experiment can be run again. It does not start by itself.
    #[must_use]
    pub fn destination(&self) -> Destination {
        let Experiment { settings, seed, .. } = self.experiment.clone();
        Destination::Exercise(Setup { settings, seed, ..Setup::new(self.experiment.exercise()) })
    }

    /// The parts that are compared, with their ideals.
    #[must_use]
    pub fn compared(&self) -> Vec<Compared> {
        let spans = Spans::from_record(&self.record);
        let ideal = self.ideal.as_deref().map(|ideal| (ideal, Spans::from_record(ideal)));
        let ideal = ideal.as_ref().map(|(record, spans)| (*record, spans));
        self.experiment.compared(Some((&self.record, &spans)), self.record.end_us(), ideal)
    }

    /// The result in a sentence: that of the first comparison which has one, otherwise how the run ended.
    #[must_use]
    pub fn headline(&self) -> String {
        self.compared().iter().find_map(Compared::sentence).unwrap_or_else(|| self.ending.sentence())
    }

    /// The numbers that its page shows.
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
    /// The end of a run that failed.
    #[must_use]
    pub fn failed(after_us: u64, failure: Failure) -> Self {
        let Failure { message, advice, line } = failure;
        Self::Failed { after_us, message, advice: advice.to_owned(), line }
    }

    /// A sentence for the status line.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Finished { wall_us } => format!("Finished in {}.", span(*wall_us)),
            Self::Stopped { after_us } => format!("Stopped after {}. Nothing is left running.", span(*after_us)),
            Self::Failed { after_us: 0, message, line: None, .. } => format!("Failed before it began: {message}."),
            Self::Failed { after_us: 0, message, .. } => format!("Failed: {message}."),
            Self::Failed { after_us, message, .. } => format!("Failed after {}: {message}.", span(*after_us)),
        }
    }

    /// The time of the end, in microseconds since the run's start.
    #[must_use]
    pub fn at_us(&self) -> u64 {
        match *self {
            Self::Finished { wall_us } => wall_us,
            Self::Stopped { after_us } | Self::Failed { after_us, .. } => after_us,
        }
    }
}
