//! The tasks of each row of the timeline, sorted so that a frame reads only the rows and the times that are visible.
//!
//! The tasks of a row follow each other, so the changes of a row in chronological order are a sequence of periods, in
//! each of which one task is in one phase, or none is there. [`Rows`] stores the changes row by row. A record grows in
//! chronological order, so its latest changes are not sorted yet; they are sorted when they are a quarter as many as
//! the others, which takes constant time for each change on average.

use std::ops::Range;

use crate::measure::segments::{Change, Phase};
use crate::measure::task_id::TaskId;

/// At least this many changes are sorted at once.
const LEAST_SORTED: usize = 4_096;

/// The changes of all rows.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// For each row, the place in `sorted` at which its changes begin; then the end of the last.
    starts: Vec<u32>,
    sorted: Vec<Change>,
    /// The rows and the changes that are not sorted yet.
    latest: Vec<(u32, Change)>,
}

impl Rows {
    /// Takes the next change of a task in this row. Changes must come in chronological order.
    pub fn take(&mut self, row: u32, change: Change) {
        self.latest.push((row, change));
    }

    /// Sorts the latest changes if they are many.
    pub fn sort_if_many(&mut self) {
        if self.latest.len() > LEAST_SORTED.max(self.sorted.len() / 4) {
            self.sort();
        }
    }

    /// A counting sort: each row stays in chronological order.
    fn sort(&mut self) {
        let rows = self.latest.iter().map(|(row, _)| *row as usize + 1).max().unwrap_or(0);
        let old = |row: usize| self.sorted_of(row as u32);
        let rows = rows.max(self.starts.len().saturating_sub(1));
        let mut lengths: Vec<u32> = (0..rows).map(|row| old(row).len() as u32).collect();
        for (row, _) in &self.latest {
            lengths[*row as usize] += 1;
        }
        let mut starts = Vec::with_capacity(rows + 1);
        starts.push(0);
        starts.extend(lengths.iter().scan(0, |end, length| {
            *end += length;
            Some(*end)
        }));
        // Every place is overwritten.
        let Some((_, any)) = self.latest.first() else { return };
        let mut sorted = vec![*any; self.sorted.len() + self.latest.len()];
        let mut ends = lengths;
        for (row, end) in ends.iter_mut().enumerate() {
            let (old, from) = (self.sorted_of(row as u32), starts[row] as usize);
            sorted[from..from + old.len()].copy_from_slice(old);
            *end = (from + old.len()) as u32;
        }
        for (row, change) in self.latest.drain(..) {
            let end = &mut ends[row as usize];
            sorted[*end as usize] = change;
            *end += 1;
        }
        self.latest.shrink_to(LEAST_SORTED);
        (self.starts, self.sorted) = (starts, sorted);
    }

    fn sorted_of(&self, row: u32) -> &[Change] {
        match self.starts.get(row as usize..=row as usize + 1) {
            Some(&[from, to]) => &self.sorted[from as usize..to as usize],
            _ => &[],
        }
    }

    /// These rows, in order.
    #[must_use]
    pub fn rows(&self, range: Range<u32>) -> Vec<Row<'_>> {
        let row = |row| Row { sorted: self.sorted_of(row), latest: Vec::new() };
        let mut rows: Vec<_> = range.clone().map(row).collect();
        for (row, change) in self.latest.iter().filter(|(row, _)| range.contains(row)) {
            rows[(row - range.start) as usize].latest.push(*change);
        }
        rows
    }

    /// The task in a row at a moment, if there is one.
    #[must_use]
    pub fn task_at(&self, row: u32, at_us: u64) -> Option<TaskId> {
        self.rows(row..row + 1).first()?.task_at(at_us)
    }
}

/// The changes of one row.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    sorted: &'a [Change],
    latest: Vec<Change>,
}

/// A period in which a task is in a phase, or a moment too short for a column in which it goes through several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The phase; for several, the one that is drawn on top of the others.
    pub phase: Phase,
    /// Its beginning, in microseconds since the run's start.
    pub from_us: u64,
    /// Its end, in microseconds since the run's start.
    pub to_us: u64,
    /// True if it is shorter than a column.
    is_short: bool,
}

