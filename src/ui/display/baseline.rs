//! The two sides of a comparison: a baseline, and the runs with the same settings.

use crate::exercises::experiment::Experiment;
use crate::share::history::RunId;
use crate::share::quantities::Quantities;

/// The run, or the series of runs, that the runs of a page are compared with.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Baseline {
    /// Its name at the beginning of a sentence.
    pub(in crate::ui) title: &'static str,
    /// The note about it before there is a run to compare.
    pub(in crate::ui) note: &'static str,
    /// Its name next to a bar, in one word.
    pub(in crate::ui) word: &'static str,
    /// Its measurements.
    pub(in crate::ui) measured: Quantities,
    /// The id of the saved run, if it is one.
    pub(in crate::ui) id: Option<RunId>,
}

impl Baseline {
    /// A run that the reader has pinned.
    pub(in crate::ui) fn pinned(id: RunId, measured: Quantities) -> Self {
        Self { title: "The pinned run", note: "Pinned for comparison.", word: "pinned", measured, id: Some(id) }
    }

    /// The last run of the exercise, of which there is an outline before the first run of a page.
    pub(in crate::ui) fn last_run(measured: Quantities) -> Self {
        Self { title: "Your last run", note: "", word: "last run", measured, id: None }
    }

    /// The run of the person who sent the link.
    pub(in crate::ui) fn sent(measured: Quantities) -> Self {
        Self {
            title: "The sender's run",
            note: "The sender's result is here for comparison.",
            word: "sender's",
            measured,
            id: None,
        }
    }
}

/// The finished runs with the same settings and seed as the last one.
#[derive(Clone, Debug, Default)]
pub(in crate::ui) struct SameSettings {
    /// The experiment that all of them ran.
    experiment: Option<Experiment>,
    /// Their measurements.
    pub(in crate::ui) measured: Quantities,
}

impl SameSettings {
    /// Adds a run. A run with other settings replaces the earlier ones.
    pub(in crate::ui) fn add(&mut self, experiment: Experiment, measured: Quantities) {
        if !self.experiment.as_ref().is_some_and(|it| it.has_same_settings(&experiment)) {
            *self = Self { experiment: Some(experiment), measured: Quantities::default() };
        }
        self.measured.add(measured);
    }
}
