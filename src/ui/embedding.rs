//! The page inside a frame of another page: it says how high it is, and listens to nothing.

use js_sys::{Object, Reflect};
use leptos::html::Main;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::{ResizeObserver, Window};

/// The type of the message with the height, for the page around the frame.
const HEIGHT: &str = "interleave:height";

/// True if the page, or a page around it, is in a frame of another site.
pub(super) fn is_in_another_site() -> bool {
    let mut inner = window();
    while let Some(outer) = parent(&inner) {
        // Only pages of the same site may read an address.
        if outer.location().href().is_err() {
            return true;
        }
        inner = outer;
    }
    false
}

/// The window around a frame.
fn parent(inner: &Window) -> Option<Window> {
    inner.parent().ok().flatten().filter(|outer| outer != inner)
}

/// Reports the height of this element to the page around the frame, now and whenever it changes.
pub(super) fn use_reported_height(element: NodeRef<Main>) {
    let Some(outer) = parent(&window()) else { return };
    let report = Closure::<dyn FnMut()>::new(move || {
        let height = element.get_untracked().map(|element| element.offset_height());
        if let Some(height) = height {
            report(&outer, height);
        }
    });
    let observer = StoredValue::new_local(None);
    let report = StoredValue::new_local(report);
    Effect::new(move || {
        let Some(element) = element.get() else { return };
        let made = report.with_value(|report| ResizeObserver::new(report.as_ref().unchecked_ref()));
        if let Ok(made) = made {
            made.observe(&element);
            observer.set_value(Some(made));
        }
    });
    on_cleanup(move || {
        if let Some(made) = observer.try_update_value(Option::take).flatten() {
            ResizeObserver::disconnect(&made);
        }
    });
}

/// Sends the height to any site: it is no secret.
fn report(outer: &Window, height: i32) {
    let message = Object::new();
    for (name, value) in [("type", HEIGHT.into()), ("height", f64::from(height).into())] {
        // It fails only on frozen objects.
        let _ = Reflect::set(&message, &name.into(), &value);
    }
    let _ = outer.post_message(&message, "*");
}
