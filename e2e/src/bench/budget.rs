//! The project's budgets: each limit is one that the project commits to. A budget without a measured figure counts as
//! missed.

use std::fmt;

use super::{Case, Contender, Sample};

/// A limit and the measured figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// The limited quantity.
    pub what: String,
    /// The measured figure, if there is one.
    pub figure: Option<f64>,
    /// The limit, which still meets the budget.
    pub limit: f64,
}

/// The result of comparing a figure with its limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The figure is at most the limit.
    Met,
    /// The figure is above the limit, or there is none.
    Missed,
}

impl Budget {
    /// Compares the figure with the limit.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        // NaN is not at most the limit, so it counts as missed.
        let is_met = self.figure.is_some_and(|figure| figure <= self.limit);
        if is_met { Verdict::Met } else { Verdict::Missed }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Self::Met => "met",
            Self::Missed => "MISSED",
        })
    }
}

/// The measurements other than the times of cases and contenders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurements {
    /// Recording time with the lines of waits ÷ without, upper bound of its 95 % interval. `None` if the page did not
    /// report it.
    pub line_cost: Option<f64>,
    /// The time to open the file of a run of a million tasks, in milliseconds.
    pub open_million_ms: f64,
    /// The 95th percentile of the times from frame to frame while the timeline of that run is zoomed and moved, divided
    /// by that of a run of 1,000 tasks.
    pub frame_time_ratio: f64,
    /// The memory of the record for each of many sleeps. `None` if the page did not report it.
    pub bytes_per_sleep: Option<f64>,
    /// The memory of the record for each task of an exercise with 10,000 tasks behind a limit, some of which fail.
    pub bytes_per_exercise_task: f64,
    /// The longest time for which that exercise blocked the page, in milliseconds.
    pub longest_block_ms: f64,
    /// The compressed size of everything that counts in the first visit.
    pub first_load_bytes: u64,
}

/// All budgets, in the order of the table.
#[must_use]
pub fn budgets(samples: &[Sample], figures: Measurements) -> Vec<Budget> {
    // Keep these limits equal to those in `src/benchmark/budgets.rs`.
    let overhead = |what: &str, case: Case, contender: Contender, limit: f64| Budget {
        what: format!("{what}, overhead: {} / promises", description(contender)),
        figure: ratio(samples, case, contender, Sample::over_ideal_ms),
        limit,
    };
    let mut budgets = vec![
        overhead("10,000 sleeps", Case::Sleeps10000, Contender::Runtime, 1.0 / 8.0),
        overhead("100,000 sleeps", Case::Sleeps100000, Contender::Runtime, 1.0 / 15.0),
        overhead("10,000 sleeps", Case::Sleeps10000, Contender::Recorded, 1.0 / 4.0),
        overhead("100,000 sleeps", Case::Sleeps100000, Contender::Recorded, 1.0 / 8.0),
        Budget {
            what: "100,000 ready: runtime / promises".to_owned(),
            figure: ratio(samples, Case::Ready100000, Contender::Runtime, |sample| sample.wall_ms.median),
            limit: 1.0,
        },
    ];
    let first_load_bytes = figures.first_load_bytes as f64;
    let budget = |what: &str, figure: Option<f64>, limit: f64| Budget { what: what.to_owned(), figure, limit };
    budgets.extend([
        budget("recording with / without lines, upper bound", figures.line_cost, 1.1),
        budget("opening a run of a million tasks, ms", Some(figures.open_million_ms), 2_000.0),
        budget("p95 from frame to frame, a million / 1,000 tasks", Some(figures.frame_time_ratio), 1.25),
        budget("memory per recorded sleep, bytes", figures.bytes_per_sleep, 256.0),
        budget("memory per task that queues and may fail, bytes", Some(figures.bytes_per_exercise_task), 256.0),
        budget("longest block of the page, 10,000 such tasks, ms", Some(figures.longest_block_ms), 50.0),
        budget("first load with brotli, bytes", Some(first_load_bytes), 240_000.0),
    ]);
    budgets
}

/// A contender's figure, divided by that of the promises.
fn ratio(samples: &[Sample], case: Case, contender: Contender, figure: fn(&Sample) -> f64) -> Option<f64> {
    let figure_of = |contender| {
        let sample = samples.iter().find(|sample| sample.case == case && sample.contender == contender);
        sample.map(figure)
    };
    // If the promises have no overhead, there is no ratio.
    let promises = figure_of(Contender::Promises).filter(|&figure| figure > 0.0)?;
    Some(figure_of(contender)? / promises)
}

