//! The record of a run: one append-only list of events, with their tasks and log lines.
//!
//! An event is 16 bytes, because a run of a hundred thousand tasks leaves half a million of them. Times are
//! microseconds since the run's start.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::measure::heartbeat::Beat;
use crate::measure::task_id::TaskId;
use crate::measure::task_name::TaskName;
use crate::measure::waits::{WaitId, Waits};

/// The outcome of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It returned a value.
    Succeeded,
    /// It returned an error.
    Failed,
    /// It was dropped at its deadline.
    TimedOut,
    /// It was dropped before it ended.
    Cancelled,
    /// It failed, and another attempt follows.
    Retried,
}

impl Outcome {
    /// All outcomes, in the order in which they are listed to the reader.
    pub const ALL: [Self; 5] = [Self::Succeeded, Self::Failed, Self::TimedOut, Self::Cancelled, Self::Retried];

    /// The outcome in words, for tables and charts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed out",
            Self::Cancelled => "cancelled",
            Self::Retried => "retried",
        }
    }

    /// A sign for the outcome, because colour must never be the only sign.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::Succeeded => "✓",
            Self::Failed => "✕",
            Self::TimedOut => "◷",
            Self::Cancelled => "⊘",
            Self::Retried => "↻",
        }
    }
}

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// The task was created. It has not done anything yet.
    Spawned,
    /// The executor started to poll the task.
    PollStarted,
    /// The poll returned, and the task is not ready. It has this wait.
    PollEnded(WaitId),
    /// The awaited thing is available; the task is polled when the event loop reaches it. Recorded only if known.
    Ready,
    /// The task started to wait for a permit.
    Queued,
    /// The task received the permit that it waited for.
    Granted,
    /// The task stopped waiting for a permit and did not receive it.
    LeftQueue,
    /// The task sent a request. If it sends another, the previous one is over.
    Sent,
    /// The first byte of the response arrived: its headers.
    FirstByte,
    /// A chunk of the response's body arrived.
    Chunk,
    /// The task is over. Nothing follows for this task.
    Ended(Outcome),
}

impl EventKind {
    /// The end of a poll if it is not known where and for what the task waits.
    pub const PENDING: Self = Self::PollEnded(WaitId::UNKNOWN);
}

/// One event of the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Microseconds since the run's start.
    pub at_us: u64,
    /// The task that it concerns.
    pub task: TaskId,
    /// The kind.
    pub kind: EventKind,
}

/// The data of a task apart from its events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its name: usually the function that it runs, and the number of what it works on.
    pub name: TaskName,
    /// The task that spawned it, if any.
    pub parent: Option<TaskId>,
}

/// The severity of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Level {
    /// Useful information.
    Info,
    /// Something to know before trusting a number.
    Warning,
    /// Something failed.
    Error,
}

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Microseconds since the run's start.
    pub at_us: u64,
    /// The task that wrote it, if it was written inside one.
    pub task: Option<TaskId>,
    /// Its severity.
    pub level: Level,
    /// Its text. It may contain text from files and endpoints, so it must be shown as text only, never as HTML.
    pub text: Cow<'static, str>,
}

/// A task that ended with an error, or at its deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedTask {
    /// The task.
    pub task: TaskId,
    /// When it ended, in microseconds since the run's start.
    pub at_us: u64,
    /// Its outcome.
    pub outcome: Outcome,
}

/// The clock of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// The browser's clock: the times are measured.
    #[default]
    Browser,
    /// A clock that jumps to the next deadline: the times are computed.
    Virtual,
    /// A clock that jumps over waits, while computing takes the time that it really takes. Threads and processes are
    /// simulated.
    Simulated,
}

impl ClockKind {
    /// Its name in links, run files and messages to the sandbox.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Virtual => "virtual",
            Self::Simulated => "simulated",
        }
    }
}

