//! The budgets that the page can measure itself.

use inference::random::rng_for;

use crate::benchmark::{Case, Contender, Results};
use crate::measure::bootstrap::ratio_of_medians;

/// A limit and the figure that must meet it.
#[derive(Clone, Debug, PartialEq)]
pub struct Budget {
    /// The limited quantity, with its unit.
    pub what: String,
    /// The measured figure. `None` if it was not measured or has no finite value.
    pub figure: Option<f64>,
    /// The limit, which still meets the budget.
    pub limit: f64,
    /// True if the limit is a minimum, false if it is a maximum.
    pub is_minimum: bool,
}

impl Budget {
    fn at_most(what: impl Into<String>, figure: Option<f64>, limit: f64) -> Self {
        Self { what: what.into(), figure, limit, is_minimum: false }
    }

    /// True if the budget is met; `None` if there is no figure. NaN meets no budget.
    #[must_use]
    pub fn is_met(&self) -> Option<bool> {
        self.figure.map(|figure| if self.is_minimum { figure >= self.limit } else { figure <= self.limit })
    }
}

/// All budgets, in the order of the table.
#[must_use]
pub fn budgets(results: &Results) -> Vec<Budget> {
    let overhead = |n, contender, label, limit| {
        let what = format!(
            "{} sleeps, {label}: overhead relative to `Promise.all`",
            crate::measure::units::count(u64::from(n))
        );
        Budget::at_most(what, ratio_to_promises(results, Case::Sleeps(n), contender), limit)
    };
    let workers = results.workers.as_ref().and_then(|it| it.as_ref().ok());
    // Keep these limits equal to those in `e2e/src/bench/budget.rs`.
    vec![
        overhead(10_000, Contender::Runtime, "the runtime", 1.0 / 8.0),
        overhead(100_000, Contender::Runtime, "the runtime", 1.0 / 15.0),
        overhead(10_000, Contender::Recorded, "recorded", 1.0 / 4.0),
        overhead(100_000, Contender::Recorded, "recorded", 1.0 / 8.0),
        Budget::at_most(
            "100,000 ready futures: time relative to `Promise.all`",
            ratio_to_promises(results, Case::Ready(100_000), Contender::Runtime),
            1.0,
        ),
        Budget::at_most(
            "Recording the lines of waits: time relative to recording without them, upper bound",
            line_cost(&results.line_costs),
            1.1,
        ),
        Budget::at_most("Record size per task, in bytes", results.bytes_per_task.map(|bytes| bytes as f64), 256.0),
        Budget::at_most(
            "Longest block of the page while 10,000 tasks are recorded, ms",
            results.longest_block_us.map(|us| us as f64 / 1e3),
            50.0,
        ),
        Budget {
            what: "Speed-up with one worker per processor, divided by the number of processors".to_owned(),
            figure: workers.map(|it| it.speed_up / it.workers.max(1) as f64),
            limit: 0.85,
            is_minimum: true,
        },
    ]
}

/// The seed of the bootstrap: fixed, so that the figure does not change between renderings.
const BOOTSTRAP_SEED: u64 = 7;

/// The cost of recording lines: the upper bound of the 95 % confidence interval of the median ratio. Returns `None`
/// before there are enough pairs.
#[must_use]
pub fn line_cost(ratios: &[f64]) -> Option<f64> {
    let mut random = rng_for(BOOTSTRAP_SEED, "line-cost");
    // Compares with a ratio of 1.
    let no_cost = vec![1.0; ratios.len()];
    ratio_of_medians(&no_cost, ratios, |n| random.u32(..n)).map(|interval| interval.high)
}

/// A contender's time over the ideal, relative to that of the promises.
#[must_use]
pub fn ratio_to_promises(results: &Results, case: Case, contender: Contender) -> Option<f64> {
    let over_ideal_ms = |contender| {
        let measured = results.measured.iter().find(|it| it.case == case && it.contender == contender)?;
        measured.over_ideal_ms()
    };
    Some(over_ideal_ms(contender)? / over_ideal_ms(Contender::Promises)?).filter(|ratio| ratio.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::benchmark::Workers;

    fn measured(overheads_ms: fn(Contender) -> f64) -> Results {
        let mut results = Results {
            line_costs: vec![1.05; 30],
            bytes_per_task: Some(200),
            longest_block_us: Some(30_000),
            ..Results::default()
        };
        for it in &mut results.measured {
            let ideal_ms = it.case.ideal().as_secs_f64() * 1e3;
            it.runs_ms = vec![ideal_ms + overheads_ms(it.contender); 5];
        }
        let workers = Workers { workers: 4, speed_up: 3.6, digits_per_s: 1.0, single_digits_per_s: 1.0 };
        results.workers = Some(Ok(workers));
        results
    }

    fn quick(contender: Contender) -> f64 {
        match contender {
            Contender::Runtime => 5.0,
            Contender::Recorded => 10.0,
            Contender::Promises => 100.0,
        }
    }

    #[test]
    fn good_figures_meet_all_budgets() {
        let budgets = budgets(&measured(quick));
        assert!(budgets.iter().all(|budget| budget.is_met() == Some(true)), "{budgets:?}");
        for (what, expected) in [
            ("10,000 sleeps, the runtime", 0.05),
            ("10,000 sleeps, recorded", 0.1),
            ("Speed-up with one worker per processor", 0.9),
        ] {
            let budget = budgets.iter().find(|budget| budget.what.starts_with(what)).expect("it is in the table");
            assert!(budget.figure.is_some_and(|it| (it - expected).abs() < 1e-9), "{budget:?}");
        }
    }

    #[test]
    fn a_figure_beyond_its_limit_is_not_met() {
        let mut results = measured(|_| 100.0);
        results.longest_block_us = Some(50_001);
        results.bytes_per_task = Some(257);
        results.line_costs = vec![1.11; 30];
        let verdicts: Vec<_> = budgets(&results).iter().map(Budget::is_met).collect();
        let missed = Some(false);
        assert_eq!(verdicts, [missed, missed, missed, missed, Some(true), missed, missed, missed, Some(true)]);
    }

    #[test]
    fn the_cost_of_lines_is_the_upper_bound_of_its_median() {
        let ratios: Vec<_> = (0..30).map(|n| if n % 3 == 0 { 1.2 } else { 1.0 }).collect();
        let bound = line_cost(&ratios).expect("there are enough pairs");
        assert!((1.0..=1.2).contains(&bound), "{bound}");
        assert_eq!(line_cost(&ratios[..2]), None);
    }

    #[test]
    fn before_the_measurement_no_budget_has_a_result() {
        assert!(budgets(&Results::default()).iter().all(|budget| budget.is_met().is_none()));
    }
}
