//! The code on the first page is in the HTML, and the app takes it from there: otherwise it would have to load it again,
//! and would show nothing in the meantime.

use std::cell::RefCell;

use web_sys::Element;

/// The code in the frame of the HTML.
const EXCERPT: &str = ".excerpt";

thread_local! {
    static KEPT: RefCell<Option<Element>> = const { RefCell::new(None) };
}

/// Keeps the code of a frame that is about to be removed.
pub(super) fn keep(frame: &Element) {
    let found = frame.query_selector(EXCERPT).ok().flatten();
    KEPT.with(|kept| kept.replace(found));
}

/// The code, for the first caller.
pub(super) fn take() -> Option<Element> {
    KEPT.with(RefCell::take)
}
