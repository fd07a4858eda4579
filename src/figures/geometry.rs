//! The arithmetic of time axes, apart from drawing: which time range is in view, and where instants are in the picture.

use crate::measure::histogram::round_step;

/// The time range that is in view, in microseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct View {
    /// The left edge.
    pub from_us: f64,
    /// The right edge.
    pub to_us: f64,
}

/// The shortest time range that fills the canvas.
const LEAST_US: f64 = 100.0;

/// The shortest time range that can be seen of a whole run. The times on its axis differ.
const LEAST_WHOLE_US: f64 = 1_000.0;

impl View {
    /// Everything from zero to this instant.
    #[must_use]
    pub fn whole(end_us: u64) -> Self {
        Self { from_us: 0.0, to_us: (end_us as f64).max(LEAST_WHOLE_US) }
    }

    /// A period, with as much time before and after it.
    #[must_use]
    pub fn around(from_us: u64, length_us: u64) -> Self {
        let length = (length_us as f64).max(LEAST_US);
        let from_us = from_us as f64 - length;
        Self { from_us, to_us: from_us + 3.0 * length }
    }

    /// Zooms in (`factor` above 1) or out (below 1). The instant at the fraction `at` (0 to 1) of the width stays in
    /// its place.
    #[must_use]
    pub fn zoomed(self, factor: f64, at: f64) -> Self {
        let width = self.to_us - self.from_us;
        let new_width = (width / factor).max(LEAST_US);
        let from_us = self.from_us + (width - new_width) * at;
        Self { from_us, to_us: from_us + new_width }
    }

    /// Moves the view by a fraction of its width.
    #[must_use]
    pub fn moved(self, right: f64) -> Self {
        let by = (self.to_us - self.from_us) * right;
        Self { from_us: self.from_us + by, to_us: self.to_us + by }
    }

    /// The nearest view that is within `whole`.
    #[must_use]
    pub fn within(self, whole: Self) -> Self {
        let length = (self.to_us - self.from_us).min(whole.to_us);
        let from_us = self.from_us.clamp(0.0, whole.to_us - length);
        Self { from_us, to_us: from_us + length }
    }

    /// Its edges as shares of `whole`, each between 0 and 1.
    #[must_use]
    pub fn edges_within(self, whole: Self) -> [f64; 2] {
        [self.from_us, self.to_us].map(|us| whole.x(us, 1.0).clamp(0.0, 1.0))
    }

    /// The place of an instant on a canvas of this width.
    #[must_use]
    pub fn x(&self, at_us: f64, width: f64) -> f64 {
        (at_us - self.from_us) / (self.to_us - self.from_us) * width
    }

    /// The instant at this place of a canvas of this width.
    #[must_use]
    pub fn at_us(&self, x: f64, width: f64) -> f64 {
        self.from_us + x / width * (self.to_us - self.from_us)
    }
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
        let view = View::whole(1_000_000);
        let near = view.zoomed(4.0, 0.25);
        assert_eq!(near.at_us(25.0, 100.0), view.at_us(25.0, 100.0));
        assert_eq!(near.to_us - near.from_us, 250_000.0);
    }

    #[test]
    fn a_view_never_leaves_the_run() {
        let whole = View::whole(1_000_000);
        assert_eq!(whole.zoomed(0.1, 0.5).within(whole), whole);
        let right = whole.zoomed(2.0, 0.5).moved(9.0).within(whole);
        assert_eq!((right.from_us, right.to_us), (500_000.0, 1_000_000.0));
    }

    #[test]
    fn the_edges_of_a_view_are_shares_of_the_whole() {
        let whole = View::whole(1_000_000);
        assert_eq!(whole.edges_within(whole), [0.0, 1.0]);
        assert_eq!(View { from_us: 250_000.0, to_us: 500_000.0 }.edges_within(whole), [0.25, 0.5]);
        assert_eq!(whole.edges_within(View::whole(500_000)), [0.0, 1.0]);
    }

    #[test]
    fn a_period_is_in_the_middle() {
        let whole = View::whole(1_000_000);
        let view = View::around(400_000, 100_000).within(whole);
        assert_eq!((view.x(400_000.0, 300.0).round(), view.x(500_000.0, 300.0).round()), (100.0, 200.0));
        assert_eq!(View::around(0, 0).within(whole).from_us, 0.0);
    }

    #[test]
    fn an_empty_run_has_a_view_too() {
        let view = View::whole(0);
        assert!(view.x(0.0, 100.0).is_finite() && view.at_us(50.0, 100.0).is_finite());
    }
}
