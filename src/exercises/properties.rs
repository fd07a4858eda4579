//! Properties that every run should have, computed from its record. Checks that are specific to an exercise are part of
//! the exercise.
//!
//! Two properties depend on the machine: an event loop that is not blocked, and the speed-up. They are reported as they
//! were measured. A run that lacks one of them is still valid.

use crate::exercises::compared::Compared;
use crate::exercises::controls::Settings;
use crate::exercises::exercise::{Bar, Exercise};
use crate::measure::durations::Durations;
use crate::measure::heartbeat::{BLOCKED_US, Period};
use crate::measure::report::Check;
use crate::measure::spans::speed_up;
use crate::measure::units::{count, counted, span};
use crate::measure::{Event, EventKind, Record, TaskId};

/// The share of the ideal speed-up that a run should reach. The rest is lost to the work of the page itself.
pub const SHARE_OF_IDEAL: f64 = 0.8;

/// A property that a run should have, with the measured value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// The name, for scripts and tests.
    pub name: &'static str,
    /// The claim.
    pub claim: String,
    /// The measured value, in words.
    pub measured: String,
    /// True if the run has the property.
    pub passed: bool,
}

impl Property {
    /// All properties of a run that has finished with these settings. `compared` has its comparisons, with their
    /// ideals.
    #[must_use]
    pub fn all(exercise: &Exercise, settings: &Settings, record: &Record, compared: &[Compared]) -> Vec<Self> {
        let bars = || exercise.comparisons.iter().flat_map(|it| it.bars).filter(|bar| (bar.is_active)(settings));
        let mut all = Self::nothing_left(record);
        all.extend(bars().filter_map(|bar| within_limit(bar, settings, record)));
        // Browsers slow a hidden page down, so its times mean nothing.
        if record.hidden_at_us().is_none() {
            all.extend(loop_is_free(&blocked_on_purpose(exercise, settings, record), record));
            all.extend(compared.iter().filter_map(speed_up_is_near_the_ideal));
        }
        all
    }

    /// The properties that every run must have, however it ended: it left no tasks or permits behind.
    #[must_use]
    pub fn nothing_left(record: &Record) -> Vec<Self> {
        let left = Leftovers::from_record(record);
        [left.tasks_end(), left.permits_come_back()].into_iter().flatten().collect()
    }

    /// The verdict in words, with a symbol.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        if self.passed { "✓ passed" } else { "✕ failed" }
    }

    /// A sentence about how many passed, and about the checks of the run's parts, which are shown next to their bars.
    #[must_use]
    pub fn summary(properties: &[Self], of_parts: &[Check]) -> String {
        let passed = properties.iter().filter(|it| it.passed).count();
        let whole = format!("{passed} of {} checks of the whole run passed", properties.len());
        match of_parts.len() {
            0 => format!("{whole}."),
            n => {
                let as_expected = of_parts.iter().filter(|check| check.is_as_expected()).count();
                format!(
                    "{whole}. Of the checks of single parts, {as_expected} of {n} had the \
                    expected result."
                )
            }
        }
    }
}

/// The tasks and permits that are left over at the end of a record.
#[derive(Default)]
struct Leftovers {
    tasks: usize,
    ended: usize,
    /// The number of waits for a permit that have not ended.
    waiting: u64,
    /// The number of waits for a permit, of those that were granted, and of granted permits that were not returned.
    queued: u64,
    granted: u64,
    held: u64,
}

impl Leftovers {
    fn from_record(record: &Record) -> Self {
        let mut by_task = vec![TaskCounts::default(); record.tasks().len()];
        let mut left = Self { tasks: by_task.len(), ..Self::default() };
        record.blocks_after(0).for_each(|events| left.take(events, &mut by_task));
        left.waiting = by_task.iter().map(|task| task.waiting).sum();
        left.held = by_task.iter().map(|task| task.held).sum();
        left
    }

    #[inline(never)]
    fn take(&mut self, events: &[Event], by_task: &mut [TaskCounts]) {
        for event in events {
            let task = &mut by_task[event.task.index()];
            match event.kind {
                EventKind::Queued => {
                    self.queued += 1;
                    task.waiting += 1;
                }
                EventKind::Granted => {
                    self.granted += 1;
                    (task.waiting, task.held) = (task.waiting.saturating_sub(1), task.held + 1);
                }
                EventKind::LeftQueue => task.waiting = task.waiting.saturating_sub(1),
                // A task that ends returns its permits and leaves its queues.
                EventKind::Ended(_) => {
                    self.ended += 1;
                    *task = TaskCounts::default();
                }
                EventKind::Spawned
                | EventKind::PollStarted
                | EventKind::PollEnded(_)
                | EventKind::Ready
                | EventKind::Sent
                | EventKind::FirstByte
                | EventKind::Chunk => {}
            }
        }
    }

