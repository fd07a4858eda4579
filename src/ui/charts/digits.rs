//! The handwritten digits of a report.

use leptos::prelude::*;

use crate::figures;
use crate::ui::display::Display;
use crate::ui::drawing::drawings;
use crate::ui::element::part;

/// The digits of the report, if it has any.
pub(crate) fn digits(display: Display) -> AnyView {
    part(move || {
        let has_digits = display.report.with(|report| report.as_ref().is_some_and(|report| !report.digits.is_empty()));
        if has_digits { display.show(|views| (views.digits)(display)) } else { ().into_any() }
    })
}

/// See [`digits`].
pub(crate) fn gallery(display: Display) -> AnyView {
    let seed = display.form.seed.get_untracked();
    display.report.with_untracked(|report| {
        drawings(report.as_ref().and_then(|report| figures::digits::digits(&report.digits, seed)))
    })
}
