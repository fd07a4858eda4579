//! The timeline under keys, wheel and pointer.

use leptos::prelude::*;
use web_sys::{HtmlCanvasElement, KeyboardEvent, PointerEvent, WheelEvent};

use crate::figures::bands::Band;
use crate::figures::geometry::View;
use crate::measure::TaskId;
use crate::measure::segments::TaskHistories;
use crate::measure::track::Content;
use crate::measure::window::TimeRange;
use crate::ui::charts::painter::Lanes;
use crate::ui::display::chart::{Chart, Drawn, Press};
use crate::ui::display::cursor::Axis;

/// The distance that one press of a key moves the view, as a fraction of its width.
const KEY_STEP: f64 = 0.2;

/// The factor by which one press of a key magnifies.
const ZOOM: f64 = 1.5;

/// The factor by which one turn of the wheel magnifies. Touchpads send many turns.
const WHEEL_ZOOM: f64 = 1.1;

/// With more tasks than this, what they do under the pointer is not read while it moves: that takes longer than a frame.
/// A press still reads it.
const MOST_TASKS_READ: usize = 100_000;

/// A press that moves less than this, in CSS pixels, does not count as a drag, because the hand may shake.
const SHORTEST_DRAG: f64 = 4.0;

/// A wanted task has this many rows above it.
const ROWS_ABOVE: f64 = 3.0;

impl Chart {
    /// Zooms in on a task until its name can be read, and chooses it.
    pub(super) fn go_to(self, task: TaskId, canvas: &HtmlCanvasElement) {
        let now_us = self.display.now_us();
        let (view, row) = self.histories.with_value(|histories| {
            let (history, place) = (histories.task(task), histories.place(task));
            let part = &histories.parts()[place.part as usize];
            let name =
                self.display.with_record(|record| record.task(part.root).name.kind().to_string()).unwrap_or_default();
            let has_track = place.root == part.root
                && self.bands.with_value(|bands| bands.iter().any(|(drawn, _)| *drawn == Drawn::Part(name.clone())));
            if has_track {
                self.axis.set(Axis::Aligned);
                self.opened.set(Some(name));
            } else {
                self.axis.set(Axis::AsItHappened);
            }
            let (origin_us, row) =
                if has_track { (histories.task(part.root).spawned_us, place.row) } else { (0, place.lane) };
            (View::around(history.spawned_us - origin_us, history.duration_us(now_us)), f64::from(row))
        });
        self.scroll_to(row - ROWS_ABOVE);
        self.show(view);
        self.choose(Some(task));
        // The search field keeps the focus, so that Enter goes to the next match.
        let is_searching = document().active_element().is_some_and(|it| it.matches(".find input").unwrap_or(false));
        if !is_searching {
            // If this fails, the arrow keys do not continue from here.
            let _ = canvas.focus();
        }
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
            "Escape" => {
                self.choose(None);
                self.display.cursor.clear();
            }
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
        let next = TaskId::at(next);
        self.choose(Some(next));
        self.bring_into_view(next);
    }

    /// Scrolls what is opened until the row of a task is in view, if the task is in it.
    fn bring_into_view(self, task: TaskId) {
        let row = self.histories.with_value(|histories| {
            let opened = self.opened_lanes(histories)?;
            histories.row_in(opened.root, task).map(f64::from)
        });
        let (first, rows) = (self.first_row.get_untracked(), self.visible_rows());
        match row {
            Some(row) if row < first => self.scroll_to(row),
            Some(row) if row + 1.0 > first + rows => self.scroll_to(row + 1.0 - rows),
            _ => {}
        }
    }

    /// As on maps, the wheel magnifies with Ctrl. With Shift it moves sideways. Alone it scrolls the rows under the pointer
    /// if there are more than can be seen, and then the page.
    pub(super) fn take_wheel(self, event: &WheelEvent) {
        let Some((canvas, x, y)) = self.place_of(event) else { return };
        let width = f64::from(canvas.client_width());
        if event.ctrl_key() || event.meta_key() {
            event.prevent_default();
            let factor = if event.delta_y() < 0.0 { WHEEL_ZOOM } else { 1.0 / WHEEL_ZOOM };
            self.show(self.visible().zoomed(factor, x / width));
        } else if event.shift_key() || event.delta_x() != 0.0 {
            event.prevent_default();
            let delta = if event.delta_x() == 0.0 { event.delta_y() } else { event.delta_x() };
            self.show(self.visible().moved(delta / width));
        } else if let Some(lane) = self.histories.with_value(|histories| self.opened_lane_at(histories, y)) {
            let first = self.first_row.get_untracked();
            self.scroll_to(first + event.delta_y() / lane);
            if self.first_row.get_untracked() != first {
                event.prevent_default();
            }
        }
    }

    /// The height of a lane of what is opened, if that is at this height of the canvas.
    fn opened_lane_at(self, histories: &TaskHistories, y: f64) -> Option<f64> {
        let opened = self.opened_lanes(histories)?;
        let is_inside = (opened.y..opened.y + opened.band.height).contains(&y);
        opened.band.lane.filter(|_| is_inside)
    }

