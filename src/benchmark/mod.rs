//! The cost of the runtime itself: many concurrent waits, compared with the browser's own promises.
//!
//! In each round every contender runs every case, so that a change of the machine's speed affects all contenders
//! equally. The time includes the creation of the tasks.

pub mod budgets;
#[cfg(target_arch = "wasm32")]
mod promises;
#[cfg(target_arch = "wasm32")]
mod rounds;
#[cfg(target_arch = "wasm32")]
mod workers;

use std::time::Duration;

use crate::exercises::exercise::Failure;
use crate::measure::statistics::Summary;

#[cfg(target_arch = "wasm32")]
pub use rounds::run;

/// The number of rounds, after one warm-up round that is not counted.
pub const ROUNDS: usize = 5;

/// The number of pairs of runs that measure the cost of recording lines.
pub const PAIRS: usize = 30;

/// The duration of each sleep.
pub const SLEEP: Duration = Duration::from_millis(100);

/// A workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// This many concurrent sleeps of [`SLEEP`].
    Sleeps(u32),
    /// This many futures that are ready immediately.
    Ready(u32),
}

impl Case {
    /// All cases, in the order of the table.
    pub const ALL: [Self; 4] = [Self::Sleeps(1_000), Self::Sleeps(10_000), Self::Sleeps(100_000), Self::Ready(100_000)];

    /// Its name for programs that read the table.
    #[must_use]
    pub fn key(self) -> String {
        match self {
            Self::Sleeps(n) => format!("sleeps-{n}"),
            Self::Ready(n) => format!("ready-{n}"),
        }
    }

    /// The time that it would take if only the waits took time.
    #[must_use]
    pub fn ideal(self) -> Duration {
        match self {
            Self::Sleeps(_) => SLEEP,
            Self::Ready(_) => Duration::ZERO,
        }
    }
}

/// A way to run a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// The runtime's own futures.
    Runtime,
    /// The same, with each future recorded as a task.
    Recorded,
    /// The browser's own `Promise.all`.
    Promises,
}

impl Contender {
    /// All contenders, in the order of the table.
    pub const ALL: [Self; 3] = [Self::Runtime, Self::Recorded, Self::Promises];

    /// Its name for programs that read the table.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Runtime => "runtime",
            Self::Recorded => "recorded",
            Self::Promises => "promises",
        }
    }
}

/// The wall times of one contender in one case.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    /// The case.
    pub case: Case,
    /// The contender.
    pub contender: Contender,
    /// Wall times in milliseconds, one for each round.
    pub runs_ms: Vec<f64>,
}

impl Measured {
    /// The summary of the sample.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary::from_sample(self.runs_ms.iter().copied())
    }

    /// The median minus the ideal, in milliseconds. `None` before the first round.
    #[must_use]
    pub fn over_ideal_ms(&self) -> Option<f64> {
        Some(self.summary().median()? - self.case.ideal().as_secs_f64() * 1e3)
    }
}

/// The figures of workers, each the median of [`ROUNDS`] rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workers {
    /// The number of workers: one for each processor.
    pub workers: usize,
    /// The speed of all workers together, relative to one worker.
    pub speed_up: f64,
    /// Digits that one worker predicts per second, in batches of the whole data set.
    pub digits_per_s: f64,
    /// The same, one image at a time.
    pub single_digits_per_s: f64,
}

/// The results so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// One entry for each case and contender, in the order of the table.
    pub measured: Vec<Measured>,
    /// The cost of recording the line of each wait, one entry for each of [`PAIRS`] pairs: the time with lines, divided
    /// by the time without.
    pub line_costs: Vec<f64>,
    /// Memory of the record for each recorded task, in bytes.
    pub bytes_per_task: Option<usize>,
    /// The longest lag of the event loop while ten thousand recorded tasks were running, in microseconds.
    pub longest_block_us: Option<u64>,
    /// The figures of workers, or the reason why they could not be measured.
    pub workers: Option<Result<Workers, Failure>>,
    /// The number of finished rounds, including the warm-up round.
    pub rounds_done: usize,
}

impl Default for Results {
    fn default() -> Self {
        let of_case = |case| Contender::ALL.map(|contender| Measured { case, contender, runs_ms: Vec::new() });
        let measured = Case::ALL.into_iter().flat_map(of_case).collect();
        Self {
            measured,
            line_costs: Vec::new(),
            bytes_per_task: None,
            longest_block_us: None,
            workers: None,
            rounds_done: 0,
        }
    }
}
