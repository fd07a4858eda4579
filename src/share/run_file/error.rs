//! Why a file cannot be shown.

use super::{LONGEST_US, MOST_BYTES, RecordError, ReportError, VERSION};
use crate::exercises::exercise::Exercise;
use crate::measure::units::{count, shortened, size};

/// So much of a text from the file stands in a message.
const MOST_CHARS: usize = 100;

/// Why a file cannot be shown as a run. It may hold text from the file: show it as text only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// It is larger than any run.
    #[error("the file has {}, and no more than {} is read", size(*size_bytes), size(MOST_BYTES))]
    TooLarge {
        /// How large it is.
        size_bytes: u64,
    },
    /// The browser does not hand it out.
    #[error("the browser cannot read the file any more")]
    Unreadable,
    /// It is no JSON.
    #[error("the file is not JSON, or only a part of it: it stops making sense at line {line}, column {column}")]
    NotJson {
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// It is JSON of something else.
    #[error("the file is not a run that this page exported")]
    NotARun,
    /// It is of a version that this page does not know.
    #[error("the file has version {version} of the form, and this page reads versions 1 to {VERSION}")]
    Version {
        /// What it says.
        version: u64,
    },
    /// A field is missing or of the wrong kind.
    #[error("the file does not have the form of a run: {says}")]
    Misfit {
        /// Which, and where.
        says: String,
    },
    /// It is of a lesson that this page does not have.
    #[error("there is no exercise `{slug}` here")]
    NoExercise {
        /// What it says.
        slug: String,
    },
    /// It sets a control that the exercise does not have.
    #[error("exercise `{exercise}` has no control `{name}`")]
    NoControl {
        /// The exercise.
        exercise: &'static str,
        /// What it says.
        name: String,
    },
    /// It sets a control to what that does not take.
    #[error("control `{name}`: {why}")]
    Setting {
        /// The control.
        name: &'static str,
        /// Why it does not take that.
        why: String,
    },
    /// A number is greater than it can be.
    #[error("`{name}` is {}, and at most {} is possible", count(*value), count(*most))]
    Beyond {
        /// The field.
        name: &'static str,
        /// What it says.
        value: u64,
        /// What can be.
        most: u64,
    },
    /// What happened cannot have happened so.
    #[error("in the record of the run {0}")]
    Record(#[source] RecordError),
    /// The same of the run's ideal.
    #[error("in the record of its ideal {0}")]
    Ideal(#[source] RecordError),
    /// What the lesson found cannot be shown.
    #[error("the report cannot be shown: {0}")]
    Report(#[from] ReportError),
}

impl ImportError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "Run with fewer tasks and export that.",
            Self::Unreadable => "It may have been moved or changed: choose it again.",
            Self::NotJson { .. } | Self::NotARun => "Choose a file that Export has made as JSON, and take it whole.",
            Self::Version { version } if *version > VERSION => "Open it with the page that made it, or a newer one.",
            Self::NoExercise { .. } | Self::NoControl { .. } | Self::Setting { .. } => {
                "Open it with the page that made it: its exercises may be others."
            }
            _ => "The file was changed since it was exported, or damaged: export the run again.",
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

/// A time that no run reaches, in words.
pub(super) fn longest() -> String {
    format!("{} hours", LONGEST_US / 3_600_000_000)
}
