//! The checks of a run, with their verdicts.

use crate::exercises::compared::Compared;
use crate::exercises::properties::Property;
use crate::figures::node::{Element, element};
use crate::measure::report::Check;
use crate::share::saved::{RunEnding, SavedRun};

/// The checks of the whole run. Empty for a run that failed before it began.
pub(super) fn properties(run: &SavedRun, compared: &[Compared]) -> Vec<Element> {
    if run.record.tasks().is_empty() {
        return Vec::new();
    }
    let properties = match run.ending {
        RunEnding::Finished { .. } => run.experiment.properties(&run.record, compared),
        // The others do not apply to a run that did not finish.
        RunEnding::Stopped { .. } | RunEnding::Failed { .. } => Property::nothing_left(&run.record),
    };
    let of_parts: &[Check] = run.report.as_ref().map_or(&[], |report| &report.checks);
    let line = |it: &Property| element("li").text(format!("{}: {} ({}).", it.verdict(), it.claim, it.measured));
    vec![
        element("p").text(Property::summary(&properties, of_parts)),
        element("ul").children(properties.iter().map(line)),
    ]
}