impl Row<'_> {
    /// The task at a moment, if there is one.
    #[must_use]
    pub fn task_at(&self, at_us: u64) -> Option<TaskId> {
        let change = self.get(self.count_until(at_us).checked_sub(1)?)?;
        change.transition().after().map(|_| change.task)
    }

    /// The spans to draw between two times: each period at least as long as a column, then for each column at most two
    /// spans of shorter periods. Times are microseconds; open periods last until `now_us`.
    #[must_use]
    pub fn spans(&self, from_us: f64, to_us: f64, column_us: f64, now_us: u64) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        let mut next = self.count_until(from_us.max(0.0) as u64).saturating_sub(1);
        while let Some(change) = self.get(next).filter(|change| change.at_us() as f64 <= to_us) {
            let (from, to) = (change.at_us(), self.end_of(next, now_us));
            let is_short = ((to - from) as f64) < column_us;
            let column_end = ((from as f64 / column_us).floor() + 1.0) * column_us;
            // The last change in a column may begin a long period.
            let last = if is_short { self.count_until(column_end.ceil() as u64 - 1) - 1 } else { next };
            let (after, phase) = match last > next {
                true => (last, self.uppermost(next..last, now_us)),
                false => (next + 1, change.transition().after()),
            };
            let to = if last > next { self.end_of(last - 1, now_us) } else { to };
            if let Some(phase) = phase.filter(|_| to > from) {
                match spans.last_mut().filter(|it| is_short && it.is_short && it.phase == phase && it.to_us == from) {
                    Some(before) => before.to_us = to,
                    None => spans.push(Span { phase, from_us: from, to_us: to, is_short }),
                }
            }
            next = after;
        }
        spans
    }

    /// The phase of these periods that is drawn on top. Periods too short for the clock do not count.
    fn uppermost(&self, periods: Range<usize>, now_us: u64) -> Option<Phase> {
        let mut uppermost = None;
        for period in periods {
            let Some(change) = self.get(period) else { break };
            let phase = change.transition().after().filter(|_| self.end_of(period, now_us) > change.at_us());
            match phase {
                // Nothing is above it.
                Some(Phase::Running) => return phase,
                Some(Phase::Waiting) => uppermost = phase,
                Some(Phase::Queued) => uppermost = uppermost.or(phase),
                None => {}
            }
        }
        uppermost
    }

    fn end_of(&self, period: usize, now_us: u64) -> u64 {
        let from_us = self.get(period).map_or(0, Change::at_us);
        self.get(period + 1).map_or(now_us, Change::at_us).max(from_us)
    }

    fn get(&self, index: usize) -> Option<Change> {
        self.sorted.get(index).or_else(|| self.latest.get(index - self.sorted.len())).copied()
    }

    /// The number of changes until a moment.
    fn count_until(&self, at_us: u64) -> usize {
        let count = |changes: &[Change]| changes.partition_point(|change| change.at_us() <= at_us);
        match count(self.sorted) {
            all if all == self.sorted.len() => all + count(&self.latest),
            some => some,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::segments::{Segment, TaskHistories};
    use crate::measure::{EventKind, Outcome, Record};
    use crate::test_support::any_record;

    /// The lanes of a run. The latest changes are sorted after every `every` changes.
    fn lanes(histories: &TaskHistories, every: usize) -> Rows {
        let mut rows = Rows::default();
        for (count, change) in histories.changes().iter().enumerate() {
            rows.take(histories.place(change.task).lane, *change);
            if (count + 1) % every == 0 {
                rows.sort();
            }
        }
        rows
    }

    /// All segments in the order of lanes, then of time.
    fn segments(histories: &TaskHistories, now_us: u64) -> Vec<Segment> {
        let open = histories.open_segments(now_us).filter(|it| it.to_us > it.from_us);
        let mut segments: Vec<_> = histories.segments().into_iter().chain(open).collect();
        segments.sort_by_key(|it| (it.lane, it.from_us));
        segments
    }

    proptest! {
        #[test]
        fn in_short_columns_the_spans_are_the_segments(record in any_record(), every in 1..200_usize) {
            let histories = TaskHistories::from_record(&record);
            let now_us = record.end_us() + 10;
            let rows = lanes(&histories, every);
            let mut drawn = Vec::new();
            for (lane, row) in rows.rows(0..histories.lanes()).iter().enumerate() {
                let spans = row.spans(0.0, now_us as f64, 0.5, now_us);
                drawn.extend(spans.into_iter().map(|it| (lane as u32, it.phase, it.from_us, it.to_us)));
            }
            let expected: Vec<_> =
                segments(&histories, now_us).iter().map(|it| (it.lane, it.phase, it.from_us, it.to_us)).collect();
            prop_assert_eq!(drawn, expected);
        }

        #[test]
        fn in_long_columns_every_segment_is_covered_by_few_spans(
            record in any_record(), every in 1..200_usize, columns in 1..30_u32, from in 0.0..1.0_f64,
        ) {
            let histories = TaskHistories::from_record(&record);
            let now_us = record.end_us().max(1);
            let from_us = from * now_us as f64;
            let column_us = (now_us as f64 - from_us) / f64::from(columns);
            let rows = lanes(&histories, every);
            for (lane, row) in rows.rows(0..histories.lanes()).iter().enumerate() {
                let spans = row.spans(from_us, now_us as f64, column_us, now_us);
                prop_assert!(spans.len() <= 4 * columns as usize + 4, "{spans:?}");
                let of_lane = segments(&histories, now_us).into_iter().filter(|it| it.lane == lane as u32);
                for it in of_lane.filter(|it| it.from_us as f64 >= from_us) {
                    let is_covered = spans.iter().any(|span| span.from_us <= it.from_us && it.to_us <= span.to_us);
                    prop_assert!(is_covered, "{it:?} in {spans:?}");
                }
            }
        }

        #[test]
        fn the_task_at_a_moment_is_the_one_whose_segment_it_is_in(record in any_record(), every in 1..200_usize) {
            let histories = TaskHistories::from_record(&record);
            let now_us = record.end_us() + 10;
            let rows = lanes(&histories, every);
            for segment in segments(&histories, now_us) {
                prop_assert_eq!(rows.task_at(segment.lane, segment.from_us), Some(segment.task));
                prop_assert_eq!(rows.task_at(segment.lane, segment.to_us - 1), Some(segment.task));
            }
            prop_assert_eq!(rows.task_at(histories.lanes(), 0), None);
        }
    }

    #[test]
    fn running_is_on_top_of_what_shares_its_column() {
        let mut record = Record::default();
        let task = record.spawn(0, "task".into(), None);
        for (at_us, kind) in [(3, EventKind::PollStarted), (4, EventKind::PENDING), (9, EventKind::PollStarted)] {
            record.push(at_us, task, kind);
        }
        record.push(9, task, EventKind::Ended(Outcome::Succeeded));
        let histories = TaskHistories::from_record(&record);
        let rows = lanes(&histories, 100);
        let spans = rows.rows(0..1)[0].spans(0.0, 100.0, 10.0, 100);
        assert_eq!(spans, [Span { phase: Phase::Running, from_us: 0, to_us: 9, is_short: true }]);
    }
}
