//! The state of every task at one instant: the tree of which task waits for what.

use std::collections::HashMap;

use crate::measure::events::{Event, EventKind, Record};
use crate::measure::task_id::TaskId;
use crate::measure::waits::{Awaited, SourceLine, WaitId, Waits};

/// Tasks inside more tasks than this are only counted, because they would be too many to follow.
const MOST_DEPTH: u32 = 16;

/// The activity of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// It was created and has not started.
    NotStarted,
    /// Its code runs.
    Running,
    /// The awaited thing is available, but the task has not run since. Known only where that was recorded.
    Ready,
    /// It has this wait.
    Waiting(WaitId),
    /// The same, and it is queued for a permit.
    Queued(WaitId),
}

/// Tasks of one kind, in one task, that do the same in the same place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The first of them.
    pub first: TaskId,
    /// Their number.
    pub tasks: usize,
    /// Their activity.
    pub doing: Doing,
    /// When the first of them to do so began, in microseconds since the run's start.
    pub since_us: u64,
    /// The groups of the tasks that are in progress inside them, in the order of their first tasks.
    pub within: Vec<Self>,
    /// The number of tasks inside them that are too deep to be in a group.
    pub deeper: usize,
}

/// A semaphore, queue or similar for which tasks are queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Its index in [`Waits::objects`].
    pub object: usize,
    /// The number of tasks that wait for it.
    pub tasks: usize,
}

/// The state of every task at one instant.
///
/// ```
/// use std::num::NonZeroUsize;
/// use std::time::Duration;
/// use futures::future::join_all;
/// use interleave::measure::moment::{Doing, Moment};
/// use interleave::runtime::{Run, virtual_time};
///
/// let run = Run::on_virtual_clock(7);
/// let limit = run.limit(NonZeroUsize::new(2));
/// let naps = (0..6).map(|_| {
///     run.task("nap", async {
///         let _permit = limit.acquire().await;
///         run.sleep(Duration::from_millis(100)).await;
///     })
/// });
/// virtual_time::block_on(&run, join_all(naps))?;
/// let moment = Moment::at(&run.record(), 50_000, None);
/// let [asleep, queued] = &moment.groups[..] else { panic!("they do one of two things") };
/// assert!(asleep.tasks == 2 && matches!(asleep.doing, Doing::Waiting(_)));
/// assert!(queued.tasks == 4 && matches!(queued.doing, Doing::Queued(_)));
/// assert_eq!(moment.lines[0].tasks, 4);
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moment {
    /// The tasks that are in progress and in no other task, in groups.
    pub groups: Vec<Group>,
    /// The number of tasks that are in progress.
    pub tasks: usize,
    /// Everything for which tasks are queued, in the order of the record.
    pub lines: Vec<Line>,
}

/// The state of one task, from its events up to an instant.
#[derive(Clone, Copy)]
struct State {
    doing: Doing,
    since_us: u64,
    is_over: bool,
    /// The number of permits that it waits for, and when it began to wait for the last one.
    permits: u32,
    queued_us: u64,
    /// The last wait of the task, and its beginning.
    last_wait: Option<(WaitId, u64)>,
}

impl State {
    fn new(at_us: u64) -> Self {
        let doing = Doing::NotStarted;
        Self { doing, since_us: at_us, is_over: false, permits: 0, queued_us: 0, last_wait: None }
    }

    fn take(&mut self, waits: &Waits, event: &Event) {
        let (doing, since_us) = match event.kind {
            EventKind::PollStarted => (Doing::Running, event.at_us),
            EventKind::PollEnded(wait) if self.permits > 0 => (Doing::Queued(wait), self.queued_us),
            EventKind::PollEnded(wait) => (Doing::Waiting(wait), self.begin_wait(waits, wait, event.at_us)),
            EventKind::Ready => (Doing::Ready, event.at_us),
            EventKind::Queued => {
                (self.permits, self.queued_us) = (self.permits + 1, event.at_us);
                return;
            }
            EventKind::Granted | EventKind::LeftQueue => {
                self.permits = self.permits.saturating_sub(1);
                return;
            }
            EventKind::Ended(_) => {
                self.is_over = true;
                return;
            }
            EventKind::Spawned | EventKind::Sent | EventKind::FirstByte | EventKind::Chunk => return,
        };
        (self.doing, self.since_us) = (doing, since_us);
    }

