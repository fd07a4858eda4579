//! The metrics of a run as text, each with its name and meaning.

use serde::{Deserialize, Serialize};

use crate::measure::events::Outcome;
use crate::measure::metrics::Metrics;
use crate::measure::units::{count, percent, size, span};

/// A metric: its names and its meaning.
#[derive(Debug)]
pub struct Metric {
    /// Its name for programs that read the page.
    pub name: &'static str,
    /// Its name for people.
    pub label: &'static str,
    /// Its meaning.
    pub help: &'static str,
}

impl Metric {
    const fn new(name: &'static str, label: &'static str, help: &'static str) -> Self {
        Self { name, label, help }
    }
}

/// All metrics of a run.
pub const METRICS: [Metric; 11] = [
    Metric::new("wall", "Wall time", "From the start to the last event"),
    Metric::new("ideal", "Ideal", "Time of the run if only its waits took time"),
    Metric::new("efficiency", "Efficiency", "Ideal divided by wall time"),
    Metric::new("tasks", "Tasks", "Tasks recorded"),
    Metric::new("peak-concurrency", "Peak concurrency", "Most tasks in progress at once, in the whole run"),
    Metric::new("peak-queue", "Peak queue", "Most tasks waiting for a permit at once"),
    Metric::new("outcomes", "Outcomes", "How the tasks ended"),
    Metric::new("lag", "Loop lag", "Longest event-loop block"),
    Metric::new("clock", "Clock", "Resolution of this browser's clock"),
    Metric::new("record", "Record", "Memory used by the recorded events, names and log"),
    Metric::new("memory", "Memory", "WebAssembly memory, before and after"),
];

/// The values of the [`METRICS`], in the same order.
pub type Figures = [Figure; METRICS.len()];

/// The value of one of the [`METRICS`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figure {
    /// The value with its unit, or `None` if it is not known yet.
    pub text: Option<String>,
    /// The exact number for programs, if the text is rounded.
    pub exact: Option<u64>,
}

/// Memory of the wasm module in bytes, around a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memory {
    /// At the start of the run.
    pub before: u64,
    /// At the end of the run.
    pub after: u64,
}

/// The facts that the metrics of a run are computed from.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// The metrics of its record.
    pub measured: Metrics,
    /// The duration if only its waits took time, in microseconds, if it has been computed.
    pub ideal_us: Option<u64>,
    /// The resolution of the clock, in microseconds.
    pub clock_resolution_us: u64,
    /// The size of its record in memory, in bytes.
    pub record_bytes: u64,
    /// The WebAssembly memory before and after the run, if it is known.
    pub memory: Option<Memory>,
}

impl Facts {
    /// The values of the [`METRICS`].
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
            Figure { text: Some(it.longest_lag_us.map_or("none yet".to_owned(), span)), exact: it.longest_lag_us },
            of(span(self.clock_resolution_us)),
            Figure { text: Some(self.record_size()), exact: self.record_bytes.checked_div(it.tasks.into()) },
            perhaps(self.memory.map(memory)),
        ]
    }

    /// The values of the [`METRICS`] that describe a time range of this length (in microseconds). The others describe
    /// the whole run, and are left out.
    #[must_use]
    pub fn of_range(measured: &Metrics, length_us: u64) -> Figures {
        let measured = Metrics { wall_us: length_us, ..*measured };
        let facts = Self { measured, ideal_us: None, clock_resolution_us: 0, record_bytes: 0, memory: None };
        let mut figures = facts.figures();
        for (figure, metric) in figures.iter_mut().zip(&METRICS) {
            if matches!(metric.name, "clock" | "record" | "memory") {
                *figure = Figure::default();
            }
        }
        figures
    }

    fn record_size(&self) -> String {
        // With few tasks, most of the memory is spare capacity.
        const MANY: u32 = 100;
        let (whole, tasks) = (size(self.record_bytes), self.measured.tasks);
        if tasks < MANY { whole } else { format!("{whole}, {} per task", size(self.record_bytes / u64::from(tasks))) }
    }
}

fn outcomes(measured: &Metrics) -> String {
    let counts = Outcome::ALL.map(|outcome| (measured.outcomes.get(outcome), outcome.name()));
    let parts = counts.iter().filter(|(n, _)| *n > 0).map(|(n, name)| format!("{} {name}", count((*n).into())));
    let text = parts.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "none yet".to_owned() } else { text }
}

fn memory(memory: Memory) -> String {
    if memory.before == memory.after {
        size(memory.after)
    } else {
        format!("{} → {}", size(memory.before), size(memory.after))
    }
}
