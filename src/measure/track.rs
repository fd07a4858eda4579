//! An index of one part of a run, for drawing: it is built once and grows with the record, so that the time for a frame
//! depends on what is visible and not on the number of tasks.

use crate::measure::activity::Activity;
use crate::measure::events::Outcome;
use crate::measure::rows::Rows;
use crate::measure::segments::{Change, TaskHistories};
use crate::measure::task_id::TaskId;

/// The tasks of a track.
#[derive(Clone, Debug)]
pub enum Content {
    /// The number of tasks in each phase over time.
    Shape(Activity),
    /// Each task in its row.
    Rows(Rows),
}

impl Content {
    fn is_shape(&self) -> bool {
        matches!(self, Self::Shape(_))
    }

    fn empty(is_shape: bool) -> Self {
        if is_shape { Self::Shape(Activity::default()) } else { Self::Rows(Rows::default()) }
    }
}

/// The tasks inside a root task, or all tasks of a run.
#[derive(Clone, Debug)]
pub struct Track {
    /// The root task; `None` for all tasks.
    root: Option<TaskId>,
    content: Content,
    /// The tasks that ended with each outcome, in the order in which they ended. Success is not drawn, and left out.
    ended: [Vec<TaskId>; Outcome::ALL.len()],
    changes_read: usize,
    /// True if the root task had a row when the changes were read.
    has_root: bool,
}

impl Track {
    fn new(root: Option<TaskId>, is_shape: bool) -> Self {
        Self { root, content: Content::empty(is_shape), ended: Default::default(), changes_read: 0, has_root: true }
    }

    /// The tasks.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// Reads the changes since the last call. It must be the same run each time.
    fn read(&mut self, histories: &TaskHistories) {
        let has_root = self.root.is_none_or(|root| histories.has_row(root));
        if self.has_root && !has_root {
            // The first subtask has taken the row of the root task, whose changes were read.
            *self = Self { has_root, ..Self::new(self.root, self.content.is_shape()) };
        }
        // In blocks, as in `Record::blocks_after`.
        histories.changes()[self.changes_read..].chunks(4_096).for_each(|changes| self.take_all(histories, changes));
        self.changes_read = histories.changes().len();
        if let Content::Rows(rows) = &mut self.content {
            rows.sort_if_many();
        }
    }

    #[inline(never)]
    fn take_all(&mut self, histories: &TaskHistories, changes: &[Change]) {
        for change in changes {
            if let Some(row) = histories.row_in(self.root, change.task) {
                self.take(histories, row, *change);
            }
        }
    }

    fn take(&mut self, histories: &TaskHistories, row: u32, change: Change) {
        match &mut self.content {
            Content::Shape(activity) => activity.take(change.transition()),
            Content::Rows(rows) => rows.take(row, change),
        }
        if change.transition().after().is_none()
            && let Some((_, outcome)) = histories.task(change.task).end
            && outcome != Outcome::Succeeded
        {
            self.ended[outcome as usize].push(change.task);
        }
    }

    /// The tasks that ended with an outcome other than success between two times, in the order in which they ended.
    #[must_use]
    pub fn ended(&self, histories: &TaskHistories, outcome: Outcome, from_us: f64, to_us: f64) -> &[TaskId] {
        let ended = &self.ended[outcome as usize];
        let from = ended.partition_point(|task| end_us(histories, *task) < from_us);
        let to = ended.partition_point(|task| end_us(histories, *task) <= to_us);
        &ended[from..to.max(from)]
    }

    /// The same, but of those that ended within the same `column_us` only the first.
    #[must_use]
    pub fn ended_by_column(
        &self,
        histories: &TaskHistories,
        outcome: Outcome,
        [from_us, to_us]: [f64; 2],
        column_us: f64,
    ) -> Vec<TaskId> {
        let mut rest = self.ended(histories, outcome, from_us, to_us);
        let mut first = Vec::new();
        while let Some(task) = rest.first() {
            first.push(*task);
            let next_us = end_us(histories, *task) + column_us;
            rest = &rest[rest.partition_point(|task| end_us(histories, *task) < next_us)..];
        }
        first
    }
}

fn end_us(histories: &TaskHistories, task: TaskId) -> f64 {
    histories.task(task).end.map_or(f64::INFINITY, |(at_us, _)| at_us as f64)
}

