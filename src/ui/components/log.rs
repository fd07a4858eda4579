//! The log of a run, with the time and the task of every line.

use leptos::prelude::*;

use crate::measure::units::count;
use crate::measure::{Level, LogLine, Record};
use crate::ui::display::Display;
use crate::ui::element::{div, h2, li, ol, p, part, span, time};

/// At most this many lines are shown, the last ones: a run of ten thousand tasks logs more than anybody reads.
const MOST_LINES: usize = 200;

/// The same while a run is under way, when each line moves up several times a second: as many as the box shows.
const MOST_LINES_LIVE: usize = 20;

/// The log. Its lines may hold text from files and servers, which is only ever shown as text.
pub(crate) fn log(display: Display) -> AnyView {
    let lines = move || {
        display.digest.track();
        if display.runs.get() == 0 { ().into_any() } else { display.show(|views| (views.log)(display)) }
    };
    let empty = move || match display.runs.get() {
        0 => p().class("empty").text("Log messages appear here.").view(),
        _ => ().into_any(),
    };
    let lines_box = div()
        .class("log-box")
        .attr("tabindex", "0")
        .attr("role", "region")
        .attr("aria-label", "Log lines")
        .el(ol().class("log").add(part(lines)));
    [h2().text("Log").view(), lines_box.view(), part(empty)].into_any()
}

/// See [`log`].
pub(crate) fn lines(display: Display) -> AnyView {
    display
        .with_record(|record| {
            let lines = record.log_lines();
            let most = if display.is_running() { MOST_LINES_LIVE } else { MOST_LINES };
            let left_out = lines.len().saturating_sub(most);
            let note = (left_out > 0).then(|| {
                let note = format!("{} earlier lines are not shown.", count(left_out as u64));
                li().class("empty").text(note).view()
            });
            note.into_iter().chain(lines[left_out..].iter().map(|it| line(it, record))).collect_view()
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
    li().class(class).el(time().text(at)).el(span().class("task").text(task)).el(span().text(&line.text)).view()
}
