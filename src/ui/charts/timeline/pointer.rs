//! The timeline under keys, wheel and pointer.

use leptos::prelude::*;
use web_sys::{HtmlCanvasElement, KeyboardEvent, PointerEvent, WheelEvent};

use crate::figures::bands::Band;
use crate::figures::geometry::View;
use crate::measure::TaskId;
use crate::measure::segments::TaskHistories;
use crate::ui::display::chart::{Axis, Chart, Drawn};

/// The distance that one press of a key moves the view, as a fraction of its width.
const KEY_STEP: f64 = 0.2;

/// The factor by which one press of a key magnifies.
const ZOOM: f64 = 1.5;

/// The factor by which one turn of the wheel magnifies. Touchpads send many turns.
const WHEEL_ZOOM: f64 = 1.1;

/// A wanted task has this many rows above it.
const ROWS_ABOVE: f64 = 3.0;

impl Chart {
    /// Zooms in on a task until its name can be read, and chooses it.
    pub(super) fn go_to(self, task: TaskId, canvas: &HtmlCanvasElement) {
        let now_us = self.display.now_us();
        let (view, row) = self.histories.with_value(|histories| {
            let history = histories.task(task);
            let part = &histories.parts()[history.part as usize];
            let name =
                self.display.with_record(|record| record.task(part.root).name.kind().to_string()).unwrap_or_default();
            let has_track = history.root == part.root
                && self.bands.with_value(|bands| bands.iter().any(|(drawn, _)| *drawn == Drawn::Part(name.clone())));
            if has_track {
                self.axis.set(Axis::Aligned);
                self.opened.set(Some(name));
            } else {
                self.axis.set(Axis::AsItHappened);
            }
            let (origin_us, row) =
                if has_track { (histories.task(part.root).spawned_us, history.row) } else { (0, history.lane) };
            (View::around(history.spawned_us - origin_us, history.duration_us(now_us)), f64::from(row))
        });
        self.scroll_to(row - ROWS_ABOVE);
        self.show(view);
        self.choose(Some(task));
        // If this fails, the arrow keys do not continue from here.
        let _ = canvas.focus();
    }

    pub(super) fn take_key(self, event: &KeyboardEvent) {
        let view = self.visible();
        match event.key().as_str() {
            "ArrowLeft" => self.show(view.moved(-KEY_STEP)),
            "ArrowRight" => self.show(view.moved(KEY_STEP)),
            "ArrowUp" => self.choose_next(-1),
            "ArrowDown" => self.choose_next(1),
            "PageUp" => self.scroll_to(self.first_row.get_untracked() - self.visible_rows()),
            "PageDown" => self.scroll_to(self.first_row.get_untracked() + self.visible_rows()),
            "+" | "=" => self.show(view.zoomed(ZOOM, 0.5)),
            "-" => self.show(view.zoomed(1.0 / ZOOM, 0.5)),
            "0" => self.view.set(None),
            "Escape" => self.choose(None),
            _ => return,
        }
        event.prevent_default();
    }

    fn choose_next(self, step: isize) {
        let tasks = self.histories.with_value(TaskHistories::len);
        if tasks == 0 {
            return;
        }
        let next = match self.display.chosen.get_untracked() {
            Some(task) => task.index().saturating_add_signed(step).min(tasks - 1),
            None => 0,
        };
        self.choose(Some(TaskId::at(next)));
    }

    /// As on maps, the wheel magnifies with Ctrl. With Shift it moves sideways, and alone it scrolls the page.
    pub(super) fn take_wheel(self, event: &WheelEvent) {
        let Some((canvas, x, _)) = self.place_of(event) else { return };
        let width = f64::from(canvas.client_width());
        if event.ctrl_key() || event.meta_key() {
            event.prevent_default();
            let factor = if event.delta_y() < 0.0 { WHEEL_ZOOM } else { 1.0 / WHEEL_ZOOM };
            self.show(self.visible().zoomed(factor, x / width));
        } else if event.shift_key() || event.delta_x() != 0.0 {
            event.prevent_default();
            let delta = if event.delta_x() == 0.0 { event.delta_y() } else { event.delta_x() };
            self.show(self.visible().moved(delta / width));
        }
    }

    pub(super) fn take_press(self, event: &PointerEvent) {
        if let Some(canvas) = self.canvas.get_untracked() {
            // If this fails, a drag ends at the edge of the canvas.
            let _ = canvas.set_pointer_capture(event.pointer_id());
        }
    }

    /// A drag moves the view, and what is opened up and down. Otherwise the task under the pointer is chosen.
    pub(super) fn take_move(self, event: &PointerEvent) {
        let Some((canvas, x, y)) = self.place_of(event) else { return };
        let width = f64::from(canvas.client_width());
        let view = self.visible();
        if event.buttons() & 1 == 1 {
            if let Some(lane) = self.opened_band().and_then(|band| band.lane) {
                self.scroll_to(self.first_row.get_untracked() - f64::from(event.movement_y()) / lane);
            }
            self.show(view.moved(-f64::from(event.movement_x()) / width));
            return;
        }
        let found = self.histories.with_value(|histories| {
            let all = self.lanes(histories);
            let lanes = all.iter().find(|lanes| (lanes.y..lanes.y + lanes.band.height).contains(&y))?;
            let row = (lanes.first_row + (y - lanes.y) / lanes.band.lane?) as u32;
            let at_us = view.at_us(x, width) + lanes.origin_us as f64;
            // The last task that fits was drawn on top.
            let found = histories.iter().filter(|(task, history)| {
                history.spawned_us as f64 <= at_us
                    && history.end.is_none_or(|(end_us, _)| at_us <= end_us as f64)
                    && lanes.row(histories, *task) == Some(row)
            });
            found.map(|(task, _)| task).last()
        });
        self.choose(found);
    }

    fn place_of(self, event: &web_sys::MouseEvent) -> Option<(HtmlCanvasElement, f64, f64)> {
        let canvas = self.canvas.get_untracked()?;
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        Some((canvas, x, y))
    }

    /// The band of the part that the reader has opened, or of the whole run.
    fn opened_band(self) -> Option<Band> {
        let opened = self.opened.get_untracked();
        self.bands.with_value(|bands| {
            let is_open = |drawn: &Drawn| match drawn {
                Drawn::WholeRun => true,
                Drawn::Part(name) => Some(name) == opened.as_ref(),
            };
            bands.iter().rfind(|(drawn, _)| is_open(drawn)).map(|(_, band)| *band)
        })
    }

    fn visible_rows(self) -> f64 {
        self.opened_band().map_or(0.0, |band| band.visible_rows())
    }

    /// Shows the rows of what is opened from this one on.
    fn scroll_to(self, row: f64) {
        let rows = match self.axis.get_untracked() {
            Axis::AsItHappened => self.histories.with_value(TaskHistories::lanes),
            Axis::Aligned => self.opened.get_untracked().map_or(0, |name| self.rows_of(&name)),
        };
        let last = (f64::from(rows) - self.visible_rows()).max(0.0);
        self.first_row.set(row.clamp(0.0, last));
    }
}
