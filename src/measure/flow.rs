//! The work of the stages of a pipeline, read from the record: when each stage worked on each batch, how long it waited
//! for input and for space in its queue, and how many batches were in the queues.
//!
//! The record has a part with a task for the work on each batch. If the stages run concurrently, each is a task of its
//! own inside the part. Its work is between the tasks `take` and `put`, which wait at the queues.

mod depth;
mod rate;
mod reader;
mod scale;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::measure::events::Record;
use crate::measure::requests::per_second;
use crate::measure::spans::Span;

pub use depth::QueueDepth;
pub use rate::rates;
use reader::FlowReader;
pub use scale::{Scale, Strip};

/// The names by which a stage is found in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StageSpec {
    /// Its name on the page.
    pub name: &'static str,
    /// The name of the task that processes one batch after the other, if stages run concurrently.
    pub task: &'static str,
    /// The name of the tasks that each work on one batch.
    pub work: &'static str,
    /// The number of samples in a batch. The last may have fewer.
    pub batch_size: u32,
}

/// The work of a stage on one batch. Times are microseconds since the run's start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// When it began.
    pub from_us: u64,
    /// When it ended.
    pub to_us: u64,
    /// The number of samples in the batch.
    pub samples: u32,
}

/// The work of one stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stage {
    /// Its name on the page.
    pub name: Cow<'static, str>,
    /// Its work on each batch, in order.
    pub works: Vec<Work>,
    /// The number of tasks that process batches concurrently, at least 1.
    pub servers: u32,
    /// The time that it waited for a batch, in microseconds, summed over its servers.
    pub waited_for_input_us: u64,
    /// The time that it waited for space in the next queue, in microseconds, summed over its servers.
    pub waited_for_room_us: u64,
}

impl Stage {
    /// The time that it worked, in microseconds, summed over its servers.
    #[must_use]
    pub fn busy_us(&self) -> u64 {
        self.works.iter().map(|work| work.to_us - work.from_us).sum()
    }
}

/// One run of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flow {
    /// The name of its root task.
    pub part: Cow<'static, str>,
    /// Its name on the page.
    pub name: Cow<'static, str>,
    /// When it began, in microseconds since the run's start.
    pub from_us: u64,
    /// Its duration in microseconds.
    pub length_us: u64,
    /// The number of samples that it processed.
    pub samples: u32,
    /// Its stages, the first one first.
    pub stages: Vec<Stage>,
    /// The queues between them, if there are any: one fewer than there are stages.
    pub queues: Vec<QueueDepth>,
    /// The maximum number of samples that were loaded but not finished.
    pub most_under_way: u32,
}

impl Flow {
    /// Reads the part of this name, which processed `samples` samples. Returns `None` if it did not succeed.
    #[must_use]
    pub fn new(
        record: &Record,
        part: &'static str,
        name: &'static str,
        samples: u32,
        stages: &[StageSpec],
    ) -> Option<Self> {
        let span = Span::named(record, part)?;
        let length_us = span.length_us()?;
        let mut reader = FlowReader::new(record, span.task, samples, stages);
        record.events().iter().for_each(|event| reader.take(*event));
        Some(Self {
            part: part.into(),
            name: name.into(),
            from_us: span.from_us,
            length_us,
            samples,
            queues: reader.queues(),
            most_under_way: reader.most_under_way,
            stages: reader.stages,
        })
    }

    /// The number of samples per second. Returns `None` if no time has passed.
    #[must_use]
    pub fn per_s(&self) -> Option<f64> {
        per_second(self.samples as usize, self.length_us)
    }

    /// The share of the whole time that a stage worked, from 0 to 1; 0 if no time has passed.
    #[must_use]
    pub fn share(&self, stage: &Stage) -> f64 {
        stage.busy_us() as f64 / (self.length_us * u64::from(stage.servers)).max(1) as f64
    }

