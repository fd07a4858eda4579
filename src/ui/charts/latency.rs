//! The latencies of requests.

use leptos::prelude::*;

use crate::figures;
use crate::measure::requests::Requests;
use crate::ui::display::Display;
use crate::ui::drawing::drawing;

/// Both latencies of a run's requests.
pub(crate) fn latencies(display: Display, requests: &Requests) -> AnyView {
    match display.with_record(|record| figures::latency::latency(requests, record.beats())).flatten() {
        Some(figure) => drawing(figure),
        None => view! { <p class="empty">"There was no request, so there is no latency."</p> }.into_any(),
    }
}
