//! A record as columns. A hundred thousand tasks have half a million events; as objects, they would repeat the names of
//! their fields half a million times.

use std::borrow::Cow;
use std::collections::HashMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::numbers::{Numbers, NumbersText};
use crate::measure::event_letters::{kinds_by_letter, letter};
use crate::measure::units::count;
use crate::measure::untrusted::{Impossible, Untrusted, check_waits, known_wait, within_a_day};
use crate::measure::waits::Waits;
use crate::measure::{ClockKind, Event, EventKind, Level, LogLine, Record, Task, TaskId, TaskName};

/// A record, column by column. Tasks are numbered from 1 in the order of spawning. A long column is a `C`: a list when it
/// is written, and the text of the file when it is read.
#[derive(Serialize, Deserialize)]
pub(super) struct Columns<C> {
    /// The kinds of the tasks, without duplicates: their names without the numbers.
    names: Vec<Rc<str>>,
    tasks: Tasks<C>,
    events: Events<C>,
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
struct Tasks<C> {
    /// The index of each task's kind, counted from 0.
    name: C,
    /// The number in each task's name plus one; 0 for none. Omitted if none has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<C>,
    /// The number of the task inside which each was created; 0 for none.
    parent: C,
}

#[derive(Serialize, Deserialize)]
struct Events<C> {
    /// The time between each event and the previous one.
    after_us: C,
    task: C,
    /// One letter for each event.
    kind: String,
    /// For each end of a poll, the number of its wait; 0 for none. Omitted if none has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    wait: Option<C>,
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

/// The reason a record cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RecordError {
    /// Columns that belong together differ in length.
    #[error("the columns of `{of}` differ in length")]
    Uneven {
        /// The object that they are in.
        of: &'static str,
    },
    /// A column contains something else than whole numbers.
    #[error("`{of}` is not a list of whole numbers")]
    NotNumbers {
        /// The column.
        of: &'static str,
    },
    /// A task has a name that does not exist.
    #[error("task {} has no name", count(*task as u64))]
    NoName {
        /// The task's number.
        task: usize,
    },
    /// A letter is not a kind of event.
    #[error("`{letter}` is not a kind of event")]
    NoKind {
        /// The letter.
        letter: char,
    },
    /// An event, wait, heartbeat or log line is not possible.
    #[error(transparent)]
    Impossible(#[from] Impossible),
    /// Tasks were never spawned.
    #[error("{} tasks are listed, but {} were spawned", count(*listed as u64), count(*spawned as u64))]
    NotSpawned {
        /// The number of tasks.
        listed: usize,
        /// The number of spawned tasks.
        spawned: usize,
    },
}

impl Columns<Vec<u64>> {
    pub(super) fn from_record(record: &Record) -> Self {
        let (names, name) = names(record);
        let parent = record.tasks().iter().map(|task| number(task.parent) as u64).collect();
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
                task: record.events().iter().map(|event| number(Some(event.task)) as u64).collect(),
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
}

impl<'a> Columns<NumbersText<'a>> {
    /// The record, or the first error in it. Version 1 did not state the clock; then it was `clock`. `lists` were cut out of
    /// the file.
    pub(super) fn into_record(self, clock: ClockKind, lists: &[&'a str]) -> Result<Record, RecordError> {
        let record = Record::new(self.clock.unwrap_or(clock)).with_waits(self.waits);
        let mut reading = Reading::new(self.names, &self.tasks, lists, record);
        reading.take_events(&self.events, lists)?;
        reading.take_beats(self.beats)?;
        reading.take_log(self.log)?;
        let mut record = reading.record;
        if let Some(at_us) = self.hidden_at_us {
            record.mark_hidden(within_a_day(at_us, "hidden_at_us")?);
        }
        if self.has_simulated_parts {
            record.mark_simulated();
        }
        check_waits(&record, 0)?;
        Ok(record)
    }
}

/// A record under construction. It reads the columns number by number: as lists they would take more memory than the
/// record.
struct Reading<'a> {
    names: Vec<Rc<str>>,
    /// The columns of the tasks that are not spawned yet.
    name: Numbers<'a, usize>,
    number: Option<Numbers<'a, u32>>,
    parent: Numbers<'a, usize>,
    untrusted: Untrusted,
    record: Record,
}

/// The columns of the events that were not read yet.
struct EventsLeft<'a> {
    after_us: Numbers<'a, u64>,
    task: Numbers<'a, usize>,
    wait: Option<Numbers<'a, usize>>,
}

impl<'a> Reading<'a> {
    fn new(names: Vec<Rc<str>>, tasks: &Tasks<NumbersText<'a>>, lists: &[&'a str], record: Record) -> Self {
        Self {
            names,
            name: tasks.name.numbers("tasks.name", lists),
            number: tasks.number.map(|text| text.numbers("tasks.number", lists)),
            parent: tasks.parent.numbers("tasks.parent", lists),
            untrusted: Untrusted::default(),
            record,
        }
    }

