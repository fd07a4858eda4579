//! The figures of a run.

use leptos::prelude::*;

use crate::measure::metrics::Metrics as Figures;
use crate::measure::units::{count, percent, size, span};
use crate::measure::{Outcome, Record};
use crate::ui::lab::{Lab, Memory, measured_clock_resolution_us};
use crate::ui::lean::{dd, div, dl, dt, h2, part};

/// The figures, each with what it means. Before the first run they have their places and no values.
pub(crate) fn metrics(lab: Lab) -> AnyView {
    let shown = move || {
        lab.digest.track();
        lab.runs.track();
        figures(lab).into_iter().map(metric).collect_view().into_any()
    };
    [h2().text("Metrics").view(), dl().class("metrics").add(part(shown)).view()].into_any()
}

/// One figure.
struct Metric {
    /// Its name for programs that read the page.
    name: &'static str,
    /// Its name for people.
    label: &'static str,
    /// What it means.
    help: &'static str,
    /// Its value with its unit, once there is one.
    value: Option<String>,
    /// The same as a plain number for programs, where the text has fewer digits.
    exact: Option<u64>,
}

fn metric(metric: Metric) -> AnyView {
    let value = metric.value.unwrap_or_else(|| "–".to_owned());
    div()
        .el(dt().text(metric.label))
        .el(dd()
            .attr("data-metric", metric.name)
            .attr_if("data-exact", metric.exact.map(|it| it.to_string()))
            .text(value))
        .el(dd().class("help").text(metric.help))
        .view()
}

fn figures(lab: Lab) -> [Metric; 11] {
    let figures = lab.figures();
    let of = |show: fn(&Figures) -> String| figures.as_ref().map(show);
    let ideal_us = lab.ideal.get().map(|ideal| ideal.record.end_us());
    let wall_us = figures.map(|it| it.wall_us).filter(|us| *us > 0);
    let efficiency = ideal_us.zip(wall_us).map(|(ideal, wall)| percent(ideal as f64 / wall as f64));
    let clock = figures.is_some().then(|| span(measured_clock_resolution_us()));
    let bytes = lab.with_record(Record::heap_bytes).filter(|_| figures.is_some());
    let metric = |name, label, help, value| Metric { name, label, help, value, exact: None };
    [
        metric("wall", "Wall time", "From the start to the last event", of(|it| span(it.wall_us))),
        metric("ideal", "Ideal", "The same run with nothing but its waits", ideal_us.map(span)),
        metric("efficiency", "Efficiency", "Ideal over wall time", efficiency),
        metric("tasks", "Tasks", "Futures on the record", of(|it| count(it.tasks.into()))),
        metric(
            "peak-concurrency",
            "Peak concurrency",
            "Most under way at once",
            of(|it| count(it.peak_concurrency.into())),
        ),
        metric(
            "peak-queue",
            "Peak queue",
            "Most that waited for a turn or a permit",
            of(|it| count(it.peak_queue.into())),
        ),
        metric("outcomes", "Outcomes", "How the tasks ended", of(outcomes)),
        Metric {
            exact: figures.and_then(|it| it.longest_lag_us),
            ..metric("lag", "Loop lag", "The longest that the page could not turn", of(lag))
        },
        metric("clock", "Clock", "One step of this browser's clock", clock),
        Metric {
            exact: figures.filter(|it| it.tasks > 0).zip(bytes).map(|(it, bytes)| bytes as u64 / u64::from(it.tasks)),
            ..metric("record", "Record", "What its events, names and log take", figures.zip(bytes).map(record_size))
        },
        metric("memory", "Memory", "The wasm module's, before and after", lab.memory.get().map(memory)),
    ]
}

fn lag(figures: &Figures) -> String {
    figures.longest_lag_us.map_or("no beat yet".to_owned(), span)
}

fn record_size((figures, bytes): (Figures, usize)) -> String {
    // Of a few tasks the room taken ahead is most of it.
    const MANY: u32 = 100;
    let whole = size(bytes as u64);
    if figures.tasks < MANY {
        whole
    } else {
        format!("{whole}, {} a task", size(bytes as u64 / u64::from(figures.tasks)))
    }
}

fn outcomes(figures: &Figures) -> String {
    let counts = Outcome::ALL.map(|outcome| (figures.outcomes.of(outcome), outcome.name()));
    let told = counts.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{} {name}", count((*n).into())));
    let told = told.collect::<Vec<_>>().join(", ");
    if told.is_empty() { "none yet".to_owned() } else { told }
}

fn memory(memory: Memory) -> String {
    if memory.before == memory.after {
        size(memory.after)
    } else {
        format!("{} → {}", size(memory.before), size(memory.after))
    }
}
