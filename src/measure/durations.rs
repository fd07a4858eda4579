//! The durations of the tasks of one kind: the sample for percentiles and histogram, and a consistency check of the
//! record.

use crate::measure::events::{Event, EventKind, Outcome, Record};
use crate::measure::heartbeat::Beat;
use crate::measure::metrics::OutcomeCounts;
use crate::measure::statistics::Summary;
use crate::measure::task_id::TaskId;

/// One task that ended by itself. A cancelled task has no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskDuration {
    /// The task.
    pub task: TaskId,
    /// When it ended, in microseconds since the run's start.
    pub ended_us: u64,
    /// Its outcome.
    pub outcome: Outcome,
    /// The time from its spawning to its end, in microseconds: the wait of the caller.
    pub total_us: u64,
    /// The part of that time in a queue, before its first poll or for a permit, in microseconds.
    pub queued_us: u64,
    /// True if the event loop was blocked during the task, which may have delayed it.
    pub is_blocked: bool,
}

impl TaskDuration {
    /// The time in progress, in microseconds.
    #[must_use]
    pub fn work_us(&self) -> u64 {
        self.total_us - self.queued_us
    }
}

/// The durations of the tasks with one name in one part of a run.
///
/// ```
/// use std::time::Duration;
/// use futures::future::join_all;
/// use interleave::measure::durations::Durations;
/// use interleave::runtime::{Run, virtual_time};
///
/// let run = Run::on_virtual_clock(7);
/// let naps = [30, 10, 20].map(|ms| run.task("nap", run.sleep(Duration::from_millis(ms))));
/// virtual_time::block_on(&run, join_all(naps))?;
/// let naps = Durations::from_record(&run.record(), "nap", None);
/// assert_eq!(naps.work().median(), Some(20_000.0));
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Durations {
    tasks: Vec<TaskDuration>,
    /// From the first spawning to the last end, in microseconds.
    window_us: u64,
    /// The integral over time of the number of tasks in progress, in microseconds.
    concurrency_us: u64,
    /// The number of tasks that ended, including cancelled ones, and their total time in progress.
    ended: u64,
    ended_work_us: u64,
    begun: u32,
    peak: u32,
    outcomes: OutcomeCounts,
}

/// Little's law for a period in which all tasks begin and end: the average number of tasks in progress is the rate of
/// tasks times the average time of each (Little, "A Proof for the Queuing Formula L = λW", 1961).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LittlesLaw {
    /// Tasks that ended per second: λ.
    pub throughput_per_s: f64,
    /// The average time of a task in progress, in milliseconds: W.
    pub work_ms: f64,
    /// The average number of tasks in progress, integrated over time: L.
    pub concurrency: f64,
}

impl LittlesLaw {
    /// λ × W, which should be the [concurrency](Self::concurrency).
    #[must_use]
    pub fn product(&self) -> f64 {
        self.throughput_per_s * self.work_ms / 1e3
    }

    /// True if both sides agree to 1 %. If they do not, events are missing from the record.
    #[must_use]
    pub fn holds(&self) -> bool {
        (self.product() - self.concurrency).abs() <= 0.01 * self.concurrency.max(self.product())
    }
}

impl Durations {
    /// The durations of all tasks of this kind in a record that were spawned inside `part`, or anywhere if it is
    /// `None`.
    #[must_use]
    pub fn from_record(record: &Record, name: &str, part: Option<TaskId>) -> Self {
        let mut reader = DurationsReader::new(record, name, part);
        record.events().iter().for_each(|event| reader.take(*event));
        reader.durations
    }

    /// The tasks, in the order in which they ended.
    #[must_use]
    pub fn tasks(&self) -> &[TaskDuration] {
        &self.tasks
    }

    /// The times in progress, in microseconds.
    #[must_use]
    pub fn work(&self) -> Summary {
        Summary::from_sample(self.tasks.iter().map(|task| task.work_us() as f64))
    }

    /// The total times, including time in the queue, in microseconds.
    #[must_use]
    pub fn total(&self) -> Summary {
        Summary::from_sample(self.tasks.iter().map(|task| task.total_us as f64))
    }

    /// True if any task was in a queue for longer than the page needs to start one.
    #[must_use]
    pub fn has_queue(&self) -> bool {
        const NOTICEABLE_US: u64 = 5_000;
        self.tasks.iter().any(|task| task.queued_us > NOTICEABLE_US)
    }

    /// The number of tasks that a block of the event loop may have delayed.
    #[must_use]
    pub fn blocked(&self) -> usize {
        self.tasks.iter().filter(|task| task.is_blocked).count()
    }

    /// The tasks that no block of the event loop can have delayed.
    #[must_use]
    pub fn unblocked(&self) -> Self {
        let tasks = self.tasks.iter().filter(|task| !task.is_blocked).copied().collect();
        Self { tasks, ..*self }
    }

