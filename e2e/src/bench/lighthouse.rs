//! What Lighthouse says of the page as a phone loads it (<https://github.com/GoogleChrome/lighthouse>).
//!
//! A phone is a slow processor and a slow network: Lighthouse computes both from what it sees on this machine, and a machine
//! that is busy with something else seems a slow phone. So the page is loaded several times, and the medians count.

use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use super::{Budget, Summary};

const RUNS: usize = 3;

/// What is judged, by Lighthouse's names, and how many points of 100 may be missing.
const CATEGORIES: [(&str, f64); 4] =
    [("performance", 5.0), ("accessibility", 0.0), ("best-practices", 0.0), ("seo", 0.0)];

/// Points of 100 by category.
pub type Scores = BTreeMap<String, f64>;

/// The report, as far as it is read.
#[derive(Deserialize)]
struct Report {
    categories: BTreeMap<String, Category>,
}

#[derive(Deserialize)]
struct Category {
    /// From 0 to 1; none when the page could not be judged.
    score: Option<f64>,
}

/// Why there are no scores.
#[derive(Debug, thiserror::Error)]
pub enum LighthouseError {
    /// It could not be installed, and `tools/setup` has said so.
    #[error("it is not installed; `tools/setup bench` installs it where there is npm")]
    NotInstalled,
    /// The system does not run it.
    #[error("`lighthouse` cannot be run")]
    NotRun(#[source] io::Error),
    /// It failed.
    #[error("it ended with an error: {0}")]
    Failed(String),
    /// It answered something else.
    #[error("its report cannot be read")]
    Unreadable(#[from] serde_json::Error),
}

/// The medians of several visits of the page at `url` with the browser `chrome`.
///
/// # Errors
///
/// When Lighthouse is not installed or fails.
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
        let text = String::from_utf8_lossy(&output.stderr);
        return Err(LighthouseError::Failed(text.lines().last().unwrap_or_default().to_owned()));
    }
    read(&output.stdout)
}

fn read(report: &[u8]) -> Result<Scores, LighthouseError> {
    let report: Report = serde_json::from_slice(report)?;
    let points = |(name, category): (String, Category)| Some((name, (category.score? * 100.0).round()));
    Ok(report.categories.into_iter().filter_map(points).collect())
}

/// Of each category that every visit has judged.
fn medians(visits: &[Scores]) -> Scores {
    let median = |name: &str| {
        let points: Option<Vec<f64>> = visits.iter().map(|scores| scores.get(name).copied()).collect();
        Some((name.to_owned(), Summary::from_values(&points?)?.median))
    };
    CATEGORIES.iter().filter_map(|(name, _)| median(name)).collect()
}

/// The budgets of the categories; one that was not judged is a budget that was missed.
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
    fn a_report_becomes_points_and_those_are_judged_one_by_one() {
        assert_eq!(missed(&read(&report("0.95")).expect("it is one")), [false, false, false, true]);
        assert_eq!(missed(&read(&report("0.94")).expect("it is one")), [true, false, false, true]);
    }

    #[test]
    fn what_was_not_judged_is_missed() {
        assert_eq!(missed(&read(&report("null")).expect("it is one")), [true, false, false, true]);
        assert_eq!(missed(&Scores::new()), [true; 4]);
    }

    #[test]
    fn one_slow_visit_of_three_does_not_count() {
        let visits = ["0.97", "0.51", "0.96"].map(|score| read(&report(score)).expect("it is one"));
        assert_eq!(medians(&visits)["performance"], 96.0);
    }
}
