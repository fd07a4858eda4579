//! Loads the code that draws forecasts and the results of runs, in one piece. The first paint does not need it.

use crate::lazy::{NotFetched, lazy};
use crate::ui::charts::timeline;
use crate::ui::components::{checks, differences, failures, line_marks, log, metrics, moment, origin, warnings};
use crate::ui::display::views::ResultViews;
use crate::ui::sections;

lazy!(mod fetched in exercises: views() -> ResultViews);

fn views() -> ResultViews {
    ResultViews {
        warnings: warnings::lines,
        properties: checks::lines,
        checks_of_parts: checks::of_parts,
        section: sections::section,
        moment: moment::instants,
        log: log::lines,
        failures: failures::list,
        figures: metrics::figures,
        differences: differences::table,
        origin: origin::line,
        timeline: timeline::CODE,
        line_marks: line_marks::CODE,
    }
}

/// Loads them.
///
/// # Errors
///
/// If they cannot be fetched.
pub(super) async fn fetch() -> Result<ResultViews, NotFetched> {
    fetched::views().await
}
