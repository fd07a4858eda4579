//! Records from outside: of a file, or of a reader's program. Everything that the page relies on is checked before it is
//! added to a record.

use crate::measure::events::{EventKind, LogLine, Record};
use crate::measure::heartbeat::Beat;
use crate::measure::task_id::TaskId;
use crate::measure::task_name::TaskName;
use crate::measure::units::count;
use crate::measure::waits::{Awaited, Wait, WaitId};

/// The maximum of any time in a run, in microseconds: a day. So sums over all tasks of a record cannot overflow.
pub const LONGEST_US: u64 = 86_400_000_000;

/// The reason why something cannot be part of a record. Tasks, events and waits are counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
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
        /// The place of the mention.
        of: &'static str,
        /// The number of the task.
        task: usize,
    },
    /// An event is not possible at its position.
    #[error("event {} cannot happen to task {}: {why}", count(*event as u64), count(*task as u64))]
    OutOfTurn {
        /// The number of the event.
        event: usize,
        /// The task's number.
        task: usize,
        /// The reason.
        why: &'static str,
    },
    /// A wait refers to a file, object or line that is not possible.
    #[error("wait {} refers to {to}, which does not exist", count(*wait as u64))]
    BadWait {
        /// The number of the wait.
        wait: usize,
        /// The missing file, object or line.
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
        /// The list.
        of: &'static str,
    },
    /// A time is too long.
    #[error("`{of}` contains a time longer than {}", longest())]
    TooLong {
        /// The list.
        of: &'static str,
    },
}

/// The maximum of a time, in words.
#[must_use]
pub fn longest() -> String {
    format!("{} hours", LONGEST_US / 3_600_000_000)
}

/// Adds untrusted content to one record, in which nothing else adds tasks.
#[derive(Clone, Debug, Default)]
pub struct Untrusted {
    /// For each task of the record, what can happen to it; `None` after its end.
    states: Vec<Option<State>>,
}

/// A task that has not ended.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// The number of permits that it waits for.
    queued: u32,
    has_sent: bool,
}

impl Untrusted {
    /// Makes room for this many more tasks.
    pub fn reserve(&mut self, tasks: usize) {
        self.states.reserve(tasks);
    }

    /// The number of tasks that were added.
    #[must_use]
    pub fn tasks(&self) -> usize {
        self.states.len()
    }

    /// Adds the task with this number; `parent` is 0 for none.
    ///
    /// # Errors
    ///
    /// If the number is not the next one, or if there is no such parent.
    pub fn spawn(
        &mut self,
        record: &mut Record,
        at_us: u64,
        task: usize,
        name: TaskName,
        parent: usize,
    ) -> Result<(), Impossible> {
        if task != self.states.len() + 1 {
            return Err(out_of_turn(record, task, "tasks are numbered in the order of spawning"));
        }
        // So no task is its own ancestor, either.
        if parent >= task {
            return Err(Impossible::NoParent { task, parent });
        }
        record.spawn(in_order(record, at_us)?, name, parent.checked_sub(1).map(TaskId::at));
        self.states.push(Some(State::default()));
        Ok(())
    }

    /// Adds any other event to the task with this number.
    ///
    /// # Errors
    ///
    /// If it cannot happen to the task now.
    pub fn push(&mut self, record: &mut Record, at_us: u64, task: usize, kind: EventKind) -> Result<(), Impossible> {
        let id = self.known(task, "events")?;
        let Some(state) = self.states[id.index()] else {
            return Err(out_of_turn(record, task, "it has already ended"));
        };
        self.states[id.index()] = match kind {
            EventKind::Spawned => return Err(out_of_turn(record, task, "it exists already")),
            EventKind::Queued => Some(State { queued: state.queued.saturating_add(1), ..state }),
            EventKind::Granted | EventKind::LeftQueue => match state.queued.checked_sub(1) {
                Some(queued) => Some(State { queued, ..state }),
                None => return Err(out_of_turn(record, task, "it is not waiting for a permit")),
            },
            EventKind::Sent => Some(State { has_sent: true, ..state }),
            EventKind::FirstByte | EventKind::Chunk if !state.has_sent => {
                return Err(out_of_turn(record, task, "it has not sent a request"));
            }
            EventKind::Ended(_) => None,
            EventKind::PollStarted
            | EventKind::PollEnded(_)
            | EventKind::Ready
            | EventKind::FirstByte
            | EventKind::Chunk => Some(state),
        };
        record.push(in_order(record, at_us)?, id, kind);
        Ok(())
    }