/// The record of a run. It only ever grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    clock: ClockKind,
    has_simulated_parts: bool,
    waits: Waits,
    events: Vec<Event>,
    tasks: Vec<Task>,
    log: Vec<LogLine>,
    unfinished: Option<LogLine>,
    beats: Vec<Beat>,
    hidden_at_us: Option<u64>,
    until_us: u64,
}

impl Record {
    /// An empty record with times of this clock.
    #[must_use]
    pub fn new(clock: ClockKind) -> Self {
        Self { clock, ..Self::default() }
    }

    /// The same record with these waits.
    #[must_use]
    pub fn with_waits(self, waits: Waits) -> Self {
        Self { waits, ..self }
    }

    /// Makes room for this many more tasks and events, if that is known in advance.
    pub fn reserve(&mut self, tasks: usize, events: usize) {
        self.tasks.reserve_exact(tasks);
        self.events.reserve_exact(events);
    }

    /// Adds a new task and its first event.
    pub fn spawn(&mut self, at_us: u64, name: TaskName, parent: Option<TaskId>) -> TaskId {
        let task = TaskId::at(self.tasks.len());
        grow(&mut self.tasks);
        self.tasks.push(Task { name, parent });
        self.push(at_us, task, EventKind::Spawned);
        task
    }

    /// Adds an event.
    // A file of a run of a million tasks has five million.
    #[inline]
    pub fn push(&mut self, at_us: u64, task: TaskId, kind: EventKind) {
        grow(&mut self.events);
        self.events.push(Event { at_us, task, kind });
    }

    /// Adds a line to the log.
    pub fn log(&mut self, line: LogLine) {
        grow(&mut self.log);
        self.log.push(line);
    }

    /// Shows a line that is still being written, such as a progress bar, in place of the one before. It is not part of the
    /// log.
    pub fn set_unfinished(&mut self, line: Option<LogLine>) {
        self.unfinished = line;
    }

    /// The line that is still being written.
    #[must_use]
    pub fn unfinished(&self) -> Option<&LogLine> {
        self.unfinished.as_ref()
    }

    /// Adds a heartbeat.
    pub fn beat(&mut self, beat: Beat) {
        self.beats.push(beat);
    }

    /// Notes that nothing more happened until this time.
    pub fn extend_to(&mut self, at_us: u64) {
        self.until_us = self.until_us.max(at_us);
    }

    /// Notes that the page was hidden at this time. Browsers slow down the timers of a hidden page.
    pub fn mark_hidden(&mut self, at_us: u64) {
        self.hidden_at_us.get_or_insert(at_us);
    }

    /// Notes that something in the run was simulated, such as the responses of a host that accepts no requests from a
    /// page.
    pub fn mark_simulated(&mut self) {
        self.has_simulated_parts = true;
    }

    /// Sets the clock of a run that was recorded elsewhere.
    pub fn set_clock(&mut self, clock: ClockKind) {
        self.clock = clock;
    }

    /// The clock of the run.
    #[must_use]
    pub fn clock(&self) -> ClockKind {
        self.clock
    }

    /// True if something in the run was simulated.
    #[must_use]
    pub fn has_simulated_parts(&self) -> bool {
        self.has_simulated_parts
    }

    /// The waits of the tasks: the places and the awaited things.
    #[must_use]
    pub fn waits(&self) -> &Waits {
        &self.waits
    }

    /// The waits, for adding new ones.
    pub fn waits_mut(&mut self) -> &mut Waits {
        &mut self.waits
    }

