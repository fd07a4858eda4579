//! What should be true of a run, and promises that were tested, each with the result.

use crate::exercises::compared::Compared;
use crate::exercises::properties::Property;
use crate::figures::node::{Element, element};
use crate::figures::table::table;
use crate::measure::report::{Check, Column, Table};
use crate::measure::validation::Validation;
use crate::share::saved::{RunEnding, SavedRun};

/// What is true of the whole run; nothing for a run that failed before it began.
pub(super) fn properties(run: &SavedRun, compared: &[Compared]) -> Vec<Element> {
    if run.record.tasks().is_empty() {
        return Vec::new();
    }
    let properties = match run.ending {
        RunEnding::Finished { .. } => Property::all(run.exercise, &run.settings, &run.record, compared),
        // The others do not apply to a run that did not finish.
        RunEnding::Stopped { .. } | RunEnding::Failed { .. } => Property::nothing_left(&run.record),
    };
    let of_parts: &[Check] = run.report.as_ref().map_or(&[], |report| &report.checks);
    let line = |it: &Property| element("li").text(format!("{}: {} ({}).", it.verdict(), it.claim, it.measured));
    vec![
        element("p").text(Property::in_short(&properties, of_parts)),
        element("ul").children(properties.iter().map(line)),
    ]
}

/// A table for each group of promises.
pub(super) fn validations(validations: &[Validation]) -> impl Iterator<Item = Element> {
    validations.chunk_by(|one, next| one.group == next.group).map(|group| table(&group_table(group)))
}

fn group_table(group: &[Validation]) -> Table {
    let row = |it: &Validation| {
        vec![it.promise.to_string(), it.expected.clone(), it.measured.clone(), it.verdict.in_words().to_owned()]
    };
    Table {
        caption: group.first().map_or(String::new(), |it| it.group.to_string()),
        columns: ["Promise", "Expected", "Measured", "Verdict"].map(Column::text).to_vec(),
        rows: group.iter().map(row).collect(),
    }
}
