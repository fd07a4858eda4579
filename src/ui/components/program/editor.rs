//! The editor of the reader's program. Next to its lines, it shows how long tasks waited there.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use js_sys::Map;
use leptos::html::Div;
use leptos::prelude::*;
use web_sys::HtmlElement;

use super::bundle::OpenEditor;
use super::desk::Desk;
use super::tabs;
use crate::measure::line_waits::{LineWait, LineWaits, line_at};
use crate::measure::test_result::{TestPlace, TestResult};
use crate::measure::units::{count, counted, size, span};
use crate::measure::waits::{SourceLine, Waits};
use crate::measure::{Record, TaskId};
use crate::python::Progress;
use crate::python::interpreter::{self, State};
use crate::python::program_files::Content;
use crate::share::saved::RunEnding;
use crate::ui::display::{Display, Status};

/// The content of the pane.
#[derive(Clone, PartialEq)]
enum Shown {
    Opening,
    Editor,
    /// A plain text field, and the reason.
    Field(String),
}

#[derive(Clone, Copy)]
struct Pane {
    desk: Desk,
    display: Display,
    host: NodeRef<Div>,
    shown: RwSignal<Shown>,
    editor: RwSignal<Option<Rc<OpenEditor>>, LocalStorage>,
}

/// The editor of the shown file.
pub(super) fn editor(desk: Desk, display: Display) -> AnyView {
    let pane = Pane {
        desk,
        display,
        host: NodeRef::new(),
        shown: RwSignal::new(Shown::Opening),
        editor: RwSignal::new_local(None),
    };
    Effect::new(move || {
        if let Some(host) = pane.host.get() {
            leptos::task::spawn_local(pane.open(host.into()));
        }
    });
    pane.use_text();
    pane.use_notes();
    pane.use_mark();
    pane.use_error();
    pane.use_line();
    let is_text = move || pane.shown_text().is_some();
    let field = move || match pane.shown.get() {
        Shown::Field(why) => view! {
            <p class="hint">{why}</p>
            <textarea
                aria-label="Program"
                spellcheck="false"
                prop:readonly=move || desk.is_read_only()
                prop:value=move || pane.shown_text().unwrap_or_default().to_string()
                on:input=move |event| desk.take_text(&event_target_value(&event))
            ></textarea>
        }
        .into_any(),
        _ => ().into_any(),
    };
    let is_hidden = move || !is_text() || matches!(pane.shown.get(), Shown::Field(_));
    view! {
        <div class="file" role="tabpanel" id=tabs::PANEL aria-labelledby=move || tabs::shown_tab(desk)>
            <div class="editor" node_ref=pane.host hidden=is_hidden></div>
            {move || is_text().then(field)}
            <p class="hint bytes">{move || pane.shown_bytes()}</p>
        </div>
    }
    .into_any()
}

/// The state of the interpreter, which is started for this page only.
pub(super) fn use_interpreter() -> RwSignal<Option<State>> {
    let python = RwSignal::new(None);
    interpreter::set_listener(Some(Rc::new(move |state| {
        python.try_set(Some(state));
    })));
    on_cleanup(|| {
        interpreter::set_listener(None);
        interpreter::forget();
    });
    python
}

/// Starts the interpreter when the reader first touches the program.
pub(super) fn prepare() {
    leptos::task::spawn_local(async {
        // The listener gets the error, too.
        let _ = interpreter::prepare().await;
    });
}

impl Pane {
    /// The text of the shown file. `None` if it is not text.
    fn shown_text(self) -> Option<Arc<str>> {
        let name = self.desk.shown.get();
        self.desk.with(|program| match program.get(&name).map(|file| &file.content) {
            Some(Content::Text(text)) => Some(text.clone()),
            _ => None,
        })
    }

    /// A sentence about the shown file if it is not text.
    fn shown_bytes(self) -> String {
        let name = self.desk.shown.get();
        self.desk.with(|program| match program.get(&name).map(|file| &file.content) {
            Some(Content::Bytes(bytes)) => format!("{name} has {} that are not text.", size(bytes.len() as u64)),
            _ => String::new(),
        })
    }

    async fn open(self, host: HtmlElement) {
        let shown = match self.try_open(&host).await {
            Ok(()) => Shown::Editor,
            Err(why) => Shown::Field(format!("The editor is missing, so this is a plain text field ({why}).")),
        };
        // The page may be gone by now.
        self.shown.try_set(shown);
    }

    async fn try_open(self, host: &HtmlElement) -> Result<(), String> {
        let typed = move || {
            // The editor is there, because it has called this.
            if let Some(editor) = self.editor.try_get_untracked().flatten() {
                self.desk.take_text(&editor.get_text());
            }
        };
        let editor = OpenEditor::open(host, typed, move |line| self.point(line)).await?;
        // If the page was left meanwhile, this drops it.
        self.editor.try_set(Some(Rc::new(editor)));
        Ok(())
    }

    /// Shows the text of the file. Its changes can be undone as long as the program is the same.
    fn use_text(self) {
        let before = StoredValue::new(None::<(u32, Arc<str>)>);
        Effect::new(move || {
            let (Some(editor), Some(text)) = (self.editor.get(), self.shown_text()) else { return };
            let now = (self.desk.version.get(), self.desk.shown.get());
            let then = before.get_value();
            if then.as_ref().is_some_and(|(version, _)| *version != now.0) {
                editor.forget();
            }
            if then.as_ref() != Some(&now) {
                editor.open(&now.1, &text);
                before.set_value(Some(now));
            } else if editor.get_text() != *text {
                editor.set_text(&text);
            }
        });
        Effect::new(move || {
            if let Some(editor) = self.editor.get() {
                editor.set_read_only(self.desk.is_read_only());
            }
        });
    }

