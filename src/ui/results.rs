//! Loads what the page needs only once a run has begun: the code that draws its results, in one piece.

use crate::lazy::{NotFetched, lazy};
use crate::ui::charts::timeline;
use crate::ui::components::{checks, differences, failures, log, metrics, origin, warnings};
use crate::ui::display::views::ResultViews;
use crate::ui::sections;

lazy!(mod fetched in exercises: views() -> ResultViews);

fn views() -> ResultViews {
    ResultViews {
        warnings: warnings::lines,
        properties: checks::lines,
        sections: sections::panels,
        log: log::lines,
        failures: failures::list,
        figures: metrics::figures,
        differences: differences::table,
        origin: origin::line,
        timeline: timeline::CODE,
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