fn description(contender: Contender) -> &'static str {
    match contender {
        Contender::Runtime => "runtime",
        Contender::Recorded => "runtime, recorded",
        Contender::Promises => "promises",
        Contender::Python => "CPython",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(case: Case, contender: Contender, ms: f64) -> Sample {
        Sample::new(case, contender, &[ms; 5]).expect("five positive times are a valid sample")
    }

    /// The runtime has overheads of 5 to 50 ms, the promises of 80 and 400 ms.
    fn good() -> Vec<Sample> {
        vec![
            sample(Case::Sleeps10000, Contender::Runtime, 105.0),
            sample(Case::Sleeps10000, Contender::Recorded, 110.0),
            sample(Case::Sleeps10000, Contender::Promises, 180.0),
            sample(Case::Sleeps100000, Contender::Runtime, 120.0),
            sample(Case::Sleeps100000, Contender::Recorded, 150.0),
            sample(Case::Sleeps100000, Contender::Promises, 500.0),
            sample(Case::Ready100000, Contender::Runtime, 10.0),
            sample(Case::Ready100000, Contender::Promises, 30.0),
        ]
    }

    const FIGURES: Measurements = Measurements {
        line_cost: Some(1.05),
        open_million_ms: 1_500.0,
        frame_time_ratio: 1.1,
        bytes_per_sleep: Some(200.0),
        bytes_per_exercise_task: 220.0,
        longest_block_ms: 30.0,
        first_load_bytes: 120_000,
    };

    fn missed(budgets: &[Budget]) -> Vec<&str> {
        let missed = budgets.iter().filter(|budget| budget.verdict() == Verdict::Missed);
        missed.map(|budget| budget.what.as_str()).collect()
    }

    #[test]
    fn good_figures_meet_all_budgets() {
        let budgets = budgets(&good(), FIGURES);
        assert_eq!(missed(&budgets), [""; 0]);
        let figures: Vec<_> = budgets.iter().map(|budget| budget.figure).collect();
        let thirds = 1.0 / 3.0;
        let expected = [5.0 / 80.0, 0.05, 0.125, 0.125, thirds, 1.05, 1_500.0, 1.1, 200.0, 220.0, 30.0, 120_000.0];
        assert_eq!(figures, expected.map(Some));
    }

    #[test]
    fn a_figure_at_the_limit_is_met_and_one_beyond_is_missed() {
        let at_the_limit = Measurements {
            line_cost: Some(1.1),
            open_million_ms: 2_000.0,
            frame_time_ratio: 1.25,
            bytes_per_sleep: Some(256.0),
            bytes_per_exercise_task: 256.0,
            longest_block_ms: 50.0,
            first_load_bytes: 240_000,
        };
        assert_eq!(missed(&budgets(&good(), at_the_limit)), [""; 0]);
        let beyond = Measurements {
            line_cost: Some(1.11),
            open_million_ms: 2_001.0,
            frame_time_ratio: 1.26,
            bytes_per_sleep: Some(257.0),
            bytes_per_exercise_task: 257.0,
            longest_block_ms: 50.1,
            first_load_bytes: 240_001,
        };
        let all = [
            "recording with / without lines, upper bound",
            "opening a run of a million tasks, ms",
            "p95 from frame to frame, a million / 1,000 tasks",
            "memory per recorded sleep, bytes",
            "memory per task that queues and may fail, bytes",
            "longest block of the page, 10,000 such tasks, ms",
            "first load with brotli, bytes",
        ];
        assert_eq!(missed(&budgets(&good(), beyond)), all);
    }

    #[test]
    fn a_slow_runtime_misses_its_own_budget_only() {
        let mut samples = good();
        let is_slow = |it: &&mut Sample| it.case == Case::Sleeps100000 && it.contender == Contender::Runtime;
        let slow = samples.iter_mut().find(is_slow).expect("it was measured");
        *slow = sample(Case::Sleeps100000, Contender::Runtime, 140.0);
        assert_eq!(missed(&budgets(&samples, FIGURES)), ["100,000 sleeps, overhead: runtime / promises"]);
    }

    #[test]
    fn a_budget_without_a_figure_is_missed() {
        let without_promises: Vec<_> =
            good().into_iter().filter(|sample| sample.contender != Contender::Promises).collect();
        assert_eq!(missed(&budgets(&without_promises, FIGURES)).len(), 5);
    }

    #[test]
    fn memory_and_lines_are_missed_if_the_page_does_not_report_them() {
        let unreported = Measurements { bytes_per_sleep: None, line_cost: None, ..FIGURES };
        let expected = ["recording with / without lines, upper bound", "memory per recorded sleep, bytes"];
        assert_eq!(missed(&budgets(&good(), unreported)), expected);
    }
}
