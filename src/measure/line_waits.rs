//! The waits of a run by source line: how many tasks waited there, for how long, and which.
//!
//! [`LineWaits`] reads the record as it grows, in one pass, so that the page can show its sums during the run.

use std::collections::HashMap;
use std::num::NonZeroU32;

use crate::measure::events::{Event, EventKind, Record};
use crate::measure::task_id::TaskId;
use crate::measure::wait_times::{EndedWait, OpenWait};
use crate::measure::waits::{SourceLine, WaitId, Waits};

/// The waits on one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineWait {
    /// The line.
    pub line: SourceLine,
    /// The number of polls that ended there. A task may wait there many times.
    pub waits: u64,
    /// The number of tasks that waited there.
    pub tasks: u64,
    /// The sum of their waits, in microseconds.
    pub total_us: u64,
    /// The task that waited there longest of those whose wait has ended, and the sum of its waits in microseconds.
    pub longest: Option<(TaskId, u64)>,
}

/// The waits of a run by source line, updated as its record grows.
///
/// ```
/// use std::time::Duration;
/// use interleave::measure::line_waits::LineWaits;
/// use interleave::runtime::{Run, join_all, virtual_time};
///
/// let run = Run::on_virtual_clock(7);
/// let nap = async || run.sleep(Duration::from_millis(50)).await;
/// virtual_time::block_on(&run, join_all(&run, [run.task("nap", nap()), run.task("nap", nap())]))?;
/// let waits = LineWaits::from_record(&run.record());
/// let [line] = waits.lines(50_000)[..] else { panic!("both wait on the line that sleeps") };
/// assert_eq!((line.waits, line.tasks, line.total_us), (2, 2, 100_000));
/// assert_eq!(waits.tasks_on(line.line).len(), 2);
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LineWaits {
    events_read: usize,
    /// The line of each wait of the record, as an index of `lines`, as far as it has been read.
    line_of_wait: Vec<Option<usize>>,
    index_of_line: HashMap<SourceLine, usize>,
    lines: Vec<Sums>,
    tasks: Vec<TaskWaits>,
    /// The sums of all tasks in one list, because a list for each of a million tasks takes long to make.
    by_line: Vec<TaskOnLine>,
}

/// The waits on one line, added up.
#[derive(Clone, Debug)]
struct Sums {
    line: SourceLine,
    waits: u64,
    ended_us: u64,
    /// The number of waits that have not ended, and the sum of their beginnings.
    open: u64,
    open_from_us: u64,
    longest: Option<(TaskId, u64)>,
    /// In the order in which they first waited there.
    tasks: Vec<TaskId>,
}

/// The waits of one task.
#[derive(Clone, Debug, Default)]
struct TaskWaits {
    open: OpenWait,
    /// The place in [`LineWaits::by_line`] of its latest sum, if it has one.
    latest: Option<NonZeroU32>,
}

/// The waits of one task on one line that have ended.
#[derive(Clone, Debug)]
struct TaskOnLine {
    /// The index of the line in [`LineWaits::lines`].
    line: u32,
    /// The place of the task's sum on the line before, if it has one. A task waits on a few lines.
    before: Option<NonZeroU32>,
    /// In microseconds.
    total_us: u64,
}

/// An index as a place, which is never zero.
fn place_of(index: usize) -> Option<NonZeroU32> {
    u32::try_from(index + 1).ok().and_then(NonZeroU32::new)
}

impl LineWaits {
    /// The waits of a complete record.
    #[must_use]
    pub fn from_record(record: &Record) -> Self {
        let mut waits = Self::default();
        waits.read(record);
        waits
    }

    /// Reads the events since the last call. It must be the same record each time.
    pub fn read(&mut self, record: &Record) {
        self.read_some(record, usize::MAX);
    }

    /// The same, but reads about this many events at most.
    pub fn read_some(&mut self, record: &Record, most: usize) {
        self.read_places(record.waits());
        self.tasks.resize_with(record.tasks().len(), TaskWaits::default);
        let mut left = most;
        for events in record.blocks_after(self.events_read) {
            if left == 0 {
                break;
            }
            left = left.saturating_sub(events.len());
            self.take_all(events);
            self.events_read += events.len();
        }
    }

    /// The number of events of the record that have not been read.
    #[must_use]
    pub fn unread(&self, record: &Record) -> usize {
        record.events().len() - self.events_read
    }

    /// The lines on which tasks waited until `now_us`, in the order in which the first task did.
    #[must_use]
    pub fn lines(&self, now_us: u64) -> Vec<LineWait> {
        self.lines.iter().filter(|line| line.waits > 0).map(|line| line.until(now_us)).collect()
    }

    /// The waits on a line until `now_us`. Returns `None` if no task waited there.
    #[must_use]
    pub fn line(&self, line: SourceLine, now_us: u64) -> Option<LineWait> {
        self.sums(line).map(|sums| sums.until(now_us))
    }

    /// The tasks that waited on a line, in the order in which they first did.
    #[must_use]
    pub fn tasks_on(&self, line: SourceLine) -> &[TaskId] {
        self.sums(line).map_or(&[], |sums| &sums.tasks)
    }