    /// Shows next to each line how long tasks waited there. Notes of another program would be at the wrong lines.
    fn use_notes(self) {
        Effect::new(move || {
            self.display.digest.track();
            self.display.runs.track();
            let file = self.desk.shown.get();
            let Some(editor) = self.editor.get() else { return };
            let is_of_this_program = !self.display.is_outdated();
            let texts = Map::new();
            if is_of_this_program && self.display.has_line_waits() {
                let now_us = self.display.now_us();
                let at_cursor = self.display.tasks_at_cursor();
                let notes = self
                    .display
                    .with_line_waits(|record, waits| notes(record.waits(), waits, &file, now_us, at_cursor.as_ref()));
                for (line, note) in notes.unwrap_or_default() {
                    texts.set(&line.into(), &note.into());
                }
            }
            editor.set_gutter(&texts);
        });
    }

    /// Marks the line on which the chosen task waits.
    fn use_mark(self) {
        Effect::new(move || {
            let chosen = self.display.chosen.get();
            let file = self.desk.shown.get();
            let Some(editor) = self.editor.get() else { return };
            let line = chosen.filter(|_| !self.display.is_outdated()).and_then(|task| self.line_of(task, &file));
            editor.mark_line(line.unwrap_or(0), "wait");
            if let Some(line) = line {
                editor.scroll_to_line(line);
            }
        });
    }

    /// Marks the line that caused the error of the run on display, or that the first failed test names.
    fn use_error(self) {
        Effect::new(move || {
            let file = self.desk.shown.get();
            let line = self.display.status.with(|status| match status {
                Status::Over(RunEnding::Failed { line: Some(line), .. }) if *line.path == *file => Some(line.line),
                _ => None,
            });
            let Some(editor) = self.editor.get() else { return };
            let of_test = || {
                let place = self.display.report.with(|report| first_failed(report.as_ref()?.tests()?).cloned())?;
                (*place.path == *file).then_some(place.line)
            };
            if self.display.is_outdated() {
                return editor.mark_line(0, "error");
            }
            editor.mark_line(line.or_else(of_test).unwrap_or(0), "error");
            // The results of tests are above the editor, and lead to their lines.
            if let Some(line) = line {
                editor.scroll_to_line(line);
            }
        });
    }

    /// Shows the line that the reader wants to see.
    fn use_line(self) {
        Effect::new(move || {
            let line = self.desk.line.get();
            if let Some((editor, line)) = self.editor.get().zip(line) {
                // The text of the file is shown in the same turn.
                queue_microtask(move || {
                    editor.mark_line(line, "error");
                    editor.scroll_to_line(line);
                });
                self.desk.line.set(None);
            }
        });
    }

    /// The line in the shown file on which a task waits at the cursor, or waited longest.
    fn line_of(self, task: TaskId, file: &str) -> Option<u32> {
        let at_us = self.display.cursor.at_us();
        let now_us = self.display.now_us();
        self.display.with_line_waits(|record, waits| {
            let line = at_us.and_then(|at_us| line_at(record, task, at_us)).or_else(|| waits.longest_of(task, now_us));
            line.filter(|line| is_in(record.waits(), *line, file)).map(|line| line.line)
        })?
    }

    /// Marks the tasks that waited on a line.
    fn point(self, line: Option<u32>) {
        let Some(file) = self.desk.shown.try_get_untracked() else { return };
        let find = |record: &Record, waits: &LineWaits| {
            let source = record.waits().sources().iter().position(|source| *source.path == *file)?;
            let line = SourceLine { source, line: line? };
            (!waits.tasks_on(line).is_empty()).then_some(line)
        };
        let pointed =
            if untrack(|| self.display.is_outdated()) { None } else { self.display.with_line_waits(find).flatten() };
        self.display.pointed_line.try_set(pointed);
    }
}

/// The line that the first failed test names.
fn first_failed(results: &[TestResult]) -> Option<&TestPlace> {
    results.iter().find(|result| result.has_failed()).and_then(|result| result.place.as_ref())
}

fn is_in(waits: &Waits, line: SourceLine, file: &str) -> bool {
    waits.sources().get(line.source).is_some_and(|source| *source.path == *file)
}

/// The notes of the lines of a file: how many tasks waited there, and for how long. With a cursor, they begin with how many
/// of them wait there at that time.
fn notes(
    waits_of: &Waits,
    waits: &LineWaits,
    file: &str,
    now_us: u64,
    at_cursor: Option<&HashMap<SourceLine, usize>>,
) -> BTreeMap<u32, String> {
    let note = |line: &LineWait| {
        let tasks = counted(line.tasks, "task", "tasks");
        let tasks = match at_cursor {
            Some(at_cursor) => format!("{} of {tasks}", count(at_cursor.get(&line.line).copied().unwrap_or(0) as u64)),
            None => tasks,
        };
        (line.line.line, format!("{tasks}, {}", span(line.total_us)))
    };
    waits.lines(now_us).iter().filter(|line| is_in(waits_of, line.line, file)).map(note).collect()
}

/// The state of the interpreter in a sentence.
pub(super) fn in_words(state: &State) -> String {
    match state {
        State::Loading(Progress { loaded, total }) => {
            format!("Loading Python: {} of {}", size(*loaded as u64), size(*total as u64))
        }
        State::Starting => "Python is starting …".to_owned(),
        State::Ready(version) => format!("Python {version} is ready."),
        State::Failed(error) => format!("{error}. {}", error.advice()),
    }
}
