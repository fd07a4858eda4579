//! Throughput and latency at increasing concurrency, and the knee.
//!
//! The knee is the point beyond which more requests at once no longer increase the throughput but only wait for each
//! other. It is where the two bounds of throughput meet: the concurrency divided by the time of a request without a
//! queue, and the maximum that the server can do (Lazowska and others, "Quantitative System Performance", 1984, section
//! 5.2, N*). That is Little's law for a server that is busy and has no queue. Both bounds can be measured well even on
//! a busy machine, while the throughput near the knee cannot.

use serde::{Deserialize, Serialize};

use crate::measure::requests::{Requests, per_second};
use crate::measure::statistics::Summary;
use crate::measure::units::{count, span};

/// The measurements at one concurrency.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoadLevel {
    /// The number of requests at once, at least 1.
    pub concurrency: u32,
    /// The duration, in microseconds.
    pub length_us: u64,
    /// The latencies of the successful requests from when they were sent, in microseconds.
    pub latencies_us: Vec<u64>,
    /// The number of requests that did not succeed.
    pub failed: u32,
}

impl LoadLevel {
    /// The measurements of requests at this concurrency.
    #[must_use]
    pub fn new(concurrency: u32, requests: &Requests) -> Self {
        let (succeeded, failed) = requests.by_success();
        Self {
            concurrency,
            length_us: requests.length_us(),
            latencies_us: succeeded.since_sent_us().collect(),
            failed: failed.timings().len() as u32,
        }
    }

    /// The number of successes per second.
    #[must_use]
    pub fn throughput_per_s(&self) -> f64 {
        per_second(self.latencies_us.len(), self.length_us).unwrap_or(0.0)
    }

    /// The number of successes per second with a latency within the target.
    #[must_use]
    pub fn goodput_per_s(&self, target_us: u64) -> f64 {
        let in_time = self.latencies_us.iter().filter(|us| **us <= target_us).count();
        per_second(in_time, self.length_us).unwrap_or(0.0)
    }

    /// The sample of its latencies in microseconds.
    #[must_use]
    pub fn latencies(&self) -> Summary {
        Summary::from_sample(self.latencies_us.iter().map(|us| *us as f64))
    }

    /// The 95th percentile of its latencies in microseconds, if there are enough of them.
    #[must_use]
    pub fn p95_us(&self) -> Option<u64> {
        self.latencies().percentile(95.0).map(|us| us as u64)
    }
}

/// Measurements at increasing concurrency.
///
/// ```
/// use interleave::measure::sweep::{LoadLevel, Sweep};
///
/// // A server that works on two at once, each for 100 ms.
/// let level = |concurrency, length_us, latency_us| {
///     LoadLevel { concurrency, length_us, latencies_us: vec![latency_us; 20], failed: 0 }
/// }; let sweep = Sweep::new(vec![level(1, 2_000_000, 100_000), level(2, 1_000_000, 100_000), level(4, 1_000_000,
/// 200_000)]); assert_eq!(sweep.knee().map(|level| level.concurrency), Some(2));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sweep(Vec<LoadLevel>);

impl Sweep {
    /// Creates it from levels in order of increasing concurrency.
    #[must_use]
    pub fn new(levels: Vec<LoadLevel>) -> Self {
        Self(levels)
    }

    /// The levels, in order of increasing concurrency.
    #[must_use]
    pub fn levels(&self) -> &[LoadLevel] {
        &self.0
    }

    /// The best throughput of all levels per second; 0 if nothing succeeded.
    #[must_use]
    pub fn best_per_s(&self) -> f64 {
        self.0.iter().map(LoadLevel::throughput_per_s).fold(0.0, f64::max)
    }

    /// The latency of a request without a queue, in microseconds: the smallest median of all levels.
    fn unqueued_us(&self) -> f64 {
        self.0.iter().filter_map(|level| level.latencies().median()).fold(f64::INFINITY, f64::min)
    }

    /// The number of requests at once that keep the server busy without a queue, by Little's law. Returns `None` if
    /// nothing succeeded.
    #[must_use]
    pub fn saturation(&self) -> Option<f64> {
        Some(self.best_per_s() * self.unqueued_us() / 1e6).filter(|n| n.is_finite() && *n > 0.0)
    }

    /// The level nearest to the [saturation](Self::saturation), by ratio. Returns `None` if nothing succeeded, or if it
    /// is the last level, because the throughput may still increase after it.
    #[must_use]
    pub fn knee(&self) -> Option<&LoadLevel> {
        let saturation = self.saturation()?;
        let distance = |level: &LoadLevel| (f64::from(level.concurrency) / saturation).ln().abs();
        let knee = self.0.iter().min_by(|a, b| distance(a).total_cmp(&distance(b)))?;
        let is_last = self.0.last().is_some_and(|last| last.concurrency == knee.concurrency);
        (!is_last).then_some(knee)
    }

    /// The longest latency of all levels, in microseconds.
    #[must_use]
    pub fn slowest_us(&self) -> u64 {
        self.0.iter().flat_map(|level| &level.latencies_us).copied().max().unwrap_or(0)
    }

    /// A text that says where the knee is and what it means.
    #[must_use]
    pub fn sentence(&self) -> String {
        let Some(last) = self.0.last() else { return "Nothing was measured.".to_owned() };
        let Some(saturation) = self.saturation() else {
            return "No request succeeded, so there is no throughput and no knee.".to_owned();
        };
        let Some(knee) = self.knee() else {
            return format!(
                "There is no knee up to {} concurrent requests. The throughput there is {:.1} per second, and more \
                concurrency may increase it.",
                count(last.concurrency.into()),
                last.throughput_per_s(),
            );
        };
        format!(
            "The knee, the point beyond which more requests only wait, is at {} concurrent requests. Throughput \
            peaks at {:.1} per second. Without a queue a request takes {}, so {saturation:.1} concurrent requests \
            keep the endpoint busy.{}",
            count(knee.concurrency.into()),
            self.best_per_s(),
            span(self.unqueued_us() as u64),
            waits(knee, last),
        )
    }

