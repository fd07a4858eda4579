//! Draws the timeline on a canvas. [`crate::figures`] computes which times are in view and how high the bands are.

mod time;

use leptos::prelude::window;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use crate::figures::bands::Band;
use crate::figures::geometry::{View, ticks};
use crate::measure::activity::Activity;
use crate::measure::heartbeat::Beat;
use crate::measure::segments::{Phase, Segment, TaskHistories, TaskHistory};
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
/// The width of a column of a folded part.
const COLUMN: f64 = 2.0;
const FONT: &str = "12px system-ui, sans-serif";

/// The colours of the current scheme.
struct Colours {
    ink: String,
    muted: String,
    line: String,
    surface: String,
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
    pub(super) fn row(&self, histories: &TaskHistories, task: TaskId) -> Option<u32> {
        let history = histories.task(task);
        match self.root {
            None => Some(history.lane),
            Some(root) => (history.root == root && histories.has_row(task)).then_some(history.row),
        }
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

    fn is_folded(&self) -> bool {
        self.band.lane.is_none()
    }
}

/// A canvas that is prepared for one drawing.
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
        Some(Self { context, colours: Colours::from_canvas(canvas)?, view, width, height })
    }

    /// Draws the axis, with round times.
    pub(super) fn axis(&self) {
        let most = (self.width / 90.0) as usize;
        for tick in ticks(self.view.from_us, self.view.to_us, most) {
            let x = self.view.x(tick as f64, self.width).round() + 0.5;
            self.rect(&self.colours.line, x, AXIS - 4.0, 1.0, self.height - AXIS + 4.0);
            let text = span(tick);
            // The edge would cut off the last label.
            let x = x.min(self.width - text.chars().count() as f64 * LETTER);
            self.text(&self.colours.muted, &text, x.max(2.0), AXIS / 2.0 - 1.0);
        }
    }

    /// Draws the event loop of the whole run: a mark for each heartbeat, and a bar where the loop was blocked.
    pub(super) fn event_loop(&self, beats: &[Beat]) {
        let middle = AXIS + LOOP / 2.0;
        for beat in beats {
            let (from, to) = (self.view.x(beat.due_us as f64, self.width), self.view.x(beat.at_us as f64, self.width));
            if beat.is_blocked() {
                self.rect(self.blocked(), from, AXIS + 1.0, (to - from).max(2.0), LOOP - 2.0);
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

    /// Draws the tasks of some lanes until `now_us`.
    pub(super) fn tasks(&self, record: &Record, histories: &TaskHistories, now_us: u64, all: &[Lanes]) {
        let find = |task: TaskId| all.iter().find(|lanes| lanes.row(histories, task).is_some());
        let open: Vec<Segment> = histories.open_segments(now_us).collect();
        let mut shapes: Vec<_> = all.iter().map(|lanes| lanes.is_folded().then(|| self.activity(lanes))).collect();
        let mut drawn = Vec::new();
        for segment in histories.segments().iter().chain(&open) {
            let Some(index) = all.iter().position(|lanes| lanes.row(histories, segment.task).is_some()) else {
                continue;
            };
            match &mut shapes[index] {
                Some(activity) => activity.add(segment),
                None => drawn.push((segment, &all[index])),
            }
        }
        // Running comes last, so that nothing covers the short moments in which code runs.
        for phase in [Phase::Queued, Phase::Waiting, Phase::Running] {
            let meant = drawn.iter().filter(|(segment, _)| segment.phase == phase);
            self.segments(histories, meant.copied(), phase);
        }
        for (lanes, activity) in all.iter().zip(&shapes) {
            if let Some(activity) = activity {
                self.shape(lanes, activity);
            }
        }
        self.bad_ends(histories, all);
        for (task, history) in histories.iter() {
            let Some(lanes) = find(task).filter(|it| it.band.lane.is_some_and(|lane| lane >= LANE_FOR_TEXT)) else {
                continue;
            };
            self.words(&record.task(task).name.text(), task, history, histories, now_us, lanes);
        }
    }

    fn x(&self, lanes: &Lanes, at_us: u64) -> f64 {
        self.view.x(at_us as f64 - lanes.origin_us as f64, self.width)
    }

    fn activity(&self, lanes: &Lanes) -> Activity {
        let origin_us = lanes.origin_us as f64;
        let columns = (self.width / COLUMN).ceil() as usize;
        Activity::new(self.view.from_us + origin_us, self.view.to_us + origin_us, columns)
    }

    /// Draws a folded part: how many of its tasks run, wait and queue, one above the other.
    fn shape(&self, lanes: &Lanes, activity: &Activity) {
        let phases = [Phase::Running, Phase::Waiting, Phase::Queued];
        let means = phases.map(|phase| activity.means(phase));
        let most = (0..means[0].len()).map(|at| means.iter().map(|it| it[at]).sum::<f64>()).fold(0.0, f64::max);
        if most <= 0.0 {
            return;
        }
        let mut below = vec![0.0; means[0].len()];
        for (phase, means) in phases.into_iter().zip(&means) {
            for (at, mean) in means.iter().enumerate().filter(|(_, mean)| **mean > 0.0) {
                let height = mean / most * lanes.band.height;
                let (x, bottom) = (at as f64 * COLUMN, lanes.bottom() - below[at]);
                // The hatching of what is queued.
                let is_hatch = phase == Phase::Queued && at % 3 == 0;
                let colour = if is_hatch { &self.colours.muted } else { self.colours.of_phase(phase) };
                self.rect(colour, x, bottom - height, if is_hatch { 1.0 } else { COLUMN }, height);
                below[at] += height;
            }
        }
    }

    fn segments<'a>(
        &self,
        histories: &TaskHistories,
        segments: impl Iterator<Item = (&'a Segment, &'a Lanes)>,
        phase: Phase,
    ) {
        let colour = self.colours.of_phase(phase);
        self.context.set_fill_style_str(colour);
        for (segment, lanes) in segments {
            let (from, to) = (self.x(lanes, segment.from_us), self.x(lanes, segment.to_us));
            if to < 0.0 || from > self.width {
                continue;
            }
            let Some((y, height)) = lanes.place_of(histories, segment.task) else { continue };
            self.context.fill_rect(from, y, (to - from).max(1.0), height);
            if phase == Phase::Queued && height > 4.0 {
                self.hatch(from.max(0.0), y, to.min(self.width) - from.max(0.0), height);
                self.context.set_fill_style_str(colour);
            }
        }
    }

    /// Draws a mark at the end of every task that did not succeed, even in a very thin lane.
    fn bad_ends(&self, histories: &TaskHistories, all: &[Lanes]) {
        for bad in [Outcome::Cancelled, Outcome::Retried, Outcome::TimedOut, Outcome::Failed] {
            self.context.set_fill_style_str(&self.colours.outcomes[bad as usize]);
            let mut last_pixel = (0.0, 0.0);
            for (task, history) in histories.iter() {
                let Some((at_us, _)) = history.end.filter(|(_, outcome)| *outcome == bad) else { continue };
                let Some(lanes) = all.iter().find(|lanes| lanes.row(histories, task).is_some()) else { continue };
                // In a folded part, the marks are at its upper edge.
                let place = if lanes.is_folded() { Some((lanes.y, 6.0)) } else { lanes.place_of(histories, task) };
                let Some((y, height)) = place else { continue };
                let x = self.x(lanes, at_us);
                let pixel = (x.round(), y.round());
                // With thousands of tasks, many marks are on the same pixel.
                if (0.0..=self.width).contains(&x) && pixel != last_pixel {
                    self.context.fill_rect(x - 3.0, y, 3.0, height);
                    last_pixel = pixel;
                }
            }
        }
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
    fn words(
        &self,
        name: &str,
        task: TaskId,
        history: &TaskHistory,
        histories: &TaskHistories,
        now_us: u64,
        lanes: &Lanes,
    ) {
        let Some((y, height)) = lanes.place_of(histories, task).filter(|(_, height)| *height >= LANE_FOR_TEXT - 2.0)
        else {
            return;
        };
        let end_us = history.end.map_or(now_us, |(at_us, _)| at_us);
        let from = self.x(lanes, history.spawned_us).max(0.0);
        let to = self.x(lanes, end_us).min(self.width);
        let middle = y + height / 2.0;
        let is_mostly_running = history.running_us * 2 > history.duration_us(now_us);
        let ink = if is_mostly_running { &self.colours.surface } else { &self.colours.ink };
        let room = to - from;
        let text = format!("{name}  {}", span(history.duration_us(now_us)));
        let text = if width_of(&text) + SIGN < room { &text } else { name };
        self.label(text, ink, from, room, middle);
        // If there is no room for both, the name stays and the sign goes.
        if let Some((_, outcome)) = history.end
            && width_of(text) + SIGN < room
        {
            let colour = if is_mostly_running { ink } else { &self.colours.outcomes[outcome as usize] };
            self.text(colour, outcome.sign(), to - SIGN + 3.0, middle);
        }
    }

    /// Draws a frame around the bar of a task. In a folded part, it is as high as the part.
    pub(super) fn frame_around(&self, histories: &TaskHistories, task: TaskId, now_us: u64, all: &[Lanes]) {
        let history = histories.task(task);
        for lanes in all.iter().filter(|lanes| lanes.row(histories, task).is_some()) {
            let whole = lanes.is_folded().then_some((lanes.y, lanes.band.height));
            let Some((y, height)) = whole.or_else(|| lanes.place_of(histories, task)) else { continue };
            let from = self.x(lanes, history.spawned_us);
            let to = self.x(lanes, history.end.map_or(now_us, |(at_us, _)| at_us));
            self.context.set_stroke_style_str(&self.colours.ink);
            self.context.set_line_width(2.0);
            self.context.stroke_rect(from, y, (to - from).max(2.0), height.max(2.0));
        }
    }

    /// Writes a text, shortened if there is too little room.
    fn label(&self, text: &str, colour: &str, x: f64, room: f64, middle: f64) {
        let letters = ((room - 10.0) / LETTER).max(0.0) as usize;
        if width_of(text) <= room {
            self.text(colour, text, x + 6.0, middle);
        } else if letters >= 4 {
            let cut: String = text.chars().take(letters - 1).chain(['…']).collect();
            self.text(colour, &cut, x + 6.0, middle);
        }
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
