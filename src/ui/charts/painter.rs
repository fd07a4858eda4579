//! Draws the timeline on a canvas. [`crate::figures`] computes which times are in view and how high the bands are.

mod time;

use std::ops::Range;

use leptos::prelude::window;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use crate::figures::bands::Band;
use crate::figures::geometry::{View, ticks};
use crate::measure::activity::Activity;
use crate::measure::heartbeat::Beat;
use crate::measure::rows::{Row, Rows};
use crate::measure::segments::{Phase, TaskHistories};
use crate::measure::track::{Content, Track, Tracks};
use crate::measure::units::span;
use crate::measure::{Outcome, Record, TaskId};

/// Height of the time axis in CSS pixels.
const AXIS: f64 = 20.0;
/// Height of the strip that shows the event loop.
const LOOP: f64 = 14.0;
/// Lanes that are lower than this have no text.
const LANE_FOR_TEXT: f64 = 13.0;
/// About the width of a letter.
const LETTER: f64 = 6.8;
/// The room for the sign of an outcome.
const SIGN: f64 = 18.0;
/// A bar that is narrower has no text.
const LEAST_FOR_TEXT: f64 = 36.0;
/// A bar that is narrower has no hatching.
const HATCH_FROM: f64 = 2.0;
/// The width of a column of a folded part.
const COLUMN: f64 = 2.0;
const FONT: &str = "12px system-ui, sans-serif";

/// The colours of the current scheme.
#[derive(Clone)]
struct Colours {
    ink: String,
    muted: String,
    line: String,
    surface: String,
    forecast: String,
    running: String,
    waiting: String,
    queued: String,
    outcomes: [String; Outcome::ALL.len()],
}

impl Colours {
    fn from_canvas(canvas: &HtmlCanvasElement) -> Option<Self> {
        let style = window().get_computed_style(canvas).ok()??;
        let colour = |name: &str| style.get_property_value(&format!("--{name}")).unwrap_or_default();
        Some(Self {
            ink: colour("ink"),
            muted: colour("muted"),
            line: colour("line"),
            surface: colour("surface"),
            forecast: colour("forecast"),
            running: colour("running"),
            waiting: colour("waiting"),
            queued: colour("queued"),
            outcomes: Outcome::ALL.map(|outcome| colour(&outcome.name().replace(' ', "-"))),
        })
    }

    fn of_phase(&self, phase: Phase) -> &str {
        match phase {
            Phase::Queued => &self.queued,
            Phase::Running => &self.running,
            Phase::Waiting => &self.waiting,
        }
    }
}

/// The place of some tasks on the canvas.
pub(super) struct Lanes {
    /// The upper edge in CSS pixels.
    pub(super) y: f64,
    pub(super) band: Band,
    /// The first visible row. It may be a fraction.
    pub(super) first_row: f64,
    /// The instant of the run at which the axis begins here.
    pub(super) origin_us: u64,
    /// The root task whose tasks are drawn; `None` for all tasks of the run.
    pub(super) root: Option<TaskId>,
}

impl Lanes {
    /// The row of a task, if it is drawn here.
    fn row(&self, histories: &TaskHistories, task: TaskId) -> Option<u32> {
        histories.row_in(self.root, task)
    }

    /// The rows that are visible, also those that are visible in part. None of a folded part.
    fn visible_rows(&self) -> Range<u32> {
        self.first_row as u32..(self.first_row + self.band.visible_rows()).ceil() as u32
    }

    /// The upper edge and the height of a row, without what is outside the band. `None` if nothing of it is visible.
    fn place_of_row(&self, row: u32) -> Option<(f64, f64)> {
        let lane = self.band.lane?;
        let gap = if lane > 6.0 { 2.0 } else { 1.0 };
        let top = (f64::from(row) - self.first_row) * lane;
        let (from, to) = (top.max(0.0), (top + lane - gap).min(self.band.height));
        (to > from).then_some((self.y + from, to - from))
    }

    fn place_of(&self, histories: &TaskHistories, task: TaskId) -> Option<(f64, f64)> {
        self.place_of_row(self.row(histories, task)?)
    }

