//! The speed of the workers, read from the benchmark page, compared with scikit-learn in CPython.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::python::answer;
use super::{Budget, PythonError};

/// The smallest share of the ideal speed-up that the workers must reach.
const MIN_SHARE: f64 = 0.85;

/// The attributes in which the page reports its figures.
const ATTRIBUTES: [&str; 4] = ["data-workers", "data-speed-up", "data-digits-per-s", "data-single-digits-per-s"];

/// The speed of the workers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workers {
    /// The number of workers: one for each processor.
    pub workers: f64,
    /// The speed of all workers together, as a multiple of one worker's.
    pub speed_up: f64,
    /// The digits that one worker reads per second.
    pub digits: Rates,
}

/// The number of digits that are read per second.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Rates {
    /// In batches of 360 images.
    pub digits_per_s: f64,
    /// One by one.
    pub single_digits_per_s: f64,
}

impl Workers {
    /// The page's attributes that contain the figures.
    #[must_use]
    pub fn attributes() -> [&'static str; 4] {
        ATTRIBUTES
    }

    /// Reads the values of [`attributes`](Self::attributes). Returns `None` if one is not a number.
    #[must_use]
    pub fn read(values: &[String]) -> Option<Self> {
        let numbers: Vec<f64> = values.iter().map(|value| value.parse().ok()).collect::<Option<_>>()?;
        let &[workers, speed_up, digits_per_s, single_digits_per_s] = numbers.as_slice() else { return None };
        Some(Self { workers, speed_up, digits: Rates { digits_per_s, single_digits_per_s } })
    }
}

/// The budgets of the workers. A budget without a figure is missed.
#[must_use]
pub fn worker_budgets(measured: Option<Workers>, python: Option<Rates>) -> Vec<Budget> {
    let budget = |what: &str, figure, limit| Budget { what: what.to_owned(), figure, limit };
    let ratio = |rate: fn(Rates) -> f64| Some(rate(python?) / rate(measured?.digits));
    vec![
        budget(
            "a worker for each processor: ideal speed-up / measured",
            measured.map(|it| it.workers / it.speed_up),
            1.0 / MIN_SHARE,
        ),
        budget("digits per second, 360 at once: scikit-learn / a worker", ratio(|rates| rates.digits_per_s), 1.0),
        budget("digits per second, one by one: scikit-learn / a worker", ratio(|rates| rates.single_digits_per_s), 1.0),
    ]
}

/// Runs the script that times scikit-learn with this Python.
///
/// # Errors
///
/// If Python or scikit-learn is missing, or the script gives an unexpected answer.
pub fn predict_in_python(python: &Path, script: &Path) -> Result<Rates, PythonError> {
    Ok(serde_json::from_slice(&answer(Command::new(python).arg(script))?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Verdict;

    fn workers(speed_up: f64, digits_per_s: f64) -> Workers {
        Workers { workers: 4.0, speed_up, digits: Rates { digits_per_s, single_digits_per_s: 1e6 } }
    }

    const PYTHON: Rates = Rates { digits_per_s: 1.6e6, single_digits_per_s: 2e4 };

    fn verdicts(measured: Option<Workers>, python: Option<Rates>) -> Vec<bool> {
        worker_budgets(measured, python).iter().map(|budget| budget.verdict() == Verdict::Met).collect()
    }

    #[test]
    fn figures_are_read_from_the_page_if_all_are_numbers() {
        let values = ["2", "1.912", "2100000", "1700000"].map(str::to_owned);
        let read = Workers::read(&values).expect("they are numbers");
        assert_eq!((read.workers, read.speed_up, read.digits.single_digits_per_s), (2.0, 1.912, 1.7e6));
        assert_eq!(Workers::read(&values[..3]), None);
        assert_eq!(Workers::read(&["2", "fast", "1", "1"].map(str::to_owned)), None);
    }

    #[test]
    fn each_budget_is_met_or_missed_by_itself() {
        assert_eq!(verdicts(Some(workers(3.41, 1.7e6)), Some(PYTHON)), [true, true, true]);
        assert_eq!(verdicts(Some(workers(3.39, 1.7e6)), Some(PYTHON)), [false, true, true]);
        assert_eq!(verdicts(Some(workers(3.41, 1.5e6)), Some(PYTHON)), [true, false, true]);
    }

    #[test]
    fn a_budget_without_a_figure_is_missed() {
        assert_eq!(verdicts(None, Some(PYTHON)), [false, false, false]);
        assert_eq!(verdicts(Some(workers(3.41, 1.7e6)), None), [true, false, false]);
    }
}
