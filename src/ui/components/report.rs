//! What a lesson found: its notes and tables.

use leptos::prelude::*;

use crate::measure::report::{Column, Table};
use crate::ui::lab::Lab;
use crate::ui::lean::{caption, div, h2, p, part, table, tbody, td, th, thead, tr};

/// The notes and tables of the report, once there is one.
pub(crate) fn findings(lab: Lab) -> AnyView {
    let found = move || match lab.report.get() {
        None => p().class("empty").text("What the run found appears here when it has finished.").view(),
        Some(report) => {
            let notes = report.notes.iter().map(|note| p().text(note).view());
            notes.chain(report.tables.iter().cloned().map(data_table)).collect_view().into_any()
        }
    };
    [h2().text("Findings").view(), part(found)].into_any()
}

/// A table; wide ones scroll by themselves.
pub(crate) fn data_table(data: Table) -> AnyView {
    let heads =
        data.columns.iter().map(|column| th().attr("scope", "col").class(class(column)).text(&column.title).view());
    let row = |cells: Vec<String>| {
        let cells = data.columns.iter().zip(cells).map(|(column, cell)| td().class(class(column)).text(cell).view());
        tr().add_all(cells).view()
    };
    div()
        .class("scrolls")
        .attr("tabindex", "0")
        .attr("role", "region")
        .attr("aria-label", format!("{}, a table", data.caption))
        .el(table()
            .el(caption().text(data.caption.clone()))
            .el(thead().el(tr().add_all(heads)))
            .el(tbody().add_all(data.rows.into_iter().map(row))))
        .view()
}

fn class(column: &Column) -> &'static str {
    if column.is_numeric { "number" } else { "" }
}
