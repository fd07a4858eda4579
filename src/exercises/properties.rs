//! Properties that every run should have, whatever its exercise, computed from its record. An exercise has its own
//! checks for what is specific to it.
//!
//! Some depend on the machine: that the loop was free, and that concurrency gained what it can. They are told as they
//! are, and a run in which one does not hold is none the worse for it.

use crate::exercises::compared::Compared;
use crate::exercises::controls::Settings;
use crate::exercises::exercise::{Bar, Exercise};
use crate::measure::durations::Durations;
use crate::measure::heartbeat::{BLOCKED_US, Beat};
use crate::measure::report::Check;
use crate::measure::spans::speed_up;
use crate::measure::units::{count, span};
use crate::measure::{EventKind, Record, TaskId};

/// A speed-up counts as reached from this share of the ideal's on: the rest is the page's own work.
pub const SHARE_OF_IDEAL: f64 = 0.8;

/// A property that a run should have, with what was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// The name for programs.
    pub name: &'static str,
    /// What should be true, in a few words.
    pub claim: String,
    /// What was measured, in a few words.
    pub measured: String,
    /// True if the run has the property.
    pub holds: bool,
}

impl Property {
    /// All properties of a run that has finished with these settings. `compared` has its comparisons, with their
    /// ideals.
    #[must_use]
    pub fn all(exercise: &Exercise, settings: &Settings, record: &Record, compared: &[Compared]) -> Vec<Self> {
        let bars = || exercise.comparisons.iter().flat_map(|it| it.bars).filter(|bar| (bar.is_run)(settings));
        let mut all = Self::nothing_left(record);
        all.extend(bars().filter_map(|bar| within_limit(bar, settings, record)));
        // Browsers slow a hidden page down: its times say nothing.
        if record.hidden_at_us().is_none() {
            all.extend(loop_is_free(&bars().filter(|bar| bar.blocks).collect::<Vec<_>>(), record));
            all.extend(compared.iter().filter_map(gains_what_it_can));
        }
        all
    }

    /// The properties that a run must have however it ended: nothing is left of it.
    #[must_use]
    pub fn nothing_left(record: &Record) -> Vec<Self> {
        let left = Leftovers::from_record(record);
        [left.tasks_end(), left.permits_come_back()].into_iter().flatten().collect()
    }

    /// Whether it is true, in words with a sign.
    #[must_use]
    pub fn verdict(&self) -> &'static str {
        if self.holds { "✓ holds" } else { "✕ does not hold" }
    }

    /// How many hold, with the checks of the run's parts, which stand beside their bars.
    #[must_use]
    pub fn in_short(properties: &[Self], of_parts: &[Check]) -> String {
        let holding = properties.iter().filter(|it| it.holds).count();
        let whole = format!("{holding} of {} hold for the whole run", properties.len());
        match of_parts.len() {
            0 => format!("{whole}."),
            n => {
                let as_meant = of_parts.iter().filter(|check| check.is_as_meant()).count();
                format!(
                    "{whole}. Of the checks of its parts, beside their bars, {as_meant} of {n} are as they should be."
                )
            }
        }
    }
}

/// The tasks and permits that are left at the end of a record.
#[derive(Default)]
struct Leftovers {
    tasks: usize,
    ended: usize,
    /// Of those that are still there, how many stand in a queue.
    waiting: u64,
    /// How often somebody had to wait for a permit, how many of these were granted, and how many have not come back.
    queued: u64,
    granted: u64,
    held: u64,
}

impl Leftovers {
    fn from_record(record: &Record) -> Self {
        let mut by_task = vec![TaskCounts::default(); record.tasks().len()];
        let mut left = Self { tasks: by_task.len(), ..Self::default() };
        for event in record.events() {
            let task = &mut by_task[event.task.index()];
            match event.kind {
                EventKind::Queued => {
                    left.queued += 1;
                    task.waiting += 1;
                }
                EventKind::Granted => {
                    left.granted += 1;
                    (task.waiting, task.held) = (task.waiting.saturating_sub(1), task.held + 1);
                }
                EventKind::GaveUp => task.waiting = task.waiting.saturating_sub(1),
                // What a task held goes with it.
                EventKind::Ended(_) => {
                    left.ended += 1;
                    *task = TaskCounts::default();
                }
                EventKind::Spawned | EventKind::PollStarted | EventKind::PollEnded => {}
            }
        }
        left.waiting = by_task.iter().map(|task| task.waiting).sum();
        left.held = by_task.iter().map(|task| task.held).sum();
        left
    }

