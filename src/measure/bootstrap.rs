//! The confidence interval of a ratio of two samples: the percentile bootstrap (Efron 1979; Efron and Tibshirani, "An
//! Introduction to the Bootstrap", 1993, chapter 13).
//!
//! Both samples are resampled many times, with replacement. The ratios of the medians of the resamples show how much
//! the ratio would vary if everything were measured again.

use crate::measure::statistics::{Summary, percentile};

/// The minimum size of a sample. A smaller one says too little about how much its values vary.
pub const LEAST_VALUES: usize = 5;

/// The number of times that both samples are resampled.
const DRAWS: usize = 2_000;

/// A 95 % confidence interval of the true ratio.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end, not less than the lower one.
    pub high: f64,
}

impl Interval {
    /// True if the interval does not show which of the two is greater.
    #[must_use]
    pub fn holds_one(&self) -> bool {
        (self.low..=self.high).contains(&1.0)
    }
}

/// The confidence interval of the ratio of the medians, `sample` divided by `base`. `draw` returns a random number
/// below its argument, which is never 0. Returns `None` if a sample has fewer than [`LEAST_VALUES`] values, or if the
/// median of a resampled base is zero.
///
/// ```
/// use interleave::measure::bootstrap::ratio_of_medians;
///
/// let mut rng = fastrand::Rng::with_seed(7);
/// let (before, after) = ([10.0, 10.1, 9.9, 10.2, 10.0], [5.0, 5.1, 4.9, 5.0, 5.1]);
/// let interval = ratio_of_medians(&before, &after, |n| rng.u32(..n)).unwrap();
/// assert!(interval.low > 0.47 && interval.high < 0.53 && !interval.holds_one());
/// ```
#[must_use]
pub fn ratio_of_medians(base: &[f64], sample: &[f64], mut draw: impl FnMut(u32) -> u32) -> Option<Interval> {
    if base.len().min(sample.len()) < LEAST_VALUES {
        return None;
    }
    let mut resampled_median = |values: &[f64]| {
        let n = values.len() as u32;
        Summary::from_sample(values.iter().map(|_| values[draw(n) as usize])).median()
    };
    let ratio = |_| {
        let (base, sample) = (resampled_median(base)?, resampled_median(sample)?);
        (base > 0.0).then(|| sample / base)
    };
    let mut ratios = (0..DRAWS).map(ratio).collect::<Option<Vec<f64>>>()?;
    ratios.sort_unstable_by(f64::total_cmp);
    Some(Interval { low: percentile(&ratios, 2.5)?, high: percentile(&ratios, 97.5)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn interval(base: &[f64], sample: &[f64]) -> Option<Interval> {
        let mut rng = fastrand::Rng::with_seed(7);
        ratio_of_medians(base, sample, |n| rng.u32(..n))
    }

    #[test]
    fn too_few_values_give_no_interval() {
        assert_eq!(interval(&[1.0; 4], &[1.0; 100]), None);
        assert_eq!(interval(&[1.0; 100], &[]), None);
        assert_eq!(interval(&[0.0; 5], &[1.0; 5]), None, "there is no ratio to zero");
    }

    #[test]
    fn samples_without_spread_give_an_exact_interval() {
        assert_eq!(interval(&[4.0; 5], &[2.0; 5]), Some(Interval { low: 0.5, high: 0.5 }));
    }

    #[test]
    fn the_interval_covers_the_true_ratio_about_as_often_as_it_says() {
        let mut rng = fastrand::Rng::with_seed(1);
        let worlds = 60;
        let covered = (0..worlds).filter(|_| {
            // About normal: the sum of twelve uniform numbers less six (Irwin and Hall).
            let mut sample = |mean: f64| -> Vec<f64> {
                (0..20).map(|_| mean + (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0).collect()
            };
            let (base, sample) = (sample(20.0), sample(30.0));
            let found = interval(&base, &sample).expect("they have enough values");
            (found.low..=found.high).contains(&1.5)
        });
        let share = covered.count() as f64 / f64::from(worlds);
        assert!((0.88..=1.0).contains(&share), "{share} instead of 0.95");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]

        #[test]
        fn the_ends_are_in_order_and_within_what_the_samples_allow(
            base in prop::collection::vec(1.0..100.0f64, 5..30), sample in prop::collection::vec(0.0..100.0f64, 5..30),
        ) {
            let found = interval(&base, &sample).expect("they have enough values");
            let (base, sample) = (Summary::from_sample(base), Summary::from_sample(sample));
            let ends = |over: Option<f64>, under: Option<f64>| over.zip(under).map(|(a, b)| a / b).expect("not empty");
            prop_assert!(found.low <= found.high);
            prop_assert!(found.low >= ends(sample.min(), base.max()) - 1e-9);
            prop_assert!(found.high <= ends(sample.max(), base.min()) + 1e-9);
        }
    }
}
