//! What a lesson found: its notes and tables.

use leptos::prelude::*;

use crate::figures;
use crate::measure::report::Table;
use crate::ui::display::Display;
use crate::ui::drawing::drawing;
use crate::ui::element::{h2, p, part};

/// The notes and tables of the report, once there is one.
pub(crate) fn findings(display: Display) -> AnyView {
    let found = move || match display.report.get() {
        None => p().class("empty").text("What the run found appears here when it has finished.").view(),
        Some(report) => {
            let notes = report.notes.iter().map(|note| p().text(note).view());
            notes.chain(report.tables.iter().cloned().map(data_table)).collect_view().into_any()
        }
    };
    [h2().text("Findings").view(), part(found)].into_any()
}

/// A table; a wide one scrolls by itself.
pub(crate) fn data_table(data: Table) -> AnyView {
    drawing(figures::table::table(&data))
}
