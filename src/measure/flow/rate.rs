//! The throughput of a stage over time.
//!
//! A stage finishes a whole batch at once, so counting the output of short intervals would say more about the intervals
//! than about the stage. Instead, a batch is spread evenly over the time of the work on it. While the stage waits, its
//! throughput is 0.

use super::Work;

/// Samples per second in each of `bins` equal intervals, which start at `from_us` and together last `length_us`. Work
/// outside of them is left out. Without bins or time, the result is empty.
///
/// ```
/// use interleave::measure::flow::Work;
/// use interleave::measure::flow::rates;
///
/// let work = Work { from_us: 0, to_us: 1_000_000, samples: 30 };
/// assert_eq!(rates(&[work], 0, 2_000_000, 4), [30.0, 30.0, 0.0, 0.0]);
/// ```
#[must_use]
pub fn rates(works: &[Work], from_us: u64, length_us: u64, bins: usize) -> Vec<f64> {
    if bins == 0 || length_us == 0 {
        return Vec::new();
    }
    let width_us = length_us as f64 / bins as f64;
    let mut samples = vec![0.0; bins];
    for work in works {
        spread(work, from_us as f64, width_us, &mut samples);
    }
    samples.into_iter().map(|samples| samples / width_us * 1e6).collect()
}

/// Adds to each interval its share of the work on one batch.
fn spread(work: &Work, origin_us: f64, width_us: f64, samples: &mut [f64]) {
    let place = |us: u64| (us as f64 - origin_us) / width_us;
    let (from, to, last) = (place(work.from_us), place(work.to_us), samples.len() - 1);
    let bin = |place: f64| (place.max(0.0) as usize).min(last);
    let all = f64::from(work.samples);
    if to <= from {
        // Shorter than the clock can measure.
        samples[bin(from)] += all;
        return;
    }
    for (bin, sum) in samples.iter_mut().enumerate().take(bin(to) + 1).skip(bin(from)) {
        let overlap = to.min(bin as f64 + 1.0) - from.max(bin as f64);
        *sum += all * overlap.max(0.0) / (to - from);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn work_is_spread_evenly_over_its_time() {
        let works =
            [Work { from_us: 500, to_us: 1_500, samples: 10 }, Work { from_us: 1_500, to_us: 2_000, samples: 10 }];
        let per_ms: Vec<_> = rates(&works, 0, 2_000, 4).into_iter().map(|per_s| per_s / 1e3).collect();
        assert_eq!(per_ms, [0.0, 10.0, 10.0, 20.0]);
    }

    #[test]
    fn work_without_duration_counts_where_it_happens() {
        let works = [Work { from_us: 2_000, to_us: 2_000, samples: 3 }];
        assert_eq!(rates(&works, 0, 2_000, 2), [0.0, 3_000.0]);
        assert!(rates(&works, 0, 0, 2).is_empty() && rates(&works, 0, 10, 0).is_empty());
    }

    proptest! {
        #[test]
        fn all_samples_are_counted(
            works in proptest::collection::vec((0..10_000u64, 0..5_000u64, 0..100u32), 0..30), bins in 1..50usize,
        ) {
            let works: Vec<_> = works
                .into_iter()
                .map(|(from_us, length_us, samples)| Work { from_us, to_us: from_us + length_us, samples })
                .collect();
            let rates = rates(&works, 0, 15_000, bins);
            let total = rates.iter().sum::<f64>() * 0.015 / bins as f64;
            let samples: u32 = works.iter().map(|work| work.samples).sum();
            prop_assert!((total - f64::from(samples)).abs() < 1e-6, "{total} of {samples}");
        }
    }
}
