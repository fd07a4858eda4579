//! The table of tasks. The head of each column is a button that sorts by it.

use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::figures::tasks::{TaskColumn, sortable};
use crate::ui::display::Display;
use crate::ui::drawing::drawing;

/// The table of the run on display, in the order that the reader chose. It is tracked.
pub(crate) fn tasks(display: Display) -> AnyView {
    let order = display.task_order.get();
    let table = display.with_described(|record| drawing(sortable(record, order)));
    // One listener for all column headers: they are drawn again with each step of the run.
    view! { <div on:click=move |event| sort(display, &event)>{table}</div> }.into_any()
}

fn sort(display: Display, event: &web_sys::MouseEvent) {
    let target = event.target().and_then(|target| target.dyn_into::<web_sys::Element>().ok());
    let pressed = target.and_then(|target| target.get_attribute("data-column")?.parse::<usize>().ok());
    if let Some(column) = pressed.and_then(|index| TaskColumn::ALL.get(index)) {
        display.task_order.update(|order| *order = order.after_press(*column));
    }
}
