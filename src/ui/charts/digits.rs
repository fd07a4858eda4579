//! The handwritten digits of a report.

use leptos::prelude::*;

use crate::figures;
use crate::ui::drawing::drawings;
use crate::ui::lab::Lab;
use crate::ui::lean::part;

/// The digits of the report, once there is one that has some.
pub(crate) fn digits(lab: Lab) -> AnyView {
    part(move || {
        let has_digits = lab.report.with(|report| report.as_ref().is_some_and(|report| !report.digits.is_empty()));
        if has_digits { lab.shown(|results| (results.digits)(lab)) } else { ().into_any() }
    })
}

/// See [`digits`].
pub(crate) fn gallery(lab: Lab) -> AnyView {
    let seed = lab.seed.get_untracked();
    lab.report.with_untracked(|report| {
        drawings(report.as_ref().and_then(|report| figures::digits::digits(&report.digits, seed)))
    })
}
