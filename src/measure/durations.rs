//! How long the tasks of one kind took: the sample behind percentiles and histogram, and a check of the record against
//! itself.

use crate::measure::events::{Event, EventKind, Outcome, Record, TaskId};
use crate::measure::heartbeat::Beat;
use crate::measure::metrics::OutcomeCounts;
use crate::measure::statistics::Summary;

/// One task that came to its end by itself. What was cancelled has no duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskDuration {
    /// The task.
    pub task: TaskId,
    /// When it ended, in microseconds since the run's start.
    pub ended_us: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// From its spawning to its end, in microseconds: what whoever waits for it feels.
    pub total_us: u64,
    /// How much of that it stood in a queue, for its first turn or for a permit.
    pub queued_us: u64,
    /// Whether the event loop was blocked while the task lived, so that it may have been made late.
    pub is_blocked: bool,
}

impl TaskDuration {
    /// How long it was at work, in microseconds.
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
    /// The sum over all instants of how many were at work, in microseconds.
    concurrency_us: u64,
    /// How many ended, cancelled ones included, and how long they were at work together.
    ended: u64,
    ended_work_us: u64,
    begun: u32,
    peak: u32,
    outcomes: OutcomeCounts,
}

/// Little's law for a stretch of time in which all tasks begin and end: how many are at work on average is how many
/// come per second times how long each takes (Little, "A Proof for the Queuing Formula L = λW", 1961).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LittlesLaw {
    /// Tasks that ended per second: λ.
    pub throughput_per_s: f64,
    /// How long a task was at work on average, in milliseconds: W.
    pub work_ms: f64,
    /// How many were at work on average, counted instant by instant: L.
    pub concurrency: f64,
}

impl LittlesLaw {
    /// λ × W, which should be the [concurrency](Self::concurrency).
    #[must_use]
    pub fn product(&self) -> f64 {
        self.throughput_per_s * self.work_ms / 1e3
    }

    /// Whether both sides agree, to 1 %. If they do not, the record has lost something.
    #[must_use]
    pub fn holds(&self) -> bool {
        (self.product() - self.concurrency).abs() <= 0.01 * self.concurrency.max(self.product())
    }
}

impl Durations {
    /// Reads them from a record: all tasks of this name that were made inside `part`, or anywhere.
    #[must_use]
    pub fn from_record(record: &Record, name: &str, part: Option<TaskId>) -> Self {
        let mut reader = DurationsReader::new(record, name, part);
        record.events().iter().for_each(|event| reader.take(*event));
        reader.durations
    }

    /// The tasks, in the order of their ends.
    #[must_use]
    pub fn tasks(&self) -> &[TaskDuration] {
        &self.tasks
    }

    /// How long they were at work, in microseconds.
    #[must_use]
    pub fn work(&self) -> Summary {
        Summary::from_sample(self.tasks.iter().map(|task| task.work_us() as f64))
    }

    /// How long they lasted with their time in the queue, in microseconds.
    #[must_use]
    pub fn total(&self) -> Summary {
        Summary::from_sample(self.tasks.iter().map(|task| task.total_us as f64))
    }

    /// Whether any of them stood in a queue for longer than the page takes to begin.
    #[must_use]
    pub fn has_queue(&self) -> bool {
        const WORTH_TELLING_US: u64 = 5_000;
        self.tasks.iter().any(|task| task.queued_us > WORTH_TELLING_US)
    }

    /// How many may have been made late by a block of the event loop.
    #[must_use]
    pub fn blocked(&self) -> usize {
        self.tasks.iter().filter(|task| task.is_blocked).count()
    }

    /// Those that no block of the event loop can have made late.
    #[must_use]
    pub fn unblocked(&self) -> Self {
        let tasks = self.tasks.iter().filter(|task| !task.is_blocked).copied().collect();
        Self { tasks, ..*self }
    }

    /// The most that were at work at once.
    #[must_use]
    pub fn peak(&self) -> u32 {
        self.peak
    }

    /// How many came out of the queue, for their first turn or with a permit, before they ended.
    #[must_use]
    pub fn begun(&self) -> u32 {
        self.begun
    }

