//! What the page needs only once a run has begun: the code that draws and tells its results, fetched in one piece.

use leptos::prelude::*;
use web_sys::{HtmlCanvasElement, KeyboardEvent, PointerEvent, WheelEvent};

use crate::lazy::{NotFetched, lazy};
use crate::measure::TaskId;
use crate::measure::figures::Figures;
use crate::ui::charts::timeline::{self, Chart};
use crate::ui::charts::{digits, distribution};
use crate::ui::components::{beside, checks, failures, log, metrics, origin, validations, warnings};
use crate::ui::lab::Lab;

/// The functions that show the results of a run, each of the component of its name.
#[derive(Clone, Copy)]
pub(super) struct Results {
    pub(super) warnings: fn(Lab) -> AnyView,
    pub(super) properties: fn(Lab) -> AnyView,
    pub(super) distributions: fn(Lab) -> AnyView,
    pub(super) digits: fn(Lab) -> AnyView,
    pub(super) validations: fn(Lab) -> AnyView,
    pub(super) log: fn(Lab) -> AnyView,
    pub(super) failures: fn(Lab, RwSignal<usize>) -> AnyView,
    pub(super) figures: fn(Lab) -> Figures,
    pub(super) beside: fn(Lab) -> AnyView,
    pub(super) origin: fn(Lab) -> AnyView,
    pub(super) timeline: Timeline,
}

/// What the timeline does and tells.
#[derive(Clone, Copy)]
pub(super) struct Timeline {
    pub(super) draw: fn(Chart, &HtmlCanvasElement),
    pub(super) take_key: fn(Chart, &KeyboardEvent),
    pub(super) take_wheel: fn(Chart, &WheelEvent),
    pub(super) take_move: fn(Chart, &PointerEvent),
    pub(super) words: fn(Chart, TaskId) -> Option<String>,
    pub(super) caption: fn(Lab) -> Option<String>,
    pub(super) table: fn(Lab) -> AnyView,
}

lazy!(mod fetched in lessons: results() -> Results);

fn results() -> Results {
    Results {
        warnings: warnings::lines,
        properties: checks::lines,
        distributions: distribution::figures,
        digits: digits::gallery,
        validations: validations::list,
        log: log::lines,
        failures: failures::list,
        figures: metrics::figures,
        beside: beside::differences,
        origin: origin::line,
        timeline: timeline::CODE,
    }
}

/// Fetches them.
///
/// # Errors
///
/// When they cannot be fetched.
pub(super) async fn fetch() -> Result<Results, NotFetched> {
    fetched::results().await
}
