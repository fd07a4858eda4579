//! A note that the run on display was opened, not made here.

use leptos::prelude::*;

use crate::share::date;
use crate::ui::display::Display;

/// The note, if the run was opened.
pub(crate) fn origin(display: Display) -> AnyView {
    let note = move || if display.is_opened() { display.show(|views| (views.origin)(display)) } else { ().into_any() };
    note.into_any()
}

/// See [`origin`].
pub(crate) fn line(display: Display) -> AnyView {
    let Some(saved) = display.saved() else { return ().into_any() };
    let ended = date::in_words(saved.finished_at_ms);
    let note = format!(
        "This run was opened from a file or from Runs. It ended on {ended}. Press Run to start a new \
        one."
    );
    view! { <p class="caution" data-opened="">{note}</p> }.into_any()
}