    /// A sentence about the best goodput within a latency target.
    #[must_use]
    pub fn goodput_sentence(&self, target_us: u64) -> String {
        let goodput = |level: &LoadLevel| level.goodput_per_s(target_us);
        let best =
            self.0.iter().max_by(|a, b| goodput(a).total_cmp(&goodput(b)).then(b.concurrency.cmp(&a.concurrency)));
        match best.filter(|level| goodput(level) > 0.0) {
            Some(level) => format!(
                "Counting only requests within {}, the best throughput is {:.1} per second, at {} concurrent requests.",
                span(target_us),
                goodput(level),
                count(level.concurrency.into()),
            ),
            None => format!("No request succeeds within {}, at any concurrency.", span(target_us)),
        }
    }
}

/// A smaller ratio of latencies is not worth mentioning.
const IS_LONGER: f64 = 1.2;

/// A text about the longer wait beyond the knee, if both levels have enough requests.
fn waits(knee: &LoadLevel, last: &LoadLevel) -> String {
    let Some((at_knee, at_last)) = knee.p95_us().zip(last.p95_us()).filter(|(at_knee, _)| *at_knee > 0) else {
        return String::new();
    };
    if at_last as f64 <= at_knee as f64 * IS_LONGER {
        return String::new();
    }
    let times = format!("{:.1}", at_last as f64 / at_knee as f64);
    let at_once = count(last.concurrency.into());
    format!(" With {at_once}, p95 is {} instead of {} ({times} times as long).", span(at_last), span(at_knee))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A server that works on `capacity` requests at once, each for 100 ms, with ten requests by each of `concurrency`
    /// clients.
    fn level(capacity: u32, concurrency: u32) -> LoadLevel {
        let rounds = u64::from(concurrency.div_ceil(capacity));
        LoadLevel {
            concurrency,
            length_us: rounds * 1_000_000,
            latencies_us: vec![rounds * 100_000; concurrency as usize * 10],
            failed: 0,
        }
    }

    fn sweep(capacity: u32, doublings: u32) -> Sweep {
        Sweep::new((0..=doublings).map(|power| level(capacity, 1 << power)).collect())
    }

    #[test]
    fn the_sentence_names_the_knee_and_the_wait_beyond_it() {
        assert_eq!(
            sweep(8, 5).sentence(),
            "The knee, the point beyond which more requests only wait, is at 8 concurrent requests. Throughput peaks at \
             80.0 per second. Without a queue a request takes 100 ms, so 8.0 concurrent requests keep the endpoint busy. \
             With 32, p95 is 400 ms instead of 100 ms (4.0 times as long)."
        );
    }

    #[test]
    fn there_is_no_knee_while_throughput_rises() {
        assert_eq!(sweep(1_000, 4).knee(), None);
        assert!(sweep(1_000, 4).sentence().starts_with("There is no knee up to 16 concurrent requests"));
        assert_eq!(sweep(8, 0).knee(), None, "one level says nothing");
    }

    #[test]
    fn the_knee_is_the_same_on_a_busy_machine() {
        // Measured next to a dozen browsers: every response is late, most of all where there is no queue to hide it.
        let level = |concurrency, per_s: f64, median_ms: u64| LoadLevel {
            concurrency,
            length_us: (64.0 / per_s * 1e6) as u64,
            latencies_us: vec![median_ms * 1_000; 64],
            failed: 0,
        };
        let levels = [(1, 8.8, 109), (2, 17.7, 112), (4, 22.4, 140), (8, 46.5, 150), (16, 73.2, 210), (32, 73.5, 430)];
        let sweep = Sweep::new(levels.map(|(concurrency, per_s, ms)| level(concurrency, per_s, ms)).to_vec());
        assert_eq!(sweep.knee().map(|level| level.concurrency), Some(8));
    }

    #[test]
    fn there_is_no_knee_if_nothing_succeeds() {
        let failed = LoadLevel { concurrency: 1, length_us: 1_000, latencies_us: Vec::new(), failed: 3 };
        let sweep = Sweep::new(vec![failed.clone(), LoadLevel { concurrency: 2, ..failed }]);
        assert_eq!(sweep.knee(), None);
        assert!(sweep.sentence().starts_with("No request succeeded"));
        assert_eq!(Sweep::default().sentence(), "Nothing was measured.");
    }

    #[test]
    fn goodput_within_a_short_target_is_best_at_the_knee() {
        let sweep = sweep(8, 5);
        assert_eq!(
            sweep.goodput_sentence(150_000),
            "Counting only requests within 150 ms, the best throughput is 80.0 per second, at 8 concurrent requests."
        );
        assert_eq!(sweep.levels()[5].goodput_per_s(150_000), 0.0);
        assert_eq!(sweep.goodput_sentence(50_000), "No request succeeds within 50 ms, at any concurrency.");
    }

    proptest! {
        #[test]
        fn goodput_rises_with_the_target_up_to_the_throughput(
            latencies_us in prop::collection::vec(1..1_000_000u64, 1..50), low in 0..1_000_000u64, high in 0..1_000_000u64,
        ) {
            let level = LoadLevel { concurrency: 4, length_us: 1_000_000, latencies_us, failed: 0 };
            let (low, high) = (low.min(high), low.max(high));
            prop_assert!(level.goodput_per_s(low) <= level.goodput_per_s(high));
            prop_assert_eq!(level.goodput_per_s(1_000_000), level.throughput_per_s());
        }
    }
}
