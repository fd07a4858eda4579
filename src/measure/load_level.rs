//! [`LoadLevel`]: what an endpoint does at one concurrency, measured in several visits.
//!
//! An endpoint changes over time: others use it, its machine is busy, its caches fill. So a sweep visits each level
//! several times, with all other levels in between. How much the visits differ shows how exact their mean is.

use serde::{Deserialize, Serialize};

use crate::measure::requests::{Requests, Timing, per_second};
use crate::measure::statistics::{Summary, mean_interval};

/// The measurements at one concurrency.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoadLevel {
    /// The number of requests at once, at least 1.
    pub concurrency: u32,
    /// The measured time of all visits, in microseconds.
    pub length_us: u64,
    /// The latencies of the successful requests from when they were sent, in microseconds.
    pub latencies_us: Vec<u64>,
    /// The number of requests that did not succeed.
    pub failed: u32,
    /// The visits, in chronological order. Levels of earlier versions have none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub visits: Vec<Visit>,
}

/// One of the visits of a level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// The measured time, in microseconds.
    pub length_us: u64,
    /// The number of requests that succeeded in this time.
    pub succeeded: u32,
    /// The median of their latencies from when they were sent, in microseconds; 0 if none succeeded.
    pub median_us: u64,
}

impl Visit {
    /// The number of successes per second.
    #[must_use]
    pub fn throughput_per_s(&self) -> f64 {
        per_second(self.succeeded as usize, self.length_us).unwrap_or(0.0)
    }
}

impl LoadLevel {
    /// The measurements of these visits, each with all its requests, among which there are always `concurrency` in
    /// flight until the last one is sent.
    #[must_use]
    pub fn from_visits(concurrency: u32, visits: &[Vec<Timing>]) -> Self {
        let mut level = Self { concurrency, ..Self::default() };
        for timings in visits {
            let (counted, length_us) = counted(concurrency, timings);
            let (succeeded, failed) = counted.by_success();
            level.visits.push(Visit {
                length_us,
                succeeded: succeeded.timings().len() as u32,
                median_us: succeeded.since_sent().median().unwrap_or(0.0) as u64,
            });
            level.length_us += length_us;
            level.latencies_us.extend(succeeded.since_sent_us());
            level.failed += failed.timings().len() as u32;
        }
        level
    }

    /// The number of successes per second.
    #[must_use]
    pub fn throughput_per_s(&self) -> f64 {
        per_second(self.latencies_us.len(), self.length_us).unwrap_or(0.0)
    }

