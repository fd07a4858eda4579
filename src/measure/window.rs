//! A time range of a run as a record of its own, so that every figure can describe that range.

use crate::measure::events::{Event, EventKind, LogLine, Record};
use crate::measure::task_id::TaskId;
use crate::measure::waits::WaitId;

/// A time range of a run, in microseconds since the run's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeRange {
    /// Its beginning.
    pub from_us: u64,
    /// Its end, which belongs to it.
    pub to_us: u64,
}

impl TimeRange {
    /// The range between two instants, in any order.
    #[must_use]
    pub fn between(one_us: u64, other_us: u64) -> Self {
        Self { from_us: one_us.min(other_us), to_us: one_us.max(other_us) }
    }

    /// Its length in microseconds.
    #[must_use]
    pub fn us(self) -> u64 {
        self.to_us - self.from_us
    }

    /// True if an instant is in it.
    #[must_use]
    pub fn contains(self, at_us: u64) -> bool {
        (self.from_us..=self.to_us).contains(&at_us)
    }
}

/// The events in a time range: of all tasks, or of one task and those inside it.
///
/// ```
/// use std::time::Duration;
/// use interleave::measure::metrics::Metrics;
/// use interleave::measure::window::{TimeRange, Window};
/// use interleave::runtime::{Run, join_all, virtual_time};
///
/// let run = Run::on_virtual_clock(7);
/// let nap = async |ms| run.sleep(Duration::from_millis(ms)).await;
/// let naps = [10, 20, 30].map(|ms| run.task("nap", nap(ms)));
/// virtual_time::block_on(&run, join_all(&run, naps))?;
/// let window = Window::new(&run.record(), TimeRange { from_us: 15_000, to_us: 25_000 }, None);
/// let metrics = Metrics::from_record(&window.record);
/// assert_eq!((metrics.tasks, metrics.peak_concurrency), (2, 2), "the first nap is over");
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
#[derive(Clone, Debug)]
pub struct Window {
    /// The range.
    pub range: TimeRange,
    /// The tasks that were in progress in the range. Those that had begun before begin with it, in the state in which
    /// they were; those that went on have no end. What they wait for refers to the tasks of the whole record.
    pub record: Record,
    /// The whole events of the tasks that ended in the range, and of the tasks that they are in: for the durations of
    /// tasks, which a range cannot cut.
    pub ended: Record,
    /// The tasks of `record` in the whole record.
    tasks: Vec<TaskId>,
}

impl Window {
    /// The range of a record, for the tasks inside `root`, and `root` itself, or for all tasks.
    #[must_use]
    pub fn new(whole: &Record, range: TimeRange, root: Option<TaskId>) -> Self {
        let is_inside = inside(whole, root);
        let mut cut = Cut::new(whole);
        let from = whole.events().partition_point(|event| event.at_us < range.from_us);
        let to = whole.events().partition_point(|event| event.at_us <= range.to_us);
        let mut states = vec![State::default(); whole.tasks().len()];
        for event in &whole.events()[..from] {
            states[event.task.index()].take(event);
        }
        for (index, state) in states.iter().enumerate().filter(|(index, state)| is_inside[*index] && state.is_alive) {
            cut.enter(TaskId::at(index), state, range.from_us);
        }
        let mut ended = vec![false; whole.tasks().len()];
        for event in whole.events()[from..to].iter().filter(|event| is_inside[event.task.index()]) {
            cut.push(event);
            ended[event.task.index()] |= matches!(event.kind, EventKind::Ended(_));
        }
        cut.rest(range, root);
        Self { range, record: cut.record, ended: only(whole, ended), tasks: cut.tasks }
    }

    /// The task of the whole record that is this task of [`record`](Self::record).
    #[must_use]
    pub fn in_whole(&self, task: TaskId) -> TaskId {
        self.tasks[task.index()]
    }
}

/// For each task, true if it is `root` or inside it.
fn inside(record: &Record, root: Option<TaskId>) -> Vec<bool> {
    let mut inside = vec![root.is_none(); record.tasks().len()];
    for (index, task) in record.tasks().iter().enumerate() {
        inside[index] |= root == Some(TaskId::at(index)) || task.parent.is_some_and(|parent| inside[parent.index()]);
    }
    inside
}

/// The whole events of some tasks, and of the tasks that they are in.
fn only(whole: &Record, mut kept: Vec<bool>) -> Record {
    // A task is created after the one that it is in.
    for index in (0..kept.len()).rev() {
        if let Some(parent) = whole.tasks()[index].parent.filter(|_| kept[index]) {
            kept[parent.index()] = true;
        }
    }
    let mut cut = Cut::new(whole);
    whole.events().iter().filter(|event| kept[event.task.index()]).for_each(|event| cut.push(event));
    cut.record
}

