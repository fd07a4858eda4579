//! The arithmetic of the timeline, apart from drawing: which time range and which lanes are in view, and where they are
//! in the picture.

use crate::measure::histogram::round_step;

/// The part of a run that is in view. Times are in microseconds. Lanes are counted from the top and may be fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// The left edge.
    pub from_us: f64,
    /// The right edge.
    pub to_us: f64,
    /// The upper edge.
    pub from_lane: f64,
    /// The lower edge.
    pub to_lane: f64,
}

/// The shortest time range that fills the canvas.
const LEAST_US: f64 = 100.0;

impl View {
    /// A whole run.
    #[must_use]
    pub fn whole(end_us: u64, lanes: u32) -> Self {
        Self { from_us: 0.0, to_us: (end_us as f64).max(LEAST_US), from_lane: 0.0, to_lane: f64::from(lanes.max(1)) }
    }

    /// One task and its surroundings, near enough for a text in its lane.
    #[must_use]
    pub fn around(from_us: u64, length_us: u64, lane: u32) -> Self {
        let (length, lane) = ((length_us as f64).max(LEAST_US), f64::from(lane));
        let from_us = from_us as f64 - length;
        Self { from_us, to_us: from_us + 3.0 * length, from_lane: lane - 3.0, to_lane: lane + 4.0 }
    }

    /// Zooms in (`factor` above 1) or out (below 1). The instant at the fraction `at` (0 to 1) of the width stays in
    /// its place.
    #[must_use]
    pub fn zoomed(self, factor: f64, at: f64) -> Self {
        let width = self.to_us - self.from_us;
        let new_width = (width / factor).max(LEAST_US);
        let from_us = self.from_us + (width - new_width) * at;
        Self { from_us, to_us: from_us + new_width, ..self }
    }

    /// Moves the view by a fraction of its width and of its height.
    #[must_use]
    pub fn moved(self, right: f64, down: f64) -> Self {
        let x = (self.to_us - self.from_us) * right;
        let y = (self.to_lane - self.from_lane) * down;
        Self {
            from_us: self.from_us + x,
            to_us: self.to_us + x,
            from_lane: self.from_lane + y,
            to_lane: self.to_lane + y,
        }
    }

    /// The nearest view that is within `whole`.
    #[must_use]
    pub fn within(self, whole: Self) -> Self {
        let (from_us, to_us) = fit(self.from_us, self.to_us, whole.to_us);
        let (from_lane, to_lane) = fit(self.from_lane, self.to_lane, whole.to_lane);
        Self { from_us, to_us, from_lane, to_lane }
    }

    /// The place of an instant on a canvas of this width.
    #[must_use]
    pub fn x(&self, at_us: u64, width: f64) -> f64 {
        (at_us as f64 - self.from_us) / (self.to_us - self.from_us) * width
    }

    /// The instant at this place of a canvas of this width.
    #[must_use]
    pub fn at_us(&self, x: f64, width: f64) -> f64 {
        self.from_us + x / width * (self.to_us - self.from_us)
    }
}

fn fit(from: f64, to: f64, end: f64) -> (f64, f64) {
    let length = (to - from).min(end);
    let from = from.clamp(0.0, end - length);
    (from, from + length)
}

/// About `most` round instants for the axis between two times, in microseconds. Their distance is 1, 2 or 5 times a
/// power of ten.
#[must_use]
pub fn ticks(from_us: f64, to_us: f64, most: usize) -> Vec<u64> {
    let least_step = ((to_us - from_us).max(1.0) / most.max(1) as f64).ceil() as u64;
    let step = round_step(least_step);
    let first = (from_us.max(0.0) as u64).div_ceil(step);
    let last = to_us.max(0.0) as u64 / step;
    (first..=last).map(|n| n * step).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_between_the_edges() {
        for (from, to, most, expected) in [
            (0.0, 1_000_000.0, 5, vec![0, 200_000, 400_000, 600_000, 800_000, 1_000_000]),
            (0.0, 900_000.0, 4, vec![0, 500_000]),
            (250_000.0, 750_000.0, 5, vec![300_000, 400_000, 500_000, 600_000, 700_000]),
            (0.0, 3.0, 10, vec![0, 1, 2, 3]),
        ] {
            assert_eq!(ticks(from, to, most), expected, "{from} to {to}");
        }
    }

    #[test]
    fn zooming_keeps_the_instant_under_the_cursor() {
        let view = View::whole(1_000_000, 4);
        let near = view.zoomed(4.0, 0.25);
        assert_eq!(near.at_us(25.0, 100.0), view.at_us(25.0, 100.0));
        assert_eq!(near.to_us - near.from_us, 250_000.0);
    }

    #[test]
    fn a_view_never_leaves_the_run() {
        let whole = View::whole(1_000_000, 4);
        assert_eq!(whole.zoomed(0.1, 0.5).within(whole), whole);
        let right = whole.zoomed(2.0, 0.5).moved(9.0, 9.0).within(whole);
        assert_eq!((right.from_us, right.to_us), (500_000.0, 1_000_000.0));
        assert_eq!((right.from_lane, right.to_lane), (0.0, 4.0));
    }

    #[test]
    fn a_wanted_task_is_in_the_middle() {
        let whole = View::whole(1_000_000, 10_000);
        let view = View::around(400_000, 100_000, 5_000).within(whole);
        assert_eq!((view.x(400_000, 300.0).round(), view.x(500_000, 300.0).round()), (100.0, 200.0));
        assert_eq!((view.from_lane, view.to_lane), (4_997.0, 5_004.0));
        let first = View::around(0, 0, 0).within(whole);
        assert_eq!((first.from_us, first.from_lane), (0.0, 0.0));
    }

    #[test]
    fn an_empty_run_has_a_view_too() {
        let view = View::whole(0, 0);
        assert!(view.x(0, 100.0).is_finite() && view.at_us(50.0, 100.0).is_finite());
    }
}