    /// The beginning of a wait. A task that waits for others is polled each time that one of them ends, and goes on
    /// waiting.
    fn begin_wait(&mut self, waits: &Waits, wait: WaitId, at_us: u64) -> u64 {
        let is_for_tasks = waits.get(wait).is_some_and(|wait| wait.awaited.as_ref().is_some_and(Awaited::is_for_tasks));
        let since_us = match self.last_wait {
            Some((last, since_us)) if last == wait && is_for_tasks => since_us,
            _ => at_us,
        };
        self.last_wait = Some((wait, since_us));
        since_us
    }
}

impl Moment {
    /// The state after everything that happened at `at_us` (microseconds since the run's start) and before: of the
    /// tasks inside `root`, and of `root` itself, or of all tasks.
    #[must_use]
    pub fn at(record: &Record, at_us: u64, root: Option<TaskId>) -> Self {
        let until = record.events().partition_point(|event| event.at_us <= at_us);
        let mut states: Vec<State> = Vec::new();
        for event in &record.events()[..until] {
            match event.kind {
                EventKind::Spawned => states.push(State::new(event.at_us)),
                _ => states[event.task.index()].take(record.waits(), event),
            }
        }
        let depths = depths(record, &states, root);
        let mut moment = Self::default();
        // A task is created after the one that it is in. So from the last to the first, the groups within a task are
        // complete when it is its turn.
        let mut within: Vec<(Vec<Group>, usize)> = vec![Default::default(); states.len()];
        for (index, state) in states.iter().enumerate().rev() {
            let (task, Some(depth)) = (TaskId::at(index), depths[index]) else { continue };
            moment.tasks += 1;
            moment.count(record.waits(), state.doing);
            let (groups, deeper) = std::mem::take(&mut within[index]);
            match record.task(task).parent.filter(|_| depth > 0) {
                None => Group::new(task, state, groups, deeper).join(&mut moment.groups, record),
                Some(parent) if depth <= MOST_DEPTH => {
                    Group::new(task, state, groups, deeper).join(&mut within[parent.index()].0, record);
                }
                Some(parent) => within[parent.index()].1 += deeper + 1,
            }
        }
        moment.groups.sort_by_key(|group| group.first);
        moment.lines.sort_by_key(|line| line.object);
        moment
    }

    /// Adds the number of tasks that wait on each line. A task that waits for others waits on its own line.
    pub fn count_by_line(&self, waits: &Waits, tasks: &mut HashMap<SourceLine, usize>) {
        count_by_line(&self.groups, waits, tasks);
    }

    fn count(&mut self, waits: &Waits, doing: Doing) {
        let Doing::Queued(wait) = doing else { return };
        let Some(Awaited::Object(object)) = waits.get(wait).and_then(|wait| wait.awaited.as_ref()) else { return };
        match self.lines.iter_mut().find(|line| line.object == *object) {
            Some(line) => line.tasks += 1,
            None => self.lines.push(Line { object: *object, tasks: 1 }),
        }
    }
}

/// For each task in progress, the number of tasks that it is in, from `root` on. `None` for the others. A task can
/// outlive the one that created it; then it is in no task.
fn depths(record: &Record, states: &[State], root: Option<TaskId>) -> Vec<Option<u32>> {
    let mut is_inside = vec![root.is_none(); states.len()];
    let mut depths: Vec<Option<u32>> = vec![None; states.len()];
    for (index, state) in states.iter().enumerate() {
        let task = TaskId::at(index);
        let parent = record.task(task).parent.map(TaskId::index);
        is_inside[index] |= root == Some(task) || parent.is_some_and(|parent| is_inside[parent]);
        if is_inside[index] && !state.is_over {
            depths[index] = Some(parent.and_then(|parent| depths[parent]).map_or(0, |depth| depth + 1));
        }
    }
    depths
}

