//! Warnings about numbers that cannot be trusted: facts in, sentences out.

use crate::measure::events::Record;
use crate::measure::heartbeat::{Beat, Period};
use crate::measure::units::span;

/// A duration of fewer ticks of the clock is mostly rounding.
const TICKS_FOR_A_LENGTH: u64 = 20;

/// A reason why the numbers of a run may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Warning {
    /// The page was hidden, and browsers slow down the timers of hidden pages.
    Hidden {
        /// When this was first noticed, in microseconds since the run's start.
        at_us: u64,
    },
    /// The event loop was blocked, so everything that was due in that time was late.
    Blocked {
        /// The number of blocks.
        times: usize,
        /// The longest block, in microseconds.
        longest_us: u64,
    },
    /// The event loop was blocked by parts that block it on purpose. This needs no action.
    BlockedOnPurpose {
        /// The number of blocks.
        times: usize,
        /// The longest block, in microseconds.
        longest_us: u64,
    },
    /// The run was too short for the clock's resolution.
    CoarseClock {
        /// The clock's resolution in microseconds.
        resolution_us: u64,
        /// The run's length in microseconds.
        wall_us: u64,
    },
    /// The page was built without optimisation.
    DebugBuild,
}

impl Warning {
    /// The warnings for a record that was measured with a clock of this resolution. Blocks in the periods `on_purpose`
    /// are part of what the run shows.
    #[must_use]
    pub fn from_record(record: &Record, clock_resolution_us: u64, on_purpose: &[Period]) -> Vec<Self> {
        let hidden = record.hidden_at_us().map(|at_us| Self::Hidden { at_us });
        // In a hidden page every beat is late, and there is a warning about that already.
        let blocked = if hidden.is_some() { [None, None] } else { Self::blocked(record.beats(), on_purpose) };
        let wall_us = record.end_us();
        let is_coarse = wall_us > 0 && wall_us < clock_resolution_us * TICKS_FOR_A_LENGTH;
        let coarse = is_coarse.then_some(Self::CoarseClock { resolution_us: clock_resolution_us, wall_us });
        let debug = cfg!(debug_assertions).then_some(Self::DebugBuild);
        hidden.into_iter().chain(blocked.into_iter().flatten()).chain(coarse).chain(debug).collect()
    }

    /// The blocks by accident, and those on purpose.
    fn blocked(beats: &[Beat], on_purpose: &[Period]) -> [Option<Self>; 2] {
        let blocks = beats.iter().filter(|beat| beat.is_blocked());
        let (meant, others): (Vec<_>, Vec<_>) = blocks.partition(|beat| beat.is_in_any(on_purpose));
        let longest = |blocks: &[&Beat]| Some((blocks.len(), blocks.iter().map(|beat| beat.lag_us()).max()?));
        [
            longest(&others).map(|(times, longest_us)| Self::Blocked { times, longest_us }),
            longest(&meant).map(|(times, longest_us)| Self::BlockedOnPurpose { times, longest_us }),
        ]
    }

    /// True if there is nothing to worry about: it is only for information.
    #[must_use]
    pub fn is_neutral(&self) -> bool {
        matches!(self, Self::BlockedOnPurpose { .. })
    }

    /// A text that says what happened, what it means for the result, and what to do.
    #[must_use]
    pub fn sentence(&self) -> String {
        match *self {
            Self::Hidden { at_us } => format!(
                "The page was hidden {} into the run. Browsers slow down the timers of a hidden page, so these times \
                 are too long. Run again and keep the page visible.",
                span(at_us)
            ),
            Self::Blocked { times, longest_us } => format!(
                "The event loop was blocked {}, for up to {}. Everything that was due in that time was late.",
                in_words(times),
                span(longest_us)
            ),
            Self::BlockedOnPurpose { times, longest_us } => format!(
                "This run blocks the event loop on purpose: {}, for up to {}.",
                in_words(times),
                span(longest_us)
            ),
            Self::CoarseClock { resolution_us, wall_us } => format!(
                "The resolution of this browser's clock is {}, and the whole run took only {}. Make the run longer \
                 before you compare.",
                span(resolution_us),
                span(wall_us)
            ),
            Self::DebugBuild => "This is a debug build: it is many times slower than a release build. \
                 Its waits are right, but its overhead is not. Measure with `make serve`."
                .to_owned(),
        }
    }
}

fn in_words(times: usize) -> String {
    if times == 1 { "once".to_owned() } else { format!("{times} times") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record_with(beats: &[Beat], end_us: u64) -> Record {
        let mut record = Record::default();
        record.spawn(end_us, "task".into(), None);
        beats.iter().for_each(|beat| record.beat(*beat));
        record
    }

    fn warnings(record: &Record, resolution_us: u64) -> Vec<Warning> {
        let mut warnings = Warning::from_record(record, resolution_us, &[]);
        warnings.retain(|warning| *warning != Warning::DebugBuild);
        warnings
    }

    #[test]
    fn a_normal_run_has_no_warning() {
        let beats = [Beat { due_us: 20_000, at_us: 21_000 }];
        assert_eq!(warnings(&record_with(&beats, 900_000), 100), []);
    }

    #[test]
    fn blocks_are_counted_and_the_longest_is_named() {
        let beats = [Beat { due_us: 20_000, at_us: 90_000 }, Beat { due_us: 100_000, at_us: 400_000 }];
        let found = warnings(&record_with(&beats, 900_000), 100);
        assert_eq!(found, [Warning::Blocked { times: 2, longest_us: 300_000 }]);
        assert!(found[0].sentence().contains("2 times, for up to 300 ms"));
    }

    #[test]
    fn a_block_on_purpose_is_not_a_warning_and_another_one_still_is() {
        let beats = [Beat { due_us: 20_000, at_us: 320_000 }, Beat { due_us: 400_000, at_us: 500_000 }];
        let record = record_with(&beats, 900_000);
        let mut found = Warning::from_record(&record, 100, &[(10_000, 310_000)]);
        found.retain(|warning| *warning != Warning::DebugBuild);
        let [other, meant] = found[..] else { panic!("{found:?}") };
        assert_eq!(other, Warning::Blocked { times: 1, longest_us: 100_000 });
        assert_eq!(meant, Warning::BlockedOnPurpose { times: 1, longest_us: 300_000 });
        assert!(meant.is_neutral() && !other.is_neutral());
        assert_eq!(meant.sentence(), "This run blocks the event loop on purpose: once, for up to 300 ms.");
    }

    #[test]
    fn a_hidden_page_is_named_instead_of_its_late_beats() {
        let mut record = record_with(&[Beat { due_us: 20_000, at_us: 1_020_000 }], 2_000_000);
        record.mark_hidden(10_000);
        assert_eq!(warnings(&record, 100), [Warning::Hidden { at_us: 10_000 }]);
    }

    #[test]
    fn a_run_of_a_few_ticks_is_too_short_for_its_clock() {
        assert_eq!(
            warnings(&record_with(&[], 5_000), 1_000),
            [Warning::CoarseClock { resolution_us: 1_000, wall_us: 5_000 }]
        );
        assert_eq!(warnings(&record_with(&[], 20_000), 1_000), []);
    }
}
