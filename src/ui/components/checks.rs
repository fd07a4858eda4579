//! What should be true of a run and of its parts, and whether it is.

use leptos::prelude::*;

use crate::exercises::properties::Property;
use crate::measure::Record;
use crate::ui::lab::{Lab, Status};
use crate::ui::lean::{b, h2, li, p, part, span, ul};

/// What is true of every run, once one is over.
pub(crate) fn properties(lab: Lab) -> AnyView {
    let shown = move || match lab.status.get() {
        Status::Ready | Status::Running => {
            p().class("empty").text("Which properties the run had appears here when it is over.").view()
        }
        Status::Over(_) => lab.shown(|results| (results.properties)(lab)),
    };
    [h2().text("Checks").view(), part(shown)].into_any()
}

/// See [`properties`].
pub(crate) fn lines(lab: Lab) -> AnyView {
    let (settings, compared) = (lab.run_settings(), lab.compared());
    let is_finished = lab.status.with(Status::has_finished);
    let read = |record: &Record| match is_finished {
        true => Property::all(lab.exercise, &settings, record, &compared),
        // What was cut short has nothing but its end.
        false => Property::of_what_is_left(record),
    };
    // A run that failed before it began has none.
    let Some(properties) = lab.with_record(read) else { return ().into_any() };
    let told =
        lab.report.with(|report| Property::in_short(&properties, report.as_ref().map_or(&[][..], |it| &it.checks)));
    [p().text(told).view(), ul().class("checks").add_all(properties.iter().map(property)).view()].into_any()
}

fn property(property: &Property) -> AnyView {
    li().class(if property.holds { "passes" } else { "fails" })
        .attr("data-property", property.name)
        .attr("data-holds", property.holds.to_string())
        .el(b().text(property.verdict()))
        .el(span().text(format!("{} ({}).", property.claim, property.measured)))
        .view()
}
