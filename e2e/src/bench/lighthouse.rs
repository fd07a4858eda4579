//! Lighthouse's scores of the page on a phone (<https://github.com/GoogleChrome/lighthouse>).
//!
//! Lighthouse simulates a phone's slow processor and slow network from times that it measures on this machine. On a
//! busy machine the phone seems slower. So the page is loaded several times, and the medians count.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::python::last_error_line;
use super::{Budget, Summary};

const RUNS: usize = 3;

/// Lighthouse's categories, and how far below 100 points each may be.
const CATEGORIES: [(&str, f64); 4] =
    [("performance", 5.0), ("accessibility", 0.0), ("best-practices", 0.0), ("seo", 0.0)];

/// The points (0 to 100) by category.
pub type Scores = BTreeMap<String, f64>;

/// The fields of Lighthouse's report that are used.
#[derive(Deserialize)]
struct Report {
    categories: BTreeMap<String, Category>,
}

#[derive(Deserialize)]
struct Category {
    /// From 0 to 1. `None` if Lighthouse could not compute it.
    score: Option<f64>,
}

/// The reason that there are no scores.
#[derive(Debug, thiserror::Error)]
pub enum LighthouseError {
    /// Lighthouse is not installed.
    #[error("Lighthouse is not installed; install npm, then run `tools/setup bench`")]
    NotInstalled,
    /// The system cannot run it.
    #[error("`lighthouse` cannot be run")]
    NotRun(#[source] io::Error),
    /// It failed.
    #[error("`lighthouse` ended with an error: {0}")]
    Failed(String),
    /// Lighthouse's report has an unexpected form.
    #[error("Lighthouse's report cannot be read")]
    Unreadable(#[from] serde_json::Error),
}

/// The medians of several visits to the page at `url` with the browser `chrome`.
///
/// # Errors
///
/// If Lighthouse is not installed or fails.
pub fn lighthouse(chrome: &Path, url: &str) -> Result<Scores, LighthouseError> {
    let visits = (0..RUNS).map(|_| visit(chrome, url)).collect::<Result<Vec<_>, _>>()?;
    Ok(medians(&visits))
}

fn visit(chrome: &Path, url: &str) -> Result<Scores, LighthouseError> {
    let categories: Vec<_> = CATEGORIES.iter().map(|(name, _)| *name).collect();
    let only = format!("--only-categories={}", categories.join(","));
    let output = Command::new("lighthouse")
        .args([url, "--quiet", "--output=json", "--chrome-flags=--headless=new --no-sandbox", &only])
        .env("CHROME_PATH", chrome)
        .output()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => LighthouseError::NotInstalled,
            _ => LighthouseError::NotRun(error),
        })?;
    if !output.status.success() {
        return Err(LighthouseError::Failed(last_error_line(&output)));
    }
    read(&output.stdout)
}

fn read(report: &[u8]) -> Result<Scores, LighthouseError> {
    let report: Report = serde_json::from_slice(report)?;
    let points = |(name, category): (String, Category)| Some((name, (category.score? * 100.0).round()));
    Ok(report.categories.into_iter().filter_map(points).collect())
}

/// The median of each category that has a score in every visit.
fn medians(visits: &[Scores]) -> Scores {
    let median = |name: &str| {
        let points: Option<Vec<f64>> = visits.iter().map(|scores| scores.get(name).copied()).collect();
        Some((name.to_owned(), Summary::from_values(&points?)?.median))
    };
    CATEGORIES.iter().filter_map(|(name, _)| median(name)).collect()
}

/// The budgets of the categories. A category without a score is missed.
#[must_use]
pub fn lighthouse_budgets(scores: &Scores) -> Vec<Budget> {
    let budget = |(name, limit): (&str, f64)| Budget {
        what: format!("points missing of 100 in Lighthouse, on a phone: {name}"),
        figure: scores.get(name).map(|points| 100.0 - points),
        limit,
    };
    CATEGORIES.into_iter().map(budget).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Verdict;

    fn report(performance: &str) -> Vec<u8> {
        format!(
            r#"{{"lighthouseVersion": "12", "categories": {{"performance": {{"score": {performance}}},
            "accessibility": {{"score": 1}}, "best-practices": {{"score": 1}}, "seo": {{"score": 0.92}}}}}}"#
        )
        .into_bytes()
    }

    fn missed(scores: &Scores) -> Vec<bool> {
        lighthouse_budgets(scores).iter().map(|budget| budget.verdict() == Verdict::Missed).collect()
    }

    #[test]
    fn each_category_of_a_report_has_its_own_verdict() {
        assert_eq!(missed(&read(&report("0.95")).expect("it is a report")), [false, false, false, true]);
        assert_eq!(missed(&read(&report("0.94")).expect("it is a report")), [true, false, false, true]);
    }

    #[test]
    fn a_category_without_a_score_is_missed() {
        assert_eq!(missed(&read(&report("null")).expect("it is a report")), [true, false, false, true]);
        assert_eq!(missed(&Scores::new()), [true; 4]);
    }

    #[test]
    fn one_slow_visit_of_three_does_not_change_the_median() {
        let visits = ["0.97", "0.51", "0.96"].map(|score| read(&report(score)).expect("it is a report"));
        assert_eq!(medians(&visits)["performance"], 96.0);
    }
}
