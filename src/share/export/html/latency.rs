//! The latencies of requests, counted from when they were due and from when they were sent, on one axis.

use super::table;
use crate::measure::heartbeat::Beat;
use crate::measure::latencies::{self, FROM_SCHEDULE, FROM_SEND, Latencies};
use crate::measure::requests::Requests;
use crate::share::export::markup::Markup;
use crate::share::export::svg::histogram;

/// Both latencies with their percentiles; nothing where there was no request.
pub(super) fn latency(requests: &Requests, beats: &[Beat]) -> Markup {
    let Some(both) = Latencies::from_requests(requests) else { return Markup::none() };
    let caution =
        latencies::caution(requests, beats).map(|told| Markup::with("p", &[("class", "caution")], Markup::text(told)));
    let figure = Markup::all([
        Markup::said("h3", format!("{FROM_SCHEDULE}: what whoever waits feels")),
        histogram(FROM_SCHEDULE, &both.from_schedule),
        Markup::said("h3", format!("{FROM_SEND}: what the endpoint did")),
        histogram(FROM_SEND, &both.from_send),
        Markup::said("figcaption", both.caption()),
    ]);
    Markup::all([Markup::tag("figure", figure), table(&latencies::table(requests)), caution.unwrap_or_default()])
}
