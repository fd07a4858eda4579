//! What a lesson hands back beside its record: what it found, in a form that the page can show for every lesson alike.

use std::borrow::Cow;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::measure::batch_sizes::BatchSizes;
use crate::measure::digit::Digit;
use crate::measure::flow::Flow;
use crate::measure::requests::Requests;
use crate::measure::sweep::Sweep;
use crate::measure::validation::Validation;

/// What a lesson found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Sentences, in the order of reading.
    pub notes: Vec<String>,
    /// Tables, in the order of reading.
    pub tables: Vec<Table>,
    /// Pictures of handwritten digits with what was made of them.
    pub digits: Vec<Digit>,
    /// The requests whose latencies are shown, if it sent any.
    pub requests: Option<Requests>,
    /// Throughput and latency at rising concurrency, if that was measured.
    pub sweep: Option<Sweep>,
    /// The ways through a pipeline, if there is one.
    pub flows: Rc<[Flow]>,
    /// Throughput against batch size, if that was measured.
    pub batch_sizes: Option<BatchSizes>,
    /// What should be true of the run, held against its record.
    pub checks: Vec<Check>,
    /// Promises that were put to the test, in the order of reading.
    #[serde(default)]
    pub validations: Vec<Validation>,
}

/// Something that should be true of a part of a run, with what was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The name of the part's root task.
    pub part: Cow<'static, str>,
    /// What should be true, in a few words.
    pub claim: String,
    /// What was measured, in a few words.
    pub measured: String,
    /// Whether it is true.
    pub holds: bool,
    /// Whether the part is there to show how it fails.
    pub is_meant_to_fail: bool,
}

impl Check {
    /// Something that should be true.
    #[must_use]
    pub fn new(
        part: impl Into<Cow<'static, str>>,
        claim: impl Into<String>,
        measured: impl Into<String>,
        holds: bool,
    ) -> Self {
        Self { part: part.into(), claim: claim.into(), measured: measured.into(), holds, is_meant_to_fail: false }
    }

    /// The same of a part that is there to show how it fails.
    #[must_use]
    pub fn meant_to_fail(self) -> Self {
        Self { is_meant_to_fail: true, ..self }
    }

    /// Whether it is true, in words with a sign.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match (self.holds, self.is_meant_to_fail) {
            (true, false) => "✓ passes",
            (false, true) => "✕ fails, as it should",
            (false, false) => "✕ fails",
            (true, true) => "✓ passes, though it should not",
        }
    }

    /// Whether the part did what it is there for.
    #[must_use]
    pub fn is_as_meant(&self) -> bool {
        self.holds != self.is_meant_to_fail
    }
}

/// A table of text and numbers. All text is shown as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// What it shows, in a few words.
    pub caption: String,
    /// The heads of its columns.
    pub columns: Vec<Column>,
    /// Its rows; each has as many cells as there are columns.
    pub rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// Its head.
    pub title: Cow<'static, str>,
    /// Whether it holds numbers, which stand at the right.
    pub is_numeric: bool,
}

impl Column {
    /// A column of words.
    #[must_use]
    pub const fn text(title: &'static str) -> Self {
        Self { title: Cow::Borrowed(title), is_numeric: false }
    }

    /// A column of numbers.
    #[must_use]
    pub const fn number(title: &'static str) -> Self {
        Self { title: Cow::Borrowed(title), is_numeric: true }
    }
}
