//! What the runtime itself costs: many waits at once, beside the same with the browser's own promises.
//!
//! Each case is run by each contender in turn, round after round, so that a change of the machine's pace hits all of
//! them alike. Tasks are made inside the timed stretch by all contenders.

mod promises;
mod workers;

use std::time::Duration;

use futures::future::{join_all, ready};

use crate::exercises::exercise::Failure;
use crate::measure::statistics::Summary;
use crate::runtime::Run;

pub use workers::Workers;

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
        Summary::of(self.runs_ms.iter().copied())
    }
}

/// All that was measured so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Results {
    /// One entry for each case and contender, in the order of the table.
    pub measured: Vec<Measured>,
    /// Memory of the record for each recorded task, in bytes.
    pub bytes_per_task: Option<usize>,
    /// What workers bring, or why that could not be measured.
    pub workers: Option<Result<Workers, Failure>>,
    /// Rounds that are over, counting the first, which is not in the results.
    pub rounds_done: usize,
}

impl Default for Results {
    fn default() -> Self {
        let of_case = |case| Contender::ALL.map(|contender| Measured { case, contender, runs_ms: Vec::new() });
        let measured = Case::ALL.into_iter().flat_map(of_case).collect();
        Self { measured, bytes_per_task: None, workers: None, rounds_done: 0 }
    }
}

/// Runs everything and shows the results as they grow. Dropping the future stops it.
pub async fn run(mut show: impl FnMut(&Results)) {
    let pause = Run::in_browser(0);
    let mut results = Results::default();
    for round in 0..=ROUNDS {
        for measured in &mut results.measured {
            let ms = measure(measured.case, measured.contender).await;
            if round > 0 {
                measured.runs_ms.push(ms);
            }
            // The page paints and tidies up in between, and not during the next.
            pause.sleep(Duration::from_millis(50)).await;
        }
        results.rounds_done = round + 1;
        show(&results);
    }
    results.bytes_per_task = Some(bytes_per_task().await);
    show(&results);
    results.workers = Some(workers::measure().await);
    show(&results);
}

/// The wall time in milliseconds.
async fn measure(case: Case, contender: Contender) -> f64 {
    let run = Run::in_browser(0);
    match (case, contender) {
        (Case::Sleeps(n), Contender::Runtime) => drop(join_all((0..n).map(|_| run.sleep(SLEEP))).await),
        (Case::Sleeps(n), Contender::Recorded) => {
            drop(join_all((0..n).map(|_| run.task("sleep", run.sleep(SLEEP)))).await);
        }
        (Case::Ready(n), Contender::Runtime) => drop(join_all((0..n).map(|_| ready(()))).await),
        (Case::Ready(n), Contender::Recorded) => drop(join_all((0..n).map(|_| run.task("ready", ready(())))).await),
        (Case::Sleeps(n), Contender::Promises) => promises::sleeps(n, SLEEP.as_millis() as u32).await,
        (Case::Ready(n), Contender::Promises) => promises::ready(n).await,
    }
    run.now().as_secs_f64() * 1e3
}

/// What the record takes for each of ten thousand tasks with one wait.
async fn bytes_per_task() -> usize {
    const TASKS: usize = 10_000;
    let run = Run::in_browser(0);
    join_all((0..TASKS).map(|_| run.task("sleep", run.sleep(Duration::from_millis(10))))).await;
    let bytes = run.record().heap_bytes();
    bytes / TASKS
}