    /// The maximum number of tasks in progress at once.
    #[must_use]
    pub fn peak(&self) -> u32 {
        self.peak
    }

    /// The number of tasks that left the queue, for their first poll or with a permit, before they ended.
    #[must_use]
    pub fn begun(&self) -> u32 {
        self.begun
    }

    /// The outcomes of the tasks, including cancelled ones.
    #[must_use]
    pub fn outcomes(&self) -> OutcomeCounts {
        self.outcomes
    }

    /// Both sides of Little's law. Returns `None` if no task has ended or no time has passed.
    #[must_use]
    pub fn littles_law(&self) -> Option<LittlesLaw> {
        let window_us = Some(self.window_us as f64).filter(|us| *us > 0.0)?;
        let ended = Some(self.ended as f64).filter(|ended| *ended > 0.0)?;
        Some(LittlesLaw {
            throughput_per_s: ended / window_us * 1e6,
            work_ms: self.ended_work_us as f64 / ended / 1e3,
            concurrency: self.concurrency_us as f64 / window_us,
        })
    }
}

/// Reads the events in order.
struct DurationsReader {
    /// When the event loop was blocked.
    blocks: Vec<Beat>,
    /// The times of each task of the record, or `None` if the task does not have the name.
    times: Vec<Option<TaskTimes>>,
    in_progress: u64,
    first_us: Option<u64>,
    last_us: u64,
    durations: Durations,
}

#[derive(Clone, Copy, Default)]
struct TaskTimes {
    spawned_us: u64,
    queued_us: u64,
    /// The time at which it entered the queue, if it is in one.
    queued_since_us: Option<u64>,
    /// The number of permits that it waits for.
    waits: u32,
}

impl DurationsReader {
    fn new(record: &Record, name: &str, part: Option<TaskId>) -> Self {
        let is_selected = |(index, task): (usize, &crate::measure::Task)| {
            let is_selected = task.name.kind() == name && record.is_within(Some(TaskId::at(index)), part);
            is_selected.then(TaskTimes::default)
        };
        let times = record.tasks().iter().enumerate().map(is_selected).collect();
        let blocks = record.beats().iter().filter(|beat| beat.is_blocked()).copied().collect();
        Self { blocks, times, in_progress: 0, first_us: None, last_us: 0, durations: Durations::default() }
    }

    fn take(&mut self, Event { at_us, task, kind }: Event) {
        let Some(mut times) = self.times[task.index()] else { return };
        match kind {
            EventKind::Spawned => {
                self.first_us.get_or_insert(at_us);
                times = TaskTimes { spawned_us: at_us, queued_since_us: Some(at_us), ..times };
            }
            EventKind::PollStarted => self.leave_queue(&mut times, at_us),
            EventKind::Granted | EventKind::LeftQueue => {
                times.waits -= 1;
                self.leave_queue(&mut times, at_us);
            }
            // Not earlier: a task that enters a queue in its first poll was never in progress.
            EventKind::PollEnded(_) => self.note_peak(),
            EventKind::Ready | EventKind::Sent | EventKind::FirstByte | EventKind::Chunk => {}
            EventKind::Queued => {
                times.waits += 1;
                if times.queued_since_us.is_none() {
                    self.count(at_us);
                    self.in_progress -= 1;
                    times.queued_since_us = Some(at_us);
                }
            }
            EventKind::Ended(outcome) => {
                self.durations.outcomes.add(outcome);
                if times.queued_since_us.is_none() {
                    self.durations.begun += 1;
                    self.note_peak();
                }
                times.waits = 0;
                self.leave_queue(&mut times, at_us);
                self.count(at_us);
                self.in_progress -= 1;
                self.durations.ended += 1;
                self.durations.ended_work_us += at_us - times.spawned_us - times.queued_us;
                if outcome != Outcome::Cancelled {
                    self.note(task, times, at_us, outcome);
                }
            }
        }
        self.times[task.index()] = Some(times);
    }

    fn leave_queue(&mut self, times: &mut TaskTimes, at_us: u64) {
        if times.waits > 0 {
            return;
        }
        if let Some(since_us) = times.queued_since_us.take() {
            times.queued_us += at_us - since_us;
            self.count(at_us);
            self.in_progress += 1;
        }
    }

    fn note_peak(&mut self) {
        self.durations.peak = self.durations.peak.max(self.in_progress as u32);
    }

    /// Adds the time since the last change of the number of tasks in progress.
    fn count(&mut self, at_us: u64) {
        self.durations.concurrency_us += self.in_progress * (at_us - self.last_us);
        self.last_us = at_us;
        self.durations.window_us = at_us - self.first_us.unwrap_or(at_us);
    }

