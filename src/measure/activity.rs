//! How many tasks run, wait and queue over time: the shape of a part whose tasks are too many to draw one by one.

use crate::measure::segments::{Phase, Segment};

/// The mean number of tasks in each phase, in each of equally long columns of a time range.
///
/// The mean, and not a sample: even a moment of running that is shorter than a column adds its share.
///
/// ```
/// use interleave::measure::TaskId;
/// use interleave::measure::activity::Activity;
/// use interleave::measure::segments::{Phase, Segment};
///
/// let mut activity = Activity::new(0.0, 40.0, 4);
/// let nap = Segment { task: TaskId::at(0), lane: 0, phase: Phase::Waiting, from_us: 5, to_us: 30 };
/// activity.add(&nap);
/// assert_eq!(activity.means(Phase::Waiting), [0.5, 1.0, 1.0, 0.0]);
/// ```
#[derive(Clone, Debug)]
pub struct Activity {
    from_us: f64,
    column_us: f64,
    columns: usize,
    /// For each phase, the change of the mean from one column to the next.
    changes: [Vec<f64>; Phase::ALL.len()],
}

impl Activity {
    /// No tasks from `from_us` to `to_us`, in microseconds.
    #[must_use]
    pub fn new(from_us: f64, to_us: f64, columns: usize) -> Self {
        let column_us = (to_us - from_us).max(1.0) / columns.max(1) as f64;
        // Two more columns take what ends at the right edge.
        Self { from_us, column_us, columns, changes: Phase::ALL.map(|_| vec![0.0; columns + 2]) }
    }

    /// Adds a segment. What is outside the time range does not count.
    pub fn add(&mut self, segment: &Segment) {
        let place = |us: u64| ((us as f64 - self.from_us) / self.column_us).clamp(0.0, self.columns as f64);
        let (from, to) = (place(segment.from_us), place(segment.to_us));
        let changes = &mut self.changes[segment.phase as usize];
        // From its place on, one more task; of the first column only the share after that place.
        for (at, sign) in [(from, 1.0), (to, -1.0)] {
            let (column, share) = (at as usize, at.fract());
            changes[column] += sign * (1.0 - share);
            changes[column + 1] += sign * share;
        }
    }

    /// The mean number of tasks in a phase, column by column.
    #[must_use]
    pub fn means(&self, phase: Phase) -> Vec<f64> {
        let mut mean = 0.0;
        let sum = |change: &f64| {
            mean += change;
            // Sums of fractions may end a little below zero.
            f64::max(mean, 0.0)
        };
        self.changes[phase as usize][..self.columns].iter().map(sum).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::TaskId;

    fn segment(phase: Phase, from_us: u64, to_us: u64) -> Segment {
        Segment { task: TaskId::at(0), lane: 0, phase, from_us, to_us }
    }

    #[test]
    fn a_moment_shorter_than_a_column_adds_its_share() {
        let mut activity = Activity::new(0.0, 100.0, 2);
        activity.add(&segment(Phase::Running, 60, 65));
        assert_eq!(
            activity.means(Phase::Running).iter().map(|mean| (mean * 1e3).round()).collect::<Vec<_>>(),
            [0.0, 100.0]
        );
        assert_eq!(activity.means(Phase::Waiting), [0.0, 0.0]);
    }

    #[test]
    fn what_is_outside_does_not_count() {
        let mut activity = Activity::new(100.0, 200.0, 2);
        for (from, to) in [(0, 100), (200, 300), (0, 300)] {
            activity.add(&segment(Phase::Queued, from, to));
        }
        assert_eq!(activity.means(Phase::Queued), [1.0, 1.0]);
    }

    proptest! {
        #[test]
        fn the_sum_of_the_columns_is_the_time_of_all_segments(
            times in prop::collection::vec((0..1_000_u64, 0..1_000_u64), 0..50), columns in 1..40_usize,
        ) {
            let mut activity = Activity::new(0.0, 1_000.0, columns);
            let mut all_us = 0;
            for (a, b) in times {
                activity.add(&segment(Phase::Waiting, a.min(b), a.max(b)));
                all_us += a.abs_diff(b);
            }
            let column_us = 1_000.0 / columns as f64;
            let sum_us: f64 = activity.means(Phase::Waiting).iter().map(|mean| mean * column_us).sum();
            prop_assert!((sum_us - all_us as f64).abs() < 1e-3, "{} instead of {}", sum_us, all_us);
        }
    }
}
