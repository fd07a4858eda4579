//! Repeated runs, which show how certain a difference is, and the comparison with the baseline.

use leptos::prelude::*;

use crate::measure::bootstrap::LEAST_VALUES;
use crate::ui::components::differences::table;
use crate::ui::runner::Runner;

/// The maximum number of runs in a series.
const MOST_REPEATS: u32 = 100;

/// The button that repeats a run, and the differences from the baseline, if there is one.
pub(crate) fn repeat(runner: Runner) -> AnyView {
    let display = runner.display;
    let differences = move || {
        display.digest.track();
        display.runs.track();
        display.same_settings.track();
        if display.baseline.with(Option::is_none) {
            return ().into_any();
        }
        table(display)
    };
    view! {
        <section class="baseline" aria-label="Compared with another run">
            {series(runner)}
            {differences}
        </section>
    }
    .into_any()
}

/// A series of runs with the same settings.
fn series(runner: Runner) -> AnyView {
    let times = RwSignal::new(LEAST_VALUES as u32);
    let take = move |event| {
        if let Ok(typed) = event_target_value(&event).parse() {
            times.set(u32::clamp(typed, 1, MOST_REPEATS));
        }
    };
    let message = move || {
        let measured = runner.display.same_settings.with(|same_settings| same_settings.measured.runs);
        match (runner.repeats_left.get(), measured) {
            (0, 0 | 1) => String::new(),
            (0, runs) => format!("{runs} runs with these settings are measured."),
            (1, _) => "This is the last run of the series.".to_owned(),
            (left, _) => format!("{left} runs of the series are left, including this one."),
        }
    };
    view! {
        <div class="series">
            <label for="repeats">"Number of runs:"</label>
            <input
                id="repeats"
                type="number"
                min="1"
                max=MOST_REPEATS
                prop:value=move || times.get().to_string()
                on:change=take
            />
            <button
                class="quiet"
                disabled=move || !runner.can_start()
                on:click=move |_| runner.repeat(times.get_untracked())
            >
                "Repeat"
            </button>
            <p class="hint">{message}</p>
        </div>
    }
    .into_any()
}
