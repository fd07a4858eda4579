//! A record as columns. A hundred thousand tasks have half a million events; as objects, they would repeat the names of
//! their fields half a million times.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::LONGEST_US;
use super::error::longest;
use super::numbers::numbers;
use super::waits;
use crate::measure::heartbeat::Beat;
use crate::measure::units::count;
use crate::measure::waits::{WaitId, Waits};
use crate::measure::{ClockKind, Event, EventKind, Level, LogLine, Outcome, Record, Task, TaskId, TaskName};

/// A record, column by column. Tasks are numbered from 1 in the order of spawning.
#[derive(Serialize, Deserialize)]
pub(super) struct Columns {
    /// The kinds of the tasks, without duplicates: their names without the numbers.
    names: Vec<Rc<str>>,
    tasks: Tasks,
    events: Events,
    beats: Beats,
    log: Vec<Line>,
    hidden_at_us: Option<u64>,
    clock: Option<ClockKind>,
    #[serde(default)]
    has_simulated_parts: bool,
    #[serde(default, skip_serializing_if = "Waits::is_empty")]
    waits: Waits,
}

#[derive(Serialize, Deserialize)]
struct Tasks {
    /// The index of each task's kind, counted from 0.
    #[serde(deserialize_with = "numbers")]
    name: Vec<usize>,
    /// The number in each task's name plus one; 0 for none. Empty if none has one.
    #[serde(default, deserialize_with = "numbers", skip_serializing_if = "Vec::is_empty")]
    number: Vec<u32>,
    /// The number of the task inside which each was created; 0 for none.
    #[serde(deserialize_with = "numbers")]
    parent: Vec<usize>,
}

#[derive(Serialize, Deserialize)]
struct Events {
    /// The time between each event and the previous one.
    #[serde(deserialize_with = "numbers")]
    after_us: Vec<u64>,
    #[serde(deserialize_with = "numbers")]
    task: Vec<usize>,
    /// One letter for each event.
    kind: String,
    /// For each end of a poll, the number of its wait; 0 for none. Empty if none has one.
    #[serde(default, deserialize_with = "numbers", skip_serializing_if = "Vec::is_empty")]
    wait: Vec<usize>,
}

#[derive(Serialize, Deserialize)]
struct Beats {
    due_us: Vec<u64>,
    late_us: Vec<u64>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    at_us: u64,
    task: Option<usize>,
    level: Level,
    text: Cow<'static, str>,
}

/// Why a record is not possible.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Columns that belong together differ in length.
    #[error("the columns of `{of}` differ in length")]
    Uneven {
        /// The object that they are in.
        of: &'static str,
    },
    /// A task has a name that does not exist.
    #[error("task {} has no name", count(*task as u64))]
    NoName {
        /// The task's number.
        task: usize,
    },
    /// A task was created inside a task that did not exist.
    #[error("task {} was created inside task {}, which did not exist", count(*task as u64), count(*parent as u64))]
    NoParent {
        /// The task's number.
        task: usize,
        /// The number of the other task.
        parent: usize,
    },
    /// A task that does not exist is mentioned.
    #[error("`{of}` mentions task {}, which does not exist", count(*task as u64))]
    NoTask {
        /// The column.
        of: &'static str,
        /// The number of the task.
        task: usize,
    },
    /// A letter is no kind of event.
    #[error("`{letter}` is not a kind of event")]
    NoKind {
        /// The letter.
        letter: char,
    },
    /// An event is not possible at its position.
    #[error("event {} cannot happen to task {}: {why}", count(*event as u64), count(*task as u64))]
    OutOfTurn {
        /// The event, counted from 1.
        event: usize,
        /// The task's number.
        task: usize,
        /// The reason.
        why: &'static str,
    },
    /// Tasks were never spawned.
    #[error("{} tasks are listed, but {} were spawned", count(*listed as u64), count(*spawned as u64))]
    NotSpawned {
        /// The number of tasks.
        listed: usize,
        /// The number of spawned tasks.
        spawned: usize,
    },
    /// A wait refers to a file, object or line that is not possible.
    #[error("wait {} refers to {to}, which does not exist", count(*wait as u64))]
    BadWait {
        /// The wait, counted from 1.
        wait: usize,
        /// What it refers to.
        to: &'static str,
    },
    /// The end of a poll refers to a wait that does not exist.
    #[error("`events` refers to wait {}, which does not exist", count(*wait as u64))]
    NoWait {
        /// The number of the wait.
        wait: usize,
    },
    /// Time goes backwards.
    #[error("the times of `{of}` are not in order")]
    Backwards {
        /// The column.
        of: &'static str,
    },
    /// A time is too long.
    #[error("`{of}` contains a time longer than {}", longest())]
    TooLong {
        /// The column.
        of: &'static str,
    },
}

