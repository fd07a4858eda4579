//! The reader's program: its files in an editor, and what saves, opens and shares them.

mod assignment;
mod bundle;
mod console;
mod desk;
mod editor;
mod environment;
mod files;
mod link;
mod missing_imports;
mod saver;
mod servers;
mod starts;
mod tabs;
mod wheels;

use std::rc::Rc;
use std::sync::Arc;

use futures::FutureExt;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::Element;

use crate::exercises::assignment::{DESCRIPTION, NEW_DESCRIPTION};
use crate::exercises::guide::{CONCEPTS, Concept};
use crate::measure::report::Report;
use crate::measure::test_result::TestResult;
use crate::measure::units::{counted, size};
use crate::python::interpreter::State;
use crate::python::keys::{PLACEHOLDER, find};
use crate::python::program_files::{ProgramFile, ProgramFiles};
use crate::share::program_changes::{ChangedLine, LineKind, changes};
use crate::share::programs::ProgramEntry;
use crate::ui::display::{Display, Status};
use crate::ui::finished;
use crate::ui::focus::focus;
use crate::ui::runner::Runner;
use desk::{Desk, News};
use missing_imports::missing_imports;
use saver::Saving;
use starts::{ASSIGNMENTS, GUIDE, Start, TRAPS};

/// The text of a new program.
const NEW: &str = "import asyncio\n\n\nasync def main():\n    print(\"hello\")\n\n\nasyncio.run(main())\n";

/// The pane. `shows_run` is true if the page opens with the program of a run.
pub(crate) fn program(runner: Runner, shows_run: bool) -> AnyView {
    let (form, display) = (runner.form, runner.display);
    let desk = Desk::new(form, shows_run);
    files::use_drop(desk);
    use_concepts(desk, display);
    let python = editor::use_interpreter();
    let is_ready = Signal::derive(move || python.with(|state| matches!(state, Some(State::Ready(_)))));
    view! {
        <section
            class="sources program-text"
            aria-label="Program"
            on:focusin=move |_| editor::prepare()
            on:pointerdown=move |_| editor::prepare()
        >
            {bar(desk)}
            {messages(desk)}
            {assignment::assignment(desk, runner)}
            {changed(desk)}
            {tabs::file_tabs(desk)}
            {editor::editor(desk, display)}
            {missing_imports(form, is_ready)}
            {servers::servers()}
            {console::console(desk, runner)}
            <div class="program-foot">
                {arguments(desk)}
                {environment::environment(desk)}
                {wheels::packages(desk)}
                <p class="hint" role="note">{move || python.with(|state| state.as_ref().map(editor::in_words))}</p>
            </div>
        </section>
    }
    .into_any()
}

/// Notes the concepts of the guide that the program uses, once it has finished and none of its tests has failed.
fn use_concepts(desk: Desk, display: Display) {
    Effect::new(move || {
        let has_failed = |report: &Report| report.tests().is_some_and(|tests| tests.iter().any(TestResult::has_failed));
        let is_good = display.report.with(|report| report.as_ref().is_some_and(|report| !has_failed(report)));
        if !is_good || !display.status.with(Status::has_finished) || display.is_outdated() {
            return;
        }
        let (program, original) = (desk.program(), desk.original.get_untracked());
        // Files that the reader has not changed say nothing about the reader.
        let is_given = |file: &&ProgramFile| original.as_ref().is_some_and(|it| it.get(&file.name) == Some(*file));
        let own = program.files().iter().filter(|file| !is_given(file));
        let texts: Vec<&str> = own.filter_map(|file| file.content.text()).collect();
        let is_used = |concept: &&Concept| texts.iter().any(|text| concept.is_used_in(text));
        CONCEPTS.iter().filter(is_used).for_each(|concept| finished::note_used(concept.key()));
    });
}

/// Closes the menus, and gives the focus back to the button of the one that was open.
fn close_menus() {
    if let Ok(Some(menu)) = document().query_selector(".menu[open]") {
        focus(".menu[open] summary");
        // Removing an attribute never fails.
        let _ = menu.remove_attribute("open");
    }
}

/// A menu closes when the reader presses Escape, or points at something else.
fn use_menus() {
    let pressed = window_event_listener(leptos::ev::keydown, |event| {
        if event.key() == "Escape" {
            close_menus();
        }
    });
    let pointed = window_event_listener(leptos::ev::pointerdown, |event| {
        let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        if target.is_some_and(|target| matches!(target.closest(".menu"), Ok(None)))
            && let Ok(Some(menu)) = document().query_selector(".menu[open]")
        {
            let _ = menu.remove_attribute("open");
        }
    });
    on_cleanup(move || [pressed, pointed].into_iter().for_each(WindowListenerHandle::remove));
}

