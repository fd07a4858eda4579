//! [`Cursor`]: the instant, and the time range, of the run on display that the reader looks at.

use std::collections::HashMap;
use std::rc::Rc;

use leptos::prelude::*;

use super::Display;
use crate::measure::TaskId;
use crate::measure::moment::Moment;
use crate::measure::waits::SourceLine;
use crate::measure::window::{TimeRange, Window};

/// The beginning of the time axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ui) enum Axis {
    /// Each part begins at zero, so that their lengths can be compared.
    Aligned,
    /// The axis begins with the run.
    AsItHappened,
}

/// Where the reader looks. Times are microseconds since the beginning of the axis.
#[derive(Clone, Copy)]
pub(in crate::ui) struct Cursor {
    pub(in crate::ui) axis: RwSignal<Axis>,
    /// The instant that the reader has chosen. It stays.
    pub(in crate::ui) pinned_us: RwSignal<Option<u64>>,
    /// The instant under the pointer.
    pub(in crate::ui) hovered_us: RwSignal<Option<u64>>,
    /// True while the chosen instant moves by itself.
    pub(in crate::ui) is_replaying: RwSignal<bool>,
    /// The time range that the figures describe, if the reader has selected one.
    pub(in crate::ui) selection: RwSignal<Option<Rc<Selection>>, LocalStorage>,
}

/// A time range that the reader has selected.
pub(in crate::ui) struct Selection {
    /// The part that it is in; `None` for the whole run.
    pub(in crate::ui) part: Option<Part>,
    pub(in crate::ui) window: Window,
}

impl Selection {
    /// The root task of its part, and its range.
    pub(in crate::ui) fn root_and_range(&self) -> (Option<TaskId>, TimeRange) {
        (self.part.as_ref().map(|part| part.root), self.window.range)
    }
}

/// A part of the run on display.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Part {
    pub(in crate::ui) label: String,
    pub(in crate::ui) root: TaskId,
    /// Its beginning and, if it is over, its end, in microseconds since the run's start.
    pub(in crate::ui) from_us: u64,
    pub(in crate::ui) end_us: Option<u64>,
}

/// The cursor in one part, or in the whole run.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Instant {
    pub(in crate::ui) part: Option<Part>,
    /// In microseconds since the run's start.
    pub(in crate::ui) at_us: u64,
}

impl Cursor {
    pub(super) fn new() -> Self {
        Self {
            axis: RwSignal::new(Axis::Aligned),
            pinned_us: RwSignal::new(None),
            hovered_us: RwSignal::new(None),
            is_replaying: RwSignal::new(false),
            selection: RwSignal::new_local(None),
        }
    }

    /// The instant under the pointer, or else the chosen one.
    pub(in crate::ui) fn at_us(self) -> Option<u64> {
        self.hovered_us.get().or(self.pinned_us.get())
    }

    /// Forgets where the reader looked.
    pub(in crate::ui) fn clear(self) {
        self.pinned_us.set(None);
        self.hovered_us.set(None);
        self.is_replaying.set(false);
        self.selection.set(None);
    }
}

impl Display {
    /// The parts that have started, in the order of the tracks.
    pub(in crate::ui) fn parts(self) -> Vec<Part> {
        let compared = untrack(|| self.compared());
        let bars = compared.iter().flat_map(|compared| &compared.bars);
        let parts = self.with_record(|record| {
            let part = |(label, task): (&str, &str)| {
                let span = self.spans.with_value(|spans| spans.named(record, task))?;
                let (root, end_us) = (span.task, span.end.map(|(at_us, _)| at_us));
                Some(Part { label: label.to_owned(), root, from_us: span.from_us, end_us })
            };
            bars.filter_map(|bar| part((&bar.label, &bar.task))).collect()
        });
        parts.unwrap_or_default()
    }

    /// The cursor in each part or, if the axis is that of the run, in the run. Without a cursor there is none, except
    /// while the run is running: then it is now. It is tracked.
    pub(in crate::ui) fn instants(self) -> Vec<Instant> {
        let Some(at_us) = self.cursor.at_us() else {
            let is_running = self.is_running();
            return is_running.then(|| Instant { part: None, at_us: self.now_us() }).into_iter().collect();
        };
        let parts = self.parts();
        if self.cursor.axis.get() == Axis::AsItHappened || parts.is_empty() {
            return vec![Instant { part: None, at_us }];
        }
        parts.into_iter().map(|part| Instant { at_us: part.from_us + at_us, part: Some(part) }).collect()
    }

    /// The number of tasks that wait on each line at the cursor, if there is one. If a time range of one part is selected,
    /// those of that part. It is tracked.
    pub(in crate::ui) fn tasks_at_cursor(self) -> Option<HashMap<SourceLine, usize>> {
        self.cursor.at_us()?;
        let selection = self.cursor.selection.get();
        let is_described =
            |part: &Option<Part>| selection.as_ref().is_none_or(|it| it.part.is_none() || it.part == *part);
        let mut tasks = HashMap::new();
        for instant in self.instants().into_iter().filter(|instant| is_described(&instant.part)) {
            let root = instant.part.as_ref().map(|part| part.root);
            self.with_record(|record| {
                Moment::at(record, instant.at_us, root).count_by_line(record.waits(), &mut tasks);
            });
        }
        Some(tasks)
    }

    /// Selects a time range, in microseconds since the run's start, of a part or of the whole run.
    pub(in crate::ui) fn select(self, part: Option<Part>, range: TimeRange) {
        let root = part.as_ref().map(|part| part.root);
        let window = self.with_record(|record| Window::new(record, range, root));
        self.cursor.selection.set(window.map(|window| Rc::new(Selection { part, window })));
    }
}
