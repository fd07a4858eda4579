//! The keyboard focus.

use leptos::prelude::document;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

/// Gives the focus to the first element that a CSS selector finds.
pub(super) fn focus(selector: &str) {
    if let Ok(Some(element)) = document().query_selector(selector) {
        // If it fails, the focus stays at the top of the page.
        let _ = element.unchecked_into::<HtmlElement>().focus();
    }
}
