//! The report in files of version 1, which had one field for each kind of result.

use std::rc::Rc;

use serde::Deserialize;

use crate::exercises::exercise::Exercise;
use crate::measure::batch_sizes::BatchSizes;
use crate::measure::digit::Digit;
use crate::measure::flow::Flow;
use crate::measure::report::{Check, Report, Section, Table};
use crate::measure::requests::Requests;
use crate::measure::sweep::Sweep;
use crate::measure::validation::Validation;

/// The report of a run, as version 1 wrote it.
#[derive(Deserialize)]
pub(super) struct ReportV1 {
    notes: Vec<String>,
    tables: Vec<Table>,
    digits: Vec<Digit>,
    requests: Option<Requests>,
    sweep: Option<Sweep>,
    flows: Vec<Flow>,
    batch_sizes: Option<BatchSizes>,
    checks: Vec<Check>,
    #[serde(default)]
    validations: Vec<Validation>,
}

/// The same report in the current form. A run without a report has at least what its record shows.
pub(super) fn report(report: Option<ReportV1>, exercise: &Exercise) -> Option<Rc<Report>> {
    let report = report.map_or_else(|| exercise.partial_report(), |report| report.into_report(exercise));
    let is_empty = report == Report::default();
    (!is_empty).then(|| Rc::new(report))
}

impl ReportV1 {
    /// The same report with its results as sections. Distributions were not in the file: they come from the exercise.
    fn into_report(self, exercise: &Exercise) -> Report {
        let mut sections: Vec<_> = self.tables.into_iter().map(Section::Table).collect();
        sections.extend((!self.digits.is_empty()).then_some(Section::Digits(self.digits)));
        sections.extend((!self.validations.is_empty()).then_some(Section::Validations(self.validations)));
        sections.extend(self.requests.map(Section::Latency));
        sections.extend(self.sweep.map(Section::Sweep));
        sections.extend((!self.flows.is_empty()).then_some(Section::Flow(self.flows)));
        sections.extend(self.batch_sizes.map(Section::BatchSizes));
        sections.extend(exercise.partial_report().sections);
        Report { notes: self.notes, sections, checks: self.checks, ..Report::default() }
    }
}
