//! Order statistics, and the percentiles for which a sample has enough values.
//!
//! Percentiles interpolate linearly between order statistics: type 7 of Hyndman and Fan, "Sample Quantiles in
//! Statistical Packages" (1996), the default of NumPy and R.

/// The percentile `p` (0 to 100) of a sample in ascending order. Returns `None` for an empty sample and for a `p`
/// outside its range, and never NaN for a sample without NaN.
///
/// ```
/// use interleave::measure::statistics::percentile;
///
/// assert_eq!(percentile(&[1.0, 2.0, 3.0, 4.0], 50.0), Some(2.5));
/// assert_eq!(percentile(&[], 50.0), None);
/// ```
#[must_use]
pub fn percentile(ascending: &[f64], p: f64) -> Option<f64> {
    if !(0.0..=100.0).contains(&p) {
        return None;
    }
    let last = ascending.len().checked_sub(1)?;
    let rank = p / 100.0 * last as f64;
    let below = ascending[rank.floor() as usize];
    let above = ascending[rank.ceil() as usize];
    Some(below + (above - below) * rank.fract())
}

/// True if a sample of `n` values can support the percentile `p`: at least one value must be expected beyond it on the
/// nearer side. p99 needs 100 values, p95 needs 20, the median 2.
#[must_use]
pub fn is_supported(p: f64, n: usize) -> bool {
    let tail = p.min(100.0 - p) / 100.0;
    // A little more than n × tail, since 1 - 0.99 is a little less than 0.01.
    n as f64 * tail >= 1.0 - 1e-9
}

/// The summary of a sample.
///
/// ```
/// use interleave::measure::statistics::Summary;
///
/// let latencies_ms = Summary::from_sample([12.0, 10.0, 11.0]);
/// assert_eq!((latencies_ms.n(), latencies_ms.median()), (3, Some(11.0)));
/// assert_eq!(latencies_ms.percentile(99.0), None, "three values say nothing about the slowest 1 %");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    ascending: Vec<f64>,
}

impl Summary {
    /// Creates it from a sample in any order. Values that are not finite are left out.
    #[must_use]
    pub fn from_sample(sample: impl IntoIterator<Item = f64>) -> Self {
        let mut ascending: Vec<f64> = sample.into_iter().filter(|value| value.is_finite()).collect();
        ascending.sort_unstable_by(f64::total_cmp);
        Self { ascending }
    }

    /// The number of values.
    #[must_use]
    pub fn n(&self) -> usize {
        self.ascending.len()
    }

    /// The minimum.
    #[must_use]
    pub fn min(&self) -> Option<f64> {
        self.ascending.first().copied()
    }

    /// The maximum.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        self.ascending.last().copied()
    }

    /// The arithmetic mean.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.n() > 0).then(|| self.ascending.iter().sum::<f64>() / self.n() as f64)
    }

    /// The median, if the sample is not empty.
    #[must_use]
    pub fn median(&self) -> Option<f64> {
        percentile(&self.ascending, 50.0)
    }

    /// The percentile `p`, if the sample [supports](is_supported) it.
    #[must_use]
    pub fn percentile(&self, p: f64) -> Option<f64> {
        percentile(&self.ascending, p).filter(|_| is_supported(p, self.n()))
    }
}

/// The 97.5th percentile of Student's t, by degrees of freedom: that of the index, plus one.
const T_97_5: [f64; 9] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/// The 95 % confidence interval of the mean of independent measurements, by Student's t. `None` for fewer than two values.
///
/// ```
/// use interleave::measure::statistics::mean_interval;
///
/// assert_eq!(mean_interval([5.0, 5.0, 5.0]), Some([5.0, 5.0]));
/// assert_eq!(mean_interval([5.0]), None, "one value does not show how much it varies");
/// ```
#[must_use]
pub fn mean_interval(sample: impl IntoIterator<Item = f64>) -> Option<[f64; 2]> {
    let sample: Vec<_> = sample.into_iter().collect();
    let n = sample.len() as f64;
    let freedom = sample.len().checked_sub(1).filter(|freedom| *freedom > 0)?;
    let mean = sample.iter().sum::<f64>() / n;
    let variance = sample.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / freedom as f64;
    // Of more values, t is smaller: the last of the table is on the safe side.
    let half = T_97_5[freedom.min(T_97_5.len()) - 1] * (variance / n).sqrt();
    Some([mean - half, mean + half])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_equal_those_of_numpy() {
        let sample = [1.0, 3.0, 4.0, 9.0, 11.0];
        for (p, expected) in [(0.0, 1.0), (25.0, 3.0), (50.0, 4.0), (90.0, 10.2), (95.0, 10.6), (100.0, 11.0)] {
            let found = percentile(&sample, p).expect("the sample is not empty");
            assert!((found - expected).abs() < 1e-12, "p{p}: {found} is not {expected}");
        }
    }

    #[test]
    fn a_percentile_outside_0_to_100_is_none() {
        assert_eq!(percentile(&[1.0], -1.0), None);
        assert_eq!(percentile(&[1.0], 101.0), None);
        assert_eq!(percentile(&[1.0], f64::NAN), None);
    }

    #[test]
    fn an_unsupported_percentile_is_none() {
        let of = |n: u32| Summary::from_sample((0..n).map(f64::from));
        assert_eq!(of(99).percentile(99.0), None);
        assert!(of(100).percentile(99.0).is_some());
        assert_eq!(of(19).percentile(95.0), None);
        assert!(of(20).percentile(95.0).is_some());
        assert!(of(100).percentile(1.0).is_some());
    }

    #[test]
    fn an_empty_sample_gives_no_number() {
        let empty = Summary::from_sample([f64::NAN]);
        assert_eq!((empty.n(), empty.min(), empty.max(), empty.mean(), empty.median()), (0, None, None, None, None));
    }

    proptest! {
        #[test]
        fn percentiles_rise_with_p_and_stay_within_the_sample(
            sample in prop::collection::vec(-1e9..1e9f64, 1..60), low in 0.0..100.0f64, high in 0.0..100.0f64,
        ) {
            let summary = Summary::from_sample(sample);
            let at = |p| percentile(&summary.ascending, p).expect("the sample is not empty");
            let (low, high) = (low.min(high), low.max(high));
            prop_assert!(at(low) <= at(high) + 1e-6);
            prop_assert!(summary.min().expect("not empty") <= at(low) + 1e-6);
            prop_assert!(at(high) <= summary.max().expect("not empty") + 1e-6);
        }
    }
}
