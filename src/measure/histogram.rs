//! The histogram of a sample: bins of equal width with round edges.

/// The number of values in each of a row of equal bins. Every value is in exactly one bin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram {
    /// The left edge of the first bin, a multiple of `step`.
    pub from: u64,
    /// The width of a bin: 1, 2 or 5 times a power of ten.
    pub step: u64,
    /// The number of values in each bin. A bin includes its left edge but not its right edge.
    pub counts: Vec<u32>,
}

/// Too few bins hide the distribution; with too many, each has one value.
const FEWEST_BINS: usize = 5;
const MOST_BINS: usize = 40;

impl Histogram {
    /// Sorts whole numbers into about 2 ∛n bins, by the Rice rule (Lane, "Introduction to
    /// Statistics", chapter 2). Returns `None` for an empty sample.
    ///
    /// ```
    /// use interleave::measure::histogram::Histogram;
    ///
    /// let spread = Histogram::from_values(&[3, 11, 12, 19, 48]).expect("there are values");
    /// assert_eq!((spread.from, spread.step), (0, 10));
    /// assert_eq!(spread.counts, [1, 3, 0, 0, 1]);
    /// ```
    #[must_use]
    pub fn from_values(values: &[u64]) -> Option<Self> {
        let (least, greatest) = (*values.iter().min()?, *values.iter().max()?);
        let bins = (1..=MOST_BINS).take_while(|bins| bins.pow(3) <= values.len() * 8).count().max(FEWEST_BINS);
        let mut step = round_step((greatest - least).div_ceil(bins as u64).max(1));
        // Round edges may need one bin more than there should be.
        while greatest / step - least / step >= bins as u64 {
            step = round_step(step + 1);
        }
        let first = least / step;
        let mut counts = vec![0; (greatest / step - first) as usize + 1];
        for value in values {
            counts[(value / step - first) as usize] += 1;
        }
        Some(Self { from: first * step, step, counts })
    }

    /// The histogram of other values in the same bins. Values beyond the edges are left out.
    #[must_use]
    pub fn counting(&self, values: impl IntoIterator<Item = u64>) -> Self {
        let mut counts = vec![0; self.counts.len()];
        for value in values {
            let bin = value.checked_sub(self.from).map(|above| (above / self.step) as usize);
            if let Some(count) = bin.and_then(|bin| counts.get_mut(bin)) {
                *count += 1;
            }
        }
        Self { counts, ..*self }
    }

    /// Each bin with its edges, from the left.
    pub fn bins(&self) -> impl Iterator<Item = (u64, u64, u32)> {
        let left = (0..).map(|index| self.from + index * self.step);
        left.zip(&self.counts).map(|(from, count)| (from, from + self.step, *count))
    }

    /// The position of a value between the outer edges: 0 is the left edge, 1 the right edge.
    #[must_use]
    pub fn place_of(&self, value: f64) -> f64 {
        (value - self.from as f64) / (self.step * self.counts.len() as u64) as f64
    }
}

/// The smallest step that is at least `least` and reads well on an axis: 1, 2 or 5 times a power of ten.
#[must_use]
pub fn round_step(least: u64) -> u64 {
    let powers = std::iter::successors(Some(1u64), |power| power.checked_mul(10));
    let mut steps = powers.flat_map(|power| [1, 2, 5].map(|n: u64| n.saturating_mul(power)));
    steps.find(|step| *step >= least).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_sample_has_no_histogram() {
        assert_eq!(Histogram::from_values(&[]), None);
    }

    #[test]
    fn equal_values_are_in_one_bin() {
        let spread = Histogram::from_values(&[300; 9]).expect("there are values");
        assert_eq!((spread.from, spread.step, spread.counts), (300, 1, vec![9]));
    }

    #[test]
    fn two_samples_can_share_their_bins() {
        let all = Histogram::from_values(&[10, 20, 90]).expect("there are values");
        let some = all.counting([20, 21, 10_000]);
        assert_eq!((some.from, some.step, some.counts.len()), (all.from, all.step, all.counts.len()));
        assert_eq!(some.counts.iter().sum::<u32>(), 2);
    }

    #[test]
    fn steps_are_round() {
        for (least, step) in [(0, 1), (1, 1), (3, 5), (6, 10), (11, 20), (501, 1_000), (u64::MAX, u64::MAX)] {
            assert_eq!(round_step(least), step, "{least}");
        }
    }

    proptest! {
        #[test]
        fn every_value_is_in_one_bin(values in prop::collection::vec(0..5_000_000u64, 1..500)) {
            let spread = Histogram::from_values(&values).expect("there are values");
            prop_assert_eq!(spread.counts.iter().sum::<u32>() as usize, values.len());
            prop_assert!(spread.counts.len() <= MOST_BINS);
            prop_assert!(spread.from.is_multiple_of(spread.step));
            for (from, to, count) in spread.bins() {
                let inside = values.iter().filter(|value| (from..to).contains(value)).count();
                prop_assert_eq!(inside, count as usize);
            }
        }
    }
}