    fn note(&mut self, task: TaskId, times: TaskTimes, at_us: u64, outcome: Outcome) {
        let lives_through = |beat: &Beat| beat.due_us < at_us && beat.at_us > times.spawned_us;
        self.durations.tasks.push(TaskDuration {
            task,
            ended_us: at_us,
            outcome,
            total_us: at_us - times.spawned_us,
            queued_us: times.queued_us,
            is_blocked: self.blocks.iter().any(lives_through),
        });
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;
    use std::time::Duration;

    use futures::future::{join_all, select};
    use proptest::prelude::*;

    use super::*;
    use crate::runtime::Run;
    use crate::runtime::virtual_time::block_on;
    use crate::test_support::{hold, ms};

    /// Runs tasks with a limit, and cancels the rest after `patience_ms`.
    fn limited(seed: u64, tasks: usize, most: usize, patience_ms: u64) -> Durations {
        let run = Run::on_virtual_clock(seed);
        let limit = run.limit(NonZeroUsize::new(most));
        let work = |n: usize| {
            let (run, limit) = (&run, &limit);
            run.task("work", async move {
                let _permit = limit.acquire().await;
                let ms = run.rng(format_args!("work {n}")).u64(1..100);
                run.sleep(Duration::from_millis(ms)).await;
            })
        };
        let patience = run.sleep(Duration::from_millis(patience_ms));
        drop(block_on(&run, select(join_all((0..tasks).map(work)), patience)).expect("it ends"));
        Durations::from_record(&run.record(), "work", None)
    }

    #[test]
    fn time_in_progress_and_in_the_queue_are_separate() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(1));
        block_on(&run, join_all((0..3).map(|_| run.task("nap", hold(&run, &limit, ms(10)))))).expect("they end");
        let naps = Durations::from_record(&run.record(), "nap", None);
        let times: Vec<_> = naps.tasks().iter().map(|nap| (nap.total_us, nap.queued_us, nap.work_us())).collect();
        assert_eq!(times, [(10_000, 0, 10_000), (20_000, 10_000, 10_000), (30_000, 20_000, 10_000)]);
        assert!(naps.has_queue());
    }

    #[test]
    fn only_tasks_of_the_part_with_the_name_that_were_not_cancelled_count() {
        let run = Run::on_virtual_clock(1);
        let nap = |ms| run.task("nap", run.sleep(Duration::from_millis(ms)));
        let first = run.task("first", async {
            nap(10).await;
            drop(nap(10));
            run.task("other", run.sleep(Duration::from_millis(10))).await;
        });
        block_on(&run, first).expect("it ends");
        block_on(&run, run.task("second", async { nap(70).await })).expect("it ends");
        let record = run.record();
        let of = |part| {
            Durations::from_record(&record, "nap", part).tasks().iter().map(|it| it.total_us).collect::<Vec<_>>()
        };
        assert_eq!(of(Some(TaskId::at(0))), [10_000]);
        assert_eq!(of(None), [10_000, 70_000]);
    }

    #[test]
    fn a_task_during_a_block_is_marked() {
        let mut record = Record::default();
        let spawn = |record: &mut Record, at_us| record.spawn(at_us, "task".into(), None);
        let early = spawn(&mut record, 0);
        record.push(1_000, early, EventKind::Ended(Outcome::Succeeded));
        let late = spawn(&mut record, 30_000);
        record.beat(Beat { due_us: 20_000, at_us: 120_000 });
        record.push(130_000, late, EventKind::Ended(Outcome::Succeeded));
        let durations = Durations::from_record(&record, "task", None);
        assert_eq!(durations.tasks().iter().map(|it| it.is_blocked).collect::<Vec<_>>(), [false, true]);
        assert_eq!((durations.blocked(), durations.unblocked().tasks().len()), (1, 1));
    }

    #[test]
    fn there_is_no_law_without_tasks() {
        assert_eq!(Durations::default().littles_law(), None);
    }

    #[test]
    fn a_full_limit_keeps_as_many_in_progress_as_it_allows() {
        let law = limited(7, 4_000, 8, 1_000_000).littles_law().expect("they took time");
        assert!(law.holds());
        assert!((7.9..=8.0).contains(&law.concurrency), "{law:?}");
    }

    proptest! {
        #[test]
        fn littles_law_holds_for_every_record(
            seed: u64, tasks in 1..60usize, most in 1..10usize, patience_ms in 1..1_000u64,
        ) {
            let law = limited(seed, tasks, most, patience_ms).littles_law().expect("they took time");
            prop_assert!((law.product() - law.concurrency).abs() < 1e-9 * tasks as f64, "{:?}", law);
            prop_assert!(law.concurrency <= most as f64 + 1e-9);
        }

        #[test]
        fn the_peak_is_the_limit_or_the_number_of_tasks(seed: u64, tasks in 0..60usize, most in 1..70usize) {
            prop_assert_eq!(limited(seed, tasks, most, 1_000_000).peak() as usize, most.min(tasks));
        }
    }
}
