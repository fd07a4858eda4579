//! The checks of a whole run, and of its parts.

use leptos::prelude::*;

use crate::exercises::properties::Property;
use crate::figures::bars::list_of_checks;
use crate::measure::Record;
use crate::ui::display::{Display, Status};
use crate::ui::drawing::drawings;

/// The results of all checks, or a placeholder until the run is over.
pub(crate) fn checks(display: Display) -> AnyView {
    let shown = move || match display.status.get() {
        Status::Ready | Status::Running => {
            view! { <p class="empty">"Check results appear here after the run."</p> }.into_any()
        }
        Status::Over(_) => results(display),
    };
    shown.into_any()
}

fn results(display: Display) -> AnyView {
    let (experiment, compared) = (display.experiment(), display.compared());
    let is_finished = display.status.with(Status::has_finished);
    let check = |record: &Record| {
        if is_finished {
            return experiment.properties(record, &compared);
        }
        // An unfinished run is checked only for leftover tasks and permits.
        Property::nothing_left(record)
    };
    // A run that failed before it started has no record.
    let Some(properties) = display.with_record(check) else { return ().into_any() };
    let summary =
        display.report.with(|report| Property::summary(&properties, report.as_ref().map_or(&[][..], |it| &it.checks)));
    view! {
        <p>{summary}</p>
        <ul class="checks">{properties.iter().map(property).collect_view()}</ul>
        {checks_of_parts(display)}
    }
    .into_any()
}

/// The checks of the parts, if the run has a report with some.
pub(crate) fn checks_of_parts(display: Display) -> AnyView {
    display.report.with(|report| {
        let checks = report.as_ref().map_or(&[][..], |it| &it.checks);
        drawings(display.compared().iter().filter_map(|compared| list_of_checks(compared, checks)))
    })
}

fn property(property: &Property) -> AnyView {
    view! {
        <li
            class=if property.passed { "passes" } else { "fails" }
            data-property=property.name
            data-holds=property.passed.to_string()
        >
            <b>{property.verdict()}</b>
            <span>{format!("{} ({}).", property.claim, property.measured)}</span>
        </li>
    }
    .into_any()
}
