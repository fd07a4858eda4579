//! The table of tasks. The head of each column is a button that sorts by it.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent};

use crate::figures::tasks::{TaskColumn, sortable};
use crate::measure::TaskId;
use crate::ui::display::Display;
use crate::ui::drawing::drawing;

/// The table of the run on display, in the order that the reader chose. It is tracked.
pub(crate) fn tasks(display: Display) -> AnyView {
    let order = display.task_order.get();
    let table = display.with_described(|record| drawing(sortable(record, order)));
    // One listener for all buttons: they are drawn again with each step of the run.
    let press = move |event: MouseEvent| {
        sort(display, &event);
        show_pressed(display, &event);
    };
    view! { <div on:click=press>{table}</div> }.into_any()
}

/// Shows the task whose button was pressed in the timeline.
pub(crate) fn show_pressed(display: Display, event: &MouseEvent) {
    if let Some(task) = pressed(event, "data-task") {
        display.wanted.set(Some(TaskId::at(task)));
    }
}

fn sort(display: Display, event: &MouseEvent) {
    if let Some(column) = pressed(event, "data-column").and_then(|index| TaskColumn::ALL.get(index)) {
        display.task_order.update(|order| *order = order.after_press(*column));
    }
}

/// The number in this attribute of the button that was pressed, if it has one.
fn pressed(event: &MouseEvent, attribute: &str) -> Option<usize> {
    let target = event.target()?.dyn_into::<Element>().ok()?;
    target.get_attribute(attribute)?.parse().ok()
}