    fn bottom(&self) -> f64 {
        self.y + self.band.height
    }

    /// True if its tasks are drawn as one shape.
    pub(super) fn is_folded(&self) -> bool {
        self.band.lane.is_none()
    }
}

/// A canvas that is prepared for one drawing.
#[derive(Clone)]
pub(super) struct Painter {
    context: CanvasRenderingContext2d,
    colours: Colours,
    view: View,
    width: f64,
    height: f64,
}

impl Painter {
    /// Fits the canvas to its place on the page and to the screen's pixels, and clears it.
    pub(super) fn new(canvas: &HtmlCanvasElement, view: View) -> Option<Self> {
        let context = canvas.get_context("2d").ok()??.dyn_into::<CanvasRenderingContext2d>().ok()?;
        let (width, height) = (f64::from(canvas.client_width()), f64::from(canvas.client_height()));
        let ratio = window().device_pixel_ratio();
        let (pixels_x, pixels_y) = ((width * ratio) as u32, (height * ratio) as u32);
        if (canvas.width(), canvas.height()) != (pixels_x, pixels_y) {
            canvas.set_width(pixels_x);
            canvas.set_height(pixels_y);
        }
        context.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0).ok()?;
        context.clear_rect(0.0, 0.0, width, height);
        context.set_font(FONT);
        context.set_text_baseline("middle");
        context.set_line_join("round");
        Some(Self { context, colours: Colours::from_canvas(canvas)?, view, width, height })
    }

    /// The same canvas with paler colours for tasks, for a forecast.
    pub(super) fn pale(mut self) -> Self {
        let colours = &mut self.colours;
        colours.running = std::mem::replace(&mut colours.waiting, colours.forecast.clone());
        colours.outcomes[Outcome::Succeeded as usize].clone_from(&colours.muted);
        // The hatching, and the text where code runs.
        colours.muted.clone_from(&colours.queued);
        colours.surface.clone_from(&colours.ink);
        self
    }

    /// Draws the outlines of tasks, from spawning to their end, where there is room for their lanes.
    pub(super) fn outlines(&self, histories: &TaskHistories, now_us: u64, all: &[Lanes]) {
        self.context.set_stroke_style_str(&self.colours.running);
        self.context.set_line_width(1.0);
        for (task, history) in histories.iter() {
            let Some(lanes) = all.iter().find(|lanes| lanes.row(histories, task).is_some()) else { continue };
            let Some((y, height)) = lanes.place_of(histories, task).filter(|(_, height)| *height > 4.0) else {
                continue;
            };
            let from = self.x(lanes, history.spawned_us).round() + 0.5;
            let to = self.x(lanes, history.end.map_or(now_us, |(at_us, _)| at_us)).round() - 0.5;
            self.context.stroke_rect(from, y + 0.5, (to - from).max(0.0), height - 1.0);
        }
    }

    /// Draws a dashed line through the whole chart where the reader expects an end.
    pub(super) fn answer(&self, at_us: u64) {
        self.dashes(self.view.x(at_us as f64, self.width), AXIS, self.height);
    }

    /// Draws a dashed line where the reader expected the end of a part.
    pub(super) fn answer_in(&self, lanes: &Lanes, length_us: u64) {
        let x = self.view.x(length_us as f64, self.width);
        self.dashes(x, lanes.y - 4.0, lanes.bottom());
        // At the right edge there is room only on the left.
        let left = if x + 4.0 * LETTER > self.width { x - 4.0 * LETTER } else { x + 4.0 };
        self.text(&self.colours.ink, "you", left, lanes.y + 6.0);
    }

    /// Draws the axis, with round times.
    pub(super) fn axis(&self) {
        for (tick, x) in self.ticks() {
            self.rect(&self.colours.line, x, AXIS - 4.0, 1.0, 4.0);
            let text = span(tick);
            // The edge would cut off the last label.
            let x = x.min(self.width - text.chars().count() as f64 * LETTER);
            self.text(&self.colours.muted, &text, x.max(2.0), AXIS / 2.0 - 1.0);
        }
    }

    /// Draws a line at each time of the axis behind some lanes, but not behind the texts between them.
    pub(super) fn grid(&self, all: &[Lanes]) {
        for (_, x) in self.ticks() {
            all.iter().for_each(|lanes| self.rect(&self.colours.line, x, lanes.y - 2.0, 1.0, lanes.band.height + 2.0));
        }
    }

    /// The times of the axis, with their places on the canvas.
    fn ticks(&self) -> impl Iterator<Item = (u64, f64)> {
        let most = (self.width / 90.0) as usize;
        let place = |tick| (tick, self.view.x(tick as f64, self.width).round() + 0.5);
        ticks(self.view.from_us, self.view.to_us, most).into_iter().map(place)
    }

    /// Draws the event loop of the whole run: a mark for each heartbeat, and a bar where the loop was blocked.
    pub(super) fn event_loop(&self, beats: &[Beat]) {
        let middle = AXIS + LOOP / 2.0;
        for beat in beats {
            let (from, to) = (self.view.x(beat.due_us as f64, self.width), self.view.x(beat.at_us as f64, self.width));
            if beat.is_blocked() {
                self.rect(self.blocked(), from, AXIS + 1.0, (to - from).max(2.0), LOOP - 2.0);
                self.context.set_stroke_style_str(self.blocked());
                self.label("page blocked", &self.colours.surface, from, to - from, middle);
            } else {
                self.rect(&self.colours.muted, to, middle - 3.0, 1.0, 6.0);
            }
        }
    }

    /// Draws a strip above the lanes where the event loop was blocked during a part that ended at `end_us`.
    pub(super) fn blocked_strip(&self, beats: &[Beat], lanes: &Lanes, end_us: u64) {
        let overlaps = |beat: &&Beat| beat.is_blocked() && beat.at_us > lanes.origin_us && beat.due_us < end_us;
        for beat in beats.iter().filter(overlaps) {
            let from = self.x(lanes, beat.due_us.max(lanes.origin_us));
            let to = self.x(lanes, beat.at_us.min(end_us));
            self.rect(self.blocked(), from, lanes.y - 3.0, (to - from).max(2.0), 3.0);
        }
    }

    fn blocked(&self) -> &str {
        &self.colours.outcomes[Outcome::TimedOut as usize]
    }

    /// Draws a thumb at the right edge of lanes that do not show all their rows.
    pub(super) fn scroll_thumb(&self, lanes: &Lanes, rows: u32) {
        let (visible, rows) = (lanes.band.visible_rows(), f64::from(rows));
        if visible < rows {
            let at = |row: f64| (row / rows).clamp(0.0, 1.0) * lanes.band.height;
            let (from, to) = (at(lanes.first_row), at(lanes.first_row + visible));
            self.rect(&self.colours.muted, self.width - 4.0, lanes.y + from, 4.0, (to - from).max(8.0));
        }
    }

    /// Draws a solid line where a part ended.
    pub(super) fn end(&self, lanes: &Lanes, length_us: u64) {
        let x = self.view.x(length_us as f64, self.width).round();
        self.rect(&self.colours.running, x - 1.0, lanes.y - 2.0, 2.0, lanes.band.height + 2.0);
    }

    /// Draws a thin line at the ideal of a part.
    pub(super) fn ideal(&self, lanes: &Lanes, length_us: u64) {
        let x = self.view.x(length_us as f64, self.width).round();
        self.rect(&self.colours.ink, x, lanes.y - 4.0, 1.0, lanes.band.height + 6.0);
    }

    /// Draws a dashed line where a part ended in another run.
    pub(super) fn end_in_another(&self, lanes: &Lanes, length_us: u64) {
        self.dashes(self.view.x(length_us as f64, self.width), lanes.y - 4.0, lanes.bottom());
    }

    /// Draws a dashed line where another run ended, with a word for that run.
    pub(super) fn end_of_another(&self, at_us: u64, word: &str) {
        let x = self.view.x(at_us as f64, self.width).round().min(self.width - 1.0);
        self.dashes(x, AXIS + LOOP, self.height);
        let text = format!("{word}: ended at {}", span(at_us));
        let left = x - text.chars().count() as f64 * LETTER - 4.0;
        // The label is on the right of the line if there is no room on the left.
        let left = if left < 0.0 { x + 4.0 } else { left };
        self.text(&self.colours.ink, &text, left, self.height - 8.0);
    }

    fn dashes(&self, x: f64, from: f64, to: f64) {
        let x = x.round().min(self.width - 1.0);
        for dash in (from.max(0.0) as u32..to.max(0.0) as u32).step_by(8) {
            self.rect(&self.colours.ink, x, f64::from(dash), 1.0, 4.0);
        }
    }

    /// Draws the tasks of some lanes until `now_us`. Their tracks must have been read.
    pub(super) fn tasks(
        &self,
        record: &Record,
        histories: &TaskHistories,
        tracks: &Tracks,
        now_us: u64,
        all: &[Lanes],
    ) {
        for lanes in all {
            let Some(track) = tracks.get(lanes.root, lanes.is_folded()) else { continue };
            match track.content() {
                Content::Shape(activity) => self.shape(lanes, activity, now_us),
                Content::Rows(rows) => self.rows(lanes, rows, now_us),
            }
            self.bad_ends(histories, track, lanes);
            if let Content::Rows(rows) = track.content()
                && lanes.band.lane.is_some_and(|lane| lane >= LANE_FOR_TEXT)
            {
                for task in self.tasks_with_room_for_words(lanes, rows) {
                    self.words(&record.task(task).name.text(), task, histories, now_us, lanes);
                }
            }
        }
    }

    fn x(&self, lanes: &Lanes, at_us: u64) -> f64 {
        self.view.x(at_us as f64 - lanes.origin_us as f64, self.width)
    }

    /// The times of the run at both edges of the canvas.
    fn edges_us(&self, lanes: &Lanes) -> [f64; 2] {
        [self.view.from_us, self.view.to_us].map(|us| us + lanes.origin_us as f64)
    }

    /// The time that one pixel stands for.
    fn pixel_us(&self) -> f64 {
        (self.view.to_us - self.view.from_us) / self.width.max(1.0)
    }

    /// Draws a folded part: how many of its tasks run, wait and queue, one above the other.
    fn shape(&self, lanes: &Lanes, activity: &Activity, now_us: u64) {
        let [from_us, to_us] = self.edges_us(lanes);
        let columns = (self.width / COLUMN).ceil() as usize;
        let means = activity.means(from_us, to_us, columns, now_us);
        let most = (0..columns).map(|at| means.iter().map(|it| it[at]).sum::<f64>()).fold(0.0, f64::max);
        if most <= 0.0 {
            return;
        }
        let mut below = vec![0.0; columns];
        for phase in [Phase::Running, Phase::Waiting, Phase::Queued] {
            self.context.set_fill_style_str(self.colours.of_phase(phase));
            for (at, (mean, below)) in means[phase as usize].iter().zip(&mut below).enumerate() {
                let height = mean / most * lanes.band.height;
                if height > 0.0 {
                    self.context.fill_rect(at as f64 * COLUMN, lanes.bottom() - *below - height, COLUMN, height);
                }
                // The hatching of what is queued follows.
                if phase != Phase::Queued {
                    *below += height;
                }
            }
        }
        self.context.set_fill_style_str(&self.colours.muted);
        for (at, (mean, below)) in means[Phase::Queued as usize].iter().zip(&below).enumerate().step_by(3) {
            let height = mean / most * lanes.band.height;
            self.context.fill_rect(at as f64 * COLUMN, lanes.bottom() - below - height, 1.0, height);
        }
    }

    /// Draws the visible rows.
    fn rows(&self, lanes: &Lanes, rows: &Rows, now_us: u64) {
        let [from_us, to_us] = self.edges_us(lanes);
        let visible = lanes.visible_rows();
        let places = visible.clone().map(|row| lanes.place_of_row(row));
        let spans = |row: &Row| row.spans(from_us, to_us, self.pixel_us(), now_us);
        let rows: Vec<_> = rows.rows(visible).iter().map(spans).zip(places).collect();
        // Running comes last, so that nothing covers the short moments in which code runs.
        for phase in [Phase::Queued, Phase::Waiting, Phase::Running] {
            let colour = self.colours.of_phase(phase);
            self.context.set_fill_style_str(colour);
            for (spans, place) in &rows {
                let Some((y, height)) = *place else { continue };
                for span in spans.iter().filter(|span| span.phase == phase) {
                    let (from, to) = (self.x(lanes, span.from_us), self.x(lanes, span.to_us));
                    // Canvases draw shapes that reach far beyond their edges inexactly.
                    let (from, to) = (from.max(-1.0), to.min(self.width + 1.0));
                    self.context.fill_rect(from, y, (to - from).max(1.0), height);
                    if phase == Phase::Queued && height > 4.0 && to - from > HATCH_FROM {
                        self.hatch(from.max(0.0), y, to.min(self.width) - from.max(0.0), height);
                        self.context.set_fill_style_str(colour);
                    }
                }
            }
        }
    }

    /// Draws a mark at the end of every task that did not succeed, even in a very thin lane. With thousands of tasks,
    /// many marks are on the same pixel.
    fn bad_ends(&self, histories: &TaskHistories, track: &Track, lanes: &Lanes) {
        let [from_us, to_us] = self.edges_us(lanes);
        let mark = |task: TaskId, (y, height): (f64, f64)| {
            let x = histories.task(task).end.map_or(0.0, |(at_us, _)| self.x(lanes, at_us));
            self.context.fill_rect(x - 3.0, y, 3.0, height);
        };
        for bad in [Outcome::Cancelled, Outcome::Retried, Outcome::TimedOut, Outcome::Failed] {
            self.context.set_fill_style_str(&self.colours.outcomes[bad as usize]);
            if lanes.is_folded() {
                // The marks are at the upper edge.
                let ended = track.ended_by_column(histories, bad, [from_us, to_us], self.pixel_us());
                ended.into_iter().for_each(|task| mark(task, (lanes.y, 6.0)));
            } else {
                for task in track.ended(histories, bad, from_us, to_us) {
                    lanes.place_of(histories, *task).into_iter().for_each(|place| mark(*task, place));
                }
            }
        }
    }

    /// The tasks in the visible rows whose bars may have room for a name: those that are at one of many places.
    fn tasks_with_room_for_words(&self, lanes: &Lanes, rows: &Rows) -> Vec<TaskId> {
        let places = (0..=(self.width / LEAST_FOR_TEXT) as u32).map(|place| f64::from(place) * LEAST_FOR_TEXT);
        let at_us: Vec<_> = places.map(|x| self.view.at_us(x, self.width) + lanes.origin_us as f64).collect();
        let mut tasks = Vec::new();
        for row in rows.rows(lanes.visible_rows()) {
            tasks.extend(at_us.iter().filter(|at_us| **at_us >= 0.0).filter_map(|at_us| row.task_at(*at_us as u64)));
            tasks.dedup();
        }
        tasks
    }

    /// Draws the hatching. Like the colour, it shows that a task is queued.
    fn hatch(&self, x: f64, y: f64, width: f64, height: f64) {
        self.context.set_fill_style_str(&self.colours.muted);
        let mut offset = 2.0;
        while offset < width {
            self.context.fill_rect(x + offset, y, 1.0, height);
            offset += 6.0;
        }
    }

    /// Writes a task's name and length on its bar, and a sign for how it ended.
    fn words(&self, name: &str, task: TaskId, histories: &TaskHistories, now_us: u64, lanes: &Lanes) {
        let history = histories.task(task);
        let Some((y, height)) = lanes.place_of(histories, task).filter(|(_, height)| *height >= LANE_FOR_TEXT - 2.0)
        else {
            return;
        };
        let end_us = history.end.map_or(now_us, |(at_us, _)| at_us);
        let from = self.x(lanes, history.spawned_us).max(0.0);
        let to = self.x(lanes, end_us).min(self.width);
        let middle = y + height / 2.0;
        let is_mostly_running = history.running_us * 2 > history.duration_us(now_us);
        let (ink, halo) = match is_mostly_running {
            true => (&self.colours.surface, &self.colours.running),
            false => (&self.colours.ink, &self.colours.waiting),
        };
        let room = to - from;
        let text = format!("{name}  {}", span(history.duration_us(now_us)));
        let text = if width_of(&text) + SIGN < room { &text } else { name };
        // A halo keeps the letters readable where the bar changes its colour behind them.
        self.context.set_stroke_style_str(halo);
        self.context.set_line_width(3.0);
        self.label(text, ink, from, room, middle);
        // If there is no room for both, the name stays and the sign goes.
        if let Some((_, outcome)) = history.end
            && width_of(text) + SIGN < room
        {
            let colour = if is_mostly_running { ink } else { &self.colours.outcomes[outcome as usize] };
            self.text(colour, outcome.sign(), to - SIGN + 3.0, middle);
        }
    }

    /// Draws a frame around the bar of each of these tasks. In a folded part, one frame is around all of them.
    pub(super) fn frames_around(&self, histories: &TaskHistories, tasks: &[TaskId], now_us: u64, all: &[Lanes]) {
        self.context.set_stroke_style_str(&self.colours.ink);
        self.context.set_line_width(2.0);
        let times = |task: TaskId| {
            let history = histories.task(task);
            (history.spawned_us, history.end.map_or(now_us, |(at_us, _)| at_us))
        };
        for lanes in all {
            let here = tasks.iter().copied().filter(|task| lanes.row(histories, *task).is_some());
            if lanes.is_folded() {
                let both = here.map(times).reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)));
                both.into_iter().for_each(|times| self.frame(lanes, times, (lanes.y, lanes.band.height)));
            } else {
                let visible = here.filter_map(|task| Some((times(task), lanes.place_of(histories, task)?)));
                visible.for_each(|(times, place)| self.frame(lanes, times, place));
            }
        }
    }

    fn frame(&self, lanes: &Lanes, (from_us, to_us): (u64, u64), (y, height): (f64, f64)) {
        let (from, to) = (self.x(lanes, from_us), self.x(lanes, to_us));
        if to >= 0.0 && from <= self.width {
            let (from, to) = (from.max(-2.0), to.min(self.width + 2.0));
            self.context.stroke_rect(from, y, (to - from).max(2.0), height.max(2.0));
        }
    }

    /// Writes a text, shortened if there is too little room, with a halo in the stroke style.
    fn label(&self, text: &str, colour: &str, x: f64, room: f64, middle: f64) {
        let letters = ((room - 10.0) / LETTER).max(0.0) as usize;
        let cut;
        let text = if width_of(text) <= room {
            text
        } else if letters >= 4 {
            cut = text.chars().take(letters - 1).chain(['…']).collect::<String>();
            &cut
        } else {
            return;
        };
        self.context.set_fill_style_str(colour);
        // Wide letters are drawn narrower, so that no name reaches into another. Both fail only for numbers that are not
        // finite.
        let _ = self.context.stroke_text_with_max_width(text, x + 6.0, middle + 1.0, room - 8.0);
        let _ = self.context.fill_text_with_max_width(text, x + 6.0, middle + 1.0, room - 8.0);
    }

    fn text(&self, colour: &str, text: &str, x: f64, middle: f64) {
        self.context.set_fill_style_str(colour);
        // It fails only for numbers that are not finite. A missing label does no harm.
        let _ = self.context.fill_text(text, x, middle + 1.0);
    }

    fn rect(&self, colour: &str, x: f64, y: f64, width: f64, height: f64) {
        self.context.set_fill_style_str(colour);
        self.context.fill_rect(x, y, width, height);
    }
}

/// About the width of a text with the room around it.
fn width_of(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER + 10.0
}
