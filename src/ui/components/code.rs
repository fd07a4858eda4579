//! The code of an exercise: the Rust that runs here, and the same in Python, as the tabs of one pane.
//!
//! The sources are fetched when the page is shown, because those of all exercises would be a large part of the first
//! load. Each line is an element that stays. What a run adds to it (see `line_marks`) changes only its attributes and
//! its note, never its text.

use leptos::prelude::*;
use web_sys::Event;

use crate::exercises::exercise::Exercise;
use crate::figures::code::line;
use crate::lazy::lazy;
use crate::share::permalink::SITE_PROGRAM;
use crate::ui::components::line_marks;
use crate::ui::components::tabs::{Tab, Tabs};
use crate::ui::display::Display;
use crate::ui::display::code::{Code, Language, LineMarks, ShownFile};
use crate::ui::drawing::drawings;

/// The chosen tab, for the next exercise and the next visit.
const KEY: &str = "interleave-code";

/// The page has this many frames to be shown.
const MAX_FRAMES: u32 = 120;

/// Both sources of an exercise.
pub(crate) fn code(display: Display) -> AnyView {
    let offered = Language::ALL.map(|language| Tab { key: language.name(), label: language.name().to_owned() });
    let tabs = Tabs::new(Signal::stored(offered.to_vec()), stored().name());
    let code = Code::new(
        display,
        Signal::derive(move || if tabs.is_shown(Language::Python.name()) { Language::Python } else { Language::Rust }),
    );
    code.load(Language::Rust, display.exercise.rust.to_owned());
    code.load(Language::Python, display.exercise.python());
    use_storage(code);
    use_first_function(code);
    use_line_marks(code);
    let path = move || match code.language.get() {
        Language::Rust => display.exercise.rust.to_owned(),
        Language::Python => display.exercise.python(),
    };
    let other_version =
        move || if code.is_of_other_version.get() { "This run was made by another version of this code." } else { "" };
    view! {
        <section class="sources" aria-label="Sources">
            <div class="source-head">
                {tabs.row("Language")}
                <code class="path">{path}</code>
            </div>
            <p class="hint">{other_version}</p>
            {Language::ALL.map(|language| tabs.panel(language.name(), source(code, language))).collect_view()}
            {move || (code.language.get() == Language::Python).then(|| run_python(display.exercise))}
        </section>
    }
    .into_any()
}

/// The way to edit and run the Python script, or what it needs.
fn run_python(exercise: &'static Exercise) -> AnyView {
    match exercise.python_requirement {
        None => {
            let address = format!("#/program?program={SITE_PROGRAM}{}", exercise.python_name());
            view! { <p class="hint"><a href=address>"Edit and run it"</a>" in Your program."</p> }.into_any()
        }
        Some(needs) => {
            let text = format!("It cannot run in the page, because it needs {needs}.");
            view! { <p class="hint">{text}</p> }.into_any()
        }
    }
}

/// The tab that the reader chose last.
fn stored() -> Language {
    let storage = window().local_storage().ok().flatten();
    let name = storage.and_then(|storage| storage.get_item(KEY).ok().flatten());
    let is_stored = |language: &Language| name.as_deref() == Some(language.name());
    Language::ALL.into_iter().find(is_stored).unwrap_or(Language::Rust)
}

/// Stores the chosen tab, once the reader has chosen another.
fn use_storage(code: Code) {
    Effect::new(move || {
        let language = code.language.get();
        if language == stored() {
            return;
        }
        // Without storage the choice lasts until the page is left.
        if let Ok(Some(storage)) = window().local_storage() {
            let _ = storage.set_item(KEY, language.name());
        }
    });
}

/// The files in a language.
fn source(code: Code, language: Language) -> AnyView {
    let files = move || code.files(language).get().into_iter().map(file).collect_view();
    let point = move |event: Event| with_marks(code, |marks| (marks.point)(code, &event));
    view! {
        <pre
            node_ref=code.pane(language)
            tabindex="0"
            aria-label=format!("{} source", language.name())
            on:pointerover=move |event| point(event.into())
            on:focusin=move |event| point(event.into())
            on:click=move |event| point(event.into())
            on:pointerleave=move |_| leave(code)
            on:focusout=move |_| leave(code)
            on:keydown=move |event| with_marks(code, |marks| (marks.take_key)(code, &event))
        >
            {files}
        </pre>
    }
    .into_any()
}

fn leave(code: Code) {
    code.display.pointed_line.set(None);
}

fn file(file: ShownFile) -> AnyView {
    let lines = (1..).zip(&file.source.lines).map(|(number, tokens)| line(number, tokens));
    view! { <code data-path=file.path>{drawings(lines)}</code> }.into_any()
}

/// Begins with the exercise's functions in view, below the comments and imports at the top of the file: for each
/// language when it is first shown, and again if other settings run other functions.
fn use_first_function(code: Code) {
    let were_shown = StoredValue::new(Vec::new());
    Effect::new(move || {
        let language = code.language.get();
        let [file, other] = [language, language.other()].map(|it| code.files(it).with(|files| files.first().cloned()));
        let Some((file, other)) = file.zip(other) else { return };
        let parts = code.display.form.settings.with(|settings| code.display.exercise.active_parts(settings));
        let first = file.source.first_function(&other.source, &parts).map(|function| *function.lines.start());
        let Some(shown) = first.map(|line| (language, line)).filter(|it| !were_shown.get_value().contains(it)) else {
            return;
        };
        were_shown.update_value(|others| {
            others.retain(|(other, _)| *other != language);
            others.push(shown);
        });
        show_line(code, language, file, shown.1, MAX_FRAMES);
    });
}

/// Looks in each of the next frames whether the pane has a height: the lines are on the page after this turn, but the
/// page itself may still be hidden behind the frame of the HTML.
fn show_line(code: Code, language: Language, file: ShownFile, number: u32, frames: u32) {
    request_animation_frame(move || {
        let Some(pane) = code.pane(language).try_get_untracked().flatten() else { return };
        if pane.client_height() == 0 && frames > 0 {
            return show_line(code, language, file, number, frames - 1);
        }
        if let Some(line) = file.line(number) {
            pane.set_scroll_top(line.offset_top());
        }
    });
}

lazy!(mod fetched in exercises: marks() -> LineMarks);

fn marks() -> LineMarks {
    line_marks::CODE
}

/// Loads them when the page opens. If that fails, the next run tries again; the page says why where the timeline would be.
fn use_loading(code: Code) {
    Effect::new(move || {
        code.display.runs.track();
        if code.marks.get_untracked().is_none() {
            leptos::task::spawn_local(async move {
                if let Ok(marks) = fetched::marks().await {
                    // The page may be gone by now.
                    code.marks.try_set(Some(marks));
                }
            });
        }
    });
}

/// Shows what the run on display adds to the lines.
fn use_line_marks(code: Code) {
    use_loading(code);
    Effect::new(move || {
        code.display.digest.track();
        code.display.runs.track();
        code.files(Language::Rust).track();
        code.display.cursor.at_us();
        code.display.cursor.selection.track();
        code.marks.track();
        with_marks(code, |marks| (marks.update)(code));
    });
    Effect::new(move || {
        code.display.chosen.track();
        code.language.track();
        code.marks.track();
        Language::ALL.iter().for_each(|language| code.files(*language).track());
        with_marks(code, |marks| (marks.mark)(code));
    });
}

/// Uses the code that marks lines, once it is loaded.
fn with_marks(code: Code, act: impl FnOnce(LineMarks)) {
    if let Some(marks) = code.marks.get_untracked() {
        act(marks);
    }
}
