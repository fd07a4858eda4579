//! The functions that show a run, loaded in one piece after the first paint. This file has only their types, so that
//! components can use each other's functions without importing them.

use leptos::prelude::*;
use web_sys::{Event, HtmlCanvasElement, KeyboardEvent, PointerEvent, WheelEvent};

use super::Display;
use super::chart::Chart;
use super::code::Code;
use crate::measure::TaskId;
use crate::measure::figures::Figures;
use crate::measure::search::Match;

/// The functions that show the results of a run, each from the component with the same name.
#[derive(Clone, Copy)]
pub(in crate::ui) struct ResultViews {
    pub(in crate::ui) warnings: fn(Display) -> AnyView,
    pub(in crate::ui) properties: fn(Display) -> AnyView,
    pub(in crate::ui) checks_of_parts: fn(Display) -> AnyView,
    pub(in crate::ui) section: fn(Display, &'static str) -> AnyView,
    pub(in crate::ui) moment: fn(Display) -> AnyView,
    pub(in crate::ui) log: fn(Display) -> AnyView,
    pub(in crate::ui) failures: fn(Display, RwSignal<usize>) -> AnyView,
    pub(in crate::ui) figures: fn(Display) -> Figures,
    pub(in crate::ui) differences: fn(Display) -> AnyView,
    pub(in crate::ui) origin: fn(Display) -> AnyView,
    pub(in crate::ui) timeline: TimelineViews,
    pub(in crate::ui) line_marks: LineMarks,
}

/// The functions that show a run in the code pane.
#[derive(Clone, Copy)]
pub(in crate::ui) struct LineMarks {
    pub(in crate::ui) update: fn(Code),
    pub(in crate::ui) mark: fn(Code),
    pub(in crate::ui) point: fn(Code, &Event),
    pub(in crate::ui) take_key: fn(Code, &KeyboardEvent),
}

/// The functions of the timeline.
#[derive(Clone, Copy)]
pub(in crate::ui) struct TimelineViews {
    pub(in crate::ui) draw: fn(Chart, &HtmlCanvasElement),
    pub(in crate::ui) take_key: fn(Chart, &KeyboardEvent),
    pub(in crate::ui) take_wheel: fn(Chart, &WheelEvent),
    pub(in crate::ui) take_press: fn(Chart, &PointerEvent),
    pub(in crate::ui) take_move: fn(Chart, &PointerEvent),
    pub(in crate::ui) take_release: fn(Chart),
    pub(in crate::ui) sentence: fn(Display) -> String,
    pub(in crate::ui) take_overview: fn(Chart, &PointerEvent),
    pub(in crate::ui) count_matches: fn(Display, &str) -> Option<usize>,
    pub(in crate::ui) find_match: fn(Display, &str, Option<TaskId>, bool) -> Option<Match>,
    pub(in crate::ui) words: fn(Chart, TaskId) -> Option<String>,
    pub(in crate::ui) caption: fn(Display) -> Option<String>,
    pub(in crate::ui) table: fn(Display) -> AnyView,
}
