//! Draws the timeline on a canvas. [`crate::figures::geometry`] computes what is in view, and the places of times on
//! the canvas.

use leptos::prelude::window;
use wasm_bindgen::JsCast;
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement};

use crate::figures::geometry::{View, ticks};
use crate::measure::heartbeat::Beat;
use crate::measure::segments::{Phase, Segment, TaskHistories, TaskHistory};
use crate::measure::units::span;
use crate::measure::{Outcome, Record, TaskId};

/// Height of the time axis in CSS pixels.
const AXIS: f64 = 20.0;
/// Height of the strip that shows the event loop.
const LOOP: f64 = 18.0;
/// Lanes start below this.
pub(super) const TOP: f64 = AXIS + LOOP + 6.0;
/// The greatest height of a lane.
const LANE: f64 = 40.0;
/// Lanes that are lower than this have no text.
const LANE_FOR_TEXT: f64 = 13.0;
/// About the width of a letter.
const LETTER: f64 = 6.8;
/// The room for the sign of an outcome.
const SIGN: f64 = 18.0;
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
            let x = self.view.x(tick, self.width).round() + 0.5;
            self.rect(&self.colours.line, x, AXIS - 4.0, 1.0, self.height - AXIS + 4.0);
            let text = span(tick);
            // The edge would cut off the last label.
            let x = x.min(self.width - text.chars().count() as f64 * LETTER);
            self.text(&self.colours.muted, &text, x.max(2.0), AXIS / 2.0 - 1.0);
        }
    }

    /// Draws the event loop: a mark for each heartbeat, and a bar where the loop was blocked.
    pub(super) fn event_loop(&self, beats: &[Beat]) {
        let middle = AXIS + LOOP / 2.0;
        for beat in beats {
            let (from, to) = (self.view.x(beat.due_us, self.width), self.view.x(beat.at_us, self.width));
            if beat.is_blocked() {
                let colour = &self.colours.outcomes[Outcome::TimedOut as usize];
                self.rect(colour, from, AXIS + 2.0, (to - from).max(2.0), LOOP - 4.0);
                self.label("page blocked", &self.colours.surface, from, to - from, middle);
            } else {
                self.rect(&self.colours.muted, to, middle - 3.0, 1.0, 6.0);
            }
        }
    }

    /// Draws a dashed line where another run ended, with a word for that run.
    pub(super) fn end_of_another(&self, at_us: u64, word: &str) {
        let x = self.view.x(at_us, self.width).round().min(self.width - 1.0);
        for dash in (TOP as u32..self.height as u32).step_by(8) {
            self.rect(&self.colours.ink, x, f64::from(dash), 1.0, 4.0);
        }
        let text = format!("{word}: ended at {}", span(at_us));
        let left = x - text.chars().count() as f64 * LETTER - 4.0;
        // The label is on the right of the line if there is no room on the left.
        let left = if left < 0.0 { x + 4.0 } else { left };
        self.text(&self.colours.ink, &text, left, self.height - 8.0);
    }

    /// Draws the tasks, a row for each lane.
    pub(super) fn tasks(&self, record: &Record, histories: &TaskHistories, now_us: u64, chosen: Option<TaskId>) {
        let open: Vec<Segment> = histories.open_segments(now_us).collect();
        let drawn: Vec<bool> = (0..histories.lanes()).map(|lane| self.is_drawn(lane)).collect();
        // Running comes last, so that nothing covers the short moments in which code runs.
        for phase in [Phase::Queued, Phase::Waiting, Phase::Running] {
            let is_meant = |segment: &&Segment| segment.phase == phase && drawn[segment.lane as usize];
            let segments = histories.segments().iter().chain(&open).filter(is_meant);
            self.segments(segments, phase);
        }
        self.bad_ends(histories);
        if self.lane_height() >= LANE_FOR_TEXT {
            for (task, history) in histories.iter() {
                self.words(&record.task(task).name.text(), history, now_us);
            }
        }
        if let Some(task) = chosen {
            self.frame_around(histories.task(task), now_us);
        }
    }

    /// The height of one lane in pixels.
    fn lane_height(&self) -> f64 {
        lane_height(self.view, self.height)
    }

    fn y(&self, lane: u32) -> f64 {
        TOP + (f64::from(lane) - self.view.from_lane) * self.lane_height()
    }

    fn segments<'a>(&self, segments: impl Iterator<Item = &'a Segment>, phase: Phase) {
        let colour = match phase {
            Phase::Queued => &self.colours.queued,
            Phase::Running => &self.colours.running,
            Phase::Waiting => &self.colours.waiting,
        };
        self.context.set_fill_style_str(colour);
        let lane_height = self.lane_height();
        let gap = if lane_height > 6.0 { 2.0 } else { 0.0 };
        for segment in segments {
            let (from, to) = (self.view.x(segment.from_us, self.width), self.view.x(segment.to_us, self.width));
            if to < 0.0 || from > self.width {
                continue;
            }
            let (y, height) = (self.y(segment.lane), (lane_height - gap).max(1.0));
            self.context.fill_rect(from, y, (to - from).max(1.0), height);
            if phase == Phase::Queued && height > 6.0 {
                self.hatch(from, y, to - from, height);
                self.context.set_fill_style_str(colour);
            }
        }
    }

    /// Draws a mark at the end of every task that did not succeed, even in a very thin lane.
    fn bad_ends(&self, histories: &TaskHistories) {
        let lane_height = self.lane_height();
        let height = (lane_height - 1.0).max(1.5);
        for bad in [Outcome::Cancelled, Outcome::Retried, Outcome::TimedOut, Outcome::Failed] {
            self.context.set_fill_style_str(&self.colours.outcomes[bad as usize]);
            let ends = histories.iter().filter_map(|(_, history)| Some((history.end?, history.lane)));
            let mut last_pixel = (0.0, 0.0);
            for ((at_us, _), lane) in ends.filter(|((_, outcome), _)| *outcome == bad) {
                let (x, y) = (self.view.x(at_us, self.width), self.y(lane));
                let pixel = (x.round(), y.round());
                let is_seen = (0.0..=self.width).contains(&x) && (TOP - lane_height..=self.height).contains(&y);
                // With thousands of tasks, many marks are on the same pixel.
                if is_seen && pixel != last_pixel {
                    self.context.fill_rect(x - 3.0, y, 3.0, height);
                    last_pixel = pixel;
                }
            }
        }
    }

    /// True if a lane is visible. If several lanes are on one row of pixels, only the first of them is drawn.
    fn is_drawn(&self, lane: u32) -> bool {
        let lane_height = self.lane_height();
        let row = |lane: f64| ((lane - self.view.from_lane) * lane_height).floor();
        let lane = f64::from(lane);
        lane + 1.0 > self.view.from_lane
            && lane < self.view.to_lane
            && (lane_height >= 1.0 || lane == 0.0 || row(lane) != row(lane - 1.0))
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
    fn words(&self, name: &str, history: &TaskHistory, now_us: u64) {
        let end_us = history.end.map_or(now_us, |(at_us, _)| at_us);
        let from = self.view.x(history.spawned_us, self.width).max(0.0);
        let to = self.view.x(end_us, self.width).min(self.width);
        let middle = self.y(history.lane) + (self.lane_height() - 2.0) / 2.0;
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

    fn frame_around(&self, history: &TaskHistory, now_us: u64) {
        let from = self.view.x(history.spawned_us, self.width);
        let to = self.view.x(history.end.map_or(now_us, |(at_us, _)| at_us), self.width);
        self.context.set_stroke_style_str(&self.colours.ink);
        self.context.set_line_width(2.0);
        let height = (self.lane_height() - 2.0).max(2.0);
        self.context.stroke_rect(from, self.y(history.lane), (to - from).max(2.0), height);
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

/// The height of one lane in pixels, on a canvas of this height.
pub(super) fn lane_height(view: View, height: f64) -> f64 {
    ((height - TOP) / (view.to_lane - view.from_lane)).min(LANE)
}
