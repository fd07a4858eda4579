//! Throughput against batch size, batch after batch and streamed: which size is enough.

use serde::{Deserialize, Serialize};

use crate::measure::requests::per_second;
use crate::measure::units::count;

/// The same samples in batches of one size, both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeLevel {
    /// How many samples a batch has, at least 1.
    pub batch_size: u32,
    /// How many samples there were.
    pub samples: u32,
    /// How long they took batch after batch, in microseconds.
    pub in_turn_us: u64,
    /// How long they took streamed.
    pub streamed_us: u64,
}

impl SizeLevel {
    /// Samples per second batch after batch; 0 where no time has passed.
    #[must_use]
    pub fn in_turn_per_s(&self) -> f64 {
        per_second(self.samples as usize, self.in_turn_us).unwrap_or(0.0)
    }

    /// Samples per second streamed; 0 where no time has passed.
    #[must_use]
    pub fn streamed_per_s(&self) -> f64 {
        per_second(self.samples as usize, self.streamed_us).unwrap_or(0.0)
    }
}

/// A size is enough that brings this share of the best.
const IS_ENOUGH: f64 = 0.95;

/// Batch sizes that rise, measured one after the other.
///
/// ```
/// use interleave::measure::batch_sizes::{BatchSizes, SizeLevel};
///
/// // Each batch takes 30 ms in turn and 20 ms streamed; loading takes 500 ms in all.
/// let level = |batch_size: u32| {
///     let batches = u64::from(200u32.div_ceil(batch_size));
///     let streamed_us = (batches * 20_000).max(500_000);
///     SizeLevel { batch_size, samples: 200, in_turn_us: 500_000 + batches * 30_000, streamed_us }
/// };
/// let sizes = BatchSizes::new([1, 2, 4, 8, 16, 32].map(level).to_vec());
/// assert_eq!(sizes.enough(SizeLevel::streamed_per_s).map(|level| level.batch_size), Some(8));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchSizes(Vec<SizeLevel>);

impl BatchSizes {
    /// Takes levels of rising size.
    #[must_use]
    pub fn new(levels: Vec<SizeLevel>) -> Self {
        Self(levels)
    }

    /// The levels, by rising size.
    #[must_use]
    pub fn levels(&self) -> &[SizeLevel] {
        &self.0
    }

    /// The greatest throughput of all levels, both ways, per second.
    #[must_use]
    pub fn best_per_s(&self) -> f64 {
        self.0.iter().flat_map(|level| [level.in_turn_per_s(), level.streamed_per_s()]).fold(0.0, f64::max)
    }

    /// The smallest size that brings 95 % of the best throughput or more. Larger ones make the first results late and
    /// take memory for little. None where nothing went through.
    #[must_use]
    pub fn enough(&self, per_s: fn(&SizeLevel) -> f64) -> Option<&SizeLevel> {
        let best = self.0.iter().map(per_s).fold(0.0, f64::max);
        self.0.iter().find(|level| best > 0.0 && per_s(level) >= best * IS_ENOUGH)
    }

    /// Which size is enough, in words.
    #[must_use]
    pub fn sentence(&self) -> String {
        let found = self.enough(SizeLevel::streamed_per_s).zip(self.enough(SizeLevel::in_turn_per_s));
        let Some((streamed, in_turn)) = found else { return "Nothing was measured.".to_owned() };
        format!(
            "Streamed, batches of {} are enough: {:.0} samples per second, and no other size brings 5 % more. Batch after batch \
             it takes batches of {} to come to {:.0}.{}",
            count(streamed.batch_size.into()),
            streamed.streamed_per_s(),
            count(in_turn.batch_size.into()),
            in_turn.in_turn_per_s(),
            self.about_the_last(),
        )
    }

    /// What one batch with everything in it loses, if it does.
    fn about_the_last(&self) -> String {
        let best = self.0.iter().map(SizeLevel::streamed_per_s).fold(0.0, f64::max);
        match self.0.last().filter(|last| last.streamed_per_s() < best * IS_ENOUGH) {
            Some(last) => format!(
                " With all in a single batch there is nothing to overlap, and streaming brings {:.0}.",
                last.streamed_per_s()
            ),
            None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn level(batch_size: u32, in_turn_us: u64, streamed_us: u64) -> SizeLevel {
        SizeLevel { batch_size, samples: 100, in_turn_us, streamed_us }
    }

    #[test]
    fn the_smallest_size_that_is_enough_is_named_and_what_one_batch_loses() {
        let sizes = BatchSizes::new(vec![
            level(1, 4_000_000, 2_000_000),
            level(10, 1_000_000, 510_000),
            level(50, 800_000, 500_000),
            level(100, 780_000, 780_000),
        ]);
        assert_eq!(
            sizes.sentence(),
            "Streamed, batches of 10 are enough: 196 samples per second, and no other size brings 5 % more. Batch after \
             batch it takes batches of 50 to come to 125. With all in a single batch there is nothing to overlap, and \
             streaming brings 128."
        );
    }

    #[test]
    fn nothing_has_no_best_size() {
        assert_eq!(BatchSizes::default().sentence(), "Nothing was measured.");
        assert_eq!(BatchSizes::new(vec![level(1, 0, 0)]).enough(SizeLevel::streamed_per_s), None);
    }
}
