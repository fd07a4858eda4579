//! Notes and marks that a run adds to the code: a note at the end of each line on which tasks waited, a bar before its
//! number, and a mark on the line of the task that is chosen in the timeline.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, HtmlElement, KeyboardEvent};

use crate::measure::line_waits::{LineWait, LineWaits};
use crate::measure::units::{count, counted, span};
use crate::measure::waits::{SourceLine, Waits};
use crate::measure::{Record, TaskId};
use crate::ui::display::code::{Code, Language, LineMarks, ShownFile};

/// The code that the pane needs once there is a run.
pub(crate) const CODE: LineMarks = LineMarks { update, mark, point, take_key };

/// The custom property with the length of a line's bar: its time as a share of that of the line with the longest.
const SHARE: &str = "--share";

/// Brings all notes up to date.
fn update(code: Code) {
    if !code.display.has_line_waits() {
        return;
    }
    let files = code.files(Language::Rust).get_untracked();
    let selection = code.display.cursor.selection.get();
    let now_us = selection.as_ref().map_or_else(|| code.display.now_us(), |it| it.window.range.to_us);
    let read = |record: &Record, waits: &LineWaits| {
        let waits_of = record.waits();
        code.is_of_other_version.set(files.first().is_some_and(|file| is_of_other_version(waits_of, file)));
        waits_of.sources().iter().for_each(|source| code.load_part(&source.path, &source.hash));
        let lines = waits.lines(now_us).into_iter();
        lines.filter_map(|line| Some((element_of(waits_of, &files, line.line)?, line))).collect::<Vec<_>>()
    };
    let lines = match &selection {
        Some(selection) => {
            let record = &selection.window.record;
            read(record, &LineWaits::from_record(record))
        }
        None => code.display.with_line_waits(read).unwrap_or_default(),
    };
    let at_cursor = code.display.tasks_at_cursor();
    remove_other_notes(code, &lines);
    let longest_us = lines.iter().map(|(_, line)| line.total_us).max().unwrap_or(0).max(1);
    for (element, line) in &lines {
        // The names are in the code, and numbers are valid values.
        let _ = element.style().set_property(SHARE, &format!("{:.3}", line.total_us as f64 / longest_us as f64));
        set_note(element, line, at_cursor.as_ref().map(|tasks| tasks.get(&line.line).copied().unwrap_or(0)));
    }
    keep_one_tab_stop(code);
}

/// True if the run refers to this file with another content.
fn is_of_other_version(waits: &Waits, file: &ShownFile) -> bool {
    // Without a hash the file could not be loaded.
    let is_loaded = !file.source.hash.is_empty();
    is_loaded && waits.sources().iter().any(|source| source.path == file.path && source.hash != file.source.hash)
}

/// The file that a recorded line is in, if exactly that content is shown.
fn file_of<'a>(waits: &Waits, files: &'a [ShownFile], line: SourceLine) -> Option<&'a ShownFile> {
    let source = waits.sources().get(line.source)?;
    files.iter().find(|file| file.path == source.path && file.source.hash == source.hash)
}

fn element_of(waits: &Waits, files: &[ShownFile], line: SourceLine) -> Option<HtmlElement> {
    file_of(waits, files, line)?.line(line.line)
}

/// The line that an element is in.
fn line_of(element: &Element) -> Option<HtmlElement> {
    element.closest(".line").ok().flatten()?.dyn_into().ok()
}

fn note_of(line: &Element) -> Option<HtmlElement> {
    line.query_selector(".note").ok().flatten()?.dyn_into().ok()
}

/// Removes the notes of lines on which no task of the run on display has waited.
fn remove_other_notes(code: Code, lines: &[(HtmlElement, LineWait)]) {
    for note in notes(code, Language::Rust) {
        let Some(element) = line_of(&note).filter(|it| lines.iter().all(|(other, _)| other != it)) else { continue };
        note.remove();
        let _ = element.style().remove_property(SHARE);
    }
}

/// Sets the text of a line's note: text that is always shown, and spans that may only be read aloud. With a cursor, it
/// begins with the number of tasks that wait there at that instant.
fn set_note(line_element: &HtmlElement, line: &LineWait, at_cursor: Option<usize>) {
    let now = at_cursor.map(|tasks| format!("{} at the cursor; ", count(tasks as u64))).unwrap_or_default();
    let tasks = counted(line.tasks, "task", "tasks");
    let total = format!(", {}", span(line.total_us));
    let number = format!(", line {}", line.line.line);
    let parts = [
        (Some("now"), &*now),
        (None, &*tasks),
        (Some("more"), " waited here"),
        (None, &total),
        (Some("more"), " in total"),
        (Some("number"), &number),
    ];
    let text: String = parts.iter().map(|(_, text)| *text).collect();
    let note = note_of(line_element).or_else(|| {
        let note: HtmlElement = document().create_element("button").ok()?.dyn_into().ok()?;
        note.set_class_name("note");
        note.set_tab_index(-1);
        line_element.append_child(&note).ok()?;
        Some(note)
    });
    let Some(note) = note.filter(|note| note.text_content().as_deref() != Some(&text)) else { return };
    note.set_text_content(None);
    for (class, text) in parts {
        // It cannot fail: the note takes text and elements.
        let _ = match class {
            None => note.append_with_str_1(text),
            Some(class) => document().create_element("span").and_then(|span| {
                span.set_class_name(class);
                span.set_text_content(Some(text));
                note.append_with_node_1(&span)
            }),
        };
    }
}

