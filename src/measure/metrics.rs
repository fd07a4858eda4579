//! The metrics of a run: its duration, its tasks, their concurrency and their outcomes.

use crate::measure::events::{Event, EventKind, Outcome, Record};
use crate::measure::heartbeat::longest_lag_us;

/// The number of tasks with each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutcomeCounts([u32; Outcome::ALL.len()]);

impl OutcomeCounts {
    /// The number of tasks with this outcome.
    #[must_use]
    pub fn get(&self, outcome: Outcome) -> u32 {
        self.0[outcome as usize]
    }

    /// Counts one more.
    pub(crate) fn add(&mut self, outcome: Outcome) {
        self.0[outcome as usize] += 1;
    }
}

/// The metrics of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// From the run's start to its last event, in microseconds.
    pub wall_us: u64,
    /// The number of tasks.
    pub tasks: u32,
    /// The maximum number of tasks in progress at once: started, not ended, and not waiting for a permit. A task with
    /// subtasks in progress does not count, because it only waits for them.
    pub peak_concurrency: u32,
    /// The maximum number of tasks that waited for a permit at once. A task that has not started yet does not count:
    /// it starts as soon as the event loop comes to it.
    pub peak_queue: u32,
    /// The outcomes of the tasks.
    pub outcomes: OutcomeCounts,
    /// The longest lag of the event loop in microseconds, or `None` without a heartbeat.
    pub longest_lag_us: Option<u64>,
}

impl Metrics {
    /// The metrics of a complete record. For a growing record, use a [`Meter`].
    #[must_use]
    pub fn from_record(record: &Record) -> Self {
        let mut meter = Meter::default();
        meter.read(record);
        meter.metrics
    }
}

/// The metrics of a growing record: it reads the events in order and tracks the state of each task.
#[derive(Clone, Debug, Default)]
pub struct Meter {
    events_read: usize,
    states: Vec<TaskState>,
    concurrency: u32,
    queue: u32,
    metrics: Metrics,
}

#[derive(Clone, Copy, Debug, Default)]
struct TaskState {
    is_alive: bool,
    has_begun: bool,
    /// The number of permits that it waits for.
    waits: u32,
    live_children: u32,
}

impl TaskState {
    fn waits_for_permit(self) -> bool {
        self.is_alive && self.waits > 0
    }

    fn is_in_progress(self) -> bool {
        self.is_alive && self.has_begun && self.waits == 0 && self.live_children == 0
    }
}

impl Meter {
    /// Reads the events since the last call. It must be the same record each time.
    pub fn read(&mut self, record: &Record) {
        self.states.resize(record.tasks().len(), TaskState::default());
        record.blocks_after(self.events_read).for_each(|events| self.take_all(record, events));
        self.events_read = record.events().len();
        self.metrics.wall_us = record.end_us();
        self.metrics.longest_lag_us = longest_lag_us(record.beats(), 0, u64::MAX);
    }

    /// The metrics of the events read so far.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.metrics
    }

    #[inline(never)]
    fn take_all(&mut self, record: &Record, events: &[Event]) {
        for event in events {
            self.take(record, event.task.index(), event.kind);
        }
    }

    fn take(&mut self, record: &Record, task: usize, kind: EventKind) {
        let parent = record.tasks()[task].parent.map(|parent| parent.index());
        // Noted at the end of a poll: a task that enters a queue in its first poll was never in progress.
        if matches!(kind, EventKind::Ended(_)) {
            self.note_concurrency();
        }
        match kind {
            EventKind::Spawned => {
                self.metrics.tasks += 1;
                self.change(task, |state| state.is_alive = true);
                self.change_parent(parent, |state| state.live_children += 1);
            }
            EventKind::PollStarted => self.change(task, |state| state.has_begun = true),
            EventKind::PollEnded(_) => self.note_concurrency(),
            EventKind::Queued => self.change(task, |state| state.waits += 1),
            EventKind::Granted | EventKind::LeftQueue => self.change(task, |state| state.waits -= 1),
            EventKind::Ended(outcome) => {
                self.metrics.outcomes.add(outcome);
                self.change(task, |state| state.is_alive = false);
                self.change_parent(parent, |state| state.live_children = state.live_children.saturating_sub(1));
            }
            EventKind::Ready | EventKind::Sent | EventKind::FirstByte | EventKind::Chunk => {}
        }
        self.metrics.peak_queue = self.metrics.peak_queue.max(self.queue);
    }

    fn note_concurrency(&mut self) {
        self.metrics.peak_concurrency = self.metrics.peak_concurrency.max(self.concurrency);
    }

    fn change_parent(&mut self, parent: Option<usize>, change: impl FnOnce(&mut TaskState)) {
        if let Some(parent) = parent {
            self.change(parent, change);
        }
    }

    fn change(&mut self, task: usize, change: impl FnOnce(&mut TaskState)) {
        let before = self.states[task];
        change(&mut self.states[task]);
        let after = self.states[task];
        self.concurrency = self.concurrency + u32::from(after.is_in_progress()) - u32::from(before.is_in_progress());
        self.queue = self.queue + u32::from(after.waits_for_permit()) - u32::from(before.waits_for_permit());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_record_has_default_metrics() {
        assert_eq!(Metrics::from_record(&Record::default()), Metrics::default());
    }

    #[test]
    fn reading_a_growing_record_gives_the_same_as_reading_it_whole() {
        let mut record = Record::default();
        let mut meter = Meter::default();
        for at_us in 0..3 {
            let task = record.spawn(at_us, "task".into(), None);
            meter.read(&record);
            record.push(at_us + 5, task, EventKind::PollStarted);
            record.push(at_us + 5, task, EventKind::Ended(Outcome::Succeeded));
            meter.read(&record);
            assert_eq!(meter.metrics(), Metrics::from_record(&record));
        }
    }

    #[test]
    fn a_parent_is_not_counted_while_its_children_are() {
        let mut record = Record::default();
        let parent = record.spawn(0, "parent".into(), None);
        record.push(0, parent, EventKind::PollStarted);
        let children = [record.spawn(0, "child".into(), Some(parent)), record.spawn(0, "child".into(), Some(parent))];
        for child in children {
            record.push(1, child, EventKind::PollStarted);
            record.push(1, child, EventKind::PENDING);
        }
        for child in children {
            record.push(9, child, EventKind::Ended(Outcome::Succeeded));
        }
        record.push(9, parent, EventKind::Ended(Outcome::Failed));

        let metrics = Metrics::from_record(&record);
        assert_eq!((metrics.tasks, metrics.peak_concurrency, metrics.peak_queue), (3, 2, 0));
        assert_eq!(metrics.outcomes.get(Outcome::Succeeded), 2);
        assert_eq!(metrics.outcomes.get(Outcome::Failed), 1);
        assert_eq!(metrics.wall_us, 9);
    }

    #[test]
    fn a_task_that_waits_for_a_permit_is_in_the_queue_and_not_in_progress() {
        let mut record = Record::default();
        let task = record.spawn(0, "task".into(), None);
        for kind in [EventKind::PollStarted, EventKind::Queued] {
            record.push(1, task, kind);
        }
        let other = record.spawn(2, "other".into(), None);
        for (task, kind) in [(task, EventKind::PENDING), (other, EventKind::PollStarted), (other, EventKind::PENDING)] {
            record.push(2, task, kind);
        }
        let metrics = Metrics::from_record(&record);
        assert_eq!((metrics.peak_concurrency, metrics.peak_queue), (1, 1));
    }
}
