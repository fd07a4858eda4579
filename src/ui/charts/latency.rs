//! The latencies of requests.

use leptos::prelude::*;

use crate::figures;
use crate::measure::requests::Requests;
use crate::ui::drawing::drawing;
use crate::ui::lab::Lab;

/// Both latencies of a run's requests.
pub(crate) fn latencies(lab: Lab, requests: &Requests) -> AnyView {
    match lab.with_record(|record| figures::latency::latency(requests, record.beats())).flatten() {
        Some(figure) => drawing(figure),
        None => view! { <p class="empty">"There was no request, so there is no latency."</p> }.into_any(),
    }
}