    /// The time that a stage did not work, in microseconds, summed over its servers.
    #[must_use]
    pub fn idle_us(&self, stage: &Stage) -> u64 {
        (self.length_us * u64::from(stage.servers)).saturating_sub(stage.busy_us())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{EventKind, Outcome, TaskId};

    const STAGES: [StageSpec; 2] = [
        StageSpec { name: "Make", task: "maker", work: "make", batch_size: 4 },
        StageSpec { name: "Use", task: "user", work: "use", batch_size: 4 },
    ];

    /// A record to which tasks are added, and the part that contains them.
    struct Script(Record, TaskId);

    impl Script {
        fn begin() -> Self {
            let mut record = Record::default();
            let part = record.spawn(0, "part".into(), None);
            Self(record, part)
        }

        fn spawn(&mut self, at_us: u64, name: &'static str, parent: Option<TaskId>) -> TaskId {
            self.0.spawn(at_us, name.into(), parent.or(Some(self.1)))
        }

        fn task(&mut self, name: &'static str, parent: Option<TaskId>, from_us: u64, to_us: u64) {
            let task = self.spawn(from_us, name, parent);
            self.end(to_us, task);
        }

        fn end(&mut self, at_us: u64, task: TaskId) {
            self.0.push(at_us, task, EventKind::Ended(Outcome::Succeeded));
        }

        fn flow(mut self, at_us: u64, samples: u32) -> Flow {
            let part = self.1;
            self.end(at_us, part);
            Flow::new(&self.0, "part", "Part", samples, &STAGES).expect("it succeeded")
        }
    }

    #[test]
    fn sequential_stages_have_work_and_no_queues() {
        let mut script = Script::begin();
        for (name, from_us, to_us) in [("make", 0, 10), ("make", 10, 20), ("use", 20, 50), ("use", 50, 80)] {
            script.task(name, None, from_us, to_us);
        }
        let flow = script.flow(80, 7);
        let works: Vec<_> = flow.stages[1].works.iter().map(|work| (work.from_us, work.to_us, work.samples)).collect();
        assert_eq!(works, [(20, 50, 4), (50, 80, 3)], "the last batch has the remaining samples");
        assert_eq!(flow.stages.iter().map(Stage::busy_us).collect::<Vec<_>>(), [20, 60]);
        assert_eq!((flow.share(&flow.stages[0]), flow.idle_us(&flow.stages[0])), (0.25, 60));
        assert_eq!((flow.queues.len(), flow.most_under_way), (0, 7));
    }

    #[test]
    fn waits_at_a_queue_and_its_depth_are_measured() {
        let mut script = Script::begin();
        let maker = script.spawn(0, "maker", None);
        let user = script.spawn(0, "user", None);
        let take = script.spawn(0, "take", Some(user));
        script.task("make", Some(maker), 0, 10);
        script.task("put", Some(maker), 10, 10);
        script.end(10, take);
        let work = script.spawn(10, "use", Some(user));
        script.task("make", Some(maker), 10, 20);
        script.task("put", Some(maker), 20, 20);
        script.task("make", Some(maker), 20, 30);
        let put = script.spawn(30, "put", Some(maker));
        script.end(60, work);
        script.task("take", Some(user), 60, 60);
        script.end(60, put);
        let flow = script.flow(100, 12);
        let waits = |at: usize| (flow.stages[at].waited_for_input_us, flow.stages[at].waited_for_room_us);
        assert_eq!((waits(0), waits(1)), ((0, 30), (10, 0)));
        assert_eq!(flow.queues[0].changes, [(10, 1), (10, 0), (20, 1), (60, 0), (60, 1)]);
        assert_eq!((flow.queues[0].peak(), flow.most_under_way), (1, 12));
    }

    #[test]
    fn the_last_take_from_a_closed_queue_takes_nothing() {
        let mut script = Script::begin();
        let user = script.spawn(0, "user", None);
        script.task("take", Some(user), 0, 30);
        let flow = script.flow(30, 0);
        assert!(flow.queues.is_empty());
        assert_eq!((flow.per_s(), flow.stages[1].waited_for_input_us), (Some(0.0), 30));
    }

    #[test]
    fn a_stage_of_two_servers_is_fully_busy_if_both_work() {
        let mut script = Script::begin();
        for _ in 0..2 {
            let user = script.spawn(0, "user", None);
            script.task("use", Some(user), 0, 100);
        }
        let flow = script.flow(100, 8);
        assert_eq!((flow.stages[1].servers, flow.share(&flow.stages[1])), (2, 1.0));
    }

    #[test]
    fn a_cancelled_part_has_no_flow() {
        let mut record = Record::default();
        let part = record.spawn(0, "part".into(), None);
        record.push(5, part, EventKind::Ended(Outcome::Cancelled));
        assert_eq!(Flow::new(&record, "part", "Part", 0, &STAGES), None);
    }
}