impl Group {
    fn new(task: TaskId, state: &State, mut within: Vec<Self>, deeper: usize) -> Self {
        within.sort_by_key(|group| group.first);
        Self { first: task, tasks: 1, doing: state.doing, since_us: state.since_us, within, deeper }
    }

    /// Joins the group among `others` that is like this one, or becomes one of them.
    fn join(self, others: &mut Vec<Self>, record: &Record) {
        match others.iter_mut().find(|other| other.is_like(&self, record)) {
            Some(other) => other.add(self),
            None => others.push(self),
        }
    }

    /// True if tasks of the same kind do the same, and so do the tasks inside them.
    fn is_like(&self, other: &Self, record: &Record) -> bool {
        let kind = |group: &Self| record.task(group.first).name.kind();
        self.within.len() == other.within.len()
            && do_the_same(record.waits(), self.doing, other.doing)
            && kind(self) == kind(other)
            && self.within.iter().zip(&other.within).all(|(one, other)| one.is_like(other, record))
    }

    /// Adds a group that is like this one.
    fn add(&mut self, other: Self) {
        self.first = self.first.min(other.first);
        self.since_us = self.since_us.min(other.since_us);
        self.tasks += other.tasks;
        self.deeper += other.deeper;
        for (one, other) in self.within.iter_mut().zip(other.within) {
            one.add(other);
        }
    }
}

fn count_by_line(groups: &[Group], waits: &Waits, tasks: &mut HashMap<SourceLine, usize>) {
    for group in groups {
        if let Doing::Waiting(wait) | Doing::Queued(wait) = group.doing
            && let Some(line) = waits.get(wait).and_then(|wait| wait.line)
        {
            *tasks.entry(line).or_default() += group.tasks;
        }
        count_by_line(&group.within, waits, tasks);
    }
}

