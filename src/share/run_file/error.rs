//! The reason a file cannot be opened.

use super::{MOST_BYTES, RecordError, ReportError, VERSION};
use crate::exercises::exercise::Exercise;
use crate::measure::units::{count, shortened, size};

/// At most this many characters of a text from the file are part of a message.
const MOST_CHARS: usize = 100;

/// The reason a file cannot be opened as a run. The message may contain text from the file: show it as text only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It is larger than any run.
    #[error("the file is too large: {}, and the maximum is {}", size(*size_bytes), size(MOST_BYTES))]
    TooLarge {
        /// Its size in bytes.
        size_bytes: u64,
    },
    /// The browser can no longer read it.
    #[error("the browser can no longer read the file")]
    Unreadable,
    /// It is not JSON.
    #[error("the file is not valid JSON (line {line}, column {column})")]
    NotJson {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// It is JSON, but not a run.
    #[error("the file is not a run that this page exported")]
    NotARun,
    /// This page does not know its version.
    #[error("the file has format version {version}, but this page reads versions 1 to {VERSION}")]
    Version {
        /// The version that it states.
        version: u64,
    },
    /// A field is missing or of the wrong kind.
    #[error("the file is not a valid run: {says}")]
    Misfit {
        /// The error of the parser.
        says: String,
    },
    /// This page does not have its exercise.
    #[error("this page has no exercise `{slug}`")]
    NoExercise {
        /// The exercise that it states.
        slug: String,
    },
    /// It sets a control that the exercise does not have.
    #[error("exercise `{exercise}` has no control `{name}`")]
    NoControl {
        /// The exercise.
        exercise: &'static str,
        /// The control that it states.
        name: String,
    },
    /// A control does not accept its value.
    #[error("control `{name}`: {why}")]
    Setting {
        /// The control.
        name: &'static str,
        /// The reason.
        why: String,
    },
    /// A number is too large.
    #[error("`{name}` is {}, but the maximum is {}", count(*value), count(*most))]
    Beyond {
        /// The field.
        name: &'static str,
        /// Its value.
        value: u64,
        /// The largest value that is possible.
        most: u64,
    },
    /// The record of the run is not possible.
    #[error("the record of the run is not valid: {0}")]
    Record(#[source] RecordError),
    /// The record of its ideal is not possible.
    #[error("the ideal run's record is not valid: {0}")]
    Ideal(#[source] RecordError),
    /// The report cannot be shown.
    #[error("the report cannot be shown: {0}")]
    Report(#[from] ReportError),
}

impl ImportError {
    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "Run with fewer tasks, then export that run.",
            Self::Unreadable => "It may have been moved or changed: choose it again.",
            Self::NotJson { .. } | Self::NotARun => "Choose a complete JSON file from Export.",
            Self::Version { version } if *version > VERSION => {
                "Open it with the page that exported it, or a newer one."
            }
            Self::NoExercise { .. } | Self::NoControl { .. } | Self::Setting { .. } => {
                "Open it with the page that exported it: its exercises may be different."
            }
            _ => "The file was changed or damaged after it was exported. Export the run again.",
        }
    }

    pub(super) fn not_json(error: &serde_json::Error) -> Self {
        Self::NotJson { line: error.line(), column: error.column() }
    }

    pub(super) fn misfit(error: &serde_json::Error) -> Self {
        match error.classify() {
            serde_json::error::Category::Data => {
                Self::Misfit { says: shortened(&error.to_string(), MOST_CHARS).into() }
            }
            _ => Self::not_json(error),
        }
    }

    pub(super) fn no_exercise(slug: &str) -> Self {
        Self::NoExercise { slug: shortened(slug, MOST_CHARS).into() }
    }

    pub(super) fn no_control(exercise: &Exercise, name: &str) -> Self {
        Self::NoControl { exercise: exercise.slug, name: shortened(name, MOST_CHARS).into() }
    }

    pub(super) fn setting(name: &'static str, why: &str) -> Self {
        Self::Setting { name, why: shortened(why, MOST_CHARS).into() }
    }
}
