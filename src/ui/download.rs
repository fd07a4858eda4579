//! Files that the reader downloads from the page.

use std::time::Duration;

use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, HtmlAnchorElement, Url};

/// The message if [`offer`] returns `None`.
pub(super) const REFUSED: &str = "The browser blocked the download.";

/// Lets the browser save bytes under a name. Returns `None` if the browser does not allow it.
pub(super) fn offer(name: &str, bytes: &[u8]) -> Option<()> {
    let parts = Array::of1(&Uint8Array::from(bytes));
    let blob = Blob::new_with_u8_array_sequence(&JsValue::from(parts)).ok()?;
    let url = Url::create_object_url_with_blob(&blob).ok()?;
    let link: HtmlAnchorElement = document().create_element("a").ok()?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // By then the browser has read it.
    set_timeout(move || drop(Url::revoke_object_url(&url)), Duration::from_secs(10));
    Some(())
}
