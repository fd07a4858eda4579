//! The history of each task as segments: what it was doing, and when.
//!
//! [`TaskHistories`] reads the record as it grows, so that the timeline can be drawn during the run. It stores the
//! [`Change`]s from one phase to the next, in chronological order; two changes of a task are the edges of a segment. It
//! also gives every task a lane: the lowest one that is free, so that ten thousand short tasks one after another need
//! few lanes. In the same way it gives every task a row in its [`Part`]: the root task, by name, that it belongs to.

use std::collections::HashMap;
use std::fmt;

use crate::measure::events::{Event, EventKind, Outcome, Record};
use crate::measure::free_slots::FreeSlots;
use crate::measure::task_id::TaskId;

/// The phase of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Spawned but not started, or waiting for a permit.
    Queued,
    /// Inside a poll: its own code is running.
    Running,
    /// Between two polls: it waits for a timer, a reply, a file or another task.
    Waiting,
}

impl Phase {
    /// All phases.
    pub const ALL: [Self; 3] = [Self::Queued, Self::Running, Self::Waiting];

    /// The word for the phase in charts.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Waiting => "waiting",
        }
    }
}

/// A period of a task's history. It is never empty: periods too short for the clock are left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// The task.
    pub task: TaskId,
    /// The lane of its task.
    pub lane: u32,
    /// The phase.
    pub phase: Phase,
    /// Its beginning, in microseconds since the run's start.
    pub from_us: u64,
    /// Its end, in microseconds since the run's start.
    pub to_us: u64,
}

/// The time at which a task goes from one phase to another, with both phases, in 8 bytes: the time shifted to the left by
/// four bits, then two bits for each phase.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Transition(u64);

impl Transition {
    fn new(at_us: u64, before: Option<Phase>, after: Option<Phase>) -> Self {
        let bits = |phase: Option<Phase>| phase.map_or(0, |phase| phase as u64 + 1);
        Self(at_us << 4 | bits(before) << 2 | bits(after))
    }

    /// The time, in microseconds since the run's start.
    #[must_use]
    pub fn at_us(self) -> u64 {
        self.0 >> 4
    }

    /// The phase that ends; `None` when the task is spawned.
    #[must_use]
    pub fn before(self) -> Option<Phase> {
        Self::phase(self.0 >> 2)
    }

    /// The phase that begins; `None` when the task ends.
    #[must_use]
    pub fn after(self) -> Option<Phase> {
        Self::phase(self.0)
    }

    fn phase(bits: u64) -> Option<Phase> {
        match bits & 0b11 {
            0 => None,
            1 => Some(Phase::Queued),
            2 => Some(Phase::Running),
            _ => Some(Phase::Waiting),
        }
    }
}

impl fmt::Debug for Transition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} to {:?} at {} us", self.before(), self.after(), self.at_us())
    }
}

/// A transition with its task. It takes 12 bytes, because a run of a million tasks has some five million of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// The task.
    pub task: TaskId,
    /// The transition in two halves, the lower one first: one number of 64 bits would take 16 bytes with the task.
    halves: [u32; 2],
}

impl Change {
    fn new(task: TaskId, transition: Transition) -> Self {
        Self { task, halves: [transition.0 as u32, (transition.0 >> 32) as u32] }
    }

    /// The time and the phases.
    #[must_use]
    pub fn transition(self) -> Transition {
        Transition(u64::from(self.halves[1]) << 32 | u64::from(self.halves[0]))
    }

    /// The time, in microseconds since the run's start.
    #[must_use]
    pub fn at_us(self) -> u64 {
        self.transition().at_us()
    }
}

/// The history of one task so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskHistory {
    /// When it was spawned, in microseconds since the run's start.
    pub spawned_us: u64,
    /// When and how it ended, if it has.
    pub end: Option<(u64, Outcome)>,
    /// The time that its own code has run so far, in microseconds, as far as the clock can measure it.
    pub running_us: u64,
    /// The time that it was queued so far, in microseconds: before its first poll, and for permits.
    pub queued_us: u64,
    phase: Phase,
    since_us: u64,
    /// The number of permits that it waits for.
    waits: u32,
}

