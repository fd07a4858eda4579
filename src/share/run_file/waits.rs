//! Checks what a record's waits refer to.

use super::RecordError;
use crate::measure::Record;
use crate::measure::waits::{Awaited, Wait};

/// Checks that everything exists to which the waits refer.
pub(super) fn check(record: &Record) -> Result<(), RecordError> {
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
    let mut faults = waits.list().iter().map(fault).enumerate();
    match faults.find_map(|(index, fault)| Some((index + 1, fault?))) {
        Some((wait, to)) => Err(RecordError::BadWait { wait, to }),
        None => Ok(()),
    }
}