    /// The line on which a task waited longest until `now_us`. Returns `None` if it waited on none that is known.
    #[must_use]
    pub fn longest_of(&self, task: TaskId, now_us: u64) -> Option<SourceLine> {
        let waits = self.tasks.get(task.index())?;
        let open = waits.open.0.and_then(|(wait, from_us)| Some((self.index(wait)?, now_us.saturating_sub(from_us))));
        let open_on = |index| open.filter(|(line, _)| *line == index).map_or(0, |(_, us)| us);
        let sums = self.sums_of(task).map(|index| &self.by_line[index]);
        // Of equal sums, the one of the line to which it came last.
        let longest = sums.map(|it| (it.line as usize, it.total_us + open_on(it.line as usize)));
        let (index, _) = longest.reduce(|longest, it| if it.1 > longest.1 { it } else { longest })?;
        Some(self.lines[index].line)
    }

    /// The indices of a task's sums in `by_line`, the latest line first.
    fn sums_of(&self, task: TaskId) -> impl Iterator<Item = usize> {
        let latest = self.tasks[task.index()].latest;
        let places = std::iter::successors(latest, |place| self.by_line[place.get() as usize - 1].before);
        places.map(|place| place.get() as usize - 1)
    }

    /// The index of a task's sum on a line, if it has waited there.
    fn sum_on(&self, task: TaskId, line: usize) -> Option<usize> {
        self.sums_of(task).find(|index| self.by_line[*index].line as usize == line)
    }

    fn sums(&self, line: SourceLine) -> Option<&Sums> {
        self.index_of_line.get(&line).map(|index| &self.lines[*index]).filter(|sums| sums.waits > 0)
    }

    fn index(&self, wait: WaitId) -> Option<usize> {
        *self.line_of_wait.get(wait.index()?)?
    }

    /// Reads the places that are new in the record.
    fn read_places(&mut self, waits: &Waits) {
        for wait in &waits.list()[self.line_of_wait.len()..] {
            let index = wait.line.map(|line| {
                *self.index_of_line.entry(line).or_insert_with(|| {
                    self.lines.push(Sums::new(line));
                    self.lines.len() - 1
                })
            });
            self.line_of_wait.push(index);
        }
    }

    #[inline(never)]
    fn take_all(&mut self, events: &[Event]) {
        events.iter().for_each(|event| self.take(event));
    }

    fn take(&mut self, event: &Event) {
        if let Some(ended) = self.tasks[event.task.index()].open.take(event) {
            self.end(event.task, ended);
        }
        if let EventKind::PollEnded(wait) = event.kind {
            self.begin(event.task, wait, event.at_us);
        }
    }

    fn begin(&mut self, task: TaskId, wait: WaitId, from_us: u64) {
        let Some(index) = self.index(wait) else { return };
        let is_first = self.sum_on(task, index).is_none();
        let line = &mut self.lines[index];
        line.waits += 1;
        line.open += 1;
        line.open_from_us += from_us;
        if is_first {
            line.tasks.push(task);
            let latest = &mut self.tasks[task.index()].latest;
            self.by_line.push(TaskOnLine { line: index as u32, before: *latest, total_us: 0 });
            *latest = place_of(self.by_line.len() - 1);
        }
    }

    fn end(&mut self, task: TaskId, ended: EndedWait) {
        let Some(index) = self.index(ended.wait) else { return };
        let sum = self.sum_on(task, index);
        let line = &mut self.lines[index];
        line.open -= 1;
        line.open_from_us -= ended.from_us;
        line.ended_us += ended.us();
        if let Some(sum) = sum.map(|sum| &mut self.by_line[sum].total_us) {
            *sum += ended.us();
            if line.longest.is_none_or(|(_, longest)| *sum > longest) {
                line.longest = Some((task, *sum));
            }
        }
    }
}

impl Sums {
    fn new(line: SourceLine) -> Self {
        Self { line, waits: 0, ended_us: 0, open: 0, open_from_us: 0, longest: None, tasks: Vec::new() }
    }

    fn until(&self, now_us: u64) -> LineWait {
        LineWait {
            line: self.line,
            waits: self.waits,
            tasks: self.tasks.len() as u64,
            total_us: self.ended_us + (self.open * now_us).saturating_sub(self.open_from_us),
            longest: self.longest,
        }
    }
}

/// The line on which a task waits at a time, or, while its code runs, the line on which it waited before that. Returns
/// `None` if the task has not waited yet, has ended, or its line is not known.
#[must_use]
pub fn line_at(record: &Record, task: TaskId, at_us: u64) -> Option<SourceLine> {
    let mut place = None;
    for event in events_until(record, at_us).filter(|event| event.task == task) {
        match event.kind {
            EventKind::PollEnded(wait) => place = Some(wait),
            EventKind::Ended(_) => place = None,
            _ => {}
        }
    }
    record.waits().get(place?)?.line
}