/// All notes of a language, from top to bottom.
fn notes(code: Code, language: Language) -> Vec<HtmlElement> {
    let Some(pane) = code.pane(language).get_untracked() else { return Vec::new() };
    let notes = pane.get_elements_by_class_name("note");
    (0..notes.length()).filter_map(|index| notes.item(index)?.dyn_into().ok()).collect()
}

/// The Tab key stops at one note: the one that had the focus last, or else the first. The arrow keys reach the others.
fn keep_one_tab_stop(code: Code) {
    let notes = notes(code, Language::Rust);
    if let Some(first) = notes.first().filter(|_| notes.iter().all(|note| note.tab_index() != 0)) {
        first.set_tab_index(0);
    }
}

/// Points at the line that the event is about, if tasks waited there.
fn point(code: Code, event: &Event) {
    let target = event.target().and_then(|target| target.dyn_into::<Element>().ok());
    let line =
        target.as_ref().and_then(line_of).filter(|line| note_of(line).is_some()).and_then(|line| place_of(code, &line));
    if code.display.pointed_line.get_untracked() != line {
        code.display.pointed_line.set(line);
    }
    if let Some(note) = target.filter(|target| event.type_() == "focusin" && target.class_list().contains("note")) {
        let of_this = |other: &HtmlElement| if **other == note { 0 } else { -1 };
        notes(code, Language::Rust).iter().for_each(|other| other.set_tab_index(of_this(other)));
    }
}

/// The line of the record that is shown in an element.
fn place_of(code: Code, element: &Element) -> Option<SourceLine> {
    let number = element.get_attribute("data-line")?.parse().ok()?;
    let path = element.closest("[data-path]").ok()??.get_attribute("data-path")?;
    let find = |record: &Record| record.waits().sources().iter().position(|source| source.path == path);
    Some(SourceLine { source: code.display.with_record(find)??, line: number })
}

/// Moves the focus from note to note.
fn take_key(code: Code, event: &KeyboardEvent) {
    let notes = notes(code, Language::Rust);
    let Some(focused) = document().active_element() else { return };
    let Some(index) = notes.iter().position(|note| **note == focused) else { return };
    let next = match event.key().as_str() {
        "ArrowUp" => index.saturating_sub(1),
        "ArrowDown" => (index + 1).min(notes.len() - 1),
        "Home" => 0,
        "End" => notes.len() - 1,
        _ => return,
    };
    event.prevent_default();
    // It can always have the focus.
    let _ = notes[next].focus();
}

/// Marks the line of the chosen task, and in the other language the function of the same name.
fn mark(code: Code) {
    for line in code.marked.try_update_value(std::mem::take).unwrap_or_default() {
        let _ = line.class_list().remove_2("marked", "within");
    }
    let Some(task) = code.display.chosen.get_untracked() else { return };
    let [rust, python] = Language::ALL.map(|language| code.files(language).get_untracked());
    let now_us = code.display.now_us();
    let place = code.display.with_line_waits(|record, waits| Place::of_task(record, waits, &rust, task, now_us));
    let Some(Place { line, names }) = place.flatten() else { return };
    add_mark(code, Language::Rust, line, "marked");
    let function =
        python.first().and_then(|file| Some((file, names.iter().find_map(|name| file.source.function(name))?)));
    if let Some((file, function)) = function {
        for line in function.lines.clone().filter(|line| *line != function.head) {
            add_mark(code, Language::Python, file.line(line), "within");
        }
        add_mark(code, Language::Python, file.line(function.head), "marked");
    }
}

fn add_mark(code: Code, language: Language, line: Option<HtmlElement>, class: &str) {
    let Some(line) = line else { return };
    let _ = line.class_list().add_1(class);
    if class == "marked" {
        code.scroll_to(language, &line);
    }
    code.marked.update_value(|marked| marked.push(line));
}

/// The place of a task in the code.
struct Place {
    /// The line on which it waits longest or, if it never waits, the line that names its function.
    line: Option<HtmlElement>,
    /// The functions around that line and the kinds of the task and the tasks around it, the innermost first.
    names: Vec<String>,
}

impl Place {
    /// Returns `None` if the run was made by another version of the code.
    fn of_task(record: &Record, waits: &LineWaits, files: &[ShownFile], task: TaskId, now_us: u64) -> Option<Self> {
        if is_of_other_version(record.waits(), files.first()?) {
            return None;
        }
        let line = waits.longest_of(task, now_us);
        let around = line.and_then(|line| Some((file_of(record.waits(), files, line)?, line.line)));
        let functions = around.iter().flat_map(|(file, line)| file.source.functions_around(*line));
        let mut names: Vec<_> = functions.map(|function| function.name.clone()).collect();
        let tasks = std::iter::successors(Some(task), |task| record.task(*task).parent);
        names.extend(tasks.map(|task| record.task(task).name.kind().to_string()));
        let head = || {
            let in_file = |name: &String| files.iter().find_map(|it| it.line(it.source.function(name)?.head));
            names.iter().find_map(in_file)
        };
        let line = around.and_then(|(file, line)| file.line(line)).or_else(head);
        Some(Self { line, names })
    }
}