/// The tracks of a run that have been drawn.
#[derive(Clone, Debug, Default)]
pub struct Tracks(Vec<Track>);

impl Tracks {
    /// Brings a track up to date before it is drawn. `root` is `None` for all tasks of the run.
    pub fn read(&mut self, histories: &TaskHistories, root: Option<TaskId>, is_shape: bool) {
        let place = self.place(root, is_shape).unwrap_or_else(|| {
            self.0.push(Track::new(root, is_shape));
            self.0.len() - 1
        });
        self.0[place].read(histories);
    }

    /// A track that was read.
    #[must_use]
    pub fn get(&self, root: Option<TaskId>, is_shape: bool) -> Option<&Track> {
        self.place(root, is_shape).map(|place| &self.0[place])
    }

    fn place(&self, root: Option<TaskId>, is_shape: bool) -> Option<usize> {
        self.0.iter().position(|track| track.root == root && track.content.is_shape() == is_shape)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::segments::Phase;
    use crate::measure::{EventKind, Record};
    use crate::test_support::any_record;

    fn means(tracks: &Tracks, root: Option<TaskId>, now_us: u64) -> [Vec<f64>; Phase::ALL.len()] {
        match tracks.get(root, true).map(Track::content) {
            Some(Content::Shape(activity)) => activity.means(0.0, now_us as f64, 7, now_us),
            other => panic!("{other:?} is not a shape"),
        }
    }

    proptest! {
        #[test]
        fn a_track_that_grows_is_the_same_as_one_of_the_whole_record(record in any_record()) {
            let root = Some(TaskId::at(0));
            let now_us = record.end_us();
            let whole = TaskHistories::from_record(&record);
            let mut expected = Tracks::default();
            expected.read(&whole, root, true);

            let (mut growing, mut histories, mut tracks) =
                (Record::default(), TaskHistories::default(), Tracks::default());
            for event in record.events() {
                match event.kind {
                    EventKind::Spawned => {
                        let task = record.task(event.task);
                        growing.spawn(event.at_us, task.name.clone(), task.parent);
                    }
                    kind => growing.push(event.at_us, event.task, kind),
                }
                histories.read(&growing);
                tracks.read(&histories, root, true);
            }
            prop_assert_eq!(means(&tracks, root, now_us), means(&expected, root, now_us));
        }
    }

    #[test]
    fn a_track_has_the_tasks_inside_its_root_task_only() {
        let mut record = Record::default();
        let [root, other] = ["root", "other"].map(|name| record.spawn(0, name.into(), None));
        record.spawn(0, "inner".into(), Some(root));
        record.spawn(50, "inner".into(), Some(root));
        let histories = TaskHistories::from_record(&record);
        let mut tracks = Tracks::default();
        for root in [Some(root), Some(other), None] {
            tracks.read(&histories, root, true);
        }
        let queued = |root| means(&tracks, root, 70)[Phase::Queued as usize].clone();
        assert_eq!(queued(Some(root)), [1.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0]);
        assert_eq!(queued(Some(other)), [1.0; 7]);
        assert_eq!(queued(None)[0], 3.0, "the run has all of them");
        assert!(tracks.get(Some(root), false).is_none(), "its rows were not read");
    }

    #[test]
    fn failed_tasks_are_found_by_time_and_one_by_column() {
        let mut record = Record::default();
        for at_us in [10, 11, 20, 30] {
            let task = record.spawn(0, "task".into(), None);
            record.push(at_us, task, EventKind::Ended(Outcome::Failed));
        }
        let good = record.spawn(30, "task".into(), None);
        record.push(30, good, EventKind::Ended(Outcome::Succeeded));
        let histories = TaskHistories::from_record(&record);
        let mut tracks = Tracks::default();
        tracks.read(&histories, None, false);
        let track = tracks.get(None, false).expect("it was read");
        let numbers = |tasks: &[TaskId]| tasks.iter().map(|task| task.index()).collect::<Vec<_>>();
        assert_eq!(numbers(track.ended(&histories, Outcome::Failed, 11.0, 20.0)), [1, 2]);
        assert_eq!(numbers(&track.ended_by_column(&histories, Outcome::Failed, [0.0, 40.0], 5.0)), [0, 2, 3]);
        assert!(track.ended(&histories, Outcome::Succeeded, 0.0, 40.0).is_empty());
    }
}
