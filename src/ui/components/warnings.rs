//! What one should know before trusting the numbers of a run.

use leptos::prelude::*;

use crate::measure::warnings::Warning;
use crate::ui::lab::{Lab, measured_clock_resolution_us};
use crate::ui::lean::{li, part, ul};

/// The warnings of a run that is over, beside its numbers.
pub(crate) fn warnings(lab: Lab) -> AnyView {
    let warnings = move || {
        lab.digest.track();
        if lab.is_running() || lab.runs.get() == 0 {
            return Vec::new();
        }
        lab.with_record(|record| Warning::of(record, measured_clock_resolution_us())).unwrap_or_default()
    };
    let line = |warning: &Warning| li().text(warning.sentence()).view();
    ul().class("warnings").add(part(move || warnings().iter().map(line).collect_view().into_any())).view()
}
