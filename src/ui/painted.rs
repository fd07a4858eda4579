//! The code on the first page is in the HTML, and the app takes it from there: otherwise it would have to load it again,
//! and would show nothing in the meantime.

use std::cell::RefCell;

use wasm_bindgen::JsCast;
use web_sys::Element;

/// The code in the frame of the HTML.
const EXCERPT: &str = ".excerpt";

thread_local! {
    static KEPT: RefCell<Option<Element>> = const { RefCell::new(None) };
}

/// Keeps a copy of the code of a frame that will be removed.
pub(super) fn keep(frame: &Element) {
    let found = frame.query_selector(EXCERPT).ok().flatten();
    let copy = found.and_then(|code| code.clone_node_with_deep(true).ok()?.dyn_into().ok());
    KEPT.with(|kept| kept.replace(copy));
}

/// The code, for the first caller.
pub(super) fn take() -> Option<Element> {
    KEPT.with(RefCell::take)
}
