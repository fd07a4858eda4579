//! The number of tasks that run, wait and queue over time: the shape of a part with too many tasks to draw one by one.
//!
//! The time that all tasks together spent in a phase until a moment is a sum that only grows. The mean number of tasks
//! between two moments is the difference of two such sums, divided by the time between them. [`Activity`] stores the
//! sums at every 64th change, so a mean needs one search and at most 64 steps: a picture costs as much as it has
//! columns, however many tasks there are.

use crate::measure::segments::{Phase, Transition};

/// The number of phases.
const PHASES: usize = Phase::ALL.len();

/// The number of changes between two stored sums. The sums take less memory than the changes.
const CHANGES_PER_SUM: usize = 64;

/// The number of tasks in each phase over time.
///
/// The means are exact: even a moment of running that is shorter than a column adds its share.
///
/// ```
/// use std::time::Duration;
/// use interleave::measure::activity::Activity;
/// use interleave::measure::segments::{Phase, TaskHistories};
/// use interleave::runtime::{Run, virtual_time};
///
/// let run = Run::on_virtual_clock(7);
/// virtual_time::block_on(&run, run.task("nap", run.sleep(Duration::from_micros(30))))?;
/// let mut activity = Activity::default();
/// TaskHistories::from_record(&run.record()).changes().iter().for_each(|change| activity.take(change.transition()));
/// assert_eq!(activity.means(0.0, 40.0, 2, 40)[Phase::Waiting as usize], [1.0, 0.5]);
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Activity {
    steps: Vec<Transition>,
    /// The sums before every 64th step.
    sums: Vec<Sums>,
    last: Sums,
}

/// The tasks in each phase just after a moment, and the time that all tasks spent in it until then.
#[derive(Clone, Copy, Debug, Default)]
struct Sums {
    at_us: u64,
    tasks: [u32; PHASES],
    /// In microseconds.
    time_us: [u64; PHASES],
}

impl Sums {
    #[inline]
    fn go_to(&mut self, at_us: u64) {
        let us = at_us.saturating_sub(self.at_us);
        for (time_us, tasks) in self.time_us.iter_mut().zip(self.tasks) {
            *time_us += us * u64::from(tasks);
        }
        self.at_us += us;
    }

    fn take(&mut self, step: Transition) {
        self.go_to(step.at_us());
        if let Some(phase) = step.before() {
            self.tasks[phase as usize] -= 1;
        }
        if let Some(phase) = step.after() {
            self.tasks[phase as usize] += 1;
        }
    }
}

impl Activity {
    /// Takes the next change of any task. Changes must come in chronological order.
    pub fn take(&mut self, step: Transition) {
        if self.steps.len().is_multiple_of(CHANGES_PER_SUM) {
            self.sums.push(self.last);
        }
        self.steps.push(step);
        self.last.take(step);
    }

    /// The mean number of tasks in each phase, in each of equally long columns of the range from `from_us` to `to_us`.
    /// Tasks that have not ended are in their phase until `now_us`. The lists are in the order of [`Phase::ALL`].
    #[must_use]
    pub fn means(&self, from_us: f64, to_us: f64, columns: usize, now_us: u64) -> [Vec<f64>; PHASES] {
        let column_us = (to_us - from_us).max(1.0) / columns.max(1) as f64;
        let mut means = Phase::ALL.map(|_| Vec::with_capacity(columns));
        let mut reader = Reader { activity: self, read: 0, sums: Sums::default() };
        let mut left = reader.times_until(from_us, now_us);
        for column in 1..=columns {
            let right = reader.times_until(from_us + column as f64 * column_us, now_us);
            for (means, (left, right)) in means.iter_mut().zip(left.iter().zip(&right)) {
                means.push(right.since(left) / column_us);
            }
            left = right;
        }
        means
    }
}

/// A sum of times: whole microseconds, and the rest. A number of 64 bits with a fraction would not be exact for a long
/// run of many tasks.
struct Time {
    us: u64,
    rest_us: f64,
}

impl Time {
    fn since(&self, earlier: &Self) -> f64 {
        // The rounding of the rest may lead a little below zero.
        ((self.us - earlier.us) as f64 + (self.rest_us - earlier.rest_us)).max(0.0)
    }
}

