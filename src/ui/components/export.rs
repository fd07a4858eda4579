//! The Export button: downloads the run on display as a file, in one of several forms.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use crate::lazy::lazy;
use crate::measure::units;
use crate::share::export::{Content, Form};
use crate::ui::address::link_to;
use crate::ui::display::Display;
use crate::ui::download::{REFUSED, offer};
use crate::ui::focus::focus;
use crate::ui::lazy_view::lazy_view;
use crate::ui::png::png_of;

/// The id of the menu.
const MENU: &str = "export-menu";

/// The id of the button.
const BUTTON: &str = "export";

/// The button. It works once a run is over.
pub(crate) fn export_button(display: Display, is_open: RwSignal<bool>) -> AnyView {
    let is_shown = move || display.has_saved() && is_open.get();
    view! {
        <button
            class="quiet"
            id=BUTTON
            aria-controls=MENU
            aria-expanded=move || is_shown().to_string()
            disabled=move || !display.has_saved()
            on:click=move |_| is_open.update(|is_open| *is_open = !*is_open)
        >
            "Export"
        </button>
    }
    .into_any()
}

/// The menu, while it is open.
pub(crate) fn export_menu(display: Display, is_open: RwSignal<bool>) -> AnyView {
    let menu = move || {
        let is_shown = is_open.get() && display.has_saved();
        if is_shown { lazy_view(fetched::load, move || fetched::menu(display, is_open)) } else { ().into_any() }
    };
    view! { <div id=MENU>{menu}</div> }.into_any()
}

lazy!(mod fetched in share: menu(display: Display, is_open: RwSignal<bool>) -> AnyView);

fn menu(display: Display, is_open: RwSignal<bool>) -> AnyView {
    // Leptos' listener does what `use_event_listener` of `leptos-use` does.
    let listener = window_event_listener(leptos::ev::keydown, move |event| {
        if leaves(&event) {
            // First the focus, which would disappear with the menu.
            focus(&format!("#{BUTTON}"));
            is_open.set(false);
        }
    });
    on_cleanup(move || listener.remove());
    let message = RwSignal::new(String::new());
    let choose = move |form| {
        leptos::task::spawn_local(async move {
            let saved = save(display, form).await;
            // The menu may be gone by now.
            message.try_set(saved);
        });
    };
    let choice = |form: Form| {
        view! {
            <li>
                <button class="quiet" on:click=move |_| choose(form)>{form.name()}</button>
                <span class="hint">{form.about()}</span>
            </li>
        }
    };
    view! {
        <div class="export-menu">
            <ul aria-label="Formats">{Form::ALL.map(choice).collect_view()}</ul>
            <p class="hint" aria-live="polite">{move || message.get()}</p>
        </div>
    }
    .into_any()
}

/// True if a key closes the menu: Escape, in it or on its button.
fn leaves(event: &KeyboardEvent) -> bool {
    let at = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let is_here = at.and_then(|at| at.closest(&format!("#{MENU}, #{BUTTON}")).ok().flatten()).is_some();
    is_here && event.key() == "Escape"
}

/// Downloads the file. Returns what happened, in a sentence or two.
async fn save(display: Display, form: Form) -> String {
    let Some(run) = untrack(|| display.saved()) else { return String::new() };
    let name = form.file_name(&run);
    let bytes = match form.write(&run, &link_to(&run.destination())) {
        Content::Bytes(bytes) => bytes,
        Content::Pixels(picture) => match png_of(&picture).await {
            Ok(bytes) => bytes,
            Err(error) => return format!("There is no PNG: {error}. {}", error.advice()),
        },
    };
    let downloaded = || format!("Downloaded `{name}` ({}).", units::size(bytes.len() as u64));
    offer(&name, &bytes).map_or(REFUSED.to_owned(), |()| downloaded())
}
