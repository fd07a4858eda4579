//! A table of text and numbers.

use leptos::prelude::*;

use crate::figures;
use crate::measure::report::Table;
use crate::ui::drawing::drawing;

/// A table; a wide one scrolls by itself.
pub(crate) fn data_table(data: Table) -> AnyView {
    drawing(figures::table::table(&data))
}
