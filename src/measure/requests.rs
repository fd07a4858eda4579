//! The latencies of requests, measured twice: since each was due, which is how long the user waits, and since it was
//! sent, which is how long the server took.
//!
//! Latency since sent leaves out the time that a request waits because earlier ones are slow, which is when most
//! requests wait. Tene calls this coordinated omission ("How NOT to Measure Latency", 2015,
//! <https://www.infoq.com/presentations/latency-response-time/>).

use serde::{Deserialize, Serialize};

use crate::measure::events::Outcome;
use crate::measure::heartbeat::Beat;
use crate::measure::statistics::Summary;
use crate::measure::window::TimeRange;

/// One request, from when it was due to its end. All times are microseconds since the run's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// When it should have been sent, according to a fixed schedule.
    pub due_us: u64,
    /// When its last attempt was sent, or `None` if it never was.
    pub sent_us: Option<u64>,
    /// When its response was complete, or it failed.
    pub ended_us: u64,
    /// Its outcome.
    pub outcome: Outcome,
}

impl Timing {
    /// The time from when it was due, including all its attempts.
    #[must_use]
    pub fn since_due_us(&self) -> u64 {
        self.ended_us.saturating_sub(self.due_us)
    }

    /// The time from when its last attempt was sent.
    #[must_use]
    pub fn since_sent_us(&self) -> Option<u64> {
        Some(self.ended_us.saturating_sub(self.sent_us?))
    }

    /// True if it succeeded.
    #[must_use]
    pub fn has_succeeded(&self) -> bool {
        self.outcome == Outcome::Succeeded
    }
}

/// The requests of one part of a run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Requests(Vec<Timing>);

impl Requests {
    /// Creates it from requests in any order.
    #[must_use]
    pub fn from_timings(timings: impl IntoIterator<Item = Timing>) -> Self {
        Self(timings.into_iter().collect())
    }

    /// The requests.
    #[must_use]
    pub fn timings(&self) -> &[Timing] {
        &self.0
    }

    /// The requests that succeeded, and the others.
    #[must_use]
    pub fn by_success(&self) -> (Self, Self) {
        let (succeeded, failed) = self.0.iter().partition(|timing| timing.has_succeeded());
        (Self(succeeded), Self(failed))
    }

    /// The requests that no block of the event loop can have delayed.
    #[must_use]
    pub fn unblocked(&self, beats: &[Beat]) -> Self {
        let is_free = |timing: &&Timing| {
            let lives_through = |beat: &Beat| beat.due_us < timing.ended_us && beat.at_us > timing.due_us;
            !beats.iter().filter(|beat| beat.is_blocked()).any(lives_through)
        };
        Self(self.0.iter().filter(is_free).copied().collect())
    }

    /// The requests that ended in a time range.
    #[must_use]
    pub fn ended_in(&self, range: TimeRange) -> Self {
        Self(self.0.iter().filter(|timing| range.contains(timing.ended_us)).copied().collect())
    }

    /// The latency of each from when it was due, in microseconds.
    pub fn since_due_us(&self) -> impl Iterator<Item = u64> {
        self.0.iter().map(Timing::since_due_us)
    }

    /// The latency of each sent request from when it was sent, in microseconds.
    pub fn since_sent_us(&self) -> impl Iterator<Item = u64> {
        self.0.iter().filter_map(Timing::since_sent_us)
    }

    /// The sample of [`since_due_us`](Self::since_due_us).
    #[must_use]
    pub fn since_due(&self) -> Summary {
        Summary::from_sample(self.since_due_us().map(|us| us as f64))
    }

    /// The sample of [`since_sent_us`](Self::since_sent_us).
    #[must_use]
    pub fn since_sent(&self) -> Summary {
        Summary::from_sample(self.since_sent_us().map(|us| us as f64))
    }

    /// The time from when the first was due to the end of the last, in microseconds.
    #[must_use]
    pub fn length_us(&self) -> u64 {
        let first = self.0.iter().map(|timing| timing.due_us).min().unwrap_or(0);
        let last = self.0.iter().map(|timing| timing.ended_us).max().unwrap_or(0);
        last.saturating_sub(first)
    }

    /// The number of successes per second over the whole length. Returns `None` if no time has passed.
    #[must_use]
    pub fn throughput_per_s(&self) -> Option<f64> {
        let succeeded = self.0.iter().filter(|timing| timing.has_succeeded()).count();
        per_second(succeeded, self.length_us())
    }
}

/// The rate per second of `n` in `length_us` microseconds. Returns `None` if no time has passed.
#[must_use]
pub fn per_second(n: usize, length_us: u64) -> Option<f64> {
    (length_us > 0).then(|| n as f64 / length_us as f64 * 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(due_us: u64, sent_us: u64, ended_us: u64, outcome: Outcome) -> Timing {
        Timing { due_us, sent_us: Some(sent_us), ended_us, outcome }
    }

    #[test]
    fn waiting_before_sending_counts_only_in_the_latency_from_schedule() {
        // A server that takes 500 ms, asked every 100 ms by a client that sends one at a time.
        let requests = Requests::from_timings((0..10).map(|n| {
            let (due_us, sent_us) = (n * 100_000, n * 500_000);
            timing(due_us, sent_us, sent_us + 500_000, Outcome::Succeeded)
        }));
        assert_eq!(requests.since_sent().max(), Some(500_000.0));
        assert_eq!(requests.since_due().max(), Some(4_100_000.0));
        assert_eq!(requests.throughput_per_s(), Some(2.0));
    }

    #[test]
    fn failed_requests_are_separate_and_do_not_count_as_throughput() {
        let requests = Requests::from_timings([
            timing(0, 0, 100_000, Outcome::Succeeded),
            timing(0, 0, 1_000_000, Outcome::TimedOut),
            Timing { due_us: 0, sent_us: None, ended_us: 0, outcome: Outcome::Failed },
        ]);
        assert_eq!(requests.throughput_per_s(), Some(1.0));
        let (succeeded, failed) = requests.by_success();
        assert_eq!((succeeded.since_sent().n(), failed.since_due().n(), failed.since_sent().n()), (1, 2, 1));
    }

    #[test]
    fn a_range_has_the_requests_that_ended_in_it() {
        let requests = Requests::from_timings([10, 20, 30].map(|end| timing(0, 0, end, Outcome::Succeeded)));
        let ended = requests.ended_in(TimeRange { from_us: 20, to_us: 29 });
        assert_eq!(ended.since_sent_us().collect::<Vec<_>>(), [20]);
    }

    #[test]
    fn no_requests_have_no_throughput() {
        assert_eq!(Requests::default().throughput_per_s(), None);
        assert_eq!(Requests::default().length_us(), 0);
    }

    #[test]
    fn requests_during_a_block_are_left_out() {
        let requests =
            Requests::from_timings([timing(0, 0, 10, Outcome::Succeeded), timing(0, 0, 200_000, Outcome::Succeeded)]);
        let block = Beat { due_us: 20_000, at_us: 120_000 };
        assert_eq!(requests.unblocked(&[block]).timings().len(), 1);
        assert_eq!(requests.unblocked(&[Beat { due_us: 20_000, at_us: 21_000 }]).timings().len(), 2);
    }
}
