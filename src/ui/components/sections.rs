//! The sections of a report, below the headings that the report gives them.
//!
//! A new kind of section is drawn by `figures::section`. It needs a component only if the reader can use it.

use leptos::prelude::*;

use crate::figures;
use crate::measure::Record;
use crate::measure::report::{Group, Section};
use crate::ui::charts::sweep::sweep;
use crate::ui::components::tabs::Tabs;
use crate::ui::components::validations::validations;
use crate::ui::display::Display;
use crate::ui::drawing::drawings;

/// One panel for each heading of the report.
pub(crate) fn section_panels(display: Display, headings: RwSignal<Vec<&'static str>>, tabs: Tabs) -> AnyView {
    let content = move |heading: &'static str| match display.report.get() {
        Some(_) => section(display, heading),
        None => view! { <p class="empty">"Results appear here when the run has finished."</p> }.into_any(),
    };
    let panel = move |heading| tabs.panel(heading, (move || content(heading)).into_any());
    (move || headings.get().into_iter().map(panel).collect_view()).into_any()
}

/// The contents of the report under one heading.
fn section(display: Display, heading: &'static str) -> AnyView {
    let Some(report) = display.report.get_untracked() else { return ().into_any() };
    report.groups().filter(|group| group.heading == heading).map(|it| content(display, it)).collect_view().into_any()
}

fn content(display: Display, group: Group) -> AnyView {
    let notes = group.notes.iter().map(|note| view! { <p>{note.clone()}</p> }).collect_view();
    let drawn = group.sections.iter().map(|section| draw(display, section)).collect_view();
    view! {
        {notes}
        {drawn}
    }
    .into_any()
}

/// Sections that the reader can use are components, and the others are only drawn.
fn draw(display: Display, section: &Section) -> AnyView {
    let seed = display.started().map_or(0, |experiment| experiment.seed);
    let draw = |section: &Section, record: &Record| drawings(figures::section::section(section, record, seed));
    if let Some(selection) = display.cursor.selection.get() {
        let window = &selection.window;
        match section {
            Section::Distribution(_) => return draw(section, &window.ended),
            Section::Latency(requests) => {
                return draw(&Section::Latency(requests.ended_in(window.range)), &window.record);
            }
            _ => {}
        }
    }
    match section {
        Section::Sweep(levels) => sweep(display, levels),
        Section::Validations(promises) => validations(promises),
        _ => display.with_record(|record| draw(section, record)).into_any(),
    }
}
