//! The activity of each task at the cursor: which task waits for what, and where.

use leptos::prelude::*;

use crate::figures::moment::{self, lines, tree};
use crate::measure::moment::Moment;
use crate::measure::units::span;
use crate::measure::window::TimeRange;
use crate::ui::components::local_variables::local_variables;
use crate::ui::components::tabs::Tabs;
use crate::ui::components::tasks::show_pressed;
use crate::ui::display::Display;
use crate::ui::display::cursor::{Instant, Part};
use crate::ui::drawing::drawing;

/// The tree of the tasks at the cursor, for each part. `key` is the key of its tab: it is drawn only while that is
/// open.
pub(crate) fn moments(display: Display, tabs: Tabs, key: &'static str) -> AnyView {
    let shown = move || {
        display.runs.track();
        if !tabs.is_shown(key) { ().into_any() } else { instants(display) }
    };
    let hint = move || {
        display.instants().is_empty().then(|| {
            view! {
                <p class="empty">
                    "Shows what each task waits for, and where, at one instant. After a run, click a time in the \
                    timeline or move the slider below it."
                </p>
            }
        })
    };
    view! {
        {hint}
        {shown}
        {local_variables(display, tabs, key)}
    }
    .into_any()
}

/// It is tracked.
fn instants(display: Display) -> AnyView {
    display.digest.track();
    let of_parts = display.instants().into_iter().map(|instant| part(display, &instant)).collect_view();
    view! { <div class="moments" on:click=move |event| show_pressed(display, &event)>{of_parts}</div> }.into_any()
}

fn part(display: Display, instant: &Instant) -> AnyView {
    let root = instant.part.as_ref().map(|part| part.root);
    let is_live = display.is_running();
    let content = display.with_record(|record| {
        let moment = Moment::at(record, instant.at_us, root);
        let queues = lines(record, &moment).into_iter().map(|line| view! { <p>{line}</p> }).collect_view();
        let tree = (moment.tasks > 0).then(|| drawing(tree(record, &moment, instant.at_us)));
        let over = (moment.tasks == 0).then(|| view! { <p class="hint">{nothing(instant)}</p> });
        view! {
            {queues}
            {tree}
            {over}
        }
    });
    view! {
        <section>
            <div class="moment-head">
                <h3>{heading(instant)}</h3>
                {(!is_live).then(|| edges(display, instant.clone()))}
            </div>
            {content}
        </section>
    }
    .into_any()
}

fn heading(instant: &Instant) -> String {
    match &instant.part {
        Some(part) => format!("{}, at {}", part.label, span(instant.at_us - part.from_us)),
        None => format!("At {}", span(instant.at_us)),
    }
}

/// A sentence that says why no task is in progress.
fn nothing(instant: &Instant) -> String {
    match instant.part.as_ref().and_then(|part| Some(part.end_us?.saturating_sub(part.from_us))) {
        Some(length_us) => format!("It ended after {}.", span(length_us)),
        None => "No task is in progress.".to_owned(),
    }
}

/// The buttons that make the instant an edge of the selected range.
fn edges(display: Display, instant: Instant) -> AnyView {
    let Instant { part, at_us } = instant;
    let select = move |from: bool| {
        let part = part.clone();
        let range = edge_moved(display, part.as_ref(), at_us, from);
        display.select(part, range);
    };
    let other = select.clone();
    view! {
        <button class="quiet" title="The figures describe a range that begins here" on:click=move |_| select(true)>
            "Range from here"
        </button>
        <button class="quiet" title="The figures describe a range that ends here" on:click=move |_| other(false)>
            "Range to here"
        </button>
    }
    .into_any()
}

/// The selected range of this part with another edge. Where none is selected, its other edge is that of the part.
fn edge_moved(display: Display, part: Option<&Part>, at_us: u64, from: bool) -> TimeRange {
    let selected = display.cursor.selection.get_untracked().filter(|selection| selection.part.as_ref() == part);
    let end_us = display.with_record(crate::measure::Record::end_us).unwrap_or(0);
    let whole = match part {
        Some(part) => TimeRange { from_us: part.from_us, to_us: part.end_us.unwrap_or(end_us) },
        None => TimeRange { from_us: 0, to_us: end_us },
    };
    let range = selected.map_or(whole, |selection| selection.window.range);
    match from {
        true if at_us <= range.to_us => TimeRange { from_us: at_us, ..range },
        true => TimeRange::between(at_us, whole.to_us),
        false if at_us >= range.from_us => TimeRange { to_us: at_us, ..range },
        false => TimeRange::between(whole.from_us, at_us),
    }
}

/// Sentences about the tasks at the cursor, one for each part in progress.
pub(crate) fn sentence(display: Display) -> String {
    let sentence = |instant: &Instant| {
        let root = instant.part.as_ref().map(|part| part.root);
        display.with_record(|record| {
            let moment = Moment::at(record, instant.at_us, root);
            let words = moment::sentence(record, &moment);
            match &instant.part {
                Some(part) => (moment.tasks > 0).then(|| format!("{}: {words}.", part.label)),
                None => Some(format!("In the run, {words}.")),
            }
        })
    };
    let sentences: Vec<_> = display.instants().iter().filter_map(sentence).flatten().collect();
    let at = display.cursor.at_us().map(span).unwrap_or_default();
    if sentences.is_empty() {
        format!("At {at}, nothing is in progress.")
    } else {
        format!("At {at}. {}", sentences.join(" "))
    }
}
