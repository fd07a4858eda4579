//! The field that finds tasks by name. Enter goes to the next match, Shift and Enter to the one before.

use leptos::prelude::*;
use web_sys::KeyboardEvent;

use crate::measure::TaskId;
use crate::measure::search::{Match, TaskQuery};
use crate::measure::units::{count, counted};
use crate::ui::display::Display;
use crate::ui::display::chart::Chart;

/// The result of a search.
#[derive(Clone, Copy, PartialEq)]
enum Found {
    /// The number of matches.
    Count(usize),
    /// The match that was shown last.
    Shown(Match),
}

/// The field, and the number of matches.
pub(super) fn search(chart: Chart) -> impl IntoView {
    let display = chart.display;
    let typed = RwSignal::new(String::new());
    // With the number of the run in which it was found.
    let found = RwSignal::new(None::<(u32, Found)>);
    let set = move |it: Option<Found>| found.set(it.map(|it| (display.runs.get_untracked(), it)));
    let take_text = move |event| {
        typed.set(event_target_value(&event));
        let count = typed.with_untracked(|typed| count_matches(display, typed));
        set(count.map(Found::Count));
    };
    let take_key = move |event: KeyboardEvent| {
        if event.key() != "Enter" {
            return;
        }
        event.prevent_default();
        let after = match found.get_untracked() {
            Some((run, Found::Shown(it))) if run == display.runs.get_untracked() => Some(it.task),
            _ => None,
        };
        let next = typed.with_untracked(|typed| find_match(display, typed, after, event.shift_key()));
        if let Some(it) = next {
            display.wanted.set(Some(it.task));
            set(Some(Found::Shown(it)));
        }
    };
    let words = move || match found.get().filter(|(run, _)| *run == display.runs.get()) {
        Some((_, Found::Count(0))) => "No such task".to_owned(),
        Some((_, Found::Count(n))) => counted(n as u64, "task", "tasks"),
        Some((_, Found::Shown(it))) => format!("{} of {}", count(it.place as u64), count(it.of as u64)),
        None => String::new(),
    };
    view! {
        <div class="find" role="search">
            <input
                type="search"
                aria-label="Find a task by name or number. Enter shows the next one."
                placeholder="Find a task"
                disabled=move || display.runs.get() == 0
                on:input=take_text
                on:keydown=take_key
            />
            <span class="hint" aria-live="polite">{words}</span>
        </div>
    }
}

/// The number of tasks that match; `None` if nothing was typed, or there is no run.
fn count_matches(display: Display, typed: &str) -> Option<usize> {
    let query = TaskQuery::parse(typed)?;
    display.with_record(|record| query.count(record))
}

/// The match after a task, or the one before it.
fn find_match(display: Display, typed: &str, after: Option<TaskId>, is_backwards: bool) -> Option<Match> {
    let query = TaskQuery::parse(typed)?;
    display.with_record(|record| query.next(record, after, is_backwards)).flatten()
}
