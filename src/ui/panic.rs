//! A panic is a bug in the page. A banner says so, and lets the reader reload.

use leptos::prelude::{document, location, window};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::Closure;

/// From now on a panic shows a banner with its message and a button that reloads the page.
pub(super) fn show_in_a_banner() {
    std::panic::set_hook(Box::new(|info| {
        console_error_panic_hook::hook(info);
        // A panic inside the hook would end the page without a message, so failures are ignored.
        let _ = show(&info.to_string());
    }));
}

fn show(message: &str) -> Option<()> {
    let document = document();
    let banner = document.create_element("div").ok()?;
    banner.set_class_name("panic");
    banner.set_attribute("role", "alert").ok()?;
    let text = document.create_element("p").ok()?;
    text.set_text_content(Some(&format!("This page has a bug and cannot continue: {message}")));
    let button = document.create_element("button").ok()?;
    button.set_text_content(Some("Reload"));
    let reload = Closure::<dyn FnMut()>::new(|| {
        let _ = location().reload();
    });
    button.add_event_listener_with_callback("click", reload.as_ref().unchecked_ref()).ok()?;
    reload.forget();
    banner.append_with_node_2(&text, &button).ok()?;
    window().document()?.body()?.prepend_with_node_1(&banner).ok()
}
