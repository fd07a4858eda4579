//! Everything that was measured, a tab for each kind. A tab's label says how much is in it.

use leptos::prelude::*;

use crate::exercises::compared::Compared;
use crate::exercises::properties::Property;
use crate::figures::bars;
use crate::figures::table;
use crate::measure::Outcome;
use crate::measure::metrics::Metrics;
use crate::measure::report::FINDINGS;
use crate::measure::units::{count, span};
use crate::ui::components::checks::checks;
use crate::ui::components::failures::failures;
use crate::ui::components::files::files;
use crate::ui::components::log::log;
use crate::ui::components::metrics::metrics;
use crate::ui::components::moment::moments;
use crate::ui::components::repeat::repeat;
use crate::ui::components::sections::section_panels;
use crate::ui::components::tabs::{Tab, Tabs};
use crate::ui::components::tasks::tasks;
use crate::ui::display::{Display, Status};
use crate::ui::drawing::drawings;
use crate::ui::runner::Runner;

const AT_THE_CURSOR: &str = "At the cursor";
const NUMBERS: &str = "Numbers";
const CHECKS: &str = "Checks";
const LOG: &str = "Log";
const FAILED: &str = "Failed";
const TABLE: &str = "Table";
const FILES: &str = "Files";

/// The tabs with their panels.
pub(crate) fn results(runner: Runner) -> AnyView {
    let display = runner.display;
    let headings = use_headings(display);
    // Every tab reads it, and the checks of a large run take long.
    let offered = Memo::new(move |_| {
        display.digest.track();
        display.runs.track();
        let own = headings.get().into_iter().map(|heading| Tab { key: heading, label: heading.to_owned() });
        let files = display.exercise.folder.map(|_| Tab { key: FILES, label: FILES.to_owned() });
        let at_the_cursor =
            display.cursor.pinned_us.get().map_or(AT_THE_CURSOR.to_owned(), |us| format!("At {}", span(us)));
        [Tab { key: AT_THE_CURSOR, label: at_the_cursor }]
            .into_iter()
            .chain(own)
            .chain([
                Tab { key: NUMBERS, label: NUMBERS.to_owned() },
                Tab { key: CHECKS, label: with_count(CHECKS, checks_in_short(display)) },
                Tab { key: LOG, label: with_count(LOG, lines_in_short(display)) },
                Tab { key: FAILED, label: with_count(FAILED, failed_in_short(display)) },
                Tab { key: TABLE, label: TABLE.to_owned() },
            ])
            .chain(files)
            .collect::<Vec<_>>()
    });
    let tabs = Tabs::new(offered.into(), FINDINGS);
    let numbers = view! {
        {metrics(display)}
        {repeat(runner)}
    };
    let files = display.exercise.folder.map(|_| tabs.panel(FILES, files(display)));
    view! {
        <section class="results" aria-label="Result">
            {selected(display)}
            {tabs.row("Results")}
            {tabs.panel(AT_THE_CURSOR, moments(display, tabs, AT_THE_CURSOR))}
            {section_panels(display, headings, tabs)}
            {tabs.panel(NUMBERS, numbers.into_any())}
            {tabs.panel(CHECKS, checks(display))}
            {tabs.panel(LOG, log(display))}
            {tabs.panel(FAILED, failures(display))}
            {tabs.panel(TABLE, tables(display, tabs))}
            {files}
        </section>
    }
    .into_any()
}

/// The selected time range, with what it changes, and a button that ends it.
fn selected(display: Display) -> AnyView {
    let words = move || {
        let selection = display.cursor.selection.get()?;
        let range = selection.window.range;
        let origin_us = selection.part.as_ref().map_or(0, |part| part.from_us);
        let of = selection.part.as_ref().map_or("the run", |part| &part.label).to_owned();
        let [from, to] = [range.from_us, range.to_us].map(|at_us| span(at_us.saturating_sub(origin_us)));
        Some(format!("Selected: {from} to {to} of {of}."))
    };
    let shown = move || {
        let words = words()?;
        Some(view! {
            <p class="selected">
                <b>{words}</b>
                " Numbers, Distribution, Latency, Log, Failed, the tasks and the notes in the code describe this range.                 Everything else describes the whole run. "
                <button class="quiet" on:click=move |_| display.cursor.selection.set(None)>"Show the whole run"</button>
            </p>
        })
    };
    view! { <div aria-live="polite">{shown}</div> }.into_any()
}

/// The headings of the report. During the next run they remain, so that no tab disappears.
fn use_headings(display: Display) -> RwSignal<Vec<&'static str>> {
    let headings = RwSignal::new(vec![FINDINGS]);
    Effect::new(move || {
        let of_report =
            display.report.with(|report| report.as_ref().map(|it| it.groups().map(|group| group.heading).collect()));
        if let Some(new) = of_report.map(|new: Vec<_>| if new.is_empty() { vec![FINDINGS] } else { new })
            && headings.with_untracked(|old| *old != new)
        {
            headings.set(new);
        }
    });
    headings
}

fn with_count(name: &str, count: Option<String>) -> String {
    count.map_or_else(|| name.to_owned(), |count| format!("{name} {count}"))
}

fn lines_in_short(display: Display) -> Option<String> {
    display.with_described(|record| count(record.log_lines().len() as u64))
}

/// The number of tasks that failed or timed out. The counts of the whole run are known already.
fn failed_in_short(display: Display) -> Option<String> {
    let metrics = match display.cursor.selection.get() {
        Some(selection) => Metrics::from_record(&selection.window.record),
        None => display.measured()?,
    };
    let tasks = [Outcome::Failed, Outcome::TimedOut].map(|outcome| u64::from(metrics.outcomes.get(outcome)));
    Some(count(tasks.iter().sum()))
}

/// The number of passed checks, of all.
fn checks_in_short(display: Display) -> Option<String> {
    display.status.with(Status::has_finished).then_some(())?;
    let (experiment, compared) = (display.experiment(), display.compared());
    let properties = display.with_record(|record| experiment.properties(record, &compared))?;
    let report = display.report.get();
    let of_report = report.iter().flat_map(|report| &report.checks).map(|check| check.is_as_expected());
    let passed: Vec<bool> = properties.iter().map(|it: &Property| it.passed).chain(of_report).collect();
    Some(format!("{}/{}", passed.iter().filter(|passed| **passed).count(), passed.len()))
}

/// The comparisons and the tasks as tables, once the tab is opened.
fn tables(display: Display, tabs: Tabs) -> AnyView {
    let of_parts = move || {
        display.digest.track();
        display.runs.track();
        if display.runs.get() == 0 {
            return view! { <p class="empty">"The parts and the tasks of a run are listed here."</p> }.into_any();
        }
        drawings(display.compared().iter().map(|compared: &Compared| table::table(&bars::as_table(compared))))
    };
    let is_open = RwSignal::new(false);
    let of_tasks = move || {
        display.digest.track();
        display.runs.track();
        if is_open.get() { tasks(display) } else { ().into_any() }
    };
    let take = move |event: web_sys::Event| is_open.set(event_target::<web_sys::HtmlDetailsElement>(&event).open());
    // Otherwise each new label of a tab would open or close it again.
    let is_shown = Memo::new(move |_| tabs.is_shown(TABLE));
    view! {
        {of_parts}
        <details prop:open=is_shown on:toggle=take>
            <summary>"Tasks"</summary>
            {of_tasks}
        </details>
    }
    .into_any()
}
