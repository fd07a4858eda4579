//! The page's address: its fragment, read and written.

use std::time::Duration;

use leptos::leptos_dom::helpers::{TimeoutHandle, set_timeout_with_handle};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::share::permalink::{Destination, Notice};

/// A slider that is dragged changes the address many times a second, and browsers limit that.
const SETTLES_AFTER: Duration = Duration::from_millis(150);

/// Where the address leads now, and again whenever the reader follows a link, goes back or forward, or types one.
pub(super) fn use_place() -> RwSignal<(Destination, Vec<Notice>)> {
    let place = RwSignal::new(current());
    let listener = window_event_listener(leptos::ev::hashchange, move |_| place.set(current()));
    on_cleanup(move || listener.remove());
    place
}

fn current() -> (Destination, Vec<Notice>) {
    Destination::parse(&fragment())
}

fn fragment() -> String {
    location().hash().unwrap_or_default()
}

/// Keeps the address at `place`, without an entry of its own in the browser's history.
pub(super) fn use_follow(place: impl Fn() -> Destination + 'static) {
    let timer = StoredValue::new_local(None::<TimeoutHandle>);
    let here = StoredValue::new_local(fragment());
    let clear = move || {
        if let Some(timer) = timer.try_update_value(Option::take).flatten() {
            timer.clear();
        }
    };
    Effect::new(move || {
        let wanted = place().to_string();
        clear();
        let settle = move || {
            // Otherwise somebody has followed a link, and the page for it is about to come.
            if here.with_value(|here| *here == fragment()) {
                replace(&wanted);
                here.set_value(fragment());
            }
        };
        let handle = set_timeout_with_handle(settle, SETTLES_AFTER);
        timer.set_value(handle.ok());
    });
    on_cleanup(clear);
}

fn replace(fragment: &str) {
    // Should the browser refuse, the link can still be had by its button.
    let _ = window().history().and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(fragment)));
}

/// Leads to a place as a link does, to the same one once more if it is there already.
pub(super) fn go_to(place: &Destination) {
    let fragment = place.to_string();
    let pushed = window().history().and_then(|it| it.push_state_with_url(&JsValue::NULL, "", Some(&fragment)));
    let told = pushed.and_then(|()| web_sys::Event::new("hashchange"));
    if told.and_then(|event| window().dispatch_event(&event)).is_err() {
        // Browsers limit how often a page may do that, but not how often it may follow a link.
        let _ = location().set_hash(&fragment);
    }
}

/// The whole address of a place.
pub(super) fn link_to(place: &Destination) -> String {
    let href = location().href().unwrap_or_default();
    let page = href.split('#').next().unwrap_or_default();
    format!("{page}{place}")
}