    fn take_events(&mut self, events: &Events<NumbersText<'a>>, lists: &[&'a str]) -> Result<(), RecordError> {
        let letters = events.kind.as_bytes();
        if !letters.is_ascii()
            && let Some(letter) = events.kind.chars().find(|letter| !letter.is_ascii())
        {
            return Err(RecordError::NoKind { letter });
        }
        let spawned = letters.iter().filter(|letter| **letter == b's').count();
        self.record.reserve(spawned, letters.len());
        self.untrusted.reserve(spawned);
        let kinds = kinds_by_letter();
        let mut left = EventsLeft {
            after_us: events.after_us.numbers("events.after_us", lists),
            task: events.task.numbers("events.task", lists),
            wait: events.wait.map(|text| text.numbers("events.wait", lists)),
        };
        // In blocks, as in `Record::blocks_after`.
        letters.chunks(4_096).try_for_each(|letters| self.take_block(letters, &kinds, &mut left))?;
        let EventsLeft { after_us, task, wait } = left;
        if after_us.is_over() && task.is_over() && wait.is_none_or(|wait| wait.is_over()) {
            self.refuse_unspawned()
        } else {
            Err(RecordError::Uneven { of: "events" })
        }
    }

    #[inline(never)]
    fn take_block(
        &mut self,
        letters: &[u8],
        kinds: &[Option<EventKind>; 128],
        left: &mut EventsLeft<'_>,
    ) -> Result<(), RecordError> {
        let uneven = RecordError::Uneven { of: "events" };
        let mut at_us = self.record.end_us();
        for letter in letters {
            let (Some(after_us), Some(task)) = (left.after_us.take()?, left.task.take()?) else { return Err(uneven) };
            at_us = at_us.saturating_add(after_us);
            let kind = kinds[usize::from(*letter)].ok_or(RecordError::NoKind { letter: (*letter).into() })?;
            match kind {
                EventKind::Spawned => self.spawn(at_us, task)?,
                EventKind::PollEnded(_) => {
                    let wait = left.wait.as_mut().map(Numbers::take).transpose()?;
                    let wait = wait.map_or(Ok(0), |wait| wait.ok_or(uneven.clone()))?;
                    let kind = EventKind::PollEnded(known_wait(&self.record, wait)?);
                    self.untrusted.push(&mut self.record, at_us, task, kind)?;
                }
                _ => self.untrusted.push(&mut self.record, at_us, task, kind)?,
            }
        }
        Ok(())
    }

    fn spawn(&mut self, at_us: u64, task: usize) -> Result<(), RecordError> {
        let name = self.name.take()?.ok_or(Impossible::NoTask { of: "events", task })?;
        let uneven = RecordError::Uneven { of: "tasks" };
        let parent = self.parent.take()?.ok_or(uneven.clone())?;
        let number = match &mut self.number {
            Some(numbers) => numbers.take()?.ok_or(uneven)?.checked_sub(1),
            None => None,
        };
        let kind = Rc::clone(self.names.get(name).ok_or(RecordError::NoName { task })?);
        let name = TaskName::with_shared_kind(kind, number);
        self.untrusted.spawn(&mut self.record, at_us, task, name, parent)?;
        Ok(())
    }

    /// Refuses tasks that are listed but were not spawned.
    fn refuse_unspawned(&mut self) -> Result<(), RecordError> {
        let spawned = self.untrusted.tasks();
        let mut listed = spawned;
        while self.name.take()?.is_some() {
            listed += 1;
        }
        if listed > spawned {
            return Err(RecordError::NotSpawned { listed, spawned });
        }
        let is_even = self.parent.is_over() && self.number.as_ref().is_none_or(Numbers::is_over);
        if is_even { Ok(()) } else { Err(RecordError::Uneven { of: "tasks" }) }
    }

    fn take_beats(&mut self, beats: Beats) -> Result<(), RecordError> {
        if beats.due_us.len() != beats.late_us.len() {
            return Err(RecordError::Uneven { of: "beats" });
        }
        for (due_us, late_us) in beats.due_us.into_iter().zip(beats.late_us) {
            self.untrusted.beat(&mut self.record, due_us, late_us)?;
        }
        Ok(())
    }

    fn take_log(&mut self, log: Vec<Line>) -> Result<(), RecordError> {
        for Line { at_us, task, level, text } in log {
            self.untrusted.log(&mut self.record, LogLine { at_us, task: None, level, text }, task)?;
        }
        Ok(())
    }
}

/// The names of a record's tasks without duplicates, and the index of each task's name among them.
fn names(record: &Record) -> (Vec<Rc<str>>, Vec<u64>) {
    let mut names = Vec::new();
    let mut places = HashMap::new();
    let mut place = |name| {
        *places.entry(name).or_insert_with(|| {
            names.push(Rc::from(name));
            names.len() as u64 - 1
        })
    };
    let of_tasks = record.tasks().iter().map(|task| place(task.name.kind())).collect();
    (names, of_tasks)
}

/// The number in each task's name plus one; 0 for none. `None` if there is none at all.
fn task_numbers(record: &Record) -> Option<Vec<u64>> {
    let number = |task: &Task| task.name.number().map_or(0, |number| u64::from(number) + 1);
    unless_all_zero(record.tasks().iter().map(number).collect())
}

/// For each end of a poll, the number of its wait; 0 for none. `None` if there is none at all.
fn wait_numbers(record: &Record) -> Option<Vec<u64>> {
    let number = |event: &Event| match event.kind {
        EventKind::PollEnded(wait) => Some(wait.index().map_or(0, |index| index as u64 + 1)),
        _ => None,
    };
    unless_all_zero(record.events().iter().filter_map(number).collect())
}

fn unless_all_zero(numbers: Vec<u64>) -> Option<Vec<u64>> {
    numbers.iter().any(|number| *number > 0).then_some(numbers)
}

/// A task's number in the file; 0 for none.
fn number(task: Option<TaskId>) -> usize {
    task.map_or(0, |task| task.index() + 1)
}
