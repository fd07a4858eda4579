//! The tasks that failed, a page of the list at a time, each with a button that shows it in the timeline.

use leptos::prelude::*;

use crate::measure::events::FailedTask;
use crate::measure::report::Column;
use crate::measure::units::{count, span};
use crate::measure::{Level, Record, TaskId};
use crate::ui::components::table::table;
use crate::ui::display::Display;

/// The number of tasks on a page of the list.
const ROWS: usize = 10;

const HEADERS: [&str; 6] = ["Task", "In", "Ended at", "Outcome", "Message", "Timeline"];

/// The list. As long as nothing has failed, it says so.
pub(crate) fn failures(display: Display) -> AnyView {
    let first = RwSignal::new(0);
    let shown = move || {
        display.digest.track();
        first.track();
        if display.runs.get() == 0 { nothing() } else { list(display, first) }
    };
    shown.into_any()
}

fn list(display: Display, first: RwSignal<usize>) -> AnyView {
    display
        .with_described(|record| {
            let failed = record.failed();
            let shown = first.get_untracked();
            if failed.is_empty() { nothing() } else { page(display, record, &failed, first, shown) }
        })
        .into_any()
}

fn nothing() -> AnyView {
    view! { <p class="empty">"No task has failed."</p> }.into_any()
}

fn page(display: Display, record: &Record, failed: &[FailedTask], first: RwSignal<usize>, shown: usize) -> AnyView {
    // Another run may have fewer.
    let from = shown.min((failed.len() - 1) / ROWS * ROWS);
    let rows = failed.iter().skip(from).take(ROWS).map(|failed| row(display, record, *failed)).collect_view();
    let to = (from + ROWS).min(failed.len());
    let caption = format!(
        "{} to {} of {} tasks that failed",
        count(from as u64 + 1),
        count(to as u64),
        count(failed.len() as u64)
    );
    let pages = (failed.len() > ROWS).then(|| {
        view! {
            <div class="pages">
                {turn(first, "Earlier", from.checked_sub(ROWS))}
                {turn(first, "Later", (to < failed.len()).then_some(to))}
            </div>
        }
    });
    view! {
        <div class="failures">
            {table(caption.clone(), caption, &HEADERS.map(Column::text), rows.into_any())}
            {pages}
            <p class="hint">
                "An error that propagates is listed for each task that it passes through. Attempts that were retried \
                are not listed here: see the timeline and the log."
            </p>
        </div>
    }
    .into_any()
}

/// A button that shows the page that starts at the task with this number, if there is one.
fn turn(first: RwSignal<usize>, name: &'static str, to: Option<usize>) -> AnyView {
    let turn = move |_| to.into_iter().for_each(|to| first.set(to));
    view! { <button class="quiet" disabled=to.is_none() on:click=turn>{name}</button> }.into_any()
}

fn row(display: Display, record: &Record, failed: FailedTask) -> AnyView {
    let task = record.task(failed.task);
    let parent = task.parent.map(|parent| record.task(parent).name.to_string()).unwrap_or_default();
    let outcome = format!("{} {}", failed.outcome.sign(), failed.outcome.name());
    let show = move |_| display.wanted.set(Some(display.task_in_run(failed.task)));
    let cells = [task.name.to_string(), parent, span(failed.at_us), outcome, message(record, failed.task)];
    view! {
        <tr data-failed=failed.outcome.name()>
            {cells.map(|cell| view! { <td>{cell}</td> }).collect_view()}
            <td>
                <button class="quiet" aria-label=format!("Show {} in the timeline", task.name) on:click=show>
                    "Show"
                </button>
            </td>
        </tr>
    }
    .into_any()
}

/// The error that the task logged, or else the one of a task inside it.
fn message(record: &Record, task: TaskId) -> String {
    let errors = || record.log_lines().iter().filter(|line| line.level == Level::Error);
    let own = errors().find(|line| line.task == Some(task));
    let line = own.or_else(|| errors().find(|line| record.is_within(line.task, Some(task))));
    line.map(|line| line.text.to_string()).unwrap_or_default()
}
