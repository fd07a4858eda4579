//! The servers to which the program may send requests, as the reader decides.

use std::rc::Rc;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::python::hosts::{Hosts, Origin};
use crate::python::interpreter;

/// What the program was refused, with buttons to allow it, and what is allowed. Empty if it is neither.
pub(super) fn hosts() -> AnyView {
    let hosts = RwSignal::new(interpreter::edit_hosts(|hosts| hosts.clone()));
    interpreter::set_hosts_listener(Some(Rc::new(move |now| {
        hosts.try_set(now);
    })));
    on_cleanup(|| interpreter::set_hosts_listener(None));
    let refused = move || hosts.with(|hosts| hosts.refused().cloned().map(refused_item).collect_view());
    let allowed = move || hosts.with(|hosts| hosts.allowed().cloned().map(allowed_item).collect_view());
    view! { <ul class="hosts hint" aria-label="Servers" aria-live="polite">{refused} {allowed}</ul> }.into_any()
}

fn refused_item(origin: Origin) -> AnyView {
    let text = format!("The program wanted to send requests to {origin}.");
    let allow = move |_| {
        interpreter::edit_hosts(|hosts: &mut Hosts| hosts.allow(origin.clone()));
        press_run();
    };
    view! { <li>{text} " " <button on:click=allow>"Allow and run again"</button></li> }.into_any()
}

fn allowed_item(origin: Origin) -> AnyView {
    let text = format!("It may send requests to {origin} until you open another program or leave the page.");
    let forbid = move |_| interpreter::edit_hosts(|hosts: &mut Hosts| hosts.forbid(&origin));
    view! { <li>{text} " " <button class="quiet" on:click=forbid>"Forbid"</button></li> }.into_any()
}

/// Presses the page's button, which is disabled while a program runs.
fn press_run() {
    let button = document().query_selector(".run-bar .run").ok().flatten();
    if let Some(button) = button.and_then(|button| button.dyn_into::<HtmlElement>().ok()) {
        button.click();
    }
}
