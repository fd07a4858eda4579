//! The time that a task waited in each place.

use std::cmp::Reverse;
use std::ops::RangeInclusive;

use crate::measure::events::{Event, EventKind, Record};
use crate::measure::task_id::TaskId;
use crate::measure::waits::{Awaited, ObjectKind, Wait, WaitId, Waits};

/// The time that a task waited in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitTime<'a> {
    /// The place.
    pub wait: &'a Wait,
    /// The sum of its waits there, in microseconds.
    pub total_us: u64,
}

impl<'a> WaitTime<'a> {
    /// The places in which a task has waited during its lifetime, the longest time first. The lifetime is from when it was
    /// spawned until it ended, or until now, in microseconds. Places of which nothing is known are left out.
    #[must_use]
    pub fn of_task(record: &'a Record, task: TaskId, lifetime_us: RangeInclusive<u64>) -> Vec<Self> {
        let mut sums = Sums::default();
        // A long run has many events before and after this task.
        let events = record.events();
        let from = events.partition_point(|event| event.at_us < *lifetime_us.start());
        let during = events[from..].iter().take_while(|event| event.at_us <= *lifetime_us.end());
        for event in during.filter(|event| event.task == task) {
            sums.take(record.waits(), event);
        }
        sums.into_times(record.waits(), *lifetime_us.end())
    }

    /// The same for each of these tasks. Each is listed once.
    #[must_use]
    pub fn of_tasks(record: &'a Record, tasks: &[TaskId], now_us: u64) -> Vec<Vec<Self>> {
        let mut sums: Vec<_> = tasks.iter().map(|_| Sums::default()).collect();
        let mut places = vec![None; record.tasks().len()];
        for (place, task) in tasks.iter().enumerate() {
            places[task.index()] = Some(place);
        }
        for event in record.events() {
            if let Some(place) = places[event.task.index()] {
                sums[place].take(record.waits(), event);
            }
        }
        sums.into_iter().map(|sums| sums.into_times(record.waits(), now_us)).collect()
    }
}

/// A wait of a task that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndedWait {
    /// The place.
    pub wait: WaitId,
    /// Its beginning, in microseconds since the run's start.
    pub from_us: u64,
    /// Its end, in microseconds since the run's start.
    pub to_us: u64,
}

impl EndedWait {
    /// Its duration in microseconds.
    #[must_use]
    pub fn us(&self) -> u64 {
        self.to_us.saturating_sub(self.from_us)
    }
}

/// The wait of a task that has not ended, if there is one: the place, and its beginning in microseconds since the run's
/// start. It follows the events of one task.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenWait(pub Option<(WaitId, u64)>);

impl OpenWait {
    /// Takes the next event of the task. Returns the wait that it ends, if any.
    pub fn take(&mut self, event: &Event) -> Option<EndedWait> {
        match event.kind {
            EventKind::PollEnded(wait) => {
                let ended = self.end(event.at_us);
                self.0 = Some((wait, event.at_us));
                ended
            }
            EventKind::PollStarted | EventKind::Ended(_) => self.end(event.at_us),
            _ => None,
        }
    }

    /// Ends the wait now. Returns it.
    pub fn end(&mut self, at_us: u64) -> Option<EndedWait> {
        self.0.take().map(|(wait, from_us)| EndedWait { wait, from_us, to_us: at_us })
    }
}

/// The waits of one task, added up.
#[derive(Default)]
struct Sums<'a> {
    times: Vec<WaitTime<'a>>,
    open: OpenWait,
}

impl<'a> Sums<'a> {
    fn take(&mut self, waits: &'a Waits, event: &Event) {
        if let Some(ended) = self.open.take(event) {
            self.add(waits, ended);
        }
    }

    fn add(&mut self, waits: &'a Waits, ended: EndedWait) {
        let Some(wait) = waits.get(ended.wait) else { return };
        match self.times.iter_mut().find(|time| time.wait == wait) {
            Some(time) => time.total_us += ended.us(),
            None => self.times.push(WaitTime { wait, total_us: ended.us() }),
        }
    }

