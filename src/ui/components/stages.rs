//! What a lesson with a pipeline measures: its stages and queues over time, and a sweep of batch sizes.

use leptos::prelude::*;

use crate::lazy::lazy;
use crate::ui::charts::batch_sizes::batch_sizes;
use crate::ui::charts::flow::flows;
use crate::ui::display::Display;
use crate::ui::element::{div, h2, p, part};
use crate::ui::lazy_view::lazy_view;

/// Both, once the run is over.
pub(crate) fn stages(display: Display) -> AnyView {
    if display.exercise.has_stages {
        lazy_view(fetched::load(), move || fetched::panels(display))
    } else {
        ().into_any()
    }
}

lazy!(mod fetched in pipeline: panels(display: Display) -> AnyView);

fn panels(display: Display) -> AnyView {
    let empty = |text: &str| p().class("empty").text(text).view();
    let over_time = move || {
        display.report.with(|report| match report {
            Some(report) => flows(&report.flows),
            None => empty("What each stage did, and what lay between them, appears here when the run is over."),
        })
    };
    let of_sizes = move || {
        display.report.with(|report| match report.as_ref().map(|report| report.batch_sizes.as_ref()) {
            Some(Some(found)) => batch_sizes(found),
            Some(None) => empty("This run tried no other batch sizes: turn that on, and run again."),
            None => empty("What other batch sizes bring appears here, if the run tries them."),
        })
    };
    [
        div().class("panel").el(h2().text("Stages over time")).add(part(over_time)).view(),
        div().class("panel").el(h2().text("Batch sizes")).add(part(of_sizes)).view(),
    ]
    .into_any()
}