/// The name of the program, where it is saved, and what can be done with it.
fn bar(desk: Desk) -> AnyView {
    use_menus();
    let name = move || match desk.name.get() {
        Some(name) => view! {
            <label class="program-name">
                <span class="hint">"Name"</span>
                <input
                    type="text"
                    spellcheck="false"
                    autocomplete="off"
                    prop:value=name
                    on:change=move |event| spawn_local(desk.rename(event_target_value(&event)).boxed_local())
                />
            </label>
        }
        .into_any(),
        None => ().into_any(),
    };
    view! {
        <div class="program-bar">
            {name}
            <p class="hint saved-state" role="status">{move || saved_in_words(desk)}</p>
            {move || desk.is_read_only().then(|| view! {
                <button on:click=move |_| spawn_local(desk.take_over().boxed_local())>"Take over"</button>
            })}
            <div class="actions">
                {programs(desk)}
                {starts(desk)}
                <div class="open-file">
                    <input id="open-program" type="file" multiple=true on:change=move |event| files::take_chosen(desk, &event) />
                    <label for="open-program" title="Python files, data files, a zip of them, or a wheel">"Open…"</label>
                </div>
                <button class="quiet" on:click=move |_| files::save(desk)>"Save as file"</button>
                <button class="quiet" on:click=move |_| link::copy(desk)>"Copy link"</button>
            </div>
        </div>
    }
    .into_any()
}

fn saved_in_words(desk: Desk) -> String {
    let lost = "This browser stores nothing for the page, or its database does not respond: the program is lost when you leave it.";
    match desk.saving.get() {
        Saving::NotYet if desk.is_persistent.get() => "Not changed, not saved.".to_owned(),
        Saving::NotYet | Saving::Soon | Saving::Saved if !desk.is_persistent.get() => lost.to_owned(),
        Saving::NotYet | Saving::Soon => "Saving …".to_owned(),
        Saving::Saved => "Saved in this browser.".to_owned(),
        Saving::Failed(why) => why,
        Saving::Elsewhere => "Another tab edits this program, so it cannot be changed here.".to_owned(),
        Saving::Copied(name) => format!("Another tab took this program over. Your changes are saved as `{name}`."),
    }
}

/// The saved programs, in a menu.
fn programs(desk: Desk) -> AnyView {
    let item = move |ProgramEntry { name, size_bytes }: ProgramEntry| {
        let (to_open, to_delete, label) = (name.clone(), name.clone(), format!("Delete {name}"));
        let (current, shown) = (name.clone(), name.clone());
        let is_open = move || desk.name.with(|open| open.as_deref() == Some(&*current)).then_some("true");
        view! {
            <li>
                <button
                    class="quiet"
                    aria-current=is_open
                    on:click=move |_| {
                        close_menus();
                        spawn_local(desk.open(to_open.clone()).boxed_local());
                    }
                >
                    {shown}
                </button>
                <span class="number">{size(size_bytes)}</span>
                <button
                    class="quiet"
                    aria-label=label
                    on:click=move |_| spawn_local(desk.delete(to_delete.clone()).boxed_local())
                >
                    "✕"
                </button>
            </li>
        }
    };
    let begin = move |_| {
        close_menus();
        let show = async move {
            let news = "A new program. It is saved once you change it.";
            if desk.show_unsaved(ProgramFiles::of_one_file(NEW), None, news).await {
                // The address no longer contains the program of the link that opened the page.
                desk.form.packed.try_set(None);
            }
        };
        spawn_local(show.boxed_local());
    };
    let content = move || match desk.list.get() {
        list if list.is_empty() => {
            view! { <p class="hint">"Programs are saved here once you change them."</p> }.into_any()
        }
        list => view! { <ul>{list.into_iter().map(item).collect_view()}</ul> }.into_any(),
    };
    view! {
        <details class="menu" name="program-menu">
            <summary>"Programs"</summary>
            <div class="menu-content">
                <button class="quiet" on:click=begin>"New program"</button>
                <button class="quiet" on:click=move |_| describe(desk)>"Make it an assignment"</button>
                {content}
            </div>
        </details>
    }
    .into_any()
}

/// Adds the description that makes the program an assignment, and shows it.
fn describe(desk: Desk) {
    close_menus();
    let program = desk.program();
    if program.get(DESCRIPTION).is_none() {
        let text = NEW_DESCRIPTION.replace("main.py", &program.main().name);
        desk.edit(program.with_new(ProgramFile::text(DESCRIPTION, &text)));
    }
    desk.shown.set(DESCRIPTION.into());
    desk.say("Describe the assignment in this file. Its tests are the files in `tests/`.");
}

/// The programs to start from, in a menu.
fn starts(desk: Desk) -> AnyView {
    let written = RwSignal::new(finished::written());
    let read_again = move |_| written.set(finished::written());
    let item = move |start: &'static Start| {
        let begin = move |_| {
            close_menus();
            spawn_local(begin(desk, start).boxed_local());
        };
        let mark = move || {
            if start.slug().is_some_and(|slug| written.with(|all| all.contains(&slug))) { " ✓" } else { "" }
        };
        view! { <li><button class="quiet" on:click=begin>{start.title}{mark}</button></li> }
    };
    view! {
        <details class="menu" name="program-menu" on:toggle=read_again>
            <summary>"Start from…"</summary>
            <div class="menu-content">
                <h3>"Write it yourself"</h3>
                <ul>{ASSIGNMENTS.iter().map(item).collect_view()}</ul>
                <h3>"The guide, as we wrote it"</h3>
                <ul>{GUIDE.iter().map(item).collect_view()}</ul>
                <p class="hint">"Part 5 of the guide needs numpy and safetensors."</p>
                <h3>"Traps of asyncio"</h3>
                <ul>{TRAPS.iter().map(item).collect_view()}</ul>
            </div>
        </details>
    }
    .into_any()
}

