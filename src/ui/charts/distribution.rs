//! The spread of the durations of a part's tasks.

use leptos::prelude::*;

use crate::figures::distribution::distribution;
use crate::measure::Record;
use crate::ui::display::Display;
use crate::ui::drawing::drawings;
use crate::ui::element::{div, h2, p, part};

/// All distributions of the exercise, once its run has ended.
pub(crate) fn distributions(display: Display) -> AnyView {
    if display.exercise.distributions.is_empty() {
        return ().into_any();
    }
    let shown = move || {
        display.digest.track();
        display.runs.track();
        if display.is_running() || display.runs.get() == 0 {
            return p().class("empty").text("The durations of the tasks appear here after the run.").view();
        }
        display.show(|views| (views.distributions)(display))
    };
    div().class("panel").el(h2().text("Distribution")).add(part(shown)).view()
}

/// See [`distributions`].
pub(crate) fn figures(display: Display) -> AnyView {
    let figures = |record: &Record| -> Vec<_> {
        display.exercise.distributions.iter().filter_map(|it| distribution(record, it)).collect()
    };
    match display.with_record(figures).filter(|figures| !figures.is_empty()) {
        Some(figures) => drawings(figures),
        None => view! { <p class="empty">"This run has no tasks whose durations are shown here."</p> }.into_any(),
    }
}
