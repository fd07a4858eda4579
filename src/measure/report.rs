//! [`Report`]: the results of an experiment, besides its record, in a form that is the same for every experiment.
//!
//! A new kind of result is a type of its own in `measure` and a variant of [`Section`]. The compiler then names the
//! places that must handle it: its drawing in `figures`, and its check in the run file.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::measure::batch_sizes::BatchSizes;
use crate::measure::digit::Digit;
use crate::measure::flow::Flow;
use crate::measure::requests::Requests;
use crate::measure::sweep::Sweep;
use crate::measure::test_result::TestResult;
use crate::measure::validation::Validation;

/// The heading of the notes, and of the sections that belong to them.
pub const FINDINGS: &str = "Findings";

/// The results of an experiment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The findings that matter most, at most one for each comparison.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headlines: Vec<Headline>,
    /// Sentences, in the order of reading.
    pub notes: Vec<String>,
    /// Tables and charts, in the order of reading.
    pub sections: Vec<Section>,
    /// Claims about the parts, checked against the record.
    pub checks: Vec<Check>,
}

/// A result that is shown as a table or chart. Run files contain it under the variant's name in `snake_case`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// A table.
    Table(Table),
    /// Handwritten digits, with the classifier's predictions.
    Digits(Vec<Digit>),
    /// The latencies of requests, since due and since sent.
    Latency(Requests),
    /// Throughput and latency at rising concurrency.
    Sweep(Sweep),
    /// The stages and queues of a pipeline over time, for each way through it.
    Flow(Vec<Flow>),
    /// Throughput against batch size.
    BatchSizes(BatchSizes),
    /// Durations of tasks.
    Distribution(Distribution),
    /// Promises that were tested.
    Validations(Vec<Validation>),
    /// Tests that a program has run.
    Tests(Vec<TestResult>),
}

/// Tasks whose durations are a sample. The durations themselves are in the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Distribution {
    /// The caption.
    pub title: Cow<'static, str>,
    /// The name of the tasks.
    pub task: Cow<'static, str>,
    /// The name of the root task that they are in.
    pub part: Cow<'static, str>,
}

impl Distribution {
    /// The durations of the tasks of this name in a part.
    #[must_use]
    pub const fn new(title: &'static str, task: &'static str, part: &'static str) -> Self {
        Self { title: Cow::Borrowed(title), task: Cow::Borrowed(task), part: Cow::Borrowed(part) }
    }
}

/// A part of a report below one heading. It is not empty.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Group<'a> {
    /// The heading.
    pub heading: &'static str,
    /// The notes; only the first group has some.
    pub notes: &'a [String],
    /// The sections, in the order of reading.
    pub sections: &'a [Section],
}

impl Section {
    /// The heading that it belongs below.
    #[must_use]
    pub fn heading(&self) -> &'static str {
        match self {
            Self::Table(_) | Self::Digits(_) | Self::Validations(_) => FINDINGS,
            Self::Latency(_) => "Latency",
            Self::Sweep(_) => "Concurrency sweep",
            Self::Flow(_) => "Stages over time",
            Self::BatchSizes(_) => "Batch sizes",
            Self::Distribution(_) => "Distribution",
            Self::Tests(_) => "Tests",
        }
    }
}

/// The values of all sections of one kind.
macro_rules! each_of {
    ($report:expr, $kind:ident) => {
        $report.sections.iter().filter_map(|section| if let Section::$kind(it) = section { Some(it) } else { None })
    };
}

impl Report {
    /// Notes and sections in groups below one heading each, in the order of reading. The first group has the notes.
    pub fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        let findings_end = self.sections.iter().take_while(|section| section.heading() == FINDINGS).count();
        let (findings, others) = self.sections.split_at(findings_end);
        let first = Group { heading: FINDINGS, notes: &self.notes, sections: findings };
        let others = others.chunk_by(|one, next| one.heading() == next.heading());
        let others = others.map(|sections| Group { heading: sections[0].heading(), notes: &[], sections });
        [first].into_iter().chain(others).filter(|group| !group.notes.is_empty() || !group.sections.is_empty())
    }

    /// The finding about one of these parts, given by the names of their root tasks.
    #[must_use]
    pub fn headline_of<'a>(&self, mut parts: impl Iterator<Item = &'a str>) -> Option<&str> {
        let has = |part: &str| self.headlines.iter().find(|headline| headline.part == part);
        parts.find_map(has).map(|headline| &*headline.text)
    }

    /// The tables, in the order of reading.
    #[must_use]
    pub fn tables(&self) -> Vec<&Table> {
        each_of!(self, Table).collect()
    }

    /// The digits of all galleries.
    pub fn digits(&self) -> impl Iterator<Item = &Digit> {
        each_of!(self, Digits).flatten()
    }

    /// The requests whose latencies are shown.
    #[must_use]
    pub fn requests(&self) -> Option<&Requests> {
        each_of!(self, Latency).next()
    }

    /// The sweep of concurrency.
    #[must_use]
    pub fn sweep(&self) -> Option<&Sweep> {
        each_of!(self, Sweep).next()
    }

    /// The ways through a pipeline.
    pub fn flows(&self) -> impl Iterator<Item = &Flow> {
        each_of!(self, Flow).flatten()
    }

    /// The sweep of batch sizes.
    #[must_use]
    pub fn batch_sizes(&self) -> Option<&BatchSizes> {
        each_of!(self, BatchSizes).next()
    }

    /// All promises that were tested.
    pub fn validations(&self) -> impl Iterator<Item = &Validation> {
        each_of!(self, Validations).flatten()
    }

    /// The tests that a program has run.
    #[must_use]
    pub fn tests(&self) -> Option<&[TestResult]> {
        each_of!(self, Tests).map(Vec::as_slice).next()
    }
}