    fn into_times(mut self, waits: &'a Waits, now_us: u64) -> Vec<WaitTime<'a>> {
        if let Some(ended) = self.open.end(now_us) {
            self.add(waits, ended);
        }
        self.times.sort_by_key(|time| Reverse(time.total_us));
        self.times
    }
}

impl Wait {
    /// A description of the wait, such as "for a permit on line 36 of `async_multiple.rs`".
    #[must_use]
    pub fn words(&self, waits: &Waits) -> String {
        self.with_place(waits, |place| format!("on {place}"))
    }

    /// The same, a little shorter: "for a permit (line 36 of `async_multiple.rs`)".
    #[must_use]
    pub fn words_in_short(&self, waits: &Waits) -> String {
        self.with_place(waits, |place| format!("({place})"))
    }

    fn with_place(&self, waits: &Waits, in_words: impl Fn(String) -> String) -> String {
        let awaited = self.awaited.as_ref().map(|awaited| format!("for {}", awaited.words(waits)));
        let line = self.line.and_then(|line| {
            let path = &waits.sources().get(line.source)?.path;
            let name = path.rsplit('/').next().unwrap_or(path);
            Some(in_words(format!("line {} of {name}", line.line)))
        });
        [awaited, line].into_iter().flatten().collect::<Vec<_>>().join(" ")
    }
}

impl Awaited {
    fn words(&self, waits: &Waits) -> String {
        let text = match self {
            Self::Timer => "a timer",
            Self::Subtasks => "its subtasks",
            Self::Tasks(tasks) if tasks.len() == 1 => "another task",
            Self::Tasks(_) => "other tasks",
            Self::Object(index) => match waits.objects().get(*index).map(|object| object.kind) {
                Some(ObjectKind::Semaphore) => "a permit",
                Some(ObjectKind::Queue) => "a queue",
                Some(ObjectKind::Lock) => "a lock",
                Some(ObjectKind::Event) => "an event",
                Some(ObjectKind::Condition) => "a condition",
                Some(ObjectKind::Barrier) => "a barrier",
                Some(ObjectKind::Future) | None => "a future",
            },
            Self::Response => "a response",
            Self::File => "a file",
            Self::Worker => "a worker",
        };
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use futures::future::join;

    use super::*;
    use crate::runtime::Run;
    use crate::runtime::virtual_time::block_on;
    use crate::test_support::ms;

    #[test]
    fn the_waits_of_a_task_are_added_up_by_place() {
        let run = Run::on_virtual_clock(1);
        let limit = run.limit(NonZeroUsize::new(1));
        let base = line!();
        let nap = || async {
            let _permit = limit.acquire().await;
            for _ in 0..2 {
                run.sleep(ms(10)).await;
            }
        };
        block_on(&run, join(run.task("first", nap()), run.task("second", nap()))).expect("they end");
        let record = run.record();
        let times = |task| {
            let times = WaitTime::of_task(&record, TaskId::at(task), 0..=40_000).into_iter();
            times.map(|time| (time.total_us, time.wait.words(record.waits()))).collect::<Vec<_>>()
        };
        let timer = format!("for a timer on line {} of wait_times.rs", base + 4);
        let permit = format!("for a permit on line {} of wait_times.rs", base + 2);
        assert_eq!(times(0), [(20_000, timer.clone())]);
        assert_eq!(times(1), [(20_000, permit), (20_000, timer)]);
        let wait = &record.waits().list()[0];
        assert_eq!(wait.words_in_short(record.waits()), format!("for a timer (line {} of wait_times.rs)", base + 4));
        let all: Vec<_> = (0..2).rev().map(|task| WaitTime::of_task(&record, TaskId::at(task), 0..=40_000)).collect();
        assert_eq!(WaitTime::of_tasks(&record, &[TaskId::at(1), TaskId::at(0)], 40_000), all);
    }

    #[test]
    fn a_wait_that_has_not_ended_counts_until_now() {
        let mut record = Record::default();
        let wait = record.waits_mut().add(Wait { line: None, awaited: Some(Awaited::File) });
        let task = record.spawn(0, "read".into(), None);
        record.push(0, task, EventKind::PollStarted);
        record.push(10, task, EventKind::PollEnded(wait));
        let times = WaitTime::of_task(&record, task, 0..=50);
        assert_eq!(
            (times.len(), times[0].total_us, times[0].wait.words(record.waits())),
            (1, 40, "for a file".to_owned())
        );
    }
}
