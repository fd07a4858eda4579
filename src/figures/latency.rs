//! The latencies of requests, counted from when they were due and from when they were sent, on one axis.

use crate::figures::histogram::{bins, edges, picture};
use crate::figures::node::{Node, element};
use crate::figures::table::{disclosed, table};
use crate::measure::heartbeat::Beat;
use crate::measure::latencies::{self, FROM_SCHEDULE, FROM_SEND, Latencies};
use crate::measure::requests::Requests;

/// Both latencies with their percentiles. None if there was no request.
#[must_use]
pub fn latency(requests: &Requests, beats: &[Beat]) -> Option<Node> {
    let both = Latencies::from_requests(requests)?;
    let (schedule, send) = (&both.from_schedule, &both.from_send);
    let caution = latencies::caution(requests, beats).map(|text| element("p").class("caution").text(text));
    let bins = bins("Latency: requests in each bin".to_owned(), &[(FROM_SCHEDULE, schedule), (FROM_SEND, send)]);
    let figure = element("figure")
        .class("histogram")
        .attr("data-latencies", "")
        .child(element("h3").text(format!("{FROM_SCHEDULE} (what a user waits)")))
        .child(picture(FROM_SCHEDULE, schedule))
        .child(element("h3").text(format!("{FROM_SEND} (what the server took)")))
        .child(picture(FROM_SEND, send))
        .child(edges(schedule))
        .child(element("figcaption").text(both.caption()))
        .child(table(&latencies::table(requests)))
        .children(caution)
        .child(disclosed(&bins));
    Some(figure.into())
}
