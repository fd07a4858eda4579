//! The log of a run, with the time and the task of every line.

use leptos::prelude::*;

use crate::measure::units::count;
use crate::measure::{Level, LogLine, Record};
use crate::ui::display::Display;

/// The number of lines that are shown, counted from the end: a run of ten thousand tasks logs more than anybody reads.
const MOST_LINES: usize = 200;

/// The same during a run, when lines move up several times a second. It is what the box can show.
const MOST_LINES_LIVE: usize = 20;

/// The log. Its lines may contain text from files and servers, which is only ever shown as text.
pub(crate) fn log(display: Display) -> AnyView {
    let lines = move || {
        display.digest.track();
        if display.runs.get() == 0 { ().into_any() } else { lines(display) }
    };
    let empty = move || match display.runs.get() {
        0 => view! { <p class="empty">"Log messages appear here."</p> }.into_any(),
        _ => ().into_any(),
    };
    view! {
        <div class="log-box" tabindex="0" role="region" aria-label="Log lines">
            <ol class="log">{lines}</ol>
        </div>
        {empty}
    }
    .into_any()
}

fn lines(display: Display) -> AnyView {
    display
        .with_described(|record| {
            let lines = record.log_lines();
            let most = if display.is_running() { MOST_LINES_LIVE } else { MOST_LINES };
            let left_out = lines.len().saturating_sub(most);
            let note = (left_out > 0).then(|| {
                let note = format!("{} earlier lines are not shown.", count(left_out as u64));
                view! { <li class="empty">{note}</li> }.into_any()
            });
            let shown = lines[left_out..].iter().chain(record.unfinished());
            note.into_iter().chain(shown.map(|it| line(it, record))).collect_view()
        })
        .into_any()
}

fn line(line: &LogLine, record: &Record) -> AnyView {
    let class = match line.level {
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    let task = line.task.map(|task| record.task(task).name.to_string()).unwrap_or_default();
    let at = format!("{:.3} s", line.at_us as f64 / 1e6);
    view! {
        <li class=class>
            <time>{at}</time>
            <span class="task">{task}</span>
            <span>{line.text.to_string()}</span>
        </li>
    }
    .into_any()
}
