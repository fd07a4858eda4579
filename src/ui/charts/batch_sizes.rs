//! Samples per second against batch size.

use leptos::prelude::*;

use crate::figures;
use crate::measure::batch_sizes::BatchSizes;
use crate::ui::drawing::drawing;

/// The columns of both ways.
pub(crate) fn batch_sizes(sizes: &BatchSizes) -> AnyView {
    match figures::batch_sizes::batch_sizes(sizes) {
        Some(figure) => drawing(figure),
        None => view! { <p class="empty">"Without samples there are no batches to try."</p> }.into_any(),
    }
}
