//! [`RunSummary`]: the result of a run in one line.

use crate::exercises::compared::Compared;
use crate::exercises::experiment::Experiment;
use crate::measure::Record;
use crate::measure::report::Report;
use crate::measure::spans::Spans;
use crate::measure::validation::Verdict;

/// The result of a run that has finished.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunSummary {
    /// Its duration, in microseconds.
    pub wall_us: u64,
    /// True if the page was hidden during the run.
    pub was_hidden: bool,
    /// The number of its checks.
    pub checks: usize,
    /// The claims of the checks that were not met.
    pub not_met: Vec<String>,
    /// The result of the first comparison that has a speed-up, in words.
    pub gain: Option<String>,
}

impl RunSummary {
    /// Sums up a run. Its checks are those of the whole run, those of its parts, and the promises that were tested.
    #[must_use]
    pub fn new(experiment: &Experiment, record: &Record, ideal: Option<&Record>, report: &Report) -> Self {
        let spans = Spans::from_record(record);
        let ideal = ideal.map(|ideal| (ideal, Spans::from_record(ideal)));
        let ideal = ideal.as_ref().map(|(ideal, spans)| (*ideal, spans));
        let compared = experiment.compared(Some((record, &spans)), record.end_us(), ideal);
        let whole = experiment.properties(record, &compared).into_iter().map(|it| (it.claim, it.passed));
        let parts = report.checks.iter().map(|it| (it.claim.clone(), it.is_as_expected()));
        let validations = report.validations().filter(|it| it.verdict != Verdict::Unsupported);
        let validations = validations.map(|it| (it.promise.to_string(), it.verdict == Verdict::Passed));
        let checks: Vec<_> = whole.chain(parts).chain(validations).collect();
        Self {
            wall_us: record.end_us(),
            was_hidden: record.hidden_at_us().is_some(),
            checks: checks.len(),
            not_met: checks.into_iter().filter_map(|(claim, is_met)| (!is_met).then_some(claim)).collect(),
            gain: compared.iter().find(|it| it.speed_up().is_some()).and_then(Compared::sentence),
        }
    }

    /// The number of checks that were met.
    #[must_use]
    pub fn met(&self) -> usize {
        self.checks - self.not_met.len()
    }
}
