//! The layout of the timeline: which tracks there are, how high they are, and where they are on the canvas.

use std::borrow::Cow;

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, MouseEvent};

use crate::exercises::compared::Compared;
use crate::figures::bands::{self, Band, bands};
use crate::figures::bars::Baseline;
use crate::figures::node::{Node, element};
use crate::figures::tracks::{self, TrackLayout};
use crate::measure::segments::{Part, TaskHistories};
use crate::ui::charts::painter::Lanes;
use crate::ui::display::chart::{Chart, Drawn};
use crate::ui::display::cursor::Axis;
use crate::ui::drawing::drawings;

/// The maximum share of the window's height for the lanes.
const ROOM: f64 = 0.3;

/// The room for lanes in the smallest and in the largest window, in CSS pixels.
const ROOM_PX: (f64, f64) = (150.0, 420.0);

impl Chart {
    /// All comparisons as tracks. If the axis is that of the run, all its tasks follow in a band of their own.
    pub(super) fn tracks(self) -> AnyView {
        self.catch_up();
        let compared = self.display.compared();
        let tracks = self.lay_out(&compared);
        let baseline = self.display.shown_baseline();
        let length_us = |task: &str| baseline.as_ref().and_then(|it| it.measured.median(task)).map(|us| us as u64);
        let baseline = baseline.as_ref().map(|it| Baseline { word: it.word, length_us: &length_us });
        let is_before = self.display.runs.get() == 0;
        let unfinished = |compared: &Compared| -> Cow<'static, str> {
            match is_before {
                true => compared.forecast().map_or("Press Run.".into(), Cow::from),
                false => "Not all parts have ended.".into(),
            }
        };
        let report = self.display.report.get();
        let mut tracks = tracks.as_slice();
        let mut figures: Vec<Node> = Vec::new();
        for compared in &compared {
            let (own, others) = tracks.split_at(compared.bars.len());
            tracks = others;
            let parts = compared.bars.iter().map(|bar| &*bar.task);
            let headline = report.as_ref().and_then(|report| report.headline_of(parts)).map(str::to_owned);
            figures.push(tracks::comparison(compared, own, baseline.as_ref(), unfinished(compared), headline));
        }
        if let [whole] = tracks {
            figures.push(element("div").class("whole").child(tracks::lanes(whole.band)).into());
        }
        drawings(figures)
    }

    /// The tracks for the bars of these comparisons. Stores which band each has.
    fn lay_out(self, compared: &[Compared]) -> Vec<TrackLayout> {
        let bars = || compared.iter().flat_map(|compared| &compared.bars);
        let names = bars().map(|bar| bar.task.to_string());
        let (mut drawn, bands): (Vec<_>, Vec<_>) = match self.axis.get_untracked() {
            Axis::Aligned => {
                let opened = self.opened.get_untracked();
                let opened = opened.and_then(|name| bars().position(|bar| bar.task == name));
                let rows: Vec<_> = bars().map(|bar| self.rows_of(&bar.task)).collect();
                (names.map(Drawn::Part).collect(), bands(&rows, room(), opened))
            }
            Axis::AsItHappened => {
                let lanes = self.histories.with_value(TaskHistories::lanes);
                let none = bars().map(|_| Band { height: 0.0, lane: None });
                (names.map(Drawn::Part).collect(), none.chain(bands(&[lanes], room(), Some(0))).collect())
            }
        };
        if bands.len() > drawn.len() {
            drawn.push(Drawn::WholeRun);
        }
        let opened = self.opened.get_untracked();
        let is_open = |drawn: &Drawn| matches!(drawn, Drawn::Part(name) if Some(name) == opened.as_ref());
        let tracks = drawn.iter().zip(&bands).map(|(drawn, band)| {
            let is_low = band.lane.is_none_or(|lane| lane < bands::LANE);
            TrackLayout {
                band: *band,
                folded_tasks: band.lane.is_none().then(|| self.tasks_of(drawn)).flatten(),
                can_open: band.height > 0.0 && (is_low || is_open(drawn)),
                is_open: is_open(drawn),
            }
        });
        let tracks = tracks.collect();
        let laid_out: Vec<_> = drawn.into_iter().zip(bands).collect();
        if self.bands.with_value(|bands| *bands != laid_out) {
            self.bands.set_value(laid_out);
            // The canvas is drawn when the tracks have their new places.
            request_animation_frame(move || {
                self.layout.try_update(|layout| *layout += 1);
            });
        }
        tracks
    }

    /// The number of tasks inside a part; `None` if it has none.
    fn tasks_of(self, drawn: &Drawn) -> Option<u64> {
        let Drawn::Part(name) = drawn else { return None };
        self.of_part(name, |part| part.subtasks).filter(|tasks| *tasks > 0).map(u64::from)
    }

    /// The number of rows of a part, at least one.
    pub(super) fn rows_of(self, task: &str) -> u32 {
        self.of_part(task, |part| part.rows).unwrap_or(1)
    }

    /// A number of a part: of the run so far or, if that is greater, of its forecast. So tracks do not grow row by row
    /// during the run. `None` if there is no such part.
    fn of_part(self, name: &str, number: impl Fn(&Part) -> u32) -> Option<u32> {
        let of = |histories: &TaskHistories| histories.part_named(name).map(|part| number(&histories.parts()[part]));
        let expected = untrack(|| self.display.expected()).and_then(|forecast| of(forecast.histories()));
        self.histories.with_value(of).max(expected)
    }

    /// Shows each task of a part, or hides them again.
    pub(super) fn open_or_close(self, event: &MouseEvent) {
        let pressed = event.target().and_then(|target| target.dyn_into::<Element>().ok());
        let Some(task) =
            pressed.and_then(|it| it.closest("[data-open]").ok()?).and_then(|it| it.get_attribute("data-open"))
        else {
            return;
        };
        self.first_row.set(0.0);
        self.opened.update(|opened| *opened = if opened.as_ref() == Some(&task) { None } else { Some(task) });
    }

    pub(super) fn show_axis(self, axis: Axis) {
        self.view.set(None);
        self.first_row.set(0.0);
        self.axis.set(axis);
    }

    /// The places of the bands on the canvas, as the page has them now.
    pub(super) fn lanes(self, histories: &TaskHistories) -> Vec<Lanes> {
        self.lanes_of_parts(histories, |_| true)
    }

    /// The places of the bands on the canvas, but only those of some parts, by name.
    pub(super) fn lanes_of_parts(self, histories: &TaskHistories, is_wanted: impl Fn(&str) -> bool) -> Vec<Lanes> {
        let Some(frame) = self.frame.get_untracked() else { return Vec::new() };
        let top = frame.get_bounding_client_rect().top();
        let Ok(places) = frame.query_selector_all(".lanes") else { return Vec::new() };
        let places = (0..places.length()).filter_map(|index| places.get(index)?.dyn_into::<Element>().ok());
        let opened = self.opened.get_untracked();
        let first_row = self.first_row.get_untracked();
        self.bands.with_value(|bands| {
            let lanes = bands.iter().zip(places).filter_map(|((drawn, band), place)| {
                let (root, is_open) = match drawn {
                    Drawn::WholeRun => (None, true),
                    Drawn::Part(name) => {
                        let part = histories.part_named(name).filter(|_| is_wanted(name))?;
                        (Some(histories.parts()[part].root), Some(name) == opened.as_ref())
                    }
                };
                Some(Lanes {
                    y: place.get_bounding_client_rect().top() - top,
                    band: *band,
                    first_row: if is_open { first_row } else { 0.0 },
                    origin_us: root.map_or(0, |root| histories.task(root).spawned_us),
                    root,
                })
            });
            lanes.filter(|lanes| lanes.band.height > 0.0).collect()
        })
    }
}

/// The height that all lanes together may use, in CSS pixels.
fn room() -> f64 {
    let height = window().inner_height().ok().and_then(|height| height.as_f64()).unwrap_or(800.0);
    (height * ROOM).clamp(ROOM_PX.0, ROOM_PX.1)
}
