//! The sections of a report, below the headings that the report gives them.
//!
//! A new kind of section is drawn by `figures::section`. It needs a component only if the reader can use it.

use leptos::prelude::*;

use crate::figures;
use crate::measure::report::{FINDINGS, Group, Section};
use crate::ui::charts::sweep::sweep;
use crate::ui::components::validations::validations;
use crate::ui::display::Display;
use crate::ui::drawing::drawings;

/// One panel for each heading, once there is a report. The code that draws them is loaded with the first run.
pub(crate) fn sections(display: Display) -> AnyView {
    let panels = move || match display.report.get() {
        Some(_) => display.show(|views| (views.sections)(display)),
        None => view! {
            <div class="panel">
                <h2>{FINDINGS}</h2>
                <p class="empty">"Results appear here when the run has finished."</p>
            </div>
        }
        .into_any(),
    };
    panels.into_any()
}

/// See [`sections`].
pub(crate) fn panels(display: Display) -> AnyView {
    let Some(report) = display.report.get_untracked() else { return ().into_any() };
    report.groups().map(|group| panel(display, group)).collect_view().into_any()
}

fn panel(display: Display, group: Group) -> AnyView {
    let notes = group.notes.iter().map(|note| view! { <p>{note.clone()}</p> }).collect_view();
    let drawn = group.sections.iter().map(|section| draw(display, section)).collect_view();
    view! { <div class="panel"><h2>{group.heading}</h2>{notes}{drawn}</div> }.into_any()
}

/// Sections that the reader can use are components, and the others are only drawn.
fn draw(display: Display, section: &Section) -> AnyView {
    let seed = display.started().map_or(0, |experiment| experiment.seed);
    match section {
        Section::Sweep(levels) => sweep(display, levels),
        Section::Validations(promises) => validations(promises),
        _ => {
            drawings(display.with_record(|record| figures::section::section(section, record, seed)).unwrap_or_default())
        }
    }
}
