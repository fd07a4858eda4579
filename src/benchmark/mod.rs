//! What the runtime itself costs: many waits at once, beside the same with the browser's own promises.
//!
//! Each case is run by each contender in turn, round after round, so that a change of the machine's pace hits all of
//! them alike. Tasks are made inside the timed stretch by all contenders.

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

/// How often each contender runs each case, after one round that is not counted.
pub const ROUNDS: usize = 5;

/// How long each sleep of a case lasts.
pub const SLEEP: Duration = Duration::from_millis(100);

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// This many sleeps of [`SLEEP`] at once.
    Sleeps(u32),
    /// This many futures that are ready at once.
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

    /// What it would take if nothing but the waits took time.
    #[must_use]
    pub fn ideal(self) -> Duration {
        match self {
            Self::Sleeps(_) => SLEEP,
            Self::Ready(_) => Duration::ZERO,
        }
    }
}

/// Who does it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contender {
    /// The runtime's own futures.
    Runtime,
    /// The same, each of them on the record.
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
    /// What was done.
    pub case: Case,
    /// Who did it.
    pub contender: Contender,
    /// Wall times in milliseconds, one for each round.
    pub runs_ms: Vec<f64>,
}

impl Measured {
    /// The sample in short.
    #[must_use]
    pub fn summary(&self) -> Summary {
        Summary::from_sample(self.runs_ms.iter().copied())
    }

    /// The median's part that is not the waits, in milliseconds. None before the first round.
    #[must_use]
    pub fn over_ideal_ms(&self) -> Option<f64> {
        Some(self.summary().median()? - self.case.ideal().as_secs_f64() * 1e3)
    }
}

/// What workers bring, each the median of [`ROUNDS`] rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workers {
    /// How many there are: one for each processor.
    pub workers: usize,
    /// How many times as fast as one of them they compute together.
    pub speed_up: f64,
    /// Digits that one of them reads in a second, all images of the data set at a time.
    pub digits_per_s: f64,
    /// The same, one image at a time.
    pub single_digits_per_s: f64,
}

/// All that was measured so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// One entry for each case and contender, in the order of the table.
    pub measured: Vec<Measured>,
    /// Memory of the record for each recorded task, in bytes.
    pub bytes_per_task: Option<usize>,
    /// The longest lag of the event loop while ten thousand tasks were under way and on the record, in microseconds.
    pub longest_block_us: Option<u64>,
    /// What workers bring, or why that could not be measured.
    pub workers: Option<Result<Workers, Failure>>,
    /// Rounds that are over, counting the first, which is not in the results.
    pub rounds_done: usize,
}

impl Default for Results {
    fn default() -> Self {
        let of_case = |case| Contender::ALL.map(|contender| Measured { case, contender, runs_ms: Vec::new() });
        let measured = Case::ALL.into_iter().flat_map(of_case).collect();
        Self { measured, bytes_per_task: None, longest_block_us: None, workers: None, rounds_done: 0 }
    }
}
