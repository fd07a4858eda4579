//! Where the keyboard is.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Gives the focus to the first element that a CSS selector finds.
pub(super) fn focus(selector: &str) {
    if let Ok(Some(element)) = document().query_selector(selector) {
        // Should it refuse, somebody at the keyboard begins at the top, and nothing else.
        let _ = element.unchecked_into::<HtmlElement>().focus();
    }
}