/// The state of a task before the range.
#[derive(Clone, Copy, Default)]
struct State {
    is_alive: bool,
    has_begun: bool,
    is_running: bool,
    is_ready: bool,
    /// The number of permits that it waits for.
    permits: u32,
    wait: Option<WaitId>,
    has_sent: bool,
    has_first_byte: bool,
}

impl State {
    fn take(&mut self, event: &Event) {
        match event.kind {
            EventKind::Spawned => self.is_alive = true,
            EventKind::PollStarted => (self.has_begun, self.is_running, self.is_ready) = (true, true, false),
            EventKind::PollEnded(wait) => (self.is_running, self.wait) = (false, Some(wait)),
            EventKind::Ready => self.is_ready = true,
            EventKind::Queued => self.permits += 1,
            EventKind::Granted | EventKind::LeftQueue => self.permits = self.permits.saturating_sub(1),
            EventKind::Sent => (self.has_sent, self.has_first_byte) = (true, false),
            EventKind::FirstByte => self.has_first_byte = true,
            EventKind::Chunk => {}
            EventKind::Ended(_) => self.is_alive = false,
        }
    }
}

/// A record that is copied task by task.
struct Cut<'a> {
    whole: &'a Record,
    record: Record,
    tasks: Vec<TaskId>,
    /// For each task of the whole record, the same task in this one.
    copies: Vec<Option<TaskId>>,
}

impl<'a> Cut<'a> {
    fn new(whole: &'a Record) -> Self {
        let mut record = Record::new(whole.clock()).with_waits(whole.waits().clone());
        if whole.has_simulated_parts() {
            record.mark_simulated();
        }
        Self { whole, record, tasks: Vec::new(), copies: vec![None; whole.tasks().len()] }
    }

    /// Adds a task, in the one that it is in if that was added.
    fn add(&mut self, task: TaskId, at_us: u64) -> TaskId {
        let its = self.whole.task(task);
        let parent = its.parent.and_then(|parent| self.copies[parent.index()]);
        let copy = self.record.spawn(at_us, its.name.clone(), parent);
        self.copies[task.index()] = Some(copy);
        self.tasks.push(task);
        copy
    }

    /// Adds a task that began before, with the events that bring it into its state.
    fn enter(&mut self, task: TaskId, state: &State, at_us: u64) {
        let copy = self.add(task, at_us);
        let mut push = |kind| self.record.push(at_us, copy, kind);
        if state.has_begun {
            push(EventKind::PollStarted);
        }
        (0..state.permits).for_each(|_| push(EventKind::Queued));
        if state.has_sent {
            push(EventKind::Sent);
        }
        if state.has_first_byte {
            push(EventKind::FirstByte);
        }
        if let Some(wait) = state.wait.filter(|_| !state.is_running) {
            push(EventKind::PollEnded(wait));
        }
        if state.is_ready {
            push(EventKind::Ready);
        }
    }

    fn push(&mut self, event: &Event) {
        if event.kind == EventKind::Spawned {
            self.add(event.task, event.at_us);
        } else if let Some(copy) = self.copies[event.task.index()] {
            self.record.push(event.at_us, copy, event.kind);
        }
    }