/// Reads the sums at one moment after another.
struct Reader<'a> {
    activity: &'a Activity,
    /// The number of steps in `sums`.
    read: usize,
    sums: Sums,
}

impl Reader<'_> {
    /// The time in each phase until a moment that is not before the last one. No task does anything after `now_us`.
    fn times_until(&mut self, at_us: f64, now_us: u64) -> [Time; PHASES] {
        let at_us = at_us.clamp(0.0, now_us as f64);
        let whole_us = at_us as u64;
        self.skip(whole_us);
        while let Some(step) = self.activity.steps.get(self.read).filter(|step| step.at_us() <= whole_us) {
            self.sums.take(*step);
            self.read += 1;
        }
        self.sums.go_to(whole_us);
        let rest_us = at_us.fract();
        std::array::from_fn(|phase| Time {
            us: self.sums.time_us[phase],
            rest_us: f64::from(self.sums.tasks[phase]) * rest_us,
        })
    }

    /// Goes to the last stored sum until a moment, if that is ahead.
    fn skip(&mut self, at_us: u64) {
        let next = self.read / CHANGES_PER_SUM + 1;
        let ahead = self.activity.sums.get(next..).unwrap_or_default();
        if let Some(skipped) = ahead.partition_point(|sums| sums.at_us <= at_us).checked_sub(1) {
            self.read = (next + skipped) * CHANGES_PER_SUM;
            self.sums = ahead[skipped];
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::segments::{Segment, TaskHistories};
    use crate::test_support::any_record;

    fn activity(histories: &TaskHistories) -> Activity {
        let mut activity = Activity::default();
        histories.changes().iter().for_each(|change| activity.take(change.transition()));
        activity
    }

    /// The time that the segments spend in a phase between two moments, added up one by one.
    fn time_us(segments: &[Segment], phase: Phase, from_us: f64, to_us: f64) -> f64 {
        let inside = |it: &Segment| ((it.to_us as f64).min(to_us) - (it.from_us as f64).max(from_us)).max(0.0);
        segments.iter().filter(|it| it.phase == phase).map(inside).sum()
    }

    proptest! {
        #[test]
        fn the_means_are_those_of_the_segments_also_while_the_record_grows(
            record in any_record(), columns in 1..40_usize, a in 0.0..1.2_f64, b in 0.0..1.2_f64, late_us in 0..50_u64,
        ) {
            let histories = TaskHistories::from_record(&record);
            let now_us = record.end_us() + late_us;
            let mut segments = histories.segments();
            segments.extend(histories.open_segments(now_us));
            let (from_us, to_us) = (a.min(b) * now_us as f64, a.max(b) * now_us as f64 + 1.0);
            let means = activity(&histories).means(from_us, to_us, columns, now_us);
            let column_us = (to_us - from_us) / columns as f64;
            for phase in Phase::ALL {
                for (column, mean) in means[phase as usize].iter().enumerate() {
                    let left_us = from_us + column as f64 * column_us;
                    let expected = time_us(&segments, phase, left_us, left_us + column_us) / column_us;
                    prop_assert!((mean - expected).abs() < 1e-6, "{phase:?} {column}: {mean}, not {expected}");
                }
            }
        }
    }

    #[test]
    fn a_column_may_begin_and_end_at_a_change() {
        let mut record = crate::measure::Record::default();
        for at_us in 0..200 {
            let task = record.spawn(at_us * 10, "task".into(), None);
            record.push(at_us * 10 + 10, task, crate::measure::EventKind::Ended(crate::measure::Outcome::Succeeded));
        }
        let means = activity(&TaskHistories::from_record(&record)).means(0.0, 2_000.0, 100, 2_000);
        assert!(means[Phase::Queued as usize].iter().all(|mean| *mean == 1.0), "{means:?}");
    }

    #[test]
    fn nothing_happens_before_the_run_and_after_now() {
        let mut record = crate::measure::Record::default();
        record.spawn(0, "task".into(), None);
        let activity = activity(&TaskHistories::from_record(&record));
        assert_eq!(activity.means(-100.0, 200.0, 3, 100)[Phase::Queued as usize], [0.0, 1.0, 0.0]);
        assert_eq!(Activity::default().means(0.0, 100.0, 2, 100)[Phase::Running as usize], [0.0, 0.0]);
    }
}
