//! The figures of a run.

use leptos::prelude::*;

use crate::measure::metrics::Metrics as Measured;
use crate::measure::units::{count, percent, size, span};
use crate::measure::{Outcome, Record};
use crate::ui::lab::{Lab, Memory, measured_clock_resolution_us};
use crate::ui::lean::{dd, div, dl, dt, h2, part};

/// What is measured, with what it means.
struct Metric {
    /// Its name for programs that read the page.
    name: &'static str,
    /// Its name for people.
    label: &'static str,
    /// What it means.
    help: &'static str,
}

impl Metric {
    const fn of(name: &'static str, label: &'static str, help: &'static str) -> Self {
        Self { name, label, help }
    }
}

const METRICS: [Metric; 11] = [
    Metric::of("wall", "Wall time", "From the start to the last event"),
    Metric::of("ideal", "Ideal", "The same run with nothing but its waits"),
    Metric::of("efficiency", "Efficiency", "Ideal over wall time"),
    Metric::of("tasks", "Tasks", "Futures on the record"),
    Metric::of("peak-concurrency", "Peak concurrency", "Most under way at once"),
    Metric::of("peak-queue", "Peak queue", "Most that waited for a turn or a permit"),
    Metric::of("outcomes", "Outcomes", "How the tasks ended"),
    Metric::of("lag", "Loop lag", "The longest that the page could not turn"),
    Metric::of("clock", "Clock", "One step of this browser's clock"),
    Metric::of("record", "Record", "What its events, names and log take"),
    Metric::of("memory", "Memory", "The wasm module's, before and after"),
];

/// What they are, in their order.
pub(crate) type Figures = [Figure; METRICS.len()];

/// What one of them is.
#[derive(Default)]
pub(crate) struct Figure {
    /// With its unit, once there is one.
    text: Option<String>,
    /// The same as a plain number for programs, where the text has fewer digits.
    exact: Option<u64>,
}

/// The figures, each with what it means. Before the first run they have their places and no values.
pub(crate) fn metrics(lab: Lab) -> AnyView {
    let shown = move || {
        lab.digest.track();
        lab.runs.track();
        let figures = lab.results().map(|results| (results.figures)(lab)).unwrap_or_default();
        METRICS.iter().zip(figures).map(metric).collect_view().into_any()
    };
    [h2().text("Metrics").view(), dl().class("metrics").add(part(shown)).view()].into_any()
}

fn metric((metric, figure): (&Metric, Figure)) -> AnyView {
    div()
        .el(dt().text(metric.label))
        .el(dd()
            .attr("data-metric", metric.name)
            .attr_if("data-exact", figure.exact.map(|it| it.to_string()))
            .text(figure.text.unwrap_or_else(|| "–".to_owned())))
        .el(dd().class("help").text(metric.help))
        .view()
}

/// What the metrics are now.
pub(crate) fn figures(lab: Lab) -> Figures {
    let figures = lab.figures();
    let of = |show: fn(&Measured) -> String| Figure { text: figures.as_ref().map(show), exact: None };
    let ideal_us = lab.ideal.get().map(|ideal| ideal.record.end_us());
    let wall_us = figures.map(|it| it.wall_us).filter(|us| *us > 0);
    let efficiency = ideal_us.zip(wall_us).map(|(ideal, wall)| percent(ideal as f64 / wall as f64));
    let clock = figures.is_some().then(|| span(measured_clock_resolution_us()));
    let bytes = lab.with_record(Record::heap_bytes).filter(|_| figures.is_some());
    let bytes_per_task = figures.filter(|it| it.tasks > 0).zip(bytes);
    let figure = |text| Figure { text, exact: None };
    [
        of(|it| span(it.wall_us)),
        figure(ideal_us.map(span)),
        figure(efficiency),
        of(|it| count(it.tasks.into())),
        of(|it| count(it.peak_concurrency.into())),
        of(|it| count(it.peak_queue.into())),
        of(outcomes),
        Figure { exact: figures.and_then(|it| it.longest_lag_us), ..of(lag) },
        figure(clock),
        Figure {
            exact: bytes_per_task.map(|(it, bytes)| bytes as u64 / u64::from(it.tasks)),
            text: figures.zip(bytes).map(record_size),
        },
        figure(lab.memory.get().map(memory)),
    ]
}

fn lag(figures: &Measured) -> String {
    figures.longest_lag_us.map_or("no beat yet".to_owned(), span)
}

fn record_size((figures, bytes): (Measured, usize)) -> String {
    // Of a few tasks the room taken ahead is most of it.
    const MANY: u32 = 100;
    let whole = size(bytes as u64);
    if figures.tasks < MANY {
        whole
    } else {
        format!("{whole}, {} a task", size(bytes as u64 / u64::from(figures.tasks)))
    }
}

fn outcomes(figures: &Measured) -> String {
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
