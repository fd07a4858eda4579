//! What workers bring, read from the benchmark page, beside scikit-learn in CPython.

use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::{Budget, PythonError};

/// Of each worker's processor at least this share must be a gain.
const LEAST_SHARE: f64 = 0.85;

/// The attributes in which the page tells its figures.
const ATTRIBUTES: [&str; 4] = ["data-workers", "data-speed-up", "data-digits-per-s", "data-single-digits-per-s"];

/// What workers bring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Workers {
    /// How many there are: one for each processor.
    pub workers: f64,
    /// How many times as fast as one of them they compute together.
    pub speed_up: f64,
    /// Digits that one of them reads in a second.
    pub digits: Rates,
}

/// How many digits are read in a second.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Rates {
    /// In batches of 360 images.
    pub digits_per_s: f64,
    /// One by one.
    pub single_digits_per_s: f64,
}

impl Workers {
    /// What to ask the page for.
    #[must_use]
    pub fn attributes() -> [&'static str; 4] {
        ATTRIBUTES
    }

    /// From the values of [`attributes`](Self::attributes), if all are numbers.
    #[must_use]
    pub fn read(values: &[String]) -> Option<Self> {
        let numbers: Vec<f64> = values.iter().map(|value| value.parse().ok()).collect::<Option<_>>()?;
        let &[workers, speed_up, digits_per_s, single_digits_per_s] = numbers.as_slice() else { return None };
        Some(Self { workers, speed_up, digits: Rates { digits_per_s, single_digits_per_s } })
    }
}

/// The budgets of the workers; a figure that was not measured is a budget that was missed.
#[must_use]
pub fn worker_budgets(measured: Option<Workers>, python: Option<Rates>) -> Vec<Budget> {
    let budget = |what: &str, figure, limit| Budget { what: what.to_owned(), figure, limit };
    let beside = |rate: fn(Rates) -> f64| Some(rate(python?) / rate(measured?.digits));
    vec![
        budget(
            "a worker for each processor: ideal speed-up / measured",
            measured.map(|it| it.workers / it.speed_up),
            1.0 / LEAST_SHARE,
        ),
        budget("digits a second, 360 at once: scikit-learn / a worker", beside(|rates| rates.digits_per_s), 1.0),
        budget("digits a second, one by one: scikit-learn / a worker", beside(|rates| rates.single_digits_per_s), 1.0),
    ]
}

/// Runs the script that times scikit-learn with this Python.
///
/// # Errors
///
/// When Python or scikit-learn is missing, or the script answers something else.
pub fn predict_in_python(python: &Path, script: &Path) -> Result<Rates, PythonError> {
    let output = Command::new(python).arg(script).output().map_err(PythonError::NotRun)?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(PythonError::Failed(text.lines().last().unwrap_or_default().to_owned()));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
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
    fn each_budget_is_kept_or_missed_for_itself() {
        assert_eq!(verdicts(Some(workers(3.41, 1.7e6)), Some(PYTHON)), [true, true, true]);
        assert_eq!(verdicts(Some(workers(3.39, 1.7e6)), Some(PYTHON)), [false, true, true]);
        assert_eq!(verdicts(Some(workers(3.41, 1.5e6)), Some(PYTHON)), [true, false, true]);
    }

    #[test]
    fn what_was_not_measured_is_missed() {
        assert_eq!(verdicts(None, Some(PYTHON)), [false, false, false]);
        assert_eq!(verdicts(Some(workers(3.41, 1.7e6)), None), [true, false, false]);
    }
}
