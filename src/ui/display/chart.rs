//! [`Chart`]: the state of the timeline.

use leptos::html::{Canvas, Div};
use leptos::prelude::*;

use super::Display;
use super::cursor::Axis;
use crate::figures::bands::Band;
use crate::figures::geometry::View;
use crate::measure::TaskId;
use crate::measure::segments::TaskHistories;
use crate::measure::track::Tracks;

/// The content of one band.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) enum Drawn {
    /// The first root task of this name, with the tasks inside it.
    Part(String),
    /// All tasks of the run.
    WholeRun,
}

/// The code that draws it is in `charts::timeline`.
#[derive(Clone, Copy)]
pub(in crate::ui) struct Chart {
    pub(in crate::ui) display: Display,
    pub(in crate::ui) canvas: NodeRef<Canvas>,
    /// The element that contains the canvas and, above it, the tracks.
    pub(in crate::ui) frame: NodeRef<Div>,
    pub(in crate::ui) histories: StoredValue<TaskHistories, LocalStorage>,
    /// The tracks that have been drawn.
    pub(in crate::ui) drawn: StoredValue<Tracks, LocalStorage>,
    /// The tracks of the forecast that have been drawn during the run.
    pub(in crate::ui) drawn_forecast: StoredValue<Tracks, LocalStorage>,
    /// The record that `histories` are read from: the number of the run, and that of what is outlined instead or 0.
    pub(in crate::ui) source: StoredValue<(u32, u32), LocalStorage>,
    /// The time range that is in view. `None` is everything.
    pub(in crate::ui) view: RwSignal<Option<View>>,
    pub(in crate::ui) axis: RwSignal<Axis>,
    /// The name of the part that the reader has opened.
    pub(in crate::ui) opened: RwSignal<Option<String>>,
    /// The first visible row of what is opened. It may be a fraction.
    pub(in crate::ui) first_row: RwSignal<f64>,
    /// The bands from top to bottom, as they were last laid out.
    pub(in crate::ui) bands: StoredValue<Vec<(Drawn, Band)>, LocalStorage>,
    /// Changes when the bands were laid out differently.
    pub(in crate::ui) layout: RwSignal<u32>,
    /// True if the task that the timeline describes is the one under the pointer.
    pub(in crate::ui) is_hovered: StoredValue<bool>,
    /// The current press, if a button is down.
    pub(in crate::ui) press: RwSignal<Option<Press>>,
}

/// A press of the pointer that has not ended.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Press {
    /// The root task of the part that it began in; `None` for the whole run.
    pub(in crate::ui) root: Option<TaskId>,
    /// The instants at which it began and is now, in microseconds since the beginning of the axis.
    pub(in crate::ui) from_us: f64,
    pub(in crate::ui) to_us: f64,
    /// True if it selects a range. Otherwise it moves the view.
    pub(in crate::ui) selects: bool,
    /// The distance that it has moved, in CSS pixels.
    pub(in crate::ui) moved: f64,
}

impl Chart {
    /// An empty chart.
    pub(in crate::ui) fn new(display: Display) -> Self {
        Self {
            display,
            canvas: NodeRef::new(),
            frame: NodeRef::new(),
            histories: StoredValue::new_local(TaskHistories::default()),
            drawn: StoredValue::new_local(Tracks::default()),
            drawn_forecast: StoredValue::new_local(Tracks::default()),
            source: StoredValue::new_local((0, 0)),
            view: RwSignal::new(None),
            axis: display.cursor.axis,
            opened: RwSignal::new(None),
            first_row: RwSignal::new(0.0),
            bands: StoredValue::new_local(Vec::new()),
            layout: RwSignal::new(0),
            is_hovered: StoredValue::new(false),
            press: RwSignal::new(None),
        }
    }
}