    /// Adds a heartbeat.
    ///
    /// # Errors
    ///
    /// If it came before an earlier one, or too late.
    pub fn beat(&self, record: &mut Record, due_us: u64, late_us: u64) -> Result<(), Impossible> {
        let at_us = within_a_day(due_us.saturating_add(late_us), "beats")?;
        if record.beats().last().is_some_and(|last| at_us < last.at_us) {
            return Err(Impossible::Backwards { of: "beats" });
        }
        record.beat(Beat { due_us, at_us });
        Ok(())
    }

    /// Adds a line to the log. Its task is set to the task with this number.
    ///
    /// # Errors
    ///
    /// If it was written before an earlier one, or if there is no such task.
    pub fn log(&self, record: &mut Record, line: LogLine, task: Option<usize>) -> Result<(), Impossible> {
        let at_us = within_a_day(line.at_us, "log")?;
        if record.log_lines().last().is_some_and(|last| at_us < last.at_us) {
            return Err(Impossible::Backwards { of: "log" });
        }
        let task = task.map(|task| self.known(task, "log")).transpose()?;
        record.log(LogLine { task, ..line });
        Ok(())
    }

    /// The task with this number, if it was added.
    fn known(&self, task: usize, of: &'static str) -> Result<TaskId, Impossible> {
        let index = task.checked_sub(1).filter(|index| *index < self.states.len());
        index.map(TaskId::at).ok_or(Impossible::NoTask { of, task })
    }
}

fn out_of_turn(record: &Record, task: usize, why: &'static str) -> Impossible {
    Impossible::OutOfTurn { event: record.events().len() + 1, task, why }
}

/// The time of the next event.
fn in_order(record: &Record, at_us: u64) -> Result<u64, Impossible> {
    if at_us < record.end_us() { Err(Impossible::Backwards { of: "events" }) } else { within_a_day(at_us, "events") }
}

/// A time that is not too long. `of` is the list that it is in.
///
/// # Errors
///
/// If it is.
pub fn within_a_day(us: u64, of: &'static str) -> Result<u64, Impossible> {
    if us > LONGEST_US { Err(Impossible::TooLong { of }) } else { Ok(us) }
}

/// The wait with this number, if the record has it; 0 for none.
///
/// # Errors
///
/// If there is no such wait.
pub fn known_wait(record: &Record, number: usize) -> Result<WaitId, Impossible> {
    let Some(index) = number.checked_sub(1) else { return Ok(WaitId::UNKNOWN) };
    let is_known = index < record.waits().list().len();
    if is_known { Ok(WaitId::at(index)) } else { Err(Impossible::NoWait { wait: number }) }
}

/// Checks that everything exists to which a record's waits refer, from the wait at this index on.
///
/// # Errors
///
/// The first wait that refers to something else.
pub fn check_waits(record: &Record, from: usize) -> Result<(), Impossible> {
    let waits = record.waits();
    let fault = |wait: &Wait| {
        let is_source = |source| source < waits.sources().len();
        let is_task = |number: usize| number < record.tasks().len();
        match &wait.awaited {
            _ if wait.line.is_some_and(|line| !is_source(line.source)) => Some("a source file"),
            _ if wait.line.is_some_and(|line| line.line == 0) => Some("line 0"),
            Some(Awaited::Object(index)) if *index >= waits.objects().len() => Some("an object"),
            Some(Awaited::Tasks(tasks)) if !tasks.iter().all(|task| is_task(task.index())) => Some("a task"),
            _ => None,
        }
    };
    let mut faults = waits.list().iter().enumerate().skip(from);
    match faults.find_map(|(index, wait)| Some((index + 1, fault(wait)?))) {
        Some((wait, to)) => Err(Impossible::BadWait { wait, to }),
        None => Ok(()),
    }
}
