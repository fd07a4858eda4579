//! A note on what is shown if it was not made here: a run that was opened, or the result of a link.

use leptos::prelude::*;

use crate::share::date;
use crate::ui::display::Display;

/// The note, if there is one.
pub(crate) fn origin(display: Display) -> AnyView {
    // The outlines stay as they are when the controls change.
    let setup = untrack(|| display.form.setup(None).in_words());
    let note = move || {
        if display.is_opened() {
            opened(display)
        } else if display.form.sent.with(Option::is_some) && display.runs.get() == 0 {
            sent(&setup)
        } else {
            ().into_any()
        }
    };
    note.into_any()
}

/// Explains the outlines of a link with a result, before the first run.
fn sent(setup: &str) -> AnyView {
    let note = format!(
        "The dashed outlines are the result of the person who sent you this link, measured in their browser with these \
         settings: {setup}. Press Run to see your own result next to theirs."
    );
    view! { <p class="hint" data-sent="">{note}</p> }.into_any()
}

/// The note on a run that was opened.
fn opened(display: Display) -> AnyView {
    let Some(saved) = display.saved() else { return ().into_any() };
    let ended = date::in_words(saved.finished_at_ms);
    let note = format!(
        "This run was opened from a file or from Runs. It ended on {ended}. Press Run to start a new \
        one."
    );
    view! { <p class="caution" data-opened="">{note}</p> }.into_any()
}
