//! The latencies of requests, counted from when they were due and from when they were sent, on one axis.

use leptos::prelude::*;

use crate::measure::latencies::{FROM_SCHEDULE, FROM_SEND, Latencies, caution, table};
use crate::measure::requests::Requests;
use crate::ui::charts::spread::{bins, edges, picture};
use crate::ui::components::report::data_table;
use crate::ui::lab::Lab;
use crate::ui::lean::{details, figcaption, figure, h3, p, summary};

/// Both latencies of a run's requests.
pub(crate) fn latencies(lab: Lab, requests: &Requests) -> AnyView {
    let Some(latencies) = Latencies::from_requests(requests) else {
        return p().class("empty").text("There was no request, so there is no latency.").view();
    };
    let Latencies { from_schedule: schedule, from_send: send, .. } = &latencies;
    let caution = lab.with_record(|record| caution(requests, record.beats())).flatten();
    figure()
        .class("histogram")
        .attr("data-latencies", "")
        .el(h3().text(format!("{FROM_SCHEDULE}: what whoever waits feels")))
        .add(picture(FROM_SCHEDULE, schedule))
        .el(h3().text(format!("{FROM_SEND}: what the endpoint did")))
        .add(picture(FROM_SEND, send))
        .add(edges(schedule))
        .el(figcaption().text(latencies.caption()))
        .add(data_table(table(requests)))
        .add(caution.map(|told| p().class("caution").text(told).view()).into_any())
        .el(details().el(summary().text("The same as a table")).add(data_table(bins(
            "Latency: requests in each bin".to_owned(),
            &[(FROM_SCHEDULE, schedule), (FROM_SEND, send)],
        ))))
        .view()
}
