//! Warnings: what the reader should know before trusting the numbers of a run.

use leptos::prelude::*;

use crate::measure::Record;
use crate::measure::warnings::Warning;
use crate::ui::display::Display;

/// The warnings of a run that is over.
pub(crate) fn warnings(display: Display) -> AnyView {
    let lines = move || {
        display.digest.track();
        if display.is_running() || display.runs.get() == 0 { ().into_any() } else { lines(display) }
    };
    view! { <ul class="warnings">{lines}</ul> }.into_any()
}

fn lines(display: Display) -> AnyView {
    let line = |warning: &Warning| {
        view! { <li class=if warning.is_neutral() { "neutral" } else { "" }>{warning.sentence()}</li> }
    };
    let lines = |record: &Record| {
        let warnings = display.experiment().warnings(record, display.clock_resolution_us());
        warnings.iter().map(line).collect_view().into_any()
    };
    display.with_record(lines).into_any()
}
