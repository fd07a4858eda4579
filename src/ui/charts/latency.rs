//! The latencies of requests, counted from when they were due and from when they were sent, on one axis.

use leptos::prelude::*;

use crate::measure::histogram::Histogram;
use crate::measure::requests::Requests;
use crate::measure::statistics::Summary;
use crate::measure::{Record, units};
use crate::ui::charts::spread::{bins, edges, percentiles, picture};
use crate::ui::components::report::data_table;
use crate::ui::lab::Lab;
use crate::ui::lean::{details, figcaption, figure, h3, p, summary};

const FROM_SCHEDULE: &str = "From schedule";
const FROM_SEND: &str = "From send";

/// Both latencies of a run's requests.
pub(crate) fn latencies(lab: Lab, requests: &Requests) -> AnyView {
    let (schedule_us, send_us): (Vec<_>, Vec<_>) =
        (requests.from_schedule_us().collect(), requests.from_send_us().collect());
    let Some(all) = Histogram::of(&schedule_us.iter().chain(&send_us).copied().collect::<Vec<_>>()) else {
        return p().class("empty").text("There was no request, so there is no latency.").view();
    };
    let (schedule, send) = (all.counting(schedule_us), all.counting(send_us));
    figure()
        .class("histogram")
        .attr("data-latencies", "")
        .el(h3().text(format!("{FROM_SCHEDULE}: what whoever waits feels")))
        .add(picture(FROM_SCHEDULE, &schedule))
        .el(h3().text(format!("{FROM_SEND}: what the endpoint did")))
        .add(picture(FROM_SEND, &send))
        .add(edges(&all))
        .el(figcaption().text(caption(requests, &all)))
        .add(data_table(percentiles(
            "Latency: percentiles that n can support".to_owned(),
            "Counted",
            &samples(requests),
        )))
        .add(blocked(lab, requests))
        .el(details().el(summary().text("The same as a table")).add(data_table(bins(
            "Latency: requests in each bin".to_owned(),
            &[(FROM_SCHEDULE, &schedule), (FROM_SEND, &send)],
        ))))
        .view()
}

fn caption(requests: &Requests, all: &Histogram) -> String {
    format!(
        "{} requests in steps of {}, failed ones included; each picture is as high as its own tallest bar. What lies between \
         the two is the wait at the page: at its limit, before another try, and for its turn.",
        units::count(requests.timings().len() as u64),
        units::span(all.step),
    )
}

/// Those that failed apart: they say how long one waits for nothing.
fn samples(requests: &Requests) -> Vec<(&'static str, Summary)> {
    let (succeeded, failed) = requests.by_success();
    let mut samples = vec![(FROM_SCHEDULE, succeeded.from_schedule()), (FROM_SEND, succeeded.from_send())];
    if !failed.timings().is_empty() {
        samples.push(("Failed, from schedule", failed.from_schedule()));
        samples.push(("Failed, from send", failed.from_send()));
    }
    samples
}

/// What the percentiles are without the requests that a block of the page may have made late.
fn blocked(lab: Lab, requests: &Requests) -> AnyView {
    let unblocked = lab.with_record(|record: &Record| requests.unblocked(record.beats()));
    let Some(others) = unblocked.filter(|others| others.timings().len() < requests.timings().len()) else {
        return ().into_any();
    };
    if others.timings().is_empty() {
        let told =
            "All requests lived through a block of the page and may be late: run again with nothing else going on.";
        return p().class("caution").text(told).view();
    }
    let of = |sample: &Summary, p| sample.percentile(p).map_or("–".to_owned(), |us| units::span(us as u64));
    let (schedule, send) = (others.from_schedule(), others.from_send());
    let told = format!(
        "{} of {} requests lived through a block of the page and may be late. Without them p95 is {} from schedule and {} \
         from send.",
        units::count((requests.timings().len() - others.timings().len()) as u64),
        units::count(requests.timings().len() as u64),
        of(&schedule, 95.0),
        of(&send, 95.0),
    );
    p().class("caution").text(told).view()
}
