//! Promises that were tested, as tables.

use super::node::Element;
use super::table::table;
use crate::measure::report::{Column, Table};
use crate::measure::validation::Validation;

/// A table for each group of promises.
pub fn validations(validations: &[Validation]) -> impl Iterator<Item = Element> {
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