    /// Adds the log lines of the range, and what is known about the event loop.
    fn rest(&mut self, range: TimeRange, root: Option<TaskId>) {
        self.record.extend_to(range.to_us);
        for line in self.whole.log_lines().iter().filter(|line| range.contains(line.at_us)) {
            let task = line.task.and_then(|task| self.copies[task.index()]);
            if root.is_none() || task.is_some() {
                self.record.log(LogLine { task, ..line.clone() });
            }
        }
        for beat in self.whole.beats().iter().filter(|beat| beat.at_us >= range.from_us && beat.due_us <= range.to_us) {
            self.record.beat(*beat);
        }
        if let Some(at_us) = self.whole.hidden_at_us().filter(|at_us| *at_us <= range.to_us) {
            self.record.mark_hidden(at_us);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use proptest::prelude::*;

    use super::*;
    use crate::measure::line_waits::LineWaits;
    use crate::measure::metrics::Metrics;
    use crate::measure::segments::{Phase, TaskHistories};
    use crate::measure::{Level, Outcome};
    use crate::runtime::virtual_time::block_on;
    use crate::runtime::{Run, join_all};
    use crate::test_support::ms;

    /// Two parts one after the other. In each, five samples of 100 ms, at most two at once: 300 ms.
    fn record() -> Record {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(2));
        let part = async || {
            let sample = async || {
                let _permit = limit.acquire().await;
                run.sleep(ms(100)).await;
            };
            join_all(&run, (0..5).map(|number| run.task(("sample", number), sample()))).await;
        };
        let parts = async {
            run.task("first", part()).await;
            run.task("second", part()).await;
        };
        block_on(&run, parts).expect("it ends");
        run.take_record()
    }

    fn range(from_ms: u64, to_ms: u64) -> TimeRange {
        TimeRange { from_us: from_ms * 1_000, to_us: to_ms * 1_000 }
    }

    fn metrics(window: &Window) -> [u32; 4] {
        let metrics = Metrics::from_record(&window.record);
        [metrics.tasks, metrics.peak_concurrency, metrics.peak_queue, metrics.outcomes.get(Outcome::Succeeded)]
    }

    #[test]
    fn figures_of_a_window_describe_its_range() {
        let record = record();
        let root = Some(TaskId::at(0));
        assert_eq!(metrics(&Window::new(&record, range(10, 90), root)), [6, 2, 3, 0]);
        assert_eq!(metrics(&Window::new(&record, range(150, 250), root)), [4, 2, 1, 2]);
        assert_eq!(metrics(&Window::new(&record, range(210, 290), root)), [2, 1, 0, 0]);
        assert_eq!(metrics(&Window::new(&record, range(310, 390), root)), [0, 0, 0, 0], "it is over");
        assert_eq!(metrics(&Window::new(&record, range(310, 390), None)), [6, 2, 3, 0]);
    }

    #[test]
    fn waits_are_cut_at_the_edges() {
        let record = record();
        let window = Window::new(&record, range(150, 180), Some(TaskId::at(0)));
        let lines = LineWaits::from_record(&window.record);
        let mut totals: Vec<_> = lines.lines(180_000).iter().map(|line| line.total_us).collect();
        totals.sort_unstable();
        assert_eq!(totals, [30_000, 30_000, 60_000], "one queued, one that waits for the others, two asleep");
        let histories = TaskHistories::from_record(&window.record);
        let open: Vec<_> = histories.open_segments(180_000).map(|it| (it.phase, it.from_us)).collect();
        assert_eq!(open.iter().filter(|(phase, _)| *phase == Phase::Queued).count(), 1);
        assert!(open.iter().all(|(_, from_us)| *from_us == 150_000), "{open:?}");
    }

    #[test]
    fn tasks_that_ended_keep_their_whole_duration_and_their_part() {
        let record = record();
        let window = Window::new(&record, range(150, 250), None);
        let names: Vec<_> = window.ended.tasks().iter().map(|task| task.name.to_string()).collect();
        assert_eq!(names, ["first", "sample 2", "sample 3"]);
        assert_eq!((window.ended.events()[0].at_us, window.ended.end_us()), (0, 300_000));
        assert_eq!(window.record.tasks().len(), 4);
        assert_eq!(record.task(window.in_whole(TaskId::at(1))).name.to_string(), "sample 2");
    }

    #[test]
    fn log_lines_of_the_range_are_kept_with_their_tasks() {
        let mut record = record();
        for (at_us, task) in [(100_000, 1), (200_000, 3), (200_000, 9), (300_000, 3)] {
            let task = Some(TaskId::at(task));
            record.log(LogLine { at_us, task, level: Level::Info, text: "here".into() });
        }
        let window = Window::new(&record, range(150, 250), Some(TaskId::at(0)));
        let tasks: Vec<_> =
            window.record.log_lines().iter().map(|line| line.task.map(|it| window.in_whole(it))).collect();
        assert_eq!(tasks, [Some(TaskId::at(3))], "the other task of this time is in the other part");
    }

    #[test]
    fn a_range_may_be_given_from_its_end() {
        assert_eq!(TimeRange::between(7, 3), TimeRange { from_us: 3, to_us: 7 });
        assert_eq!(TimeRange::between(7, 3).us(), 4);
    }

    proptest! {
        #[test]
        fn neighbouring_windows_add_up_to_the_whole(edge_ms in 0..600_u64) {
            let record = record();
            let whole = LineWaits::from_record(&record).lines(record.end_us());
            let halves = [range(0, edge_ms), range(edge_ms, 600)].map(|range| {
                LineWaits::from_record(&Window::new(&record, range, None).record).lines(range.to_us)
            });
            for line in whole {
                let sum = halves.iter().flatten().filter(|it| it.line == line.line).map(|it| it.total_us).sum::<u64>();
                prop_assert_eq!(sum, line.total_us);
            }
        }

        #[test]
        fn the_window_of_everything_is_the_record(extra_ms in 0..100_u64) {
            let record = record();
            let window = Window::new(&record, range(0, 600 + extra_ms), None);
            prop_assert_eq!((window.record.events(), window.record.tasks()), (record.events(), record.tasks()));
            prop_assert_eq!(window.record.end_us(), 600_000 + extra_ms * 1_000);
            prop_assert_eq!(&window.ended, &record);
        }
    }
}
