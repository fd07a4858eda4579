//! The scroll position of a page: a new page starts at its top, and back and forward return to where the reader was.
//!
//! Browsers cannot do this here. For them, a link to another fragment leads to another place in the same document, and
//! they restore a position before the page is as long as it was. So the position is stored with each entry of the
//! browser's history, and restored from there.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use leptos::leptos_dom::helpers::{TimeoutHandle, request_animation_frame, set_timeout_with_handle};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// The position is stored after this time without scrolling. Browsers limit how often an entry may be changed.
const SETTLES_AFTER: Duration = Duration::from_millis(100);

/// The page has this many frames to become as long as it was.
const MAX_FRAMES: u32 = 120;

/// Keeps the position of each entry of the browser's history.
#[derive(Clone, Default)]
pub(super) struct Scrolling {
    /// The position that this page has stored with the current entry. An entry with another position is one that the
    /// browser is about to show.
    stored: Rc<Cell<Option<f64>>>,
    /// Counts the pages. It ends the search for a position on a page that was left.
    page: Rc<Cell<u32>>,
}

/// Takes over from the browser, and shows the first page where it was before a reload.
pub(super) fn use_scrolling() -> Scrolling {
    let scrolling = Scrolling::default();
    if let Ok(history) = window().history() {
        // If a browser refuses, it restores positions itself as well as it can.
        let _ = history.set_scroll_restoration(web_sys::ScrollRestoration::Manual);
    }
    scrolling.open();
    let timer = StoredValue::new_local(None::<TimeoutHandle>);
    let clear = move || {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    let settled = scrolling.clone();
    let listener = window_event_listener_untyped("scroll", move |_| {
        clear();
        let scrolling = settled.clone();
        timer.set_value(set_timeout_with_handle(move || scrolling.store(), SETTLES_AFTER).ok());
    });
    on_cleanup(move || {
        clear();
        listener.remove();
    });
    scrolling
}

impl Scrolling {
    /// Shows the page of the current entry where it was left, or its top if it is new.
    pub(super) fn open(&self) {
        let left_at = entry();
        self.stored.set(left_at);
        self.page.set(self.page.get() + 1);
        window().scroll_to_with_x_and_y(0.0, 0.0);
        match left_at {
            Some(y) if y > 0.0 => self.clone().search(y, 0.0, MAX_FRAMES),
            _ => self.write(0.0),
        }
    }

    /// Scrolls to `y` as soon as the page is long enough, unless the reader scrolls or leaves first.
    fn search(self, y: f64, before: f64, frames: u32) {
        let page = self.page.get();
        request_animation_frame(move || {
            if self.page.get() != page || (position() - before).abs() > 1.0 {
                return;
            }
            window().scroll_to_with_x_and_y(0.0, y);
            let now = position();
            if now + 1.0 < y && frames > 0 {
                self.search(y, now, frames - 1);
            }
        });
    }

    /// Stores the position with the current entry. An entry that [`open`](Self::open) has not seen is left as it is.
    fn store(&self) {
        if entry() == self.stored.get() {
            self.write(position());
        }
    }

    fn write(&self, y: f64) {
        let replaced = window().history().and_then(|it| it.replace_state_with_url(&y.into(), "", None));
        // If the browser refuses, the page is later shown at its previous position.
        if replaced.is_ok() {
            self.stored.set(Some(y));
        }
    }
}

/// The state of the current entry, to be kept when its address changes.
pub(super) fn state() -> JsValue {
    window().history().and_then(|history| history.state()).unwrap_or(JsValue::NULL)
}

/// The position that is stored with the current entry.
fn entry() -> Option<f64> {
    state().as_f64()
}

fn position() -> f64 {
    window().scroll_y().unwrap_or(0.0)
}