impl TaskHistory {
    /// Its duration at `now_us`, from spawning to its end.
    #[must_use]
    pub fn duration_us(&self, now_us: u64) -> u64 {
        self.end.map_or(now_us, |(at_us, _)| at_us).saturating_sub(self.spawned_us)
    }

    /// The time that it was queued until `now_us`, in microseconds. If it is queued now, this includes the time since
    /// it was last polled.
    #[must_use]
    pub fn queued_until_us(&self, now_us: u64) -> u64 {
        let is_queued = self.end.is_none() && self.phase == Phase::Queued;
        self.queued_us + if is_queued { now_us.saturating_sub(self.since_us) } else { 0 }
    }
}

impl TaskHistory {
    /// Adds the time since the last event to the current phase, and returns this phase.
    fn close(&mut self, at_us: u64) -> Phase {
        let us = at_us - std::mem::replace(&mut self.since_us, at_us);
        match self.phase {
            Phase::Running => self.running_us += us,
            Phase::Queued => self.queued_us += us,
            Phase::Waiting => {}
        }
        self.phase
    }
}

/// The place of one task in the timeline. It is apart from the history, because drawing reads it for every change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskPlace {
    /// Its lane in the whole run. The top lane is 0.
    pub lane: u32,
    /// The root task that it belongs to; a root task belongs to itself.
    pub root: TaskId,
    /// The index of its part in [`TaskHistories::parts`].
    pub part: u32,
    /// Its row in its part. The top row is 0.
    pub row: u32,
}

/// A part of a run: the root tasks of one name, with all tasks inside them.
#[derive(Clone, Debug)]
pub struct Part {
    /// The first of its root tasks.
    pub root: TaskId,
    /// The number of rows that its tasks need. A root task needs a row only if no task is inside it.
    pub rows: u32,
    /// The number of its tasks that are not root tasks.
    pub subtasks: u32,
    free_rows: FreeSlots,
}

impl Part {
    fn new(root: TaskId) -> Self {
        Self { root, rows: 1, subtasks: 0, free_rows: FreeSlots::default() }
    }

    /// The row of the next subtask: the lowest one that is free.
    fn take_row(&mut self) -> u32 {
        // The first subtask takes the row of the root task, which is not drawn from now on.
        let next = if self.subtasks > 0 { self.rows } else { 0 };
        self.subtasks += 1;
        let row = self.free_rows.take_lowest().unwrap_or(next);
        self.rows = self.rows.max(row + 1);
        row
    }
}

/// The histories of all tasks of a run, updated as its record grows.
///
/// ```
/// use std::time::Duration;
/// use interleave::measure::segments::{TaskHistories, Phase};
/// use interleave::runtime::{Run, virtual_time};
///
/// let run = Run::on_virtual_clock(7);
/// virtual_time::block_on(&run, run.task("nap", run.sleep(Duration::from_millis(50))))?;
/// let histories = TaskHistories::from_record(&run.record());
/// let [nap] = histories.segments()[..] else { panic!("it only waited") };
/// assert_eq!((nap.phase, nap.from_us, nap.to_us), (Phase::Waiting, 0, 50_000));
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct TaskHistories {
    events_read: usize,
    histories: Vec<TaskHistory>,
    places: Vec<TaskPlace>,
    changes: Vec<Change>,
    free_lanes: FreeSlots,
    lanes: u32,
    parts: Vec<Part>,
    parts_by_name: HashMap<String, u32>,
}

impl TaskHistories {
    /// The histories of the tasks in a complete record.
    #[must_use]
    pub fn from_record(record: &Record) -> Self {
        let mut histories = Self::default();
        histories.read(record);
        histories
    }

    /// Reads the events since the last call. It must be the same record each time.
    pub fn read(&mut self, record: &Record) {
        let tasks = record.tasks().len() - self.histories.len();
        self.histories.reserve(tasks);
        self.places.reserve(tasks);
        self.changes.reserve(record.events().len() - self.events_read);
        record.blocks_after(self.events_read).for_each(|events| self.take_all(record, events));
        self.events_read = record.events().len();
    }

