//! The parts of a run that are compared: its root tasks, which have no parent.
//!
//! An exercise runs its parts as root tasks, one after another. The duration of each, and its ideal if only its waits
//! took time, are read from two records of the same exercise: one on the browser's clock, one on the virtual clock.

use crate::measure::events::{Event, EventKind, Outcome, Record};
use crate::measure::heartbeat::{frames_missed, longest_lag_us};
use crate::measure::task_id::TaskId;

/// One part of a run.
///
/// ```
/// use std::time::Duration;
/// use interleave::measure::spans::Span;
/// use interleave::runtime::{Run, virtual_time};
///
/// let run = Run::on_virtual_clock(7);
/// virtual_time::block_on(&run, run.task("nap", run.sleep(Duration::from_millis(50))))?;
/// let nap = Span::named(&run.record(), "nap").and_then(|span| span.length_us());
/// assert_eq!(nap, Some(50_000));
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Its root task.
    pub task: TaskId,
    /// When it began, in microseconds since the run's start.
    pub from_us: u64,
    /// When and how it ended, if it has.
    pub end: Option<(u64, Outcome)>,
}

impl Span {
    /// The first root task of that name in a complete record. For a growing record, use [`Spans`].
    #[must_use]
    pub fn named(record: &Record, name: &str) -> Option<Self> {
        Spans::from_record(record).named(record, name)
    }

    /// Its duration, if it succeeded. Otherwise the duration would not be a valid measurement.
    #[must_use]
    pub fn length_us(&self) -> Option<u64> {
        match self.end {
            Some((at_us, Outcome::Succeeded)) => Some(at_us - self.from_us),
            _ => None,
        }
    }

    /// Its duration at `now_us`, even if it has not ended.
    #[must_use]
    pub fn length_so_far_us(&self, now_us: u64) -> u64 {
        self.end.map_or(now_us, |(at_us, _)| at_us).saturating_sub(self.from_us)
    }

    /// The event loop's longest lag during it, in microseconds.
    #[must_use]
    pub fn longest_lag_us(&self, record: &Record) -> Option<u64> {
        let to_us = self.end.map_or(u64::MAX, |(at_us, _)| at_us);
        longest_lag_us(record.beats(), self.from_us, to_us)
    }

    /// The number of frames that the page could not draw during it.
    #[must_use]
    pub fn frames_missed(&self, record: &Record) -> u64 {
        let to_us = self.end.map_or(u64::MAX, |(at_us, _)| at_us);
        frames_missed(record.beats(), self.from_us, to_us)
    }
}

/// All parts of a run, updated as its record grows.
#[derive(Clone, Debug, Default)]
pub struct Spans {
    events_read: usize,
    spans: Vec<Span>,
}

impl Spans {
    /// The parts of a complete record.
    #[must_use]
    pub fn from_record(record: &Record) -> Self {
        let mut spans = Self::default();
        spans.read(record);
        spans
    }

    /// Reads the events since the last call. It must be the same record each time.
    pub fn read(&mut self, record: &Record) {
        record.blocks_after(self.events_read).for_each(|events| self.take(record, events));
        self.events_read = record.events().len();
    }

    #[inline(never)]
    fn take(&mut self, record: &Record, events: &[Event]) {
        for Event { at_us, task, kind } in events.iter().copied() {
            match kind {
                EventKind::Spawned if record.task(task).parent.is_none() => {
                    self.spans.push(Span { task, from_us: at_us, end: None });
                }
                EventKind::Ended(outcome) if record.task(task).parent.is_none() => {
                    if let Ok(place) = self.spans.binary_search_by_key(&task, |span| span.task) {
                        self.spans[place].end = Some((at_us, outcome));
                    }
                }
                _ => {}
            }
        }
    }

    /// The first part of that name. `record` must be the record that was read.
    #[must_use]
    pub fn named(&self, record: &Record, name: &str) -> Option<Span> {
        self.spans.iter().find(|span| record.task(span.task).name.kind() == name).copied()
    }
}

/// The speed-up of `length_us` relative to `baseline_us`. Returns `None` if either is zero.
#[must_use]
pub fn speed_up(baseline_us: u64, length_us: u64) -> Option<f64> {
    (baseline_us > 0 && length_us > 0).then(|| baseline_us as f64 / length_us as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_found_by_the_name_of_its_root_task() {
        let mut record = Record::default();
        let outer = record.spawn(10, "outer".into(), None);
        let inner = record.spawn(20, "inner".into(), Some(outer));
        record.push(30, inner, EventKind::Ended(Outcome::Succeeded));
        let open = Span::named(&record, "outer").expect("there is such a root task");
        assert_eq!((open.length_us(), open.length_so_far_us(50)), (None, 40));

        record.push(60, outer, EventKind::Ended(Outcome::Succeeded));
        assert_eq!(Span::named(&record, "outer").and_then(|span| span.length_us()), Some(50));
        assert_eq!(Span::named(&record, "inner"), None, "it is not a root task");
    }

    #[test]
    fn reading_a_growing_record_gives_the_same_as_reading_it_whole() {
        let mut record = Record::default();
        let mut growing = Spans::default();
        for name in ["first", "second"] {
            let task = record.spawn(10, name.into(), None);
            growing.read(&record);
            record.push(20, task, EventKind::Ended(Outcome::Succeeded));
            growing.read(&record);
        }
        for name in ["first", "second", "third"] {
            assert_eq!(growing.named(&record, name), Span::named(&record, name), "{name}");
        }
    }

    #[test]
    fn a_cancelled_span_has_no_length() {
        let mut record = Record::default();
        let task = record.spawn(0, "task".into(), None);
        record.push(5, task, EventKind::Ended(Outcome::Cancelled));
        assert_eq!(Span::named(&record, "task").and_then(|span| span.length_us()), None);
    }

    #[test]
    fn a_speed_up_needs_two_lengths() {
        assert_eq!(speed_up(900, 600), Some(1.5));
        assert_eq!(speed_up(0, 600), None);
        assert_eq!(speed_up(900, 0), None);
    }
}