    /// The 95 % confidence interval of the number of successes per second, by how much the visits differ. `None` with
    /// fewer than two visits.
    #[must_use]
    pub fn throughput_interval(&self) -> Option<[f64; 2]> {
        let [low, high] = mean_interval(self.visits.iter().map(Visit::throughput_per_s))?;
        Some([low.max(0.0), high])
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

/// The requests of a visit that count, and the time in which they ended.
///
/// It begins when `concurrency` requests have ended, which warms up the connections and the endpoint. It ends when the
/// last request is sent, because fewer are in flight after that. Both are instants at which a request ended. So the
/// number of requests per time is exact, even if all of them end together.
fn counted(concurrency: u32, timings: &[Timing]) -> (Requests, u64) {
    let mut ends: Vec<_> = timings.iter().map(|timing| timing.ended_us).collect();
    ends.sort_unstable();
    let from = (concurrency as usize).checked_sub(1).and_then(|warm_up| ends.get(warm_up)).copied();
    let to = timings.iter().filter_map(|timing| timing.sent_us).max();
    let Some((from, to)) = from.zip(to).filter(|(from, to)| from < to) else { return (Requests::default(), 0) };
    let is_counted = |timing: &&Timing| from < timing.ended_us && timing.ended_us <= to;
    (Requests::from_timings(timings.iter().filter(is_counted).copied()), to - from)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::Outcome;

    fn timing(sent_ms: u64, ended_ms: u64) -> Timing {
        let [sent_us, ended_us] = [sent_ms, ended_ms].map(|ms| ms * 1_000);
        Timing { due_us: sent_us, sent_us: Some(sent_us), ended_us, outcome: Outcome::Succeeded }
    }

    #[test]
    fn warm_up_and_end_of_a_visit_are_not_counted() {
        // Two clients. The first requests are slow, and the last one ends alone.
        let visit = [(0, 500), (0, 510), (500, 600), (510, 610), (600, 700), (610, 710), (700, 900)];
        let level = LoadLevel::from_visits(2, &[visit.map(|(sent, ended)| timing(sent, ended)).to_vec()]);
        // From 510 to 700 ms, three requests ended.
        assert_eq!((level.length_us, &*level.latencies_us), (190_000, &[100_000; 3][..]));
        assert_eq!(level.visits, [Visit { length_us: 190_000, succeeded: 3, median_us: 100_000 }]);
    }

    #[test]
    fn failed_requests_are_counted_apart() {
        let failed = Timing { outcome: Outcome::Failed, ..timing(100, 200) };
        let level = LoadLevel::from_visits(1, &[vec![timing(0, 100), failed, timing(200, 300), timing(300, 400)]]);
        assert_eq!((level.failed, level.latencies_us.len(), level.throughput_per_s()), (1, 1, 5.0));
    }

    #[test]
    fn visits_that_differ_give_a_wide_interval() {
        let visit = |succeeded| Visit { length_us: 1_000_000, succeeded, median_us: 1 };
        let level = |visits: [u32; 5]| LoadLevel { visits: visits.map(visit).to_vec(), ..LoadLevel::default() };
        assert_eq!(level([80; 5]).throughput_interval(), Some([80.0, 80.0]));
        // The standard deviation is 15.81, and t is 2.776: 100 ± 19.6.
        let [low, high] = level([80, 90, 100, 110, 120]).throughput_interval().expect("there are five");
        assert!((low - 80.37).abs() < 0.01 && (high - 119.63).abs() < 0.01, "{low} to {high}");
        assert_eq!(level([0, 0, 0, 0, 900]).throughput_interval().map(|[low, _]| low), Some(0.0), "it is not negative");
    }

    #[test]
    fn a_visit_without_a_second_round_measures_nothing() {
        for visit in [vec![], vec![timing(0, 100)], vec![timing(0, 100), timing(0, 100)]] {
            let level = LoadLevel::from_visits(2, &[visit]);
            assert_eq!((level.length_us, level.latencies_us.len(), level.throughput_per_s()), (0, 0, 0.0));
        }
    }

    proptest! {
        #[test]
        fn goodput_rises_with_the_target_up_to_the_throughput(
            latencies_us in prop::collection::vec(1..1_000_000u64, 1..50), low in 0..1_000_000u64, high in 0..1_000_000u64,
        ) {
            let level = LoadLevel { concurrency: 4, length_us: 1_000_000, latencies_us, ..LoadLevel::default() };
            let (low, high) = (low.min(high), low.max(high));
            prop_assert!(level.goodput_per_s(low) <= level.goodput_per_s(high));
            prop_assert_eq!(level.goodput_per_s(1_000_000), level.throughput_per_s());
        }

        #[test]
        fn a_visit_counts_whole_rounds(capacity in 1..20u32, concurrency in 1..40u32, rounds in 3..9u64) {
            // A server that works on `capacity` requests at once, 100 ms each. Each client sends again at once.
            let mut ends = vec![0; concurrency as usize];
            let mut slots = vec![0; capacity as usize];
            let mut timings = Vec::new();
            while timings.len() < (u64::from(concurrency) * rounds) as usize {
                let client = (0..ends.len()).min_by_key(|client| ends[*client]).expect("there is one");
                let slot = (0..slots.len()).min_by_key(|slot| slots[*slot]).expect("there is one");
                let ended = ends[client].max(slots[slot]) + 100;
                timings.push(timing(ends[client], ended));
                (ends[client], slots[slot]) = (ended, ended);
            }
            let level = LoadLevel::from_visits(concurrency, &[timings]);
            let expected = f64::from(capacity.min(concurrency)) * 10.0;
            let measured = level.throughput_per_s();
            prop_assert!((measured / expected - 1.0).abs() < 1e-9, "{} instead of {}", measured, expected);
        }
    }
}