    /// The changes of all tasks, in chronological order.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The finished segments, in the order in which they ended. They are computed from the changes of the whole run.
    #[must_use]
    pub fn segments(&self) -> Vec<Segment> {
        let mut since_us = vec![0; self.histories.len()];
        let mut segments = Vec::new();
        for change in &self.changes {
            let (task, to_us) = (change.task, change.at_us());
            let from_us = std::mem::replace(&mut since_us[task.index()], to_us);
            if let Some(phase) = change.transition().before().filter(|_| to_us > from_us) {
                segments.push(Segment { task, lane: self.place(task).lane, phase, from_us, to_us });
            }
        }
        segments
    }

    /// The segments that have not ended at `now_us`, in the order of spawning.
    pub fn open_segments(&self, now_us: u64) -> impl Iterator<Item = Segment> {
        self.iter().filter(|(_, history)| history.end.is_none()).map(move |(task, history)| Segment {
            task,
            lane: self.place(task).lane,
            phase: history.phase,
            from_us: history.since_us,
            to_us: now_us.max(history.since_us),
        })
    }

    /// The history of a task.
    #[must_use]
    pub fn task(&self, task: TaskId) -> &TaskHistory {
        &self.histories[task.index()]
    }

    /// The place of a task in the timeline.
    // Drawing calls it and the next two for every change of a run, which can be millions.
    #[inline]
    #[must_use]
    pub fn place(&self, task: TaskId) -> TaskPlace {
        self.places[task.index()]
    }

    /// All tasks with their histories, in the order of spawning.
    pub fn iter(&self) -> impl Iterator<Item = (TaskId, &TaskHistory)> {
        self.histories.iter().enumerate().map(|(index, history)| (TaskId::at(index), history))
    }

