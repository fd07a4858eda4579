//! Throughput by batch size, sequential and streamed, and the smallest size that is sufficient.

use serde::{Deserialize, Serialize};

use crate::measure::requests::per_second;
use crate::measure::units::count;

/// The measurements of the same samples in batches of one size, sequential and streamed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeLevel {
    /// The number of samples in a batch, at least 1.
    pub batch_size: u32,
    /// The number of samples.
    pub samples: u32,
    /// The time for one batch after the other, in microseconds.
    pub in_turn_us: u64,
    /// The time with streaming, in microseconds.
    pub streamed_us: u64,
}

impl SizeLevel {
    /// Samples per second, one batch after the other; 0 if no time has passed.
    #[must_use]
    pub fn in_turn_per_s(&self) -> f64 {
        per_second(self.samples as usize, self.in_turn_us).unwrap_or(0.0)
    }

    /// Samples per second with streaming; 0 if no time has passed.
    #[must_use]
    pub fn streamed_per_s(&self) -> f64 {
        per_second(self.samples as usize, self.streamed_us).unwrap_or(0.0)
    }
}

/// A size is sufficient if its throughput reaches this share of the best.
const SUFFICIENT: f64 = 0.95;

/// Measurements with increasing batch sizes.
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
    /// Creates it from levels in order of increasing size.
    #[must_use]
    pub fn new(levels: Vec<SizeLevel>) -> Self {
        Self(levels)
    }

    /// The levels, in order of increasing size.
    #[must_use]
    pub fn levels(&self) -> &[SizeLevel] {
        &self.0
    }

    /// The best throughput of all levels, sequential or streamed, in samples per second.
    #[must_use]
    pub fn best_per_s(&self) -> f64 {
        self.0.iter().flat_map(|level| [level.in_turn_per_s(), level.streamed_per_s()]).fold(0.0, f64::max)
    }

    /// The smallest size that reaches at least 95 % of the best throughput. Larger ones gain little, need more memory
    /// and delay the first results. Returns `None` if the throughput is zero.
    #[must_use]
    pub fn enough(&self, per_s: fn(&SizeLevel) -> f64) -> Option<&SizeLevel> {
        let best = self.0.iter().map(per_s).fold(0.0, f64::max);
        self.0.iter().find(|level| best > 0.0 && per_s(level) >= best * SUFFICIENT)
    }

    /// A text that says which size is sufficient.
    #[must_use]
    pub fn sentence(&self) -> String {
        let found = self.enough(SizeLevel::streamed_per_s).zip(self.enough(SizeLevel::in_turn_per_s));
        let Some((streamed, in_turn)) = found else { return "Nothing was measured.".to_owned() };
        format!(
            "Streamed: batches of {} are enough ({:.0} samples per second; no other size is more than 5 % faster). \
            In sequence: batches of {} are enough ({:.0} samples per second).{}",
            count(streamed.batch_size.into()),
            streamed.streamed_per_s(),
            count(in_turn.batch_size.into()),
            in_turn.in_turn_per_s(),
            self.about_the_last(),
        )
    }

    /// A text about the loss with all samples in a single batch, if there is one.
    fn about_the_last(&self) -> String {
        let best = self.0.iter().map(SizeLevel::streamed_per_s).fold(0.0, f64::max);
        match self.0.last().filter(|last| last.streamed_per_s() < best * SUFFICIENT) {
            Some(last) => format!(
                " With all samples in a single batch nothing can overlap, and streaming reaches {:.0}.",
                last.streamed_per_s()
            ),
            None => String::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::size_level;

    #[test]
    fn the_sentence_names_the_smallest_sufficient_size_and_the_loss_with_one_batch() {
        let sizes = BatchSizes::new(vec![
            size_level(1, 4_000_000, 2_000_000),
            size_level(10, 1_000_000, 510_000),
            size_level(50, 800_000, 500_000),
            size_level(100, 780_000, 780_000),
        ]);
        assert_eq!(
            sizes.sentence(),
            "Streamed: batches of 10 are enough (196 samples per second; no other size is more than 5 % faster). In \
             sequence: batches of 50 are enough (125 samples per second). With all samples in a single batch nothing can overlap, and \
             streaming reaches 128."
        );
    }

    #[test]
    fn there_is_no_best_size_without_throughput() {
        assert_eq!(BatchSizes::default().sentence(), "Nothing was measured.");
        assert_eq!(BatchSizes::new(vec![size_level(1, 0, 0)]).enough(SizeLevel::streamed_per_s), None);
    }
}
