//! Files that the page hands to the browser to be saved.

use std::time::Duration;

use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, HtmlAnchorElement, Url};

/// What is said where [`offer`] gives none.
pub(super) const REFUSED: &str = "The browser does not let the page offer a file.";

/// Lets the browser save bytes under a name. None if it does not let the page do so.
pub(super) fn offer(name: &str, bytes: &[u8]) -> Option<()> {
    let parts = Array::of1(&Uint8Array::from(bytes));
    let blob = Blob::new_with_u8_array_sequence(&JsValue::from(parts)).ok()?;
    let url = Url::create_object_url_with_blob(&blob).ok()?;
    let link: HtmlAnchorElement = document().create_element("a").ok()?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The browser has taken it over by then.
    set_timeout(move || drop(Url::revoke_object_url(&url)), Duration::from_secs(10));
    Some(())
}
