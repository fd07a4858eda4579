//! The stages of a pipeline over time.

use leptos::prelude::*;

use crate::figures;
use crate::measure::flow::Flow;
use crate::ui::drawing::drawings;

/// All ways through the pipeline.
pub(crate) fn flows(flows: &[Flow]) -> AnyView {
    match figures::flow::flows(flows) {
        Some(figures) => drawings(figures),
        None => {
            view! { <p class="empty">"Nothing went through the pipeline, so there is nothing to draw."</p> }.into_any()
        }
    }
}
