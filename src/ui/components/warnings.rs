//! What one should know before trusting the numbers of a run.

use leptos::prelude::*;

use crate::measure::Record;
use crate::measure::warnings::Warning;
use crate::ui::lab::Lab;
use crate::ui::lean::{li, part, ul};

/// The warnings of a run that is over, beside its numbers.
pub(crate) fn warnings(lab: Lab) -> AnyView {
    let lines = move || {
        lab.digest.track();
        if lab.is_running() || lab.runs.get() == 0 {
            ().into_any()
        } else {
            lab.shown(|results| (results.warnings)(lab))
        }
    };
    ul().class("warnings").add(part(lines)).view()
}

/// See [`warnings`].
pub(crate) fn lines(lab: Lab) -> AnyView {
    let line = |warning: &Warning| li().text(warning.sentence()).view();
    let lines = |record: &Record| {
        Warning::from_record(record, lab.clock_resolution_us()).iter().map(line).collect_view().into_any()
    };
    lab.with_record(lines).into_any()
}