    /// How they ended, cancelled ones included.
    #[must_use]
    pub fn outcomes(&self) -> OutcomeCounts {
        self.outcomes
    }

    /// The record held against itself. None before there is a stretch of time with tasks in it.
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

/// Goes through the events in time.
struct DurationsReader {
    /// When the event loop was blocked.
    blocks: Vec<Beat>,
    /// For each task of the record: where it stands, if it is one of those that are looked for.
    times: Vec<Option<TaskTimes>>,
    at_work: u64,
    first_us: Option<u64>,
    last_us: u64,
    durations: Durations,
}

#[derive(Clone, Copy, Default)]
struct TaskTimes {
    spawned_us: u64,
    queued_us: u64,
    /// Since when it stands in a queue, if it does.
    queued_since_us: Option<u64>,
    /// For how many permits it waits.
    waits: u32,
}

impl DurationsReader {
    fn new(record: &Record, name: &str, part: Option<TaskId>) -> Self {
        let is_meant = |(index, task): (usize, &crate::measure::Task)| {
            let is_meant = task.name == name && record.is_within(Some(TaskId::at(index)), part);
            is_meant.then(TaskTimes::default)
        };
        let times = record.tasks().iter().enumerate().map(is_meant).collect();
        let blocks = record.beats().iter().filter(|beat| beat.is_blocked()).copied().collect();
        Self { blocks, times, at_work: 0, first_us: None, last_us: 0, durations: Durations::default() }
    }

    fn take(&mut self, Event { at_us, task, kind }: Event) {
        let Some(mut times) = self.times[task.index()] else { return };
        match kind {
            EventKind::Spawned => {
                self.first_us.get_or_insert(at_us);
                times = TaskTimes { spawned_us: at_us, queued_since_us: Some(at_us), ..times };
            }
            EventKind::PollStarted => self.leave_queue(&mut times, at_us),
            EventKind::Granted | EventKind::GaveUp => {
                times.waits -= 1;
                self.leave_queue(&mut times, at_us);
            }
            // Not before: a task whose first step is to stand in a queue was never at work.
            EventKind::PollEnded => self.note_peak(),
            EventKind::Queued => {
                times.waits += 1;
                if times.queued_since_us.is_none() {
                    self.count(at_us);
                    self.at_work -= 1;
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
                self.at_work -= 1;
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
            self.at_work += 1;
        }
    }

    fn note_peak(&mut self) {
        self.durations.peak = self.durations.peak.max(self.at_work as u32);
    }

    /// Adds up who was at work since the last time that somebody came or went.
    fn count(&mut self, at_us: u64) {
        self.durations.concurrency_us += self.at_work * (at_us - self.last_us);
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

    /// The rest is cancelled when patience ends.
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
    fn work_and_queue_are_told_apart() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(1));
        let nap = || async {
            let _permit = limit.acquire().await;
            run.sleep(Duration::from_millis(10)).await;
        };
        block_on(&run, join_all((0..3).map(|_| run.task("nap", nap())))).expect("they end");
        let naps = Durations::from_record(&run.record(), "nap", None);
        let times: Vec<_> = naps.tasks().iter().map(|nap| (nap.total_us, nap.queued_us, nap.work_us())).collect();
        assert_eq!(times, [(10_000, 0, 10_000), (20_000, 10_000, 10_000), (30_000, 20_000, 10_000)]);
        assert!(naps.has_queue());
    }

    #[test]
    fn only_the_named_tasks_of_the_part_count_and_no_cancelled_ones() {
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
    fn a_task_that_lived_through_a_block_is_marked() {
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
    fn nothing_has_no_law() {
        assert_eq!(Durations::default().littles_law(), None);
    }

    #[test]
    fn a_full_limit_keeps_as_many_at_work_as_it_lets_through() {
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
        fn the_peak_is_the_limit_or_all_of_them(seed: u64, tasks in 0..60usize, most in 1..70usize) {
            prop_assert_eq!(limited(seed, tasks, most, 1_000_000).peak() as usize, most.min(tasks));
        }
    }
}
