//! The Export button: downloads the run on display as a file, in one of several forms.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent};

use crate::lazy::lazy;
use crate::measure::units;
use crate::share::export::Form;
use crate::ui::display::Display;
use crate::ui::download::{REFUSED, offer};
use crate::ui::element::{ElementBuilder, button, div, li, p, part, span, ul};
use crate::ui::focus::focus;
use crate::ui::lazy_view::lazy_view;

/// The id of the menu.
const MENU: &str = "export-menu";

/// The id of the button.
const BUTTON: &str = "export";

/// The button. It works once a run is over.
pub(crate) fn export_button(display: Display, is_open: RwSignal<bool>) -> ElementBuilder {
    let is_shown = move || display.has_saved() && is_open.get();
    button()
        .class("quiet")
        .attr("id", BUTTON)
        .attr("aria-controls", MENU)
        .attr_changing("aria-expanded", move || Some(is_shown().to_string()))
        .attr_changing("disabled", move || (!display.has_saved()).then(String::new))
        .on_click(move || is_open.update(|is_open| *is_open = !*is_open))
        .text("Export")
}

/// The menu, while it is open.
pub(crate) fn export_menu(display: Display, is_open: RwSignal<bool>) -> AnyView {
    let menu = move || {
        let is_shown = is_open.get() && display.has_saved();
        if is_shown { lazy_view(fetched::load(), move || fetched::menu(display, is_open)) } else { ().into_any() }
    };
    div().attr("id", MENU).add(part(menu)).view()
}

lazy!(mod fetched in share: menu(display: Display, is_open: RwSignal<bool>) -> AnyView);

fn menu(display: Display, is_open: RwSignal<bool>) -> AnyView {
    let listener = window_event_listener(leptos::ev::keydown, move |event| {
        if leaves(&event) {
            // First the focus, which would disappear with the menu.
            focus(&format!("#{BUTTON}"));
            is_open.set(false);
        }
    });
    on_cleanup(move || listener.remove());
    let message = RwSignal::new(String::new());
    let choice = |form: Form| {
        let choose = move || message.set(save(display, form));
        let about = span().class("hint").text(form.about());
        li().el(button().class("quiet").on_click(choose).text(form.name())).el(about).view()
    };
    let forms = ul().attr("aria-label", "Forms").add_all(Form::ALL.map(choice));
    let news = p().class("hint").attr("aria-live", "polite").text_changing(move || message.get());
    div().class("export-menu").el(forms).el(news).view()
}

/// True if a key closes the menu: Escape, in it or on its button.
fn leaves(event: &KeyboardEvent) -> bool {
    let at = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let is_here = at.and_then(|at| at.closest(&format!("#{MENU}, #{BUTTON}")).ok().flatten()).is_some();
    is_here && event.key() == "Escape"
}

/// Downloads the file. Returns what happened, in a sentence.
fn save(display: Display, form: Form) -> String {
    let Some(run) = display.saved() else { return String::new() };
    let (name, bytes) = (form.file_name(&run), form.write(&run));
    let downloaded = || format!("Downloaded `{name}` ({}).", units::size(bytes.len() as u64));
    offer(&name, &bytes).map_or(REFUSED.to_owned(), |()| downloaded())
}
