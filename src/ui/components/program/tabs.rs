//! The files of the program as tabs, with what adds, renames and removes them. Keyboard and roles are those of
//! [`Tabs`](crate::ui::components::tabs::Tabs), whose tabs cannot change.

use std::sync::Arc;

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use super::desk::Desk;
use crate::python::program_files::{ProgramFile, is_python};
use crate::ui::components::tabs::tab_after;
use crate::ui::focus::focus;

/// The id of the panel that the tabs control.
pub(super) const PANEL: &str = "program-file";

/// The id of the field for a name.
const NAME: &str = "file-name";

/// The field for a name, while it is shown.
#[derive(Clone, Copy, PartialEq)]
enum Naming {
    Add,
    Rename,
}

/// The row of tabs.
pub(super) fn file_tabs(desk: Desk) -> AnyView {
    let naming = RwSignal::new(None::<Naming>);
    let names =
        Memo::new(move |_| desk.with(|program| program.files().iter().map(|it| it.name.clone()).collect::<Vec<_>>()));
    let tab = move |(n, name): (usize, Arc<str>)| {
        let (shown, chosen, focused) = (name.clone(), name.clone(), name.clone());
        let is_shown = Memo::new(move |_| desk.shown.with(|it| *it == shown));
        view! {
            <button
                role="tab"
                id=tab_id(n)
                aria-controls=PANEL
                aria-selected=move || is_shown.get().to_string()
                tabindex=move || if is_shown.get() { "0" } else { "-1" }
                on:click=move |_| desk.shown.set(chosen.clone())
                on:keydown=move |event| take_key(desk, &focused, &event)
            >
                {name.to_string()}
            </button>
        }
    };
    let is_main = move || desk.with(|program| desk.shown.with(|shown| program.main().name == *shown));
    let can_be_main = move || !is_main() && desk.shown.with(|shown| is_python(shown));
    let is_fixed = move || desk.is_read_only();
    view! {
        <div class="file-tabs">
            <div class="tabs" role="tablist" aria-label="Files">
                {move || names.get().into_iter().enumerate().map(tab).collect_view()}
            </div>
            <div class="actions">
                <button class="quiet" disabled=is_fixed on:click=move |_| start_naming(naming, Naming::Add)>"Add file"</button>
                <button class="quiet" disabled=is_fixed on:click=move |_| start_naming(naming, Naming::Rename)>"Rename"</button>
                <button class="quiet" disabled=move || is_fixed() || is_main() on:click=move |_| remove(desk)>"Remove"</button>
                {move || can_be_main().then(|| view! {
                    <button class="quiet" title="The file that Run starts" disabled=is_fixed on:click=move |_| make_main(desk)>
                        "Make main"
                    </button>
                })}
            </div>
        </div>
        {move || naming.get().map(|kind| name_field(desk, naming, kind))}
    }
    .into_any()
}

fn tab_id(n: usize) -> String {
    format!("file-tab-{n}")
}

/// The id of the tab of the shown file.
pub(super) fn shown_tab(desk: Desk) -> String {
    let shown = desk.shown.get();
    tab_id(desk.with(|program| program.files().iter().position(|file| file.name == shown).unwrap_or_default()))
}

fn take_key(desk: Desk, name: &Arc<str>, event: &KeyboardEvent) {
    let program = desk.program();
    let files = program.files();
    let Some(at) = files.iter().position(|file| file.name == *name) else { return };
    let Some(next) = tab_after(&event.key(), at, files.len()) else { return };
    event.prevent_default();
    desk.shown.set(files[next].name.clone());
    focus(&format!("#{}", tab_id(next)));
}

fn start_naming(naming: RwSignal<Option<Naming>>, kind: Naming) {
    naming.set(Some(kind));
    request_animation_frame(|| focus(&format!("#{NAME}")));
}

fn name_field(desk: Desk, naming: RwSignal<Option<Naming>>, kind: Naming) -> AnyView {
    let (label, done) = match kind {
        Naming::Add => ("Name of the new file", "Add"),
        Naming::Rename => ("New name of the file", "Rename file"),
    };
    let old = desk.shown.get_untracked();
    let typed = RwSignal::new(if kind == Naming::Rename { old.to_string() } else { String::new() });
    let refusal = RwSignal::new(String::new());
    let close = move || {
        naming.set(None);
        request_animation_frame(|| focus(".file-tabs [aria-selected=true]"));
    };
    let accept = move || {
        let name = typed.get_untracked().trim().to_owned();
        let program = desk.program();
        let changed = match kind {
            Naming::Add => program.with_new(ProgramFile::text(&name, "")),
            Naming::Rename => program.renamed(&desk.shown.get_untracked(), &name),
        };
        match changed {
            Ok(changed) => {
                if desk.edit(Ok(changed)) {
                    desk.shown.set(name.into());
                }
                close();
            }
            Err(error) => refusal.set(format!("✕ {error}. {}", error.advice())),
        }
    };
    let take_key = move |event: KeyboardEvent| match event.key().as_str() {
        "Enter" => accept(),
        "Escape" => close(),
        _ => {}
    };
    view! {
        <div class="file-name">
            <label for=NAME>{label}</label>
            <input
                id=NAME
                type="text"
                spellcheck="false"
                autocomplete="off"
                placeholder="data/scores.csv"
                aria-describedby="refusal-file-name"
                prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event))
                on:keydown=take_key
            />
            <button class="quiet" on:click=move |_| accept()>{done}</button>
            <button class="quiet" on:click=move |_| close()>"Cancel"</button>
            <p class="refusal" id="refusal-file-name" aria-live="polite">{move || refusal.get()}</p>
        </div>
    }
    .into_any()
}

fn remove(desk: Desk) {
    let name = desk.shown.get_untracked();
    let Some(file) = desk.program().get(&name).cloned() else { return };
    if desk.edit(Ok(desk.program().without(&name))) {
        desk.say_removed(format!("`{name}` was removed."), move || {
            desk.edit(desk.program().with_new(file.clone()));
        });
        request_animation_frame(|| focus(".file-tabs [aria-selected=true]"));
    }
}

fn make_main(desk: Desk) {
    let name = desk.shown.get_untracked();
    desk.edit(desk.program().with_main(&name));
}
