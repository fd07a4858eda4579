//! The functions that show a run, loaded in one piece once a run has begun. This file has only their types, so that
//! components can use each other's functions without importing them.

use leptos::prelude::*;
use web_sys::{HtmlCanvasElement, KeyboardEvent, PointerEvent, WheelEvent};

use super::Display;
use super::chart::Chart;
use crate::measure::TaskId;
use crate::measure::figures::Figures;

/// The functions that show the results of a run, each from the component with the same name.
#[derive(Clone, Copy)]
pub(in crate::ui) struct ResultViews {
    pub(in crate::ui) warnings: fn(Display) -> AnyView,
    pub(in crate::ui) properties: fn(Display) -> AnyView,
    pub(in crate::ui) section: fn(Display, &'static str) -> AnyView,
    pub(in crate::ui) log: fn(Display) -> AnyView,
    pub(in crate::ui) failures: fn(Display, RwSignal<usize>) -> AnyView,
    pub(in crate::ui) figures: fn(Display) -> Figures,
    pub(in crate::ui) differences: fn(Display) -> AnyView,
    pub(in crate::ui) origin: fn(Display) -> AnyView,
    pub(in crate::ui) timeline: TimelineViews,
}

/// The functions of the timeline.
#[derive(Clone, Copy)]
pub(in crate::ui) struct TimelineViews {
    pub(in crate::ui) draw: fn(Chart, &HtmlCanvasElement),
    pub(in crate::ui) take_key: fn(Chart, &KeyboardEvent),
    pub(in crate::ui) take_wheel: fn(Chart, &WheelEvent),
    pub(in crate::ui) take_press: fn(Chart, &PointerEvent),
    pub(in crate::ui) take_move: fn(Chart, &PointerEvent),
    pub(in crate::ui) words: fn(Chart, TaskId) -> Option<String>,
    pub(in crate::ui) caption: fn(Display) -> Option<String>,
    pub(in crate::ui) table: fn(Display) -> AnyView,
}
