//! What a lesson that asks an endpoint measures: latencies counted twice, and a sweep of concurrency.

use leptos::prelude::*;

use crate::lazy::lazy;
use crate::ui::charts::latency::latencies;
use crate::ui::charts::sweep::sweep;
use crate::ui::display::Display;
use crate::ui::element::{div, h2, p, part};
use crate::ui::lazy_view::lazy_view;

/// Both, once the run is over.
pub(crate) fn requests(display: Display) -> AnyView {
    if display.exercise.has_requests {
        lazy_view(fetched::load(), move || fetched::panels(display))
    } else {
        ().into_any()
    }
}

lazy!(mod fetched in api: panels(display: Display) -> AnyView);

fn panels(display: Display) -> AnyView {
    let of_requests = move || {
        display.report.with(|report| match report.as_ref().and_then(|report| report.requests.as_ref()) {
            Some(requests) => latencies(display, requests),
            None => p().class("empty").text("How long requests took appears here when the run is over.").view(),
        })
    };
    let of_sweep = move || {
        display.report.with(|report| match report.as_ref().map(|report| report.sweep.as_ref()) {
            Some(Some(found)) => sweep(display, found),
            Some(None) => p().class("empty").text("This run had no sweep: set how far it goes, and run again.").view(),
            None => {
                p().class("empty").text("What more requests at once bring appears here, if the run has a sweep.").view()
            }
        })
    };
    [
        div().class("panel").el(h2().text("Latency")).add(part(of_requests)).view(),
        div().class("panel").el(h2().text("Concurrency sweep")).add(part(of_sweep)).view(),
    ]
    .into_any()
}
