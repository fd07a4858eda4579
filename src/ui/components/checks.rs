//! The checks of a whole run.

use leptos::prelude::*;

use crate::exercises::properties::Property;
use crate::measure::Record;
use crate::ui::display::{Display, Status};
use crate::ui::element::{b, h2, li, p, part, span, ul};

/// The checks that every run has, once one is over.
pub(crate) fn properties(display: Display) -> AnyView {
    let shown = move || match display.status.get() {
        Status::Ready | Status::Running => p().class("empty").text("Check results appear here after the run.").view(),
        Status::Over(_) => display.show(|views| (views.properties)(display)),
    };
    [h2().text("Checks").view(), part(shown)].into_any()
}

/// See [`properties`].
pub(crate) fn lines(display: Display) -> AnyView {
    let (experiment, compared) = (display.experiment(), display.compared());
    let is_finished = display.status.with(Status::has_finished);
    let read = |record: &Record| match is_finished {
        true => experiment.properties(record, &compared),
        // A run that was cut short is checked only for what it left behind.
        false => Property::nothing_left(record),
    };
    // A run that failed before it started has no record.
    let Some(properties) = display.with_record(read) else { return ().into_any() };
    let message =
        display.report.with(|report| Property::in_short(&properties, report.as_ref().map_or(&[][..], |it| &it.checks)));
    [p().text(message).view(), ul().class("checks").add_all(properties.iter().map(property)).view()].into_any()
}

fn property(property: &Property) -> AnyView {
    li().class(if property.holds { "passes" } else { "fails" })
        .attr("data-property", property.name)
        .attr("data-holds", property.holds.to_string())
        .el(b().text(property.verdict()))
        .el(span().text(format!("{} ({}).", property.claim, property.measured)))
        .view()
}
