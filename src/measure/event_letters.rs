//! A letter for each kind of event, for run files and for the records of readers' programs. `docs/run-file.md` lists them.

use crate::measure::events::{EventKind, Outcome};

/// The letter for each kind of event.
#[must_use]
pub fn letter(kind: EventKind) -> char {
    match kind {
        EventKind::Spawned => 's',
        EventKind::PollStarted => '(',
        EventKind::PollEnded(_) => ')',
        EventKind::Ready => 'r',
        EventKind::Queued => 'q',
        EventKind::Granted => 'g',
        EventKind::LeftQueue => 'u',
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
#[must_use]
pub fn kinds_by_letter() -> [Option<EventKind>; 128] {
    let others = [
        EventKind::Spawned,
        EventKind::PollStarted,
        EventKind::PENDING,
        EventKind::Ready,
        EventKind::Queued,
        EventKind::Granted,
        EventKind::LeftQueue,
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