/// The tasks that wait on a line at a time, in the order of spawning.
#[must_use]
pub fn tasks_at(record: &Record, line: SourceLine, at_us: u64) -> Vec<TaskId> {
    let mut open = vec![OpenWait::default(); record.tasks().len()];
    for event in events_until(record, at_us) {
        open[event.task.index()].take(event);
    }
    let is_on_line = |(wait, _)| record.waits().get(wait).is_some_and(|wait| wait.line == Some(line));
    (0..open.len()).filter(|index| open[*index].0.is_some_and(is_on_line)).map(TaskId::at).collect()
}

fn events_until(record: &Record, at_us: u64) -> impl Iterator<Item = &Event> {
    record.events().iter().take_while(move |event| event.at_us <= at_us)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::Outcome;
    use crate::measure::waits::{Awaited, Wait};

    const FIRST: SourceLine = SourceLine { source: 0, line: 10 };
    const SECOND: SourceLine = SourceLine { source: 0, line: 20 };

    /// A task that waits on two lines, one that waits on the first only, one without a line, and one that never waits.
    fn record() -> Record {
        use EventKind::{Ended, PollEnded, PollStarted};
        let mut record = Record::default();
        let wait = |line| Wait { line, awaited: Some(Awaited::Timer) };
        let [first, second, unknown] = [Some(FIRST), Some(SECOND), None].map(|line| record.waits_mut().add(wait(line)));
        for _ in 0..4 {
            record.spawn(0, "task".into(), None);
        }
        let events = [
            (0, 0, PollEnded(first)),
            (5, 1, PollEnded(first)),
            (10, 0, PollStarted),
            (12, 0, PollEnded(second)),
            (15, 2, PollEnded(unknown)),
            (20, 3, Ended(Outcome::Succeeded)),
            (32, 0, PollStarted),
            (32, 0, PollEnded(first)),
            (33, 0, PollStarted),
            (34, 0, Ended(Outcome::Succeeded)),
        ];
        for (at_us, task, kind) in events {
            record.push(at_us, TaskId::at(task), kind);
        }
        record
    }

    fn tasks(numbers: &[usize]) -> Vec<TaskId> {
        numbers.iter().map(|number| TaskId::at(*number)).collect()
    }

    #[test]
    fn waits_are_added_up_by_line_and_those_that_have_not_ended_count_until_now() {
        let waits = LineWaits::from_record(&record());
        let longest = Some((TaskId::at(0), 11));
        let first = LineWait { line: FIRST, waits: 3, tasks: 2, total_us: 10 + 1 + 35, longest };
        let second = LineWait { line: SECOND, waits: 1, tasks: 1, total_us: 20, longest: Some((TaskId::at(0), 20)) };
        assert_eq!(waits.lines(40), [first, second]);
        assert_eq!(waits.line(FIRST, 50).map(|line| line.total_us), Some(56));
        assert_eq!(waits.line(SourceLine { source: 1, line: 10 }, 50), None);
    }

    #[test]
    fn a_line_names_its_tasks_and_a_task_its_longest_line() {
        let record = record();
        let waits = LineWaits::from_record(&record);
        assert_eq!((waits.tasks_on(FIRST), waits.tasks_on(SECOND)), (&*tasks(&[0, 1]), &*tasks(&[0])));
        let longest: Vec<_> = tasks(&[0, 1, 2, 3]).into_iter().map(|task| waits.longest_of(task, 40)).collect();
        assert_eq!(longest, [Some(SECOND), Some(FIRST), None, None]);
    }

    #[test]
    fn at_each_time_a_task_is_on_one_line_and_a_line_has_its_tasks() {
        let record = record();
        let line = |at_us| line_at(&record, TaskId::at(0), at_us);
        // While its code runs, it is on the line on which it waited before.
        assert_eq!([0, 11, 12, 33, 34].map(line), [Some(FIRST), Some(FIRST), Some(SECOND), Some(FIRST), None]);
        assert_eq!(line_at(&record, TaskId::at(3), 10), None);
        let on_first = |at_us| tasks_at(&record, FIRST, at_us);
        assert_eq!([4, 9, 11, 40].map(on_first), [tasks(&[0]), tasks(&[0, 1]), tasks(&[1]), tasks(&[1])]);
    }

    #[test]
    fn reading_a_growing_record_gives_the_same_as_reading_it_whole() {
        let whole = record();
        let mut growing = LineWaits::default();
        let mut record = Record::default();
        for event in whole.events() {
            match event.kind {
                EventKind::Spawned => drop(record.spawn(event.at_us, "task".into(), None)),
                EventKind::PollEnded(wait) => {
                    // A place is added when a task first waits there.
                    while record.waits().get(wait).is_none() {
                        let next = whole.waits().list()[record.waits().list().len()].clone();
                        record.waits_mut().add(next);
                    }
                    record.push(event.at_us, event.task, event.kind);
                }
                kind => record.push(event.at_us, event.task, kind),
            }
            growing.read(&record);
        }
        assert_eq!(growing.lines(40), LineWaits::from_record(&whole).lines(40));
    }
}
