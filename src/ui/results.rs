//! Loads what the page needs only once a run has begun: the code that draws its results, in one piece.

use crate::lazy::{NotFetched, lazy};
use crate::ui::charts::{digits, distribution, timeline};
use crate::ui::components::{checks, differences, failures, log, metrics, origin, validations, warnings};
use crate::ui::display::views::ResultViews;

lazy!(mod fetched in exercises: views() -> ResultViews);

fn views() -> ResultViews {
    ResultViews {
        warnings: warnings::lines,
        properties: checks::lines,
        distributions: distribution::figures,
        digits: digits::gallery,
        validations: validations::list,
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
