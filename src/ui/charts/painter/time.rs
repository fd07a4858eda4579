//! Draws the cursor, the shade after it, and the selected range.

use super::{AXIS, LETTER, Lanes, Painter, width_of};
use crate::measure::units::span;
use crate::measure::window::TimeRange;

/// The opacity of the shade after the cursor, 0 to 1.
const COVER: f64 = 0.72;

/// The opacity of the selection.
const SHADE: f64 = 0.16;

impl Painter {
    /// Draws a line through all lanes at an instant of the axis, in microseconds, with its time.
    pub(in crate::ui::charts) fn cursor(&self, at_us: f64, all: &[Lanes]) {
        let x = self.view.x(at_us, self.width).round();
        if !(0.0..=self.width).contains(&x) {
            return;
        }
        // Between the lanes are the names and lengths of the parts.
        for lanes in all {
            self.rect(&self.colours.ink, x, lanes.y - 2.0, 1.0, lanes.band.height + 4.0);
        }
        let text = span(at_us as u64);
        let room = width_of(&text);
        let left = (x - room / 2.0).clamp(0.0, (self.width - room).max(0.0));
        self.rect(&self.colours.ink, left, 0.0, room, AXIS - 3.0);
        let inner = (room - text.chars().count() as f64 * LETTER) / 2.0;
        self.text(&self.colours.surface, &text, left + inner, AXIS / 2.0 - 2.0);
    }

    /// Covers what comes after an instant of the axis, in microseconds.
    pub(in crate::ui::charts) fn cover_after(&self, at_us: f64, all: &[Lanes]) {
        let from = self.view.x(at_us, self.width).clamp(0.0, self.width);
        self.context.set_global_alpha(COVER);
        for lanes in all {
            self.rect(&self.colours.surface, from, lanes.y, self.width - from, lanes.band.height);
        }
        self.context.set_global_alpha(1.0);
    }

    /// Shades a time range of the run in some lanes.
    pub(in crate::ui::charts) fn range(&self, lanes: &Lanes, range: TimeRange) {
        let (from, to) = (self.x(lanes, range.from_us), self.x(lanes, range.to_us));
        let (y, height) = (lanes.y - 2.0, lanes.band.height + 4.0);
        self.context.set_global_alpha(SHADE);
        self.rect(&self.colours.running, from, y, (to - from).max(1.0), height);
        self.context.set_global_alpha(1.0);
        for x in [from, to] {
            self.rect(&self.colours.running, x.round(), y, 1.0, height);
        }
    }
}