/// A finding in a sentence or two, shown next to the comparison that it explains.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Headline {
    /// The name of the root task of a part in that comparison.
    pub part: Cow<'static, str>,
    /// The finding.
    pub text: String,
}

impl Headline {
    /// A finding about the part with this root task.
    #[must_use]
    pub fn new(part: impl Into<Cow<'static, str>>, text: impl Into<String>) -> Self {
        Self { part: part.into(), text: text.into() }
    }
}

/// A claim about a part of a run, with the measured value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// The name of the part's root task.
    pub part: Cow<'static, str>,
    /// The claim, in a few words.
    pub claim: String,
    /// The measured value, in words.
    pub measured: String,
    /// True if the check passed.
    #[serde(rename = "holds")]
    pub passed: bool,
    /// True if the part exists to show how it fails.
    pub is_meant_to_fail: bool,
}

impl Check {
    /// A claim about the part with this root task.
    #[must_use]
    pub fn new(
        part: impl Into<Cow<'static, str>>,
        claim: impl Into<String>,
        measured: impl Into<String>,
        passed: bool,
    ) -> Self {
        Self { part: part.into(), claim: claim.into(), measured: measured.into(), passed, is_meant_to_fail: false }
    }

    /// The same claim about a part that exists to show how it fails.
    #[must_use]
    pub fn meant_to_fail(self) -> Self {
        Self { is_meant_to_fail: true, ..self }
    }

    /// The verdict in words, with a symbol.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        match (self.passed, self.is_meant_to_fail) {
            (true, false) => "✓ passed",
            (false, true) => "✕ failed (expected)",
            (false, false) => "✕ failed",
            (true, true) => "✓ passed (unexpected)",
        }
    }

    /// True if the part did what it exists for.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.passed != self.is_meant_to_fail
    }
}

/// A table of text and numbers. All text is shown as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// The caption.
    pub caption: String,
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows; each has one cell for each column.
    pub rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Column {
    /// The heading.
    pub title: Cow<'static, str>,
    /// True if it contains numbers, which are aligned right.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn table(caption: &str) -> Section {
        Section::Table(Table { caption: caption.to_owned(), columns: Vec::new(), rows: Vec::new() })
    }

    fn headings(report: &Report) -> Vec<(&'static str, usize, usize)> {
        report.groups().map(|group| (group.heading, group.notes.len(), group.sections.len())).collect()
    }

    #[test]
    fn notes_are_in_the_first_group_only() {
        let sweep = || Section::Sweep(Sweep::new(Vec::new()));
        let sections = vec![table("one"), table("two"), sweep(), sweep(), table("three")];
        let report = Report { notes: vec!["a note".to_owned()], sections, ..Report::default() };
        assert_eq!(headings(&report), [(FINDINGS, 1, 2), ("Concurrency sweep", 0, 2), (FINDINGS, 0, 1)]);
    }

    #[test]
    fn a_comparison_has_the_headline_of_one_of_its_parts() {
        let headlines = vec![Headline::new("infer", "It kept up.")];
        let report = Report { headlines, ..Report::default() };
        assert_eq!(report.headline_of(["infer_one_by_one", "infer"].into_iter()), Some("It kept up."));
        assert_eq!(report.headline_of(["metadata"].into_iter()), None);
    }

    #[test]
    fn no_group_is_empty() {
        assert_eq!(headings(&Report::default()), []);
        let report = Report { sections: vec![Section::Sweep(Sweep::new(Vec::new()))], ..Report::default() };
        assert_eq!(headings(&report), [("Concurrency sweep", 0, 1)]);
    }
}