impl Columns {
    pub(super) fn from_record(record: &Record) -> Self {
        let (names, name) = names(record);
        let parent = record.tasks().iter().map(|task| number(task.parent)).collect();
        let mut before_us = 0;
        let after_us = record
            .events()
            .iter()
            .map(|event| event.at_us.saturating_sub(std::mem::replace(&mut before_us, event.at_us)));
        let line = |line: &LogLine| Line {
            at_us: line.at_us,
            task: line.task.map(|task| number(Some(task))),
            level: line.level,
            text: line.text.clone(),
        };
        Self {
            names,
            tasks: Tasks { name, number: task_numbers(record), parent },
            events: Events {
                after_us: after_us.collect(),
                task: record.events().iter().map(|event| number(Some(event.task))).collect(),
                kind: record.events().iter().map(|event| letter(event.kind)).collect(),
                wait: wait_numbers(record),
            },
            beats: Beats {
                due_us: record.beats().iter().map(|beat| beat.due_us).collect(),
                late_us: record.beats().iter().map(|beat| beat.lag_us()).collect(),
            },
            log: record.log_lines().iter().map(line).collect(),
            hidden_at_us: record.hidden_at_us(),
            clock: Some(record.clock()),
            has_simulated_parts: record.has_simulated_parts(),
            waits: record.waits().clone(),
        }
    }

    /// The record, or the first error in it. Version 1 did not state the clock; then it was `clock`.
    pub(super) fn into_record(self, clock: ClockKind) -> Result<Record, RecordError> {
        let Self { names, tasks, events, beats, log, hidden_at_us, .. } = self;
        let record = Record::new(self.clock.unwrap_or(clock)).with_waits(self.waits);
        let mut reading = Reading::new(names, tasks, record)?;
        reading.take_events(events)?;
        reading.take_beats(beats)?;
        reading.take_log(log)?;
        if let Some(at_us) = hidden_at_us {
            reading.record.mark_hidden(within_a_day(at_us, "hidden_at_us")?);
        }
        if self.has_simulated_parts {
            reading.record.mark_simulated();
        }
        waits::check(&reading.record)?;
        Ok(reading.record)
    }
}

/// A record under construction.
struct Reading {
    names: Vec<Rc<str>>,
    tasks: Tasks,
    /// For each spawned task, what can happen to it; `None` after its end.
    states: Vec<Option<State>>,
    record: Record,
}

/// A task that has not ended.
#[derive(Clone, Copy, Default)]
struct State {
    /// The number of permits that it waits for.
    queued: u32,
    has_sent: bool,
}

impl Reading {
    fn new(names: Vec<Rc<str>>, tasks: Tasks, record: Record) -> Result<Self, RecordError> {
        let has_numbers = !tasks.number.is_empty();
        if tasks.name.len() != tasks.parent.len() || has_numbers && tasks.name.len() != tasks.number.len() {
            return Err(RecordError::Uneven { of: "tasks" });
        }
        Ok(Self { names, tasks, states: Vec::new(), record })
    }

    fn take_events(&mut self, events: Events) -> Result<(), RecordError> {
        let Events { after_us, task, kind, wait } = events;
        if after_us.len() != task.len() || task.len() != kind.chars().count() {
            return Err(RecordError::Uneven { of: "events" });
        }
        if let Some(letter) = kind.chars().find(|letter| !letter.is_ascii()) {
            return Err(RecordError::NoKind { letter });
        }
        self.record.reserve(self.tasks.name.len(), task.len());
        self.states.reserve(self.tasks.name.len());
        let kinds = kinds_by_letter();
        let mut waits = wait.into_iter();
        // In blocks, as in `Record::blocks_after`.
        const BLOCK: usize = 4_096;
        let columns = after_us.chunks(BLOCK).zip(task.chunks(BLOCK)).zip(kind.as_bytes().chunks(BLOCK));
        for ((after_us, task), letters) in columns {
            self.take_block(after_us, task, letters, &kinds, &mut waits)?;
        }
        if waits.next().is_some() {
            return Err(RecordError::Uneven { of: "events" });
        }
        let (listed, spawned) = (self.tasks.name.len(), self.states.len());
        if listed == spawned { Ok(()) } else { Err(RecordError::NotSpawned { listed, spawned }) }
    }