    fn tasks_end(&self) -> Option<Property> {
        let measured = format!("{} of {} ended", count(self.ended as u64), count(self.tasks as u64));
        let claim = "Every task ends, and once".to_owned();
        Some(Property { name: "tasks-end", claim, measured, holds: self.ended == self.tasks })
    }

    /// None where nobody had to wait for a permit.
    fn permits_come_back(&self) -> Option<Property> {
        let Self { waiting, queued, granted, held, .. } = *self;
        let measured = match (held, waiting) {
            (0, 0) => format!("{} waited, {} were granted one, all are back", count(queued), count(granted)),
            _ => format!("{} of {} are out, {} in a queue", count(held), count(granted), count(waiting)),
        };
        let claim = "Every permit that somebody waited for comes back, and nobody is left in a queue".to_owned();
        let holds = held == 0 && waiting == 0;
        (queued > 0).then_some(Property { name: "permits-back", claim, measured, holds })
    }
}

/// The permits of one task.
#[derive(Clone, Copy, Default)]
struct TaskCounts {
    waiting: u64,
    held: u64,
}

/// Whether no more tasks were in flight than the settings let; none for a part without a limit.
fn within_limit(bar: &Bar, settings: &Settings, record: &Record) -> Option<Property> {
    let limited = bar.limited.as_ref()?;
    let most = Some((limited.max)(settings)).filter(|most| *most > 0)?;
    let peaks = named(record, bar.task).map(|part| Durations::from_record(record, limited.task, Some(part)).peak());
    let peak = peaks.max()?;
    let claim = format!("{}: no more than {} in flight at once", bar.label, count(most.into()));
    let measured = format!("{} at the peak", count(peak.into()));
    Some(Property { name: "within-limit", claim, measured, holds: peak <= most })
}

/// Whether the loop turned often enough wherever nobody blocks it on purpose; none when the heart did not beat there.
fn loop_is_free(blocking: &[&Bar], record: &Record) -> Option<Property> {
    let spans: Vec<_> =
        blocking.iter().flat_map(|bar| named(record, bar.task)).map(|task| span_of(record, task)).collect();
    let is_on_purpose =
        |beat: &Beat| spans.iter().any(|(from_us, to_us)| beat.at_us >= *from_us && beat.due_us <= *to_us);
    let longest_us = |on_purpose: bool| {
        let beats = record.beats().iter().filter(|beat| is_on_purpose(beat) == on_purpose);
        beats.map(|beat| beat.lag_us()).max()
    };
    let lag_us = longest_us(false)?;
    let (but, and) = match longest_us(true) {
        Some(us) => (" but where a part blocks on purpose", format!(", and {} on purpose", span(us))),
        None => ("", String::new()),
    };
    Some(Property {
        name: "loop-free",
        claim: format!("The loop is never kept for more than {}{but}", span(BLOCKED_US)),
        measured: format!("{} at the longest{and}", span(lag_us)),
        holds: lag_us <= BLOCKED_US,
    })
}

/// Whether a race gained its share of what it would gain with nothing but its waits; none without an ideal, or when
/// there is nothing to gain.
fn gains_what_it_can(compared: &Compared) -> Option<Property> {
    let (first, last) = (compared.bars.first()?, compared.bars.last()?);
    let gain = compared.speed_up()?;
    let ideal = speed_up(first.ideal_us?, last.ideal_us?).filter(|ideal| *ideal * SHARE_OF_IDEAL > 1.0)?;
    let least = ideal * SHARE_OF_IDEAL;
    let claim = format!(
        "{} is {least:.2} times as fast as {} or more, {:.0} % of the ideal",
        last.label,
        first.label_in_sentence(),
        SHARE_OF_IDEAL * 100.0,
    );
    Some(Property { name: "speed-up", claim, measured: format!("{gain:.2} times"), holds: gain >= least })
}

/// The tasks of a name, in the order of spawning.
fn named<'a>(record: &'a Record, name: &'a str) -> impl Iterator<Item = TaskId> + 'a {
    let tasks = record.tasks().iter().enumerate();
    tasks.filter(move |(_, task)| task.name == name).map(|(index, _)| TaskId::at(index))
}

/// From when to when a task was there.
fn span_of(record: &Record, task: TaskId) -> (u64, u64) {
    let mut at_us = record.events().iter().filter(|event| event.task == task).map(|event| event.at_us);
    let from_us = at_us.next().unwrap_or(0);
    (from_us, at_us.next_back().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests;
