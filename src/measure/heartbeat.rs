//! The heartbeat: it measures how long the page's event loop was blocked.
//!
//! During a run a beat is due every [`PERIOD`]. A beat can only run when the loop is free, so its delay is the loop's
//! lag: nothing else on the page, no timer, click or repaint, could run in that time either.

use std::time::Duration;

/// The time between two beats.
pub const PERIOD: Duration = Duration::from_millis(20);

/// Above this lag the loop counts as blocked. Browsers also call a task long from this duration
/// (<https://www.w3.org/TR/longtasks-1/>), and people begin to notice.
pub const BLOCKED_US: u64 = 50_000;

/// The beginning and the end of a period, in microseconds since the run's start.
pub type Period = (u64, u64);

/// One beat: when it was due and when it ran, in microseconds since the run's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beat {
    /// The time at which it was due.
    pub due_us: u64,
    /// The time at which it ran, never before it was due.
    pub at_us: u64,
}

impl Beat {
    /// The delay, in microseconds.
    #[must_use]
    pub fn lag_us(self) -> u64 {
        self.at_us.saturating_sub(self.due_us)
    }

    /// True if the loop was blocked when the beat was due.
    #[must_use]
    pub fn is_blocked(self) -> bool {
        self.lag_us() > BLOCKED_US
    }

    /// True if it was due or late in one of these periods.
    #[must_use]
    pub fn is_in_any(self, periods: &[Period]) -> bool {
        periods.iter().any(|(from_us, to_us)| self.at_us >= *from_us && self.due_us <= *to_us)
    }

    /// When the next beat is due: at the first regular time in the future. Missed beats are skipped.
    #[must_use]
    pub fn next_due_us(self) -> u64 {
        let period_us = PERIOD.as_micros() as u64;
        self.due_us + period_us * (self.lag_us() / period_us + 1)
    }
}

/// The longest lag among the beats that were due or late between two instants, in microseconds; `None` without a beat.
/// A lag counts only as far as it is between them: the beat that a block made late comes after the part that blocked.
#[must_use]
pub fn longest_lag_us(beats: &[Beat], from_us: u64, to_us: u64) -> Option<u64> {
    lags_us(beats, from_us, to_us).max()
}

fn lags_us(beats: &[Beat], from_us: u64, to_us: u64) -> impl Iterator<Item = u64> {
    let inside = beats.iter().filter(move |beat| beat.at_us >= from_us && beat.due_us <= to_us);
    inside.map(move |beat| beat.at_us.min(to_us).saturating_sub(beat.due_us.max(from_us)))
}

/// The number of frames that the page could not draw between two instants, at 60 per second: as many as fit into the
/// lags.
#[must_use]
pub fn frames_missed(beats: &[Beat], from_us: u64, to_us: u64) -> u64 {
    const FRAMES_PER_S: u64 = 60;
    lags_us(beats, from_us, to_us).map(|lag_us| lag_us * FRAMES_PER_S / 1_000_000).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_missed_in_lags_that_are_longer_than_a_frame() {
        let beats = [(0, 16_000), (20_000, 70_000), (80_000, 1_080_000)].map(|(due_us, at_us)| Beat { due_us, at_us });
        assert_eq!(frames_missed(&beats, 0, u64::MAX), 3 + 60);
        assert_eq!(frames_missed(&beats, 0, 79_999), 3, "the second beat is later");
        assert_eq!(frames_missed(&[], 0, u64::MAX), 0);
    }

    #[test]
    fn a_punctual_beat_has_no_lag() {
        let beat = Beat { due_us: 20_000, at_us: 20_000 };
        assert_eq!(beat.lag_us(), 0);
        assert_eq!(beat.next_due_us(), 40_000);
    }

    #[test]
    fn missed_beats_are_skipped() {
        let beat = Beat { due_us: 20_000, at_us: 95_000 };
        assert!(beat.is_blocked());
        assert_eq!(beat.next_due_us(), 100_000);
    }

    #[test]
    fn a_beat_that_is_late_by_a_whole_period_is_followed_by_a_later_one() {
        let beat = Beat { due_us: 20_000, at_us: 40_000 };
        assert_eq!(beat.next_due_us(), 60_000);
    }

    #[test]
    fn the_longest_lag_is_looked_for_between_two_instants() {
        let beats = [Beat { due_us: 20_000, at_us: 21_000 }, Beat { due_us: 40_000, at_us: 340_000 }];
        assert_eq!(longest_lag_us(&beats, 0, 30_000), Some(1_000));
        assert_eq!(longest_lag_us(&beats, 100_000, 200_000), Some(100_000), "the block covers the whole of it");
        assert_eq!(longest_lag_us(&beats, 339_000, 500_000), Some(1_000), "the block was before it");
        assert_eq!(longest_lag_us(&beats, 400_000, 500_000), None);
    }
}