    #[inline(never)]
    fn take_block(
        &mut self,
        after_us: &[u64],
        task: &[usize],
        letters: &[u8],
        kinds: &[Option<EventKind>; 128],
        waits: &mut impl Iterator<Item = usize>,
    ) -> Result<(), RecordError> {
        let mut at_us = self.record.end_us();
        for ((after_us, task), letter) in after_us.iter().zip(task).zip(letters) {
            at_us = within_a_day(at_us.saturating_add(*after_us), "events")?;
            let (place, task) = (self.record.events().len(), *task);
            let letter = *letter;
            let kind = kinds[usize::from(letter)].ok_or(RecordError::NoKind { letter: letter.into() })?;
            let out_of_turn = |why| RecordError::OutOfTurn { event: place + 1, task, why };
            match kind {
                EventKind::Spawned => self.spawn(at_us, task, out_of_turn)?,
                EventKind::PollEnded(_) => {
                    let wait = self.known_wait(waits.next().unwrap_or(0))?;
                    self.push(at_us, task, EventKind::PollEnded(wait), out_of_turn)?;
                }
                _ => self.push(at_us, task, kind, out_of_turn)?,
            }
        }
        Ok(())
    }

    fn spawn(
        &mut self,
        at_us: u64,
        task: usize,
        out_of_turn: impl Fn(&'static str) -> RecordError,
    ) -> Result<(), RecordError> {
        if task != self.states.len() + 1 {
            return Err(out_of_turn("tasks are numbered in the order of spawning"));
        }
        let (Some(name), Some(parent)) = (self.tasks.name.get(task - 1), self.tasks.parent.get(task - 1)) else {
            return Err(RecordError::NoTask { of: "events", task });
        };
        let kind = Rc::clone(self.names.get(*name).ok_or(RecordError::NoName { task })?);
        let number = self.tasks.number.get(task - 1).and_then(|number| number.checked_sub(1));
        // So no task is its own ancestor, either.
        if *parent >= task {
            return Err(RecordError::NoParent { task, parent: *parent });
        }
        self.record.spawn(at_us, TaskName::with_shared_kind(kind, number), parent.checked_sub(1).map(TaskId::at));
        self.states.push(Some(State::default()));
        Ok(())
    }

    fn push(
        &mut self,
        at_us: u64,
        task: usize,
        kind: EventKind,
        out_of_turn: impl Fn(&'static str) -> RecordError,
    ) -> Result<(), RecordError> {
        let id = self.known(task, "events")?;
        let state = self.states[id.index()].ok_or_else(|| out_of_turn("it has already ended"))?;
        self.states[id.index()] = match kind {
            EventKind::Queued => Some(State { queued: state.queued + 1, ..state }),
            EventKind::Granted | EventKind::GaveUp => {
                let queued =
                    state.queued.checked_sub(1).ok_or_else(|| out_of_turn("it is not waiting for a permit"))?;
                Some(State { queued, ..state })
            }
            EventKind::Sent => Some(State { has_sent: true, ..state }),
            EventKind::FirstByte | EventKind::Chunk if !state.has_sent => {
                return Err(out_of_turn("it has not sent a request"));
            }
            EventKind::Ended(_) => None,
            EventKind::Spawned
            | EventKind::PollStarted
            | EventKind::PollEnded(_)
            | EventKind::Ready
            | EventKind::FirstByte
            | EventKind::Chunk => Some(state),
        };
        self.record.push(at_us, id, kind);
        Ok(())
    }

    fn take_beats(&mut self, beats: Beats) -> Result<(), RecordError> {
        if beats.due_us.len() != beats.late_us.len() {
            return Err(RecordError::Uneven { of: "beats" });
        }
        for (due_us, late_us) in beats.due_us.into_iter().zip(beats.late_us) {
            let at_us = within_a_day(due_us.saturating_add(late_us), "beats")?;
            if self.record.beats().last().is_some_and(|last| at_us < last.at_us) {
                return Err(RecordError::Backwards { of: "beats" });
            }
            self.record.beat(Beat { due_us, at_us });
        }
        Ok(())
    }

    fn take_log(&mut self, log: Vec<Line>) -> Result<(), RecordError> {
        for Line { at_us, task, level, text } in log {
            let at_us = within_a_day(at_us, "log")?;
            if self.record.log_lines().last().is_some_and(|last| at_us < last.at_us) {
                return Err(RecordError::Backwards { of: "log" });
            }
            let task = task.map(|task| self.known(task, "log")).transpose()?;
            self.record.log(LogLine { at_us, task, level, text });
        }
        Ok(())
    }

    /// The wait of this number, if it is in the file; 0 for none.
    fn known_wait(&self, number: usize) -> Result<WaitId, RecordError> {
        let Some(index) = number.checked_sub(1) else { return Ok(WaitId::UNKNOWN) };
        let is_known = index < self.record.waits().list().len();
        if is_known { Ok(WaitId::at(index)) } else { Err(RecordError::NoWait { wait: number }) }
    }

    /// The task of this number, if it was spawned.
    fn known(&self, task: usize, of: &'static str) -> Result<TaskId, RecordError> {
        let index = task.checked_sub(1).filter(|index| *index < self.states.len());
        index.map(TaskId::at).ok_or(RecordError::NoTask { of, task })
    }
}

fn within_a_day(us: u64, of: &'static str) -> Result<u64, RecordError> {
    if us > LONGEST_US { Err(RecordError::TooLong { of }) } else { Ok(us) }
}

/// The names of a record's tasks without duplicates, and the index of each task's name among them.
fn names(record: &Record) -> (Vec<Rc<str>>, Vec<usize>) {
    let mut names = Vec::new();
    let mut places = HashMap::new();
    let mut place = |name| {
        *places.entry(name).or_insert_with(|| {
            names.push(Rc::from(name));
            names.len() - 1
        })
    };
    let of_tasks = record.tasks().iter().map(|task| place(task.name.kind())).collect();
    (names, of_tasks)
}

/// The number in each task's name plus one; 0 for none. Empty if there is none at all.
fn task_numbers(record: &Record) -> Vec<u32> {
    let number = |task: &Task| task.name.number().map_or(0, |number| number + 1);
    let numbers: Vec<_> = record.tasks().iter().map(number).collect();
    if numbers.iter().all(|number| *number == 0) { Vec::new() } else { numbers }
}

/// For each end of a poll, the number of its wait; 0 for none. Empty if there is none at all.
fn wait_numbers(record: &Record) -> Vec<usize> {
    let number = |event: &Event| match event.kind {
        EventKind::PollEnded(wait) => Some(wait.index().map_or(0, |index| index + 1)),
        _ => None,
    };
    let numbers: Vec<_> = record.events().iter().filter_map(number).collect();
    if numbers.iter().all(|number| *number == 0) { Vec::new() } else { numbers }
}

/// A task's number in the file; 0 for none.
fn number(task: Option<TaskId>) -> usize {
    task.map_or(0, |task| task.index() + 1)
}

/// The letter for each kind of event.
fn letter(kind: EventKind) -> char {
    match kind {
        EventKind::Spawned => 's',
        EventKind::PollStarted => '(',
        EventKind::PollEnded(_) => ')',
        EventKind::Ready => 'r',
        EventKind::Queued => 'q',
        EventKind::Granted => 'g',
        EventKind::GaveUp => 'u',
        EventKind::Sent => '>',
        EventKind::FirstByte => '<',
        EventKind::Chunk => 'c',
        EventKind::Ended(Outcome::Succeeded) => 'S',
        EventKind::Ended(Outcome::Failed) => 'F',
        EventKind::Ended(Outcome::TimedOut) => 'T',
        EventKind::Ended(Outcome::Cancelled) => 'C',
        EventKind::Ended(Outcome::Retried) => 'R',
    }
}

/// The kind of event for each letter, which is below 128.
fn kinds_by_letter() -> [Option<EventKind>; 128] {
    let others = [
        EventKind::Spawned,
        EventKind::PollStarted,
        EventKind::PENDING,
        EventKind::Ready,
        EventKind::Queued,
        EventKind::Granted,
        EventKind::GaveUp,
        EventKind::Sent,
        EventKind::FirstByte,
        EventKind::Chunk,
    ];
    let mut kinds = [None; 128];
    for kind in others.into_iter().chain(Outcome::ALL.map(EventKind::Ended)) {
        kinds[letter(kind) as usize] = Some(kind);
    }
    kinds
}
