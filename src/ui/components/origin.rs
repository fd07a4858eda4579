//! Where the run on display comes from, if it was not made here.

use leptos::prelude::*;

use crate::share::date;
use crate::ui::display::Display;
use crate::ui::element::{p, part};

/// That the run was opened, if so.
pub(crate) fn origin(display: Display) -> AnyView {
    part(move || if display.is_opened() { display.show(|views| (views.origin)(display)) } else { ().into_any() })
}

/// See [`origin`].
pub(crate) fn line(display: Display) -> AnyView {
    let Some(saved) = display.saved() else { return ().into_any() };
    let ended = date::in_words(saved.finished_at_ms);
    let told = format!("This run was opened, not made just now: it ended on {ended}. Run starts a new one.");
    p().class("caution").attr("data-opened", "").text(told).view()
}
