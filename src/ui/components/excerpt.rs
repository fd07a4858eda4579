//! The lines of Python that do what the run of the first page does. A line is marked while its task runs, and says how
//! long the task took.

use leptos::html::Div;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, HtmlElement};

use crate::endpoint::site_file;
use crate::exercises::exercise::Exercise;
use crate::figures::code::SourceCode;
use crate::figures::excerpt::excerpt as lines_of;
use crate::figures::lanes::LaneTask;
use crate::frame::first_run::PARTS;
use crate::measure::units::span;
use crate::ui::drawing::drawing;
use crate::ui::painted;

/// The lines. `task` finds a task by its part and its kind.
pub(crate) fn excerpt(exercise: &'static Exercise, task: impl Fn(&str, &str) -> Option<LaneTask> + 'static) -> AnyView {
    let element = NodeRef::<Div>::new();
    let source = RwSignal::new(None);
    let painted = painted::take();
    if painted.is_none() {
        load(exercise, source);
    }
    Effect::new(move || {
        source.track();
        let Some(element) = element.get() else { return };
        if let Some(painted) = painted.as_ref().filter(|painted| !painted.is_connected()) {
            // It cannot fail: it has been in a page before.
            let _ = element.append_child(painted);
        }
        lines_with_tasks(&element).iter().for_each(|line| mark(line, &task));
    });
    let loaded =
        move || source.with(|source| source.as_ref().map(|it| drawing(lines_of(it, &PARTS.map(|part| part.task)))));
    view! { <div class="sources" node_ref=element>{loaded}</div> }.into_any()
}

/// Loads the source. If that fails, nothing is shown: the exercise's own page says why.
fn load(exercise: &'static Exercise, source: RwSignal<Option<SourceCode>>) {
    leptos::task::spawn_local(async move {
        if let Ok(bytes) = site_file::read(&format!("sources/{}", exercise.python())).await {
            // The page may be gone by now.
            source.try_set(Some(SourceCode::parse(&String::from_utf8_lossy(&bytes))));
        }
    });
}

/// The lines that start a task.
fn lines_with_tasks(element: &Element) -> Vec<HtmlElement> {
    let Ok(lines) = element.query_selector_all("[data-calls]") else { return Vec::new() };
    (0..lines.length()).filter_map(|index| lines.item(index)?.dyn_into().ok()).collect()
}

fn mark(line: &HtmlElement, task: &impl Fn(&str, &str) -> Option<LaneTask>) {
    let [part, kind] = ["data-part", "data-calls"].map(|name| line.get_attribute(name).unwrap_or_default());
    let task = task(&part, &kind);
    // The classes are valid, and the line takes children.
    let _ = line.class_list().toggle_with_force("marked", task.as_ref().is_some_and(|task| task.is_open));
    let text = task.map_or_else(String::new, |task| span(task.to_us - task.from_us));
    match line.query_selector(".note").ok().flatten() {
        Some(note) => note.set_text_content(Some(&text)),
        None => {
            if let Ok(note) = document().create_element("span") {
                note.set_class_name("note");
                note.set_text_content(Some(&text));
                let _ = line.append_child(&note);
            }
        }
    }
}