    /// All events, in the order in which they happened.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The events after the first `read`, in blocks for readers that take a block in each call: browsers optimize a
    /// function between two calls of it, so one long loop over millions of events would be slow until its end.
    pub fn blocks_after(&self, read: usize) -> std::slice::Chunks<'_, Event> {
        const BLOCK: usize = 4_096;
        self.events[read..].chunks(BLOCK)
    }

    /// All tasks, in the order of spawning.
    #[must_use]
    pub fn tasks(&self) -> &[Task] {
        &self.tasks
    }

    /// The task with this id.
    #[must_use]
    pub fn task(&self, id: TaskId) -> &Task {
        &self.tasks[id.index()]
    }

    /// The tasks that failed or timed out, in the order in which they ended.
    #[must_use]
    pub fn failed(&self) -> Vec<FailedTask> {
        let mut failed = Vec::new();
        self.blocks_after(0).for_each(|events| add_failed(events, &mut failed));
        failed
    }

    /// True if a task is `outer` or was spawned inside it, at any depth. If `outer` is `None`, always true.
    #[must_use]
    pub fn is_within(&self, task: Option<TaskId>, outer: Option<TaskId>) -> bool {
        let mut upwards = std::iter::successors(task, |task| self.task(*task).parent);
        outer.is_none() || upwards.any(|task| Some(task) == outer)
    }

    /// The log, in the order of writing.
    #[must_use]
    pub fn log_lines(&self) -> &[LogLine] {
        &self.log
    }

    /// The heartbeats, in order.
    #[must_use]
    pub fn beats(&self) -> &[Beat] {
        &self.beats
    }

    /// When the page was first hidden during the run, if it was.
    #[must_use]
    pub fn hidden_at_us(&self) -> Option<u64> {
        self.hidden_at_us
    }

    /// The memory that the record takes, in bytes, including spare capacity.
    #[must_use]
    pub fn heap_bytes(&self) -> usize {
        let names = self.tasks.iter().map(|task| task.name.heap_bytes());
        let lines = self.log.iter().map(|line| if let Cow::Owned(text) = &line.text { text.capacity() } else { 0 });
        self.events.capacity() * size_of::<Event>()
            + self.tasks.capacity() * size_of::<Task>()
            + self.log.capacity() * size_of::<LogLine>()
            + self.beats.capacity() * size_of::<Beat>()
            + self.waits.heap_bytes()
            + names.chain(lines).sum::<usize>()
    }

    /// The time of the last event, or until which the record was extended, in microseconds since the run's start; 0 for
    /// an empty record.
    #[must_use]
    pub fn end_us(&self) -> u64 {
        self.events.last().map_or(0, |event| event.at_us).max(self.until_us)
    }
}

#[inline(never)]
fn add_failed(events: &[Event], failed: &mut Vec<FailedTask>) {
    for event in events {
        if let EventKind::Ended(outcome @ (Outcome::Failed | Outcome::TimedOut)) = event.kind {
            failed.push(FailedTask { task: event.task, at_us: event.at_us, outcome });
        }
    }
}

/// Makes sure that one more item fits. A full list grows by a quarter: a `Vec` on its own would double, which leaves
/// much unused memory after a long run.
fn grow<T>(list: &mut Vec<T>) {
    const LEAST: usize = 64;
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 4).max(LEAST));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_takes_16_bytes() {
        assert_eq!(size_of::<Event>(), 16);
    }

    #[test]
    fn tasks_are_numbered_in_the_order_of_spawning() {
        let mut record = Record::default();
        let parent = record.spawn(0, "parent".into(), None);
        let child = record.spawn(5, "child".into(), Some(parent));
        assert!(parent < child);
        assert_eq!(record.task(child).parent, Some(parent));
        assert_eq!(record.end_us(), 5);
    }

    #[test]
    fn a_task_is_within_itself_and_its_ancestors() {
        let mut record = Record::default();
        let outer = record.spawn(0, "outer".into(), None);
        let inner = record.spawn(0, "inner".into(), Some(outer));
        let innermost = record.spawn(0, "innermost".into(), Some(inner));
        assert!(record.is_within(Some(innermost), Some(outer)) && record.is_within(Some(outer), Some(outer)));
        assert!(!record.is_within(Some(outer), Some(inner)) && !record.is_within(None, Some(outer)));
        assert!(record.is_within(Some(inner), None));
    }
}
