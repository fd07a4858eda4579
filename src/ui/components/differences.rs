//! The differences between the runs on display and their baseline.

use leptos::prelude::*;

use crate::measure::bootstrap::LEAST_VALUES;
use crate::ui::components::report::data_table;
use crate::ui::display::Display;

/// A table of the differences, once there is a run.
pub(crate) fn table(display: Display) -> AnyView {
    let Some(baseline) = display.baseline.get() else { return ().into_any() };
    let measured = display.same_settings.with(|same_settings| same_settings.measured.clone());
    if measured.runs == 0 {
        return view! { <p class="hint">{baseline.note}</p> }.into_any();
    }
    let table = measured.compared_with(&baseline.measured, baseline.title, display.form.seed.get_untracked());
    let is_certain = measured.runs.min(baseline.measured.runs) >= LEAST_VALUES;
    let hint = (!is_certain).then(|| {
        let times = LEAST_VALUES;
        let hint =
            format!("To get a confidence interval: repeat {times} times, pin, change something, repeat {times} times.");
        view! { <p class="hint">{hint}</p> }
    });
    view! {
        <div data-baseline=baseline.word>
            {data_table(table)}
            {hint}
        </div>
    }
    .into_any()
}