    fn tasks_end(&self) -> Option<Property> {
        let measured = format!("{} of {} ended", count(self.ended as u64), count(self.tasks as u64));
        let claim = "Every task ends exactly once".to_owned();
        Some(Property { name: "tasks-end", claim, measured, passed: self.ended == self.tasks })
    }

    /// Returns `None` if no task had to wait for a permit.
    fn permits_come_back(&self) -> Option<Property> {
        let Self { waiting, queued, granted, held, .. } = *self;
        let measured = match (held, waiting) {
            (0, 0) => format!(
                "{}, {} granted, all returned",
                counted(queued, "wait", "waits"),
                counted(granted, "permit", "permits")
            ),
            _ => {
                format!("{} of {} permits not returned, {} still waiting", count(held), count(granted), count(waiting))
            }
        };
        let claim = "Every granted permit is returned, and no task is left waiting for one".to_owned();
        let passed = held == 0 && waiting == 0;
        (queued > 0).then_some(Property { name: "permits-back", claim, measured, passed })
    }
}

/// The permits of one task.
#[derive(Clone, Copy, Default)]
struct TaskCounts {
    waiting: u64,
    held: u64,
}

/// Never more tasks in progress than the limit in the settings. Returns `None` for a part without a limit.
fn within_limit(bar: &Bar, settings: &Settings, record: &Record) -> Option<Property> {
    let limited = bar.limited.as_ref()?;
    let most = Some((limited.max)(settings)).filter(|most| *most > 0)?;
    let peaks = named(record, bar.task).map(|part| Durations::from_record(record, limited.task, Some(part)).peak());
    let peak = peaks.max()?;
    let claim = format!("{}: at most {} in progress", bar.label, count(most.into()));
    let measured = format!("peak of this part: {}", count(peak.into()));
    Some(Property { name: "within-limit", claim, measured, passed: peak <= most })
}

/// The periods in which the parts ran that block the event loop on purpose.
#[must_use]
pub fn blocked_on_purpose(exercise: &Exercise, settings: &Settings, record: &Record) -> Vec<Period> {
    let bars = exercise.comparisons.iter().flat_map(|it| it.bars);
    let blocking = bars.filter(|bar| bar.blocks && (bar.is_active)(settings));
    blocking.flat_map(|bar| named(record, bar.task)).map(|task| span_of(record, task)).collect()
}

/// No long block of the event loop, except in parts that block it on purpose. Returns `None` without a heartbeat
/// outside of those parts.
fn loop_is_free(on_purpose: &[Period], record: &Record) -> Option<Property> {
    let longest_us = |is_meant: bool| {
        let beats = record.beats().iter().filter(|beat| beat.is_in_any(on_purpose) == is_meant);
        beats.map(|beat| beat.lag_us()).max()
    };
    let lag_us = longest_us(false)?;
    let (unintended, intended) = match longest_us(true) {
        Some(us) => ("unintended ", format!(", intended: {}", span(us))),
        None => ("", String::new()),
    };
    Some(Property {
        name: "loop-free",
        claim: format!("No {unintended}event-loop block over {}", span(BLOCKED_US)),
        measured: format!("longest: {}{intended}", span(lag_us)),
        passed: lag_us <= BLOCKED_US,
    })
}

/// A speed-up of at least [`SHARE_OF_IDEAL`] of the ideal one. Returns `None` without an ideal, or if the ideal leaves
/// nothing to gain.
fn speed_up_is_near_the_ideal(compared: &Compared) -> Option<Property> {
    let (first, last) = (compared.bars.first()?, compared.bars.last()?);
    let gain = compared.speed_up()?;
    let ideal = speed_up(first.ideal_us?, last.ideal_us?).filter(|ideal| *ideal * SHARE_OF_IDEAL > 1.0)?;
    let least = ideal * SHARE_OF_IDEAL;
    let claim = format!(
        "{} is at least {least:.2} times as fast as {}, {:.0} % of the ideal",
        last.label,
        first.label_in_sentence(),
        SHARE_OF_IDEAL * 100.0,
    );
    Some(Property { name: "speed-up", claim, measured: format!("{gain:.2} times"), passed: gain >= least })
}

/// The tasks with this name, in the order of spawning.
fn named<'a>(record: &'a Record, name: &'a str) -> impl Iterator<Item = TaskId> + 'a {
    let tasks = record.tasks().iter().enumerate();
    tasks.filter(move |(_, task)| task.name.kind() == name).map(|(index, _)| TaskId::at(index))
}

/// The times of the first and the last event of a task, in microseconds.
fn span_of(record: &Record, task: TaskId) -> (u64, u64) {
    let mut at_us = record.events().iter().filter(|event| event.task == task).map(|event| event.at_us);
    let from_us = at_us.next().unwrap_or(0);
    (from_us, at_us.next_back().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