async fn begin(desk: Desk, start: &'static Start) {
    if start.is_assignment() {
        // The reader goes on with what is saved.
        desk.show_start(start).await;
        return;
    }
    match start.read().await {
        Ok(program) => {
            if let Some(clock) = start.clock {
                desk.form.set_choice("clock", clock);
            }
            desk.show_new(program.clone(), Some((start, Arc::new(program)))).await;
            desk.say(&start.welcome());
        }
        Err(why) => desk.say(&format!("The program could not be read: {why}")),
    }
}

/// The last message, and the notice about keys.
fn messages(desk: Desk) -> AnyView {
    let undo = move |undo: Rc<dyn Fn()>| {
        let put_back = move |_| {
            undo();
            desk.say("");
        };
        view! { <button class="quiet" on:click=put_back>"Put back"</button> }
    };
    let news = move || {
        let News { text, undo: put_back } = desk.news.get();
        (!text.is_empty()).then(|| view! { <p class="hint">{text} " " {put_back.map(undo)}</p> })
    };
    view! {
        <div class="program-messages" aria-live="polite">
            {move || Some(desk.refusal.get()).filter(|why| !why.is_empty()).map(|why| view! { <p class="refusal">{why}</p> })}
            {news}
            {keys(desk)}
        </div>
    }
    .into_any()
}

fn keys(desk: Desk) -> AnyView {
    // Looking for keys at each key press would be too much in a long program.
    let count = Memo::new(move |_| {
        desk.saving.track();
        desk.version.track();
        let program = desk.program();
        let texts = program.files().iter().filter_map(|file| file.content.text()).chain([program.arguments()]);
        texts.map(|text| find(text).len()).sum::<usize>()
    });
    let notice = move || {
        (count.get() > 0).then(|| {
            let found = counted(count.get() as u64, "text looks like a key", "texts look like keys");
            view! {
                <p class="caution keys">
                    {format!(
                        "{found}. Runs use what you typed. Saved programs, links and run files contain `{PLACEHOLDER}` instead. \
                         Enter them under Environment instead, and read them with `os.environ`.",
                    )}
                </p>
            }
        })
    };
    notice.into_any()
}

/// The changes since the program was started from one of the site's programs, with a button that resets it.
fn changed(desk: Desk) -> AnyView {
    let is_changed = Memo::new(move |_| {
        desk.original
            .with(|original| original.as_ref().is_some_and(|original| desk.with(|program| *program != **original)))
    });
    let is_open = RwSignal::new(false);
    let reset = move |_| {
        let original = desk.original.get_untracked().map(|original| ProgramFiles::clone(&original));
        let before = desk.program();
        if let Some(original) = original
            && desk.edit(Ok(original))
        {
            desk.say_removed("The program was reset to the original.".to_owned(), move || {
                desk.edit(Ok(ProgramFiles::clone(&before)));
            });
        }
    };
    let content = move || {
        is_changed.get().then(|| {
            view! {
                <div class="program-changes">
                    <button
                        class="quiet"
                        aria-expanded=move || is_open.get().to_string()
                        on:click=move |_| is_open.update(|is_open| *is_open = !*is_open)
                    >
                        "What changed"
                    </button>
                    <button class="quiet" disabled=move || desk.is_read_only() on:click=reset>"Reset"</button>
                    {move || is_open.get().then(|| difference(desk))}
                </div>
            }
        })
    };
    content.into_any()
}

fn difference(desk: Desk) -> AnyView {
    let lines = move || {
        let original = desk.original.get();
        let lines = original.map(|original| desk.with(|program| changes(&original, program)));
        lines.unwrap_or_default().into_iter().map(changed_line).collect_view()
    };
    view! { <pre class="changed-lines" tabindex="0" role="region" aria-label="What changed">{lines}</pre> }.into_any()
}

fn changed_line(ChangedLine { kind, text }: ChangedLine) -> AnyView {
    let class = match kind {
        LineKind::File => "file-line",
        LineKind::Added => "added",
        LineKind::Removed => "removed",
        LineKind::Same | LineKind::Gap => "",
    };
    view! { <span class=class>{kind.sign()} " " {text} "\n"</span> }.into_any()
}

/// The arguments of the program.
fn arguments(desk: Desk) -> AnyView {
    let typed = move |event| {
        let changed = desk.program().with_arguments(&event_target_value(&event));
        desk.edit(changed);
    };
    view! {
        <label class="program-arguments">
            <span class="hint">"Arguments"</span>
            <input
                type="text"
                spellcheck="false"
                autocomplete="off"
                placeholder="--scale 2"
                title="sys.argv, split as a shell does"
                prop:value=move || desk.with(|program| program.arguments().to_owned())
                prop:readonly=move || desk.is_read_only()
                on:input=typed
            />
        </label>
    }
    .into_any()
}