    /// The lanes of the part that the reader has opened, or of the whole run.
    pub(super) fn opened_lanes(self, histories: &TaskHistories) -> Option<Lanes> {
        let part = self.opened.get_untracked().and_then(|name| histories.part_named(&name));
        let root = part.map(|part| histories.parts()[part].root);
        self.lanes(histories).into_iter().find(|lanes| lanes.root.is_none() || lanes.root == root)
    }

    /// A press begins a drag. With Shift, the drag selects a time range in the part that it begins in.
    pub(super) fn take_press(self, event: &PointerEvent) {
        let Some((canvas, x, y)) = self.place_of(event) else { return };
        // If this fails, a drag ends at the edge of the canvas.
        let _ = canvas.set_pointer_capture(event.pointer_id());
        let at_us = self.visible().at_us(x, f64::from(canvas.client_width()));
        let root = self.histories.with_value(|histories| nearest(&self.lanes(histories), y).map(|lanes| lanes.root));
        let selects = event.shift_key() && root.is_some() && self.is_over();
        let root = root.flatten();
        self.press.set(Some(Press { root, from_us: at_us, to_us: at_us, selects, moved: 0.0 }));
    }

    /// A press without a drag chooses the instant under the pointer.
    pub(super) fn take_release(self) {
        let Some(press) = self.press.get_untracked() else { return };
        self.press.set(None);
        let has_moved = press.moved > SHORTEST_DRAG;
        if press.selects && has_moved {
            let part = press.root.and_then(|root| self.display.parts().into_iter().find(|part| part.root == root));
            let range = self.range_of(&press);
            self.display.select(part, range);
        } else if !has_moved && self.is_over() {
            self.display.cursor.is_replaying.set(false);
            self.display.cursor.pinned_us.set(Some(press.to_us.max(0.0) as u64));
        }
    }

    /// The time range of a drag, in microseconds since the run's start.
    pub(super) fn range_of(self, press: &Press) -> TimeRange {
        let origin_us =
            press.root.map_or(0, |root| self.histories.with_value(|histories| histories.task(root).spawned_us));
        let at = |us: f64| origin_us + us.max(0.0) as u64;
        TimeRange::between(at(press.from_us), at(press.to_us))
    }

    /// True if the run on display is over. Only then the reader can look at an instant of it.
    fn is_over(self) -> bool {
        untrack(|| self.display.has_saved())
    }

    /// A drag moves the view, and what is opened up and down. Otherwise the task and the instant under the pointer are
    /// chosen.
    pub(super) fn take_move(self, event: &PointerEvent) {
        let Some((canvas, x, y)) = self.place_of(event) else { return };
        let width = f64::from(canvas.client_width());
        let view = self.visible();
        if event.buttons() & 1 == 1 {
            let (right, down) = (f64::from(event.movement_x()), f64::from(event.movement_y()));
            self.press.update(|press| {
                if let Some(press) = press {
                    press.moved += right.abs() + down.abs();
                    press.to_us = view.at_us(x.clamp(0.0, width), width);
                }
            });
            if self.press.with_untracked(|press| press.as_ref().is_some_and(|press| press.selects)) {
                return;
            }
            if let Some(lane) = self.opened_band().and_then(|band| band.lane) {
                self.scroll_to(self.first_row.get_untracked() - down / lane);
            }
            self.show(view.moved(-right / width));
            return;
        }
        if self.is_over() && self.histories.with_value(TaskHistories::len) <= MOST_TASKS_READ {
            self.display.cursor.hovered_us.set(Some(view.at_us(x, width).max(0.0) as u64));
        }
        let found = self.histories.with_value(|histories| {
            let all = self.lanes(histories);
            let lanes = all.iter().find(|lanes| (lanes.y..lanes.y + lanes.band.height).contains(&y))?;
            let row = (lanes.first_row + (y - lanes.y) / lanes.band.lane?) as u32;
            let at_us = view.at_us(x, width) + lanes.origin_us as f64;
            self.drawn.with_value(|tracks| match tracks.get(lanes.root, false)?.content() {
                Content::Rows(rows) => rows.task_at(row, at_us.max(0.0) as u64),
                Content::Shape(_) => None,
            })
        });
        self.choose(found);
        self.is_hovered.set_value(found.is_some());
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
        let last = (f64::from(self.opened_rows()) - self.visible_rows()).max(0.0);
        self.first_row.set(row.clamp(0.0, last));
    }

    /// The number of rows of what is opened, visible or not.
    pub(super) fn opened_rows(self) -> u32 {
        match self.axis.get_untracked() {
            Axis::AsItHappened => self.histories.with_value(TaskHistories::lanes),
            Axis::Aligned => self.opened.get_untracked().map_or(0, |name| self.rows_of(&name)),
        }
    }
}

/// The lanes at this height of the canvas, or the ones that are nearest to it.
fn nearest(all: &[Lanes], y: f64) -> Option<&Lanes> {
    let distance = |lanes: &Lanes| (lanes.y - y).max(y - lanes.y - lanes.band.height).max(0.0);
    all.iter().min_by(|one, other| distance(one).total_cmp(&distance(other)))
}
