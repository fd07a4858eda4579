//! The verdict on requests at a rate: is the endpoint slow, or the client?

use std::num::NonZeroUsize;

use crate::exercises::prelude::*;
use crate::measure::requests::{Requests, Timing};

use super::plan::Plan;

/// If the last requests take longer than the first by this factor, they were not made as fast as they came.
const GROWTH: f64 = 2.0;

/// The verdict on requests at a rate: the endpoint kept up, or the place where most requests waited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    /// The last requests were hardly slower than the first.
    KeptUp,
    /// They waited for a permit, before they were sent.
    AtTheLimit,
    /// They waited for their own earlier attempts, or for the event loop.
    BeforeTheLastAttempt,
    /// They waited after they were sent.
    AtTheEndpoint,
}

impl Verdict {
    /// `permits_us` is the time that all requests together waited for permits.
    fn new(requests: &Requests, permits_us: u64) -> Self {
        let mut timings = requests.timings().to_vec();
        timings.sort_by_key(|timing| timing.due_us);
        let quarter = timings.len() / 4;
        let median = |timings: &[Timing]| Requests::from_timings(timings.iter().copied()).since_due().median();
        let (first, last) = (&timings[..quarter], &timings[timings.len() - quarter..]);
        let is_growing = median(first).zip(median(last)).is_some_and(|(first, last)| last > first * GROWTH);
        let total_us: u64 = requests.since_due_us().sum();
        let sent_us: u64 = requests.since_sent_us().sum();
        let before_us = total_us.saturating_sub(sent_us);
        match () {
            () if !is_growing && before_us <= sent_us => Self::KeptUp,
            () if before_us <= sent_us => Self::AtTheEndpoint,
            () if permits_us * 2 >= before_us => Self::AtTheLimit,
            () => Self::BeforeTheLastAttempt,
        }
    }
}

/// The request that took longest, and the median of all.
pub(super) struct Slowest<'a> {
    requests: &'a Requests,
    /// Its latency since due.
    total: String,
    /// The time before it was sent for the last time.
    before: String,
    /// The median latency since sent.
    took: String,
}

impl<'a> Slowest<'a> {
    /// Returns `None` if there are no requests.
    pub fn new(requests: &'a Requests) -> Option<Self> {
        let slowest = requests.timings().iter().max_by_key(|timing| timing.since_due_us())?;
        let slowest_us = slowest.since_due_us();
        let before_us = slowest_us.saturating_sub(slowest.since_sent_us().unwrap_or(0));
        let since_sent_us = requests.since_sent().median().unwrap_or(0.0) as u64;
        let [total, before, took] = [slowest_us, before_us, since_sent_us].map(units::span);
        Some(Self { requests, total, before, took })
    }

    fn since_due(&self) -> String {
        units::span(self.requests.since_due().median().unwrap_or(0.0) as u64)
    }

    /// The verdict in a sentence. `permits_us` is the time that all requests together waited for permits.
    pub fn in_short(&self, plan: &Plan, permits_us: u64) -> String {
        let Self { total, before, took, .. } = self;
        match Verdict::new(self.requests, permits_us) {
            Verdict::KeptUp => format!("The endpoint kept up: {} per request (median since due).", self.since_due()),
            Verdict::AtTheLimit => format!(
                "The client is slow, not the endpoint: it took {took} per request, but of the slowest request's {total}, \
                 {before} were spent waiting for your limit of {}.",
                limit_of(plan)
            ),
            Verdict::BeforeTheLastAttempt => format!(
                "The slowest request took {total}, and {before} of that passed before its last attempt was sent."
            ),
            Verdict::AtTheEndpoint => {
                format!("The endpoint did not keep up: later requests took longer, up to {total}.")
            }
        }
    }

    /// The verdict, with its reasons.
    pub fn in_words(&self, plan: &Plan, permits_us: u64) -> String {
        let Self { total, before, took, .. } = self;
        match Verdict::new(self.requests, permits_us) {
            Verdict::KeptUp => {
                format!("The endpoint kept up: the median is {} since due and {took} since sent.", self.since_due())
            }
            Verdict::AtTheLimit => format!(
                "The endpoint is not the cause: it took {took} per request (median since sent). The slowest request \
                 took {total}, and {before} of that it waited for your limit of {}, before it was sent. Latency \
                 since sent leaves out that wait (this is called coordinated omission); latency since due is how long \
                 users wait. A higher limit shows whether the endpoint can do more.",
                limit_of(plan)
            ),
            Verdict::BeforeTheLastAttempt => format!(
                "The slowest request took {total}, and {before} of that passed before its last attempt was sent: in \
                 earlier attempts, in the pauses between them, or waiting for the event loop. Latency since sent (median \
                 {took}) leaves that out."
            ),
            Verdict::AtTheEndpoint => format!(
                "The endpoint did not keep up: later requests took longer than earlier ones, up to {total}, and all but \
                 {before} of that passed after the request was sent."
            ),
        }
    }
}

fn limit_of(plan: &Plan) -> usize {
    plan.limit.map_or(0, NonZeroUsize::get)
}

/// The time that all requests of the part together waited for permits, in microseconds.
pub(super) fn waited_for_permits_us(run: &Run, plan: &Plan) -> u64 {
    let record = run.record();
    let part = Span::named(&record, plan.part()).map(|span| span.task);
    Durations::from_record(&record, "infer", part).tasks().iter().map(|task| task.queued_us).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Requests that are due every 100 ms: when each is sent and ends, in milliseconds after it was due.
    fn requests(times_ms: impl Fn(u64) -> (u64, u64)) -> Requests {
        Requests::from_timings((0..40).map(|n| {
            let (sent_ms, ended_ms) = times_ms(n);
            let at = |ms: u64| n * 100_000 + ms * 1_000;
            let outcome = Outcome::Succeeded;
            Timing { due_us: at(0), sent_us: Some(at(sent_ms)), ended_us: at(ended_ms), outcome }
        }))
    }

    #[test]
    fn the_verdict_names_the_place_where_requests_wait() {
        let at_once = requests(|_| (0, 500));
        let late = requests(|n| (n * 100, n * 100 + 50));
        let slow = requests(|n| (0, 50 + n * 100));
        assert_eq!(Verdict::new(&at_once, 0), Verdict::KeptUp);
        assert_eq!(Verdict::new(&late, late.since_due_us().sum()), Verdict::AtTheLimit);
        assert_eq!(Verdict::new(&late, 0), Verdict::BeforeTheLastAttempt);
        assert_eq!(Verdict::new(&slow, 0), Verdict::AtTheEndpoint, "although none waited in the page");
        assert_eq!(Verdict::new(&Requests::default(), 0), Verdict::KeptUp);
    }
}