    /// The number of tasks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.histories.len()
    }

    /// True if there are no tasks yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.histories.is_empty()
    }

    /// The number of lanes of the whole run.
    #[must_use]
    pub fn lanes(&self) -> u32 {
        self.lanes
    }

    /// The parts of the run, in the order in which they started.
    #[must_use]
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The index of the part with this name, if it has started.
    #[must_use]
    pub fn part_named(&self, name: &str) -> Option<usize> {
        self.parts_by_name.get(name).map(|part| *part as usize)
    }

    /// True if a task has a row: it is not a root task with subtasks, whose part stands for it.
    #[inline]
    #[must_use]
    pub fn has_row(&self, task: TaskId) -> bool {
        let place = self.place(task);
        place.root != task || self.parts[place.part as usize].subtasks == 0
    }

    /// The row of a task among the tasks inside this root task, or its lane among all tasks of the run if `root` is
    /// `None`. Returns `None` if it is not drawn there.
    #[inline]
    #[must_use]
    pub fn row_in(&self, root: Option<TaskId>, task: TaskId) -> Option<u32> {
        let place = self.place(task);
        match root {
            None => Some(place.lane),
            Some(root) => (place.root == root && self.has_row(task)).then_some(place.row),
        }
    }

    #[inline(never)]
    fn take_all(&mut self, record: &Record, events: &[Event]) {
        events.iter().for_each(|event| self.take(record, *event));
    }

    fn take(&mut self, record: &Record, event: Event) {
        match event.kind {
            EventKind::Spawned => self.spawn(record, event),
            EventKind::PollStarted => self.set_phase(event, |_| Phase::Running),
            EventKind::PollEnded(_) => {
                self.set_phase(event, |history| if history.waits > 0 { Phase::Queued } else { Phase::Waiting });
            }
            EventKind::Queued => self.histories[event.task.index()].waits += 1,
            EventKind::Granted | EventKind::LeftQueue => self.histories[event.task.index()].waits -= 1,
            EventKind::Ended(outcome) => self.end(event, outcome),
            EventKind::Ready | EventKind::Sent | EventKind::FirstByte | EventKind::Chunk => {}
        }
    }

    fn spawn(&mut self, record: &Record, event: Event) {
        let lane = self.free_lanes.take_lowest().unwrap_or(self.lanes);
        self.lanes = self.lanes.max(lane + 1);
        let at_us = event.at_us;
        let task = record.task(event.task);
        let (root, part, row) = match task.parent {
            Some(parent) => {
                let TaskPlace { root, part, .. } = self.place(parent);
                (root, part, self.parts[part as usize].take_row())
            }
            None => (event.task, self.part_of_root(event.task, task.name.kind()), 0),
        };
        self.change(event, None, Some(Phase::Queued));
        self.places.push(TaskPlace { lane, root, part, row });
        self.histories.push(TaskHistory {
            spawned_us: at_us,
            end: None,
            running_us: 0,
            queued_us: 0,
            phase: Phase::Queued,
            since_us: at_us,
            waits: 0,
        });
    }

    fn part_of_root(&mut self, root: TaskId, name: &str) -> u32 {
        if let Some(part) = self.parts_by_name.get(name) {
            return *part;
        }
        let part = self.parts.len() as u32;
        self.parts.push(Part::new(root));
        self.parts_by_name.insert(name.to_owned(), part);
        part
    }

    fn change(&mut self, event: Event, before: Option<Phase>, after: Option<Phase>) {
        self.changes.push(Change::new(event.task, Transition::new(event.at_us, before, after)));
    }

    /// Starts a phase, and ends the one before it.
    fn set_phase(&mut self, event: Event, phase: impl FnOnce(&TaskHistory) -> Phase) {
        let history = &mut self.histories[event.task.index()];
        let phase = phase(history);
        if history.phase != phase {
            let before = history.close(event.at_us);
            history.phase = phase;
            self.change(event, Some(before), Some(phase));
        }
    }

    fn end(&mut self, event: Event, outcome: Outcome) {
        let history = &mut self.histories[event.task.index()];
        let before = history.close(event.at_us);
        history.end = Some((event.at_us, outcome));
        self.change(event, Some(before), None);
        let place = self.place(event.task);
        self.free_lanes.add(place.lane);
        if place.root != event.task {
            self.parts[place.part as usize].free_rows.add(place.row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(events: &[(u64, usize, EventKind)]) -> Record {
        let mut record = Record::default();
        for &(at_us, task, kind) in events {
            if kind == EventKind::Spawned {
                record.spawn(at_us, "task".into(), None);
            } else {
                record.push(at_us, TaskId::at(task), kind);
            }
        }
        record
    }

    fn phases(histories: &TaskHistories) -> Vec<(Phase, u64, u64)> {
        histories.segments().iter().map(|s| (s.phase, s.from_us, s.to_us)).collect()
    }

    #[test]
    fn a_task_is_queued_running_waiting_running() {
        use EventKind::{Ended, PollStarted, Spawned};
        let histories = TaskHistories::from_record(&record(&[
            (0, 0, Spawned),
            (10, 0, PollStarted),
            (12, 0, EventKind::PENDING),
            (50, 0, PollStarted),
            (55, 0, Ended(Outcome::Succeeded)),
        ]));
        assert_eq!(
            phases(&histories),
            [(Phase::Queued, 0, 10), (Phase::Running, 10, 12), (Phase::Waiting, 12, 50), (Phase::Running, 50, 55)]
        );
        assert_eq!(histories.task(TaskId::at(0)).end, Some((55, Outcome::Succeeded)));
    }

    #[test]
    fn a_task_that_waits_for_a_permit_is_queued_until_it_is_granted() {
        use EventKind::{Granted, PollStarted, Queued, Spawned};
        let histories = TaskHistories::from_record(&record(&[
            (0, 0, Spawned),
            (0, 0, PollStarted),
            (0, 0, Queued),
            (1, 0, EventKind::PENDING),
            (9, 0, PollStarted),
            (9, 0, Granted),
            (10, 0, EventKind::PENDING),
        ]));
        assert_eq!(phases(&histories), [(Phase::Running, 0, 1), (Phase::Queued, 1, 9), (Phase::Running, 9, 10)]);
        assert_eq!(histories.task(TaskId::at(0)).queued_until_us(30), 8, "it is not queued any more");
        let open: Vec<_> = histories.open_segments(30).collect();
        assert_eq!((open[0].phase, open[0].from_us, open[0].to_us), (Phase::Waiting, 10, 30));
    }

    #[test]
    fn a_lane_is_reused_when_its_task_has_ended() {
        use EventKind::{Ended, Spawned};
        let histories = TaskHistories::from_record(&record(&[
            (0, 0, Spawned),
            (0, 1, Spawned),
            (5, 0, Ended(Outcome::Succeeded)),
            (6, 2, Spawned),
            (7, 3, Spawned),
        ]));
        let lanes: Vec<_> = histories.iter().map(|(task, _)| histories.place(task).lane).collect();
        assert_eq!(lanes, [0, 1, 0, 2]);
        assert_eq!(histories.task(TaskId::at(2)).queued_until_us(10), 4, "it has not started");
        assert_eq!(histories.lanes(), 3);
    }

    #[test]
    fn tasks_have_rows_in_the_part_of_their_root_task() {
        let mut record = Record::default();
        let end = |record: &mut Record, at_us, task| record.push(at_us, task, EventKind::Ended(Outcome::Succeeded));
        let first = record.spawn(0, "one by one".into(), None);
        for at_us in [0, 10] {
            let sample = record.spawn(at_us, "sample".into(), Some(first));
            end(&mut record, at_us + 10, sample);
        }
        end(&mut record, 20, first);
        let second = record.spawn(20, "at once".into(), None);
        let samples = [0, 1].map(|_| record.spawn(20, "sample".into(), Some(second)));
        let inner = record.spawn(20, "attempt".into(), Some(samples[1]));
        let single = record.spawn(20, "alone".into(), None);

        let histories = TaskHistories::from_record(&record);
        let places = histories.iter().map(|(task, _)| histories.place(task));
        let rows: Vec<_> = places.map(|it| (it.part, it.row)).collect();
        assert_eq!(rows, [(0, 0), (0, 0), (0, 0), (1, 0), (1, 0), (1, 1), (1, 2), (2, 0)]);
        assert_eq!(histories.parts().iter().map(|part| part.rows).collect::<Vec<_>>(), [1, 3, 1]);
        assert_eq!(histories.place(inner).root, second);
        assert_eq!([first, second, single].map(|root| histories.has_row(root)), [false, false, true]);
    }

    #[test]
    fn root_tasks_of_one_name_are_one_part() {
        let mut record = Record::default();
        let roots = ["read", "write", "read"].map(|name| record.spawn(0, name.into(), None));
        let histories = TaskHistories::from_record(&record);
        assert_eq!(roots.map(|root| histories.place(root).part), [0, 1, 0]);
        assert_eq!(histories.parts()[0].root, roots[0]);
    }

    #[test]
    fn a_change_takes_12_bytes_and_contains_any_time_of_a_day() {
        assert_eq!(size_of::<Change>(), 12);
        let day_us = 86_400_000_000;
        for before in [None, Some(Phase::Queued), Some(Phase::Running), Some(Phase::Waiting)] {
            let change = Change::new(TaskId::at(7), Transition::new(day_us, before, Some(Phase::Running))).transition();
            assert_eq!((change.at_us(), change.before(), change.after()), (day_us, before, Some(Phase::Running)));
        }
    }

    #[test]
    fn a_root_task_with_subtasks_is_drawn_among_all_tasks_only() {
        let mut record = Record::default();
        let root = record.spawn(0, "root".into(), None);
        let other = record.spawn(0, "other".into(), None);
        let inner = record.spawn(0, "inner".into(), Some(root));
        let histories = TaskHistories::from_record(&record);
        let rows = |within| [root, other, inner].map(|task| histories.row_in(within, task));
        assert_eq!(rows(Some(root)), [None, None, Some(0)]);
        assert_eq!(rows(None), [Some(0), Some(1), Some(2)]);
    }

    #[test]
    fn reading_a_growing_record_gives_the_same_as_reading_it_whole() {
        use EventKind::{Ended, PollStarted, Spawned};
        let events = [
            (0, 0, Spawned),
            (3, 0, PollStarted),
            (4, 0, EventKind::PENDING),
            (8, 0, PollStarted),
            (9, 0, Ended(Outcome::Failed)),
        ];
        let mut growing = TaskHistories::default();
        for n in 0..=events.len() {
            growing.read(&record(&events[..n]));
        }
        assert_eq!(growing.segments(), TaskHistories::from_record(&record(&events)).segments());
    }
}