/// True if both activities are the same on the same line. For waits on other tasks, it does not matter which tasks.
fn do_the_same(waits: &Waits, one: Doing, other: Doing) -> bool {
    let place = |wait| {
        let wait = waits.get(wait)?;
        let awaited = wait.awaited.clone().map(|awaited| match awaited {
            Awaited::Tasks(_) => Awaited::Tasks(Vec::new()),
            other => other,
        });
        Some((wait.line, awaited))
    };
    match (one, other) {
        (Doing::Waiting(one), Doing::Waiting(other)) | (Doing::Queued(one), Doing::Queued(other)) => {
            one == other || place(one) == place(other)
        }
        _ => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Outcome;
    use crate::measure::waits::{ObjectKind, SharedObject, SourceLine, Wait};

    /// Two parts one after the other, each with three `sample`s: two sleep inside an attempt, one is queued.
    fn record() -> (Record, [TaskId; 2]) {
        use EventKind::{Ended, PollEnded, PollStarted, Queued};
        let mut record = Record::default();
        let object = SharedObject { kind: ObjectKind::Semaphore, name: "".into(), permits: Some(2) };
        let semaphore = record.waits_mut().add_object(object);
        let place = |line, awaited| Wait { line: Some(SourceLine { source: 0, line }), awaited: Some(awaited) };
        let [permit, timer, subtasks] = [(1, Awaited::Object(semaphore)), (2, Awaited::Timer), (3, Awaited::Subtasks)]
            .map(|(line, awaited)| record.waits_mut().add(place(line, awaited)));
        let parts = [0, 100].map(|start| {
            let part = record.spawn(start, "part".into(), None);
            record.push(start, part, PollStarted);
            for sample in 0..3 {
                let task = record.spawn(start, "sample".into(), Some(part));
                record.push(start + 1, task, PollStarted);
                if sample < 2 {
                    let attempt = record.spawn(start + 1, "attempt".into(), Some(task));
                    record.push(start + 1, attempt, PollStarted);
                    record.push(start + 2, attempt, PollEnded(timer));
                    record.push(start + 2, task, PollEnded(subtasks));
                } else {
                    record.push(start + 2, task, Queued);
                    record.push(start + 2, task, PollEnded(permit));
                }
            }
            record.push(start + 3, part, PollEnded(subtasks));
            for task in (part.index()..record.tasks().len()).rev() {
                record.push(start + 50, TaskId::at(task), Ended(Outcome::Succeeded));
            }
            part
        });
        (record, parts)
    }

    #[test]
    fn tasks_that_do_the_same_are_one_group_with_what_is_inside_them() {
        let (record, [first, second]) = record();
        for (at_us, root) in [(10, first), (110, second)] {
            for root in [Some(root), None] {
                let moment = Moment::at(&record, at_us, root);
                assert_eq!((moment.tasks, moment.groups.len()), (6, 1));
                let [working, queued] = &moment.groups[0].within[..] else { panic!("{moment:?}") };
                assert!(working.tasks == 2 && matches!(working.doing, Doing::Waiting(_)));
                assert_eq!((working.within[0].tasks, working.within[0].since_us), (2, at_us - 8));
                assert!(queued.tasks == 1 && matches!(queued.doing, Doing::Queued(_)) && queued.within.is_empty());
                assert_eq!(moment.lines, [Line { object: 0, tasks: 1 }]);
            }
        }
        assert_eq!(Moment::at(&record, 10, Some(second)), Moment::default(), "it has not begun");
        assert_eq!(Moment::at(&record, 60, None), Moment::default(), "nothing is in progress in between");
    }

    #[test]
    fn a_line_has_the_tasks_that_wait_there_now() {
        let (record, _) = record();
        let mut tasks = HashMap::new();
        Moment::at(&record, 10, None).count_by_line(record.waits(), &mut tasks);
        let on = |line| tasks.get(&SourceLine { source: 0, line }).copied();
        assert_eq!([1, 2, 3, 4].map(on), [Some(1), Some(2), Some(3), None], "permit, timer, subtasks");
    }

    #[test]
    fn an_instant_includes_what_happened_at_it() {
        let (record, [first, _]) = record();
        let doing = |at_us| Moment::at(&record, at_us, Some(first)).groups[0].within[0].doing;
        assert_eq!(doing(0), Doing::NotStarted);
        assert_eq!(doing(1), Doing::Running);
        assert!(matches!(doing(2), Doing::Waiting(_)));
    }

    #[test]
    fn a_task_that_outlives_the_one_that_created_it_is_listed_on_its_own() {
        let mut record = Record::default();
        let parent = record.spawn(0, "parent".into(), None);
        let child = record.spawn(0, "child".into(), Some(parent));
        record.push(1, parent, EventKind::Ended(Outcome::Succeeded));
        let moment = Moment::at(&record, 2, None);
        assert_eq!(moment.groups.iter().map(|group| group.first).collect::<Vec<_>>(), [child]);
        assert_eq!(Moment::at(&record, 2, Some(parent)).tasks, 1);
    }

    #[test]
    fn a_ready_task_is_neither_waiting_nor_running() {
        let mut record = Record::default();
        let task = record.spawn(0, "task".into(), None);
        for (at_us, kind) in [(0, EventKind::PollStarted), (1, EventKind::PENDING), (5, EventKind::Ready)] {
            record.push(at_us, task, kind);
        }
        let group = Moment::at(&record, 7, None).groups.remove(0);
        assert_eq!((group.doing, group.since_us), (Doing::Ready, 5));
    }

    #[test]
    fn a_chain_of_any_depth_is_cut() {
        let mut record = Record::default();
        let mut parent = None;
        for _ in 0..100_000 {
            parent = Some(record.spawn(0, "link".into(), parent));
        }
        let moment = Moment::at(&record, 0, None);
        let mut chain = vec![&moment.groups[0]];
        while let Some(next) = chain.last().and_then(|group| group.within.first()) {
            chain.push(next);
        }
        let deeper: usize = chain.iter().map(|group| group.deeper).sum();
        assert_eq!((moment.tasks, chain.len(), deeper), (100_000, 17, 100_000 - 17));
    }
}
