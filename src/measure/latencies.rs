//! The latencies of requests, measured from when they were due and from when they were sent, on one axis.

use crate::measure::heartbeat::Beat;
use crate::measure::histogram::Histogram;
use crate::measure::percentiles::percentiles;
use crate::measure::report::Table;
use crate::measure::requests::Requests;
use crate::measure::statistics::Summary;
use crate::measure::units::{count, counted, span};

/// The label of the latency since a request was due.
pub const SINCE_DUE: &str = "Since due";

/// The label of the latency since it was sent.
pub const SINCE_SENT: &str = "Since sent";

/// The histograms of both latencies of some requests, with the same bins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Latencies {
    /// Latencies since due, in microseconds.
    pub since_due: Histogram,
    /// Latencies since sent, in microseconds.
    pub since_sent: Histogram,
    /// The number of requests.
    n: usize,
    /// The slowest request: time before its last attempt was sent, and total, in µs.
    slowest: (u64, u64),
}

impl Latencies {
    /// Sorts both latencies into bins. Returns `None` if there are no requests.
    #[must_use]
    pub fn from_requests(requests: &Requests) -> Option<Self> {
        let both: Vec<_> = requests.since_due_us().chain(requests.since_sent_us()).collect();
        let all = Histogram::from_values(&both)?;
        let slowest = requests.timings().iter().max_by_key(|timing| timing.since_due_us())?;
        let slowest_us = slowest.since_due_us();
        Some(Self {
            since_due: all.counting(requests.since_due_us()),
            since_sent: all.counting(requests.since_sent_us()),
            n: requests.timings().len(),
            slowest: (slowest_us.saturating_sub(slowest.since_sent_us().unwrap_or(0)), slowest_us),
        })
    }

    /// The caption of the chart.
    #[must_use]
    pub fn caption(&self) -> String {
        format!(
            "{}, including failed ones; one bar per {}. The two histograms have different vertical scales. The \
             difference between the two is time before the last attempt was sent: {} of the {} of the slowest request.",
            counted(self.n as u64, "request", "requests"),
            span(self.since_due.step),
            span(self.slowest.0),
            span(self.slowest.1),
        )
    }
}

/// The percentiles of both latencies. Failed requests are listed separately: they show how long a user waits for a
/// failure.
#[must_use]
pub fn table(requests: &Requests) -> Table {
    let (succeeded, failed) = requests.by_success();
    let mut samples = vec![(SINCE_DUE, succeeded.since_due()), (SINCE_SENT, succeeded.since_sent())];
    if !failed.timings().is_empty() {
        samples.push(("Failed, since due", failed.since_due()));
        samples.push(("Failed, since sent", failed.since_sent()));
    }
    percentiles("Latency: percentiles (– means too few samples)".to_owned(), "Latency", &samples)
}

/// A warning about requests that a block of the page may have delayed, with the percentiles of the others. Returns
/// `None` if there are none.
#[must_use]
pub fn caution(requests: &Requests, beats: &[Beat]) -> Option<String> {
    let (others, all) = (requests.unblocked(beats), requests.timings().len());
    let late = all - others.timings().len();
    if late == 0 {
        return None;
    }
    if late == all {
        return Some(
            "The page was blocked during all requests, so all may be late. Close other programs and run again."
                .to_owned(),
        );
    }
    let p95 = |sample: Summary| sample.percentile(95.0).map_or("–".to_owned(), |us| span(us as u64));
    Some(format!(
        "The page was blocked during {} of {} requests, so they may be late. Without them p95 is {} since due \
         and {} since sent.",
        count(late as u64),
        count(all as u64),
        p95(others.since_due()),
        p95(others.since_sent()),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Outcome;
    use crate::measure::requests::Timing;

    fn requests() -> Requests {
        let timing = |sent_us| Timing { due_us: 0, sent_us, ended_us: 9_000, outcome: Outcome::Succeeded };
        Requests::from_timings([timing(Some(1_000)), timing(Some(8_000)), timing(None)])
    }

    #[test]
    fn both_histograms_share_their_bins_and_an_unsent_request_is_in_one_only() {
        let latencies = Latencies::from_requests(&requests()).expect("there are some");
        let (due, sent) = (&latencies.since_due, &latencies.since_sent);
        assert_eq!((due.from, due.step, due.counts.len()), (sent.from, sent.step, sent.counts.len()));
        assert_eq!((due.counts.iter().sum::<u32>(), sent.counts.iter().sum::<u32>()), (3, 2));
        assert_eq!(Latencies::from_requests(&Requests::default()), None);
    }

    #[test]
    fn only_requests_during_a_block_cause_a_warning() {
        let block = |due_us| Beat { due_us, at_us: due_us + 500_000 };
        assert_eq!(caution(&requests(), &[block(10_000)]), None);
        assert!(
            caution(&requests(), &[block(0)])
                .is_some_and(|text| text.starts_with("The page was blocked during all requests"))
        );
    }
}
