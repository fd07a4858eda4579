//! The tasks that failed, a page of the list at a time, each with a button that shows it in the timeline.

use leptos::prelude::*;

use crate::measure::events::FailedTask;
use crate::measure::units::{count, span};
use crate::measure::{Level, Record, TaskId};
use crate::ui::display::Display;
use crate::ui::element::{button, caption, div, h2, p, part, table, tbody, td, th, thead, tr};

/// The number of tasks on a page of the list.
const ROWS: usize = 10;

/// The list. It is empty as long as nothing has failed.
pub(crate) fn failures(display: Display) -> AnyView {
    let first = RwSignal::new(0);
    part(move || {
        display.digest.track();
        first.track();
        if display.runs.get() == 0 { ().into_any() } else { display.show(|views| (views.failures)(display, first)) }
    })
}

/// See [`failures`].
pub(crate) fn list(display: Display, first: RwSignal<usize>) -> AnyView {
    display
        .with_record(|record| {
            let failed = record.failed();
            let shown = first.get_untracked();
            if failed.is_empty() { ().into_any() } else { page(display, record, &failed, first, shown) }
        })
        .into_any()
}

fn page(display: Display, record: &Record, failed: &[FailedTask], first: RwSignal<usize>, shown: usize) -> AnyView {
    // Another run may have fewer.
    let from = shown.min((failed.len() - 1) / ROWS * ROWS);
    let rows = failed.iter().skip(from).take(ROWS).map(|failed| row(display, record, *failed));
    let to = (from + ROWS).min(failed.len());
    let headers = ["Task", "In", "Ended at", "Outcome", "Message", "Timeline"]
        .map(|header| th().attr("scope", "col").text(header).view());
    let turn = |name: &str, to: Option<usize>| {
        let off = to.is_none().then(String::new);
        let turn = move || to.into_iter().for_each(|to| first.set(to));
        button().class("quiet").attr_if("disabled", off).on_click(turn).text(name)
    };
    let caption_text = format!(
        "{} to {} of {} tasks that failed",
        count(from as u64 + 1),
        count(to as u64),
        count(failed.len() as u64)
    );
    let pages = div()
        .class("pages")
        .el(turn("Earlier", from.checked_sub(ROWS)))
        .el(turn("Later", (to < failed.len()).then_some(to)));
    let list =
        table().el(caption().text(&caption_text)).el(thead().el(tr().add_all(headers))).el(tbody().add_all(rows));
    div()
        .class("panel failures")
        .el(h2().text("Failed tasks"))
        .el(div().class("scrolls").attr("tabindex", "0").attr("role", "region").attr("aria-label", caption_text).el(list))
        .add(if failed.len() > ROWS { pages.view() } else { ().into_any() })
        .el(p()
            .class("hint")
            .text("An error that propagates is listed for each task that it passes. Attempts that were retried are not listed here: see the timeline and the log."))
        .view()
}

fn row(display: Display, record: &Record, failed: FailedTask) -> AnyView {
    let task = record.task(failed.task);
    let parent = task.parent.map(|parent| record.task(parent).name.to_string()).unwrap_or_default();
    let outcome = format!("{} {}", failed.outcome.sign(), failed.outcome.name());
    let show = button().class("quiet").attr("aria-label", format!("Show {} in the timeline", task.name)).text("Show");
    let cells = [task.name.to_string(), parent, span(failed.at_us), outcome, message(record, failed.task)];
    tr().attr("data-failed", failed.outcome.name())
        .add_all(cells.map(|cell| td().text(cell).view()))
        .el(td().el(show.on_click(move || display.wanted.set(Some(failed.task)))))
        .view()
}

/// The error that the task logged, or else the one of a task inside it.
fn message(record: &Record, task: TaskId) -> String {
    let errors = || record.log_lines().iter().filter(|line| line.level == Level::Error);
    let own = errors().find(|line| line.task == Some(task));
    let line = own.or_else(|| errors().find(|line| record.is_within(line.task, Some(task))));
    line.map(|line| line.text.to_string()).unwrap_or_default()
}
