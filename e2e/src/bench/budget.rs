//! What may be spent, and whether it was kept. The limits are the project's promises; a figure that is missing is a
//! promise that nobody has checked, so it counts as missed.

use std::fmt;

use super::{Case, Contender, Sample};

/// A limit and the figure that has to keep it.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// What is limited.
    pub what: String,
    /// What was measured, if it was.
    pub figure: Option<f64>,
    /// The greatest figure that keeps it.
    pub limit: f64,
}

/// Whether a budget is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is.
    Met,
    /// It is not, or nobody knows.
    Missed,
}

impl Budget {
    /// Whether the figure keeps the limit.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        // A figure that is not a number keeps nothing.
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

/// What is measured besides the times of cases and contenders.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measurements {
    /// Memory of the record for each of many sleeps, if the page tells it.
    pub bytes_per_sleep: Option<f64>,
    /// Memory of the record for each task of an exercise with 10,000 tasks behind a limit, some of which fail.
    pub bytes_per_exercise_task: f64,
    /// How long that exercise kept the page at most, in milliseconds.
    pub longest_block_ms: f64,
    /// What the first visit loads, compressed.
    pub first_load_bytes: u64,
}

/// All budgets: of the times, of a recorded task's memory, of the page's freedom and of the first load.
#[must_use]
pub fn budgets(samples: &[Sample], figures: Measurements) -> Vec<Budget> {
    let overhead = |what: &str, case, contender, limit| Budget {
        what: format!("{what}, overhead: {} / promises", in_words(contender)),
        figure: ratio(samples, case, contender, Sample::over_ideal_ms),
        limit,
    };
    let mut budgets = vec![
        overhead("10,000 sleeps", Case::Sleeps10000, Contender::Runtime, 1.0 / 8.0),
        overhead("100,000 sleeps", Case::Sleeps100000, Contender::Runtime, 1.0 / 15.0),
        overhead("10,000 sleeps", Case::Sleeps10000, Contender::Recorded, 1.0 / 4.0),
        overhead("100,000 sleeps", Case::Sleeps100000, Contender::Recorded, 1.0 / 4.0),
        Budget {
            what: "100,000 ready: runtime / promises".to_owned(),
            figure: ratio(samples, Case::Ready100000, Contender::Runtime, |sample| sample.wall_ms.median),
            limit: 1.0,
        },
    ];
    let of = |what: &str, figure, limit| Budget { what: what.to_owned(), figure: Some(figure), limit };
    let sleep = |figure| of("memory per recorded sleep, bytes", figure, 256.0);
    budgets.extend(figures.bytes_per_sleep.map(sleep));
    budgets.push(of("memory per task that queues and may fail, bytes", figures.bytes_per_exercise_task, 256.0));
    budgets.push(of("longest block of the page, 10,000 such tasks, ms", figures.longest_block_ms, 50.0));
    budgets.push(of("first load with brotli, bytes", figures.first_load_bytes as f64, 240_000.0));
    budgets
}

/// A contender's figure over that of the promises.
fn ratio(samples: &[Sample], case: Case, contender: Contender, figure: fn(&Sample) -> f64) -> Option<f64> {
    let of = |contender| samples.iter().find(|sample| sample.case == case && sample.contender == contender).map(figure);
    // Promises without overhead leave nothing to compare with.
    let promises = of(Contender::Promises).filter(|&figure| figure > 0.0)?;
    Some(of(contender)? / promises)
}

fn in_words(contender: Contender) -> &'static str {
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
        Sample::new(case, contender, &[ms; 5]).expect("it is good")
    }

    /// Overheads of 5 and 10 ms against 80 and 400 ms.
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
    fn good_figures_keep_all_budgets() {
        let budgets = budgets(&good(), FIGURES);
        assert_eq!(missed(&budgets), [""; 0]);
        let figures: Vec<_> = budgets.iter().map(|budget| budget.figure).collect();
        let thirds = 1.0 / 3.0;
        let expected = [5.0 / 80.0, 0.05, 0.125, 0.125, thirds, 200.0, 220.0, 30.0, 120_000.0];
        assert_eq!(figures, expected.map(Some));
    }

    #[test]
    fn the_limit_itself_is_kept_and_one_more_is_not() {
        let at_the_limit = Measurements {
            bytes_per_sleep: Some(256.0),
            bytes_per_exercise_task: 256.0,
            longest_block_ms: 50.0,
            first_load_bytes: 240_000,
        };
        assert_eq!(missed(&budgets(&good(), at_the_limit)), [""; 0]);
        let beyond = Measurements {
            bytes_per_sleep: Some(257.0),
            bytes_per_exercise_task: 257.0,
            longest_block_ms: 50.1,
            first_load_bytes: 240_001,
        };
        let all = [
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
        samples[3] = sample(Case::Sleeps100000, Contender::Runtime, 140.0);
        assert_eq!(missed(&budgets(&samples, FIGURES)), ["100,000 sleeps, overhead: runtime / promises"]);
    }

    #[test]
    fn what_was_not_measured_is_missed() {
        let without_promises: Vec<_> =
            good().into_iter().filter(|sample| sample.contender != Contender::Promises).collect();
        assert_eq!(missed(&budgets(&without_promises, FIGURES)).len(), 5);
    }

    #[test]
    fn memory_is_checked_only_if_the_page_reports_it() {
        let untold = Measurements { bytes_per_sleep: None, ..FIGURES };
        assert_eq!(budgets(&good(), untold).len(), 8);
    }
}
