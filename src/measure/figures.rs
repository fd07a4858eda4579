//! The figures of a run in words, each with its name and what it means.

use serde::{Deserialize, Serialize};

use crate::measure::events::Outcome;
use crate::measure::metrics::Metrics;
use crate::measure::units::{count, percent, size, span};

/// What is measured, with what it means.
#[derive(Debug)]
pub struct Metric {
    /// Its name for programs that read the page.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// What it means.
    pub help: &'static str,
}

impl Metric {
    const fn new(name: &'static str, label: &'static str, help: &'static str) -> Self {
        Self { name, label, help }
    }
}

/// All that is measured of a run.
pub const METRICS: [Metric; 11] = [
    Metric::new("wall", "Wall time", "From the start to the last event"),
    Metric::new("ideal", "Ideal", "The same run with nothing but its waits"),
    Metric::new("efficiency", "Efficiency", "Ideal over wall time"),
    Metric::new("tasks", "Tasks", "Futures on the record"),
    Metric::new("peak-concurrency", "Peak concurrency", "Most under way at once"),
    Metric::new("peak-queue", "Peak queue", "Most that waited for a turn or a permit"),
    Metric::new("outcomes", "Outcomes", "How the tasks ended"),
    Metric::new("lag", "Loop lag", "The longest that the page could not turn"),
    Metric::new("clock", "Clock", "One step of this browser's clock"),
    Metric::new("record", "Record", "What its events, names and log take"),
    Metric::new("memory", "Memory", "The wasm module's, before and after"),
];

/// What the [`METRICS`] are, in their order.
pub type Figures = [Figure; METRICS.len()];

/// What one of the [`METRICS`] is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figure {
    /// With its unit, once there is one.
    pub text: Option<String>,
    /// The same as a plain number for programs, where the text has fewer digits.
    pub exact: Option<u64>,
}

/// Memory of the wasm module in bytes, around a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// When the run began.
    pub before: u64,
    /// When it was over.
    pub after: u64,
}

/// What is known of a run in numbers.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// What its record says.
    pub measured: Metrics,
    /// How long it takes with nothing but its waits, in microseconds, if that was computed.
    pub ideal_us: Option<u64>,
    /// One step of the clock, in microseconds.
    pub clock_resolution_us: u64,
    /// What its record takes in memory, in bytes.
    pub record_bytes: u64,
    /// The wasm module's memory around it, if that is known.
    pub memory: Option<Memory>,
}

impl Facts {
    /// The figures.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let it = &self.measured;
        let wall_us = Some(it.wall_us).filter(|us| *us > 0);
        let efficiency = self.ideal_us.zip(wall_us).map(|(ideal, wall)| percent(ideal as f64 / wall as f64));
        let of = |text: String| Figure { text: Some(text), exact: None };
        let perhaps = |text| Figure { text, exact: None };
        [
            of(span(it.wall_us)),
            perhaps(self.ideal_us.map(span)),
            perhaps(efficiency),
            of(count(it.tasks.into())),
            of(count(it.peak_concurrency.into())),
            of(count(it.peak_queue.into())),
            of(outcomes(it)),
            Figure { text: Some(it.longest_lag_us.map_or("no beat yet".to_owned(), span)), exact: it.longest_lag_us },
            of(span(self.clock_resolution_us)),
            Figure { text: Some(self.record_size()), exact: self.record_bytes.checked_div(it.tasks.into()) },
            perhaps(self.memory.map(memory)),
        ]
    }

    fn record_size(&self) -> String {
        // Of a few tasks the room taken ahead is most of it.
        const MANY: u32 = 100;
        let (whole, tasks) = (size(self.record_bytes), self.measured.tasks);
        if tasks < MANY { whole } else { format!("{whole}, {} a task", size(self.record_bytes / u64::from(tasks))) }
    }
}

fn outcomes(measured: &Metrics) -> String {
    let counts = Outcome::ALL.map(|outcome| (measured.outcomes.get(outcome), outcome.name()));
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
