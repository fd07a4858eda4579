//! [`Recording`]: the record of a reader's program, put together from its pieces.

use std::borrow::Cow;
use std::rc::Rc;

use serde::Deserialize;

use super::message::Piece;
use crate::measure::event_letters::kinds_by_letter;
use crate::measure::test_result::{TestPlace, TestResult};
use crate::measure::units::shortened;
use crate::measure::untrusted::{Impossible, LONGEST_US, Untrusted, check_waits, known_wait};
use crate::measure::waits::{SharedObject, Source, Wait};
use crate::measure::{EventKind, Level, LogLine, Record, TaskName};

/// A record has at most this number of events. The package has the same limit, with a margin for events that it must add
/// after it has been reached.
pub const MOST_EVENTS: usize = 2_100_000;

/// A record has at most this number of names, sources, objects and waits, each.
const MOST_PLACES: usize = 1_000_000;

/// The log has at most this number of lines; the package has a lower limit.
const MOST_LINES: usize = 110_000;

/// The origin of a line that the program has not written.
const OUR_OWN: &str = "note";

/// The origin of a line that is the result of a test, in JSON. It is not part of the log.
const TEST: &str = "test";

/// The maximum number of tests whose results are listed.
const MOST_TESTS: usize = 10_000;

/// The maximum number of characters of a name, and of a line of the log.
const NAME_CHARS: usize = 200;
const LINE_CHARS: usize = 2_000;

/// The reason why a piece was refused. Our own package sends no such piece, so the program has interfered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PieceError {
    /// A column has another length than those that belong to it.
    #[error("the columns of `{of}` differ in length")]
    Uneven {
        /// The columns.
        of: &'static str,
    },
    /// A part of it is malformed.
    #[error("`{of}` is not as expected")]
    Malformed {
        /// The part.
        of: &'static str,
    },
    /// The record would be too large.
    #[error("the record has too many {of}")]
    TooMany {
        /// The items that exceed the limit.
        of: &'static str,
    },
    /// Something in it is not possible.
    #[error(transparent)]
    Impossible(#[from] Impossible),
}

/// The record of a program so far.
#[derive(Debug, Default)]
pub struct Recording {
    untrusted: Untrusted,
    names: Vec<Rc<str>>,
    warnings: Vec<String>,
    tests: Vec<TestResult>,
}

/// The texts of a piece.
#[derive(Deserialize)]
struct More<'a> {
    #[serde(borrow)]
    names: Vec<Cow<'a, str>>,
    sources: Vec<Source>,
    objects: Vec<SharedObject>,
    waits: Vec<Wait>,
    #[serde(borrow)]
    log: Vec<Line<'a>>,
    #[serde(borrow, default)]
    unfinished: Option<Line<'a>>,
}

#[derive(Deserialize)]
struct Line<'a> {
    at_us: u64,
    task: Option<usize>,
    level: Level,
    #[serde(borrow)]
    text: Cow<'a, str>,
    /// Where it comes from, such as `stdout`.
    #[serde(borrow, default)]
    origin: Cow<'a, str>,
}

impl Recording {
    /// Adds a piece to the record of the run, to which nothing else adds tasks.
    ///
    /// # Errors
    ///
    /// The first part of the piece that is not possible. What was before it is in the record.
    pub fn add(&mut self, record: &mut Record, piece: &Piece) -> Result<(), PieceError> {
        let more: More = serde_json::from_str(&piece.more).map_err(|_| PieceError::Malformed { of: "more" })?;
        let first_wait = record.waits().list().len();
        self.add_places(record, &more)?;
        self.add_events(record, piece)?;
        check_waits(record, first_wait)?;
        self.add_beats(record, piece)?;
        self.add_log(record, more.log)?;
        record.set_unfinished(more.unfinished.map(|Line { at_us, level, text, .. }| LogLine {
            at_us,
            task: None,
            level,
            text: shortened(&text, LINE_CHARS).into_owned().into(),
        }));
        Ok(())
    }

    /// Adds a line after everything that is in the log.
    ///
    /// # Errors
    ///
    /// If the log has too many lines.
    pub fn add_output(&self, record: &mut Record, text: &str) -> Result<(), PieceError> {
        refuse_many("log lines", record.log_lines().len() + 1, MOST_LINES)?;
        let last_us = record.log_lines().last().map_or(0, |line| line.at_us);
        let (at_us, text) = (last_us.max(record.end_us()), shortened(text, LINE_CHARS).into_owned().into());
        record.log(LogLine { at_us, task: None, level: Level::Error, text });
        Ok(())
    }

    /// The warnings of the package itself so far, such as about a blocked event loop. They are in the log, too.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// The results of the tests that the program has run so far.
    #[must_use]
    pub fn tests(&self) -> &[TestResult] {
        &self.tests
    }

    fn add_places(&mut self, record: &mut Record, more: &More) -> Result<(), PieceError> {
        let waits = record.waits();
        refuse_many("names", self.names.len() + more.names.len(), MOST_PLACES)?;
        refuse_many("sources", waits.sources().len() + more.sources.len(), MOST_PLACES)?;
        refuse_many("objects", waits.objects().len() + more.objects.len(), MOST_PLACES)?;
        refuse_many("waits", waits.list().len() + more.waits.len(), MOST_PLACES)?;
        self.names.extend(more.names.iter().map(|name| Rc::from(&*shortened(name, NAME_CHARS))));
        let waits = record.waits_mut();
        for Source { path, hash } in &more.sources {
            let [path, hash] = [path, hash].map(|text| shortened(text, NAME_CHARS).into_owned().into());
            waits.add_source(Source { path, hash });
        }
        for object in &more.objects {
            let name = shortened(&object.name, NAME_CHARS).into_owned().into();
            waits.add_object(SharedObject { name, ..object.clone() });
        }
        for wait in &more.waits {
            waits.add(wait.clone());
        }
        Ok(())
    }

    fn add_events(&mut self, record: &mut Record, piece: &Piece) -> Result<(), PieceError> {
        let events = piece.event_kind.len();
        if [piece.event_at_s.len(), piece.event_task.len()] != [events; 2] {
            return Err(PieceError::Uneven { of: "events" });
        }
        let tasks = piece.task_name.len();
        if [piece.task_number.len(), piece.task_parent.len()] != [tasks; 2] {
            return Err(PieceError::Uneven { of: "tasks" });
        }
        refuse_many("events", record.events().len() + events, MOST_EVENTS)?;
        let kinds = kinds_by_letter();
        let mut new_tasks = piece.task_name.iter().zip(&piece.task_number).zip(&piece.task_parent);
        let mut waits = piece.event_wait.iter();
        for ((at_s, task), letter) in piece.event_at_s.iter().zip(&piece.event_task).zip(&piece.event_kind) {
            let (at_us, task) = (microseconds(at_s - piece.start_s), *task as usize);
            let kind = kinds.get(usize::from(*letter)).copied().flatten();
            match kind.ok_or(PieceError::Malformed { of: "event_kind" })? {
                EventKind::Spawned => {
                    let ((name, number), parent) = new_tasks.next().ok_or(PieceError::Uneven { of: "tasks" })?;
                    let name = self.names.get(*name as usize).ok_or(PieceError::Malformed { of: "task_name" })?;
                    let name = TaskName::with_shared_kind(Rc::clone(name), number.checked_sub(1));
                    self.untrusted.spawn(record, at_us, task, name, *parent as usize)?;
                }
                EventKind::PollEnded(_) => {
                    let wait = waits.next().ok_or(PieceError::Uneven { of: "events" })?;
                    let kind = EventKind::PollEnded(known_wait(record, *wait as usize)?);
                    self.untrusted.push(record, at_us, task, kind)?;
                }
                kind => self.untrusted.push(record, at_us, task, kind)?,
            }
        }
        if new_tasks.next().is_some() || waits.next().is_some() {
            return Err(PieceError::Uneven { of: "events" });
        }
        Ok(())
    }

    fn add_beats(&self, record: &mut Record, piece: &Piece) -> Result<(), PieceError> {
        if piece.beat_due_us.len() != piece.beat_late_us.len() {
            return Err(PieceError::Uneven { of: "beats" });
        }
        refuse_many("beats", record.beats().len() + piece.beat_due_us.len(), MOST_EVENTS)?;
        for (due_us, late_us) in piece.beat_due_us.iter().zip(&piece.beat_late_us) {
            // The conversion of a number that is not finite, or too large, gives a time that is refused.
            self.untrusted.beat(record, *due_us as u64, *late_us as u64)?;
        }
        Ok(())
    }

    fn add_log(&mut self, record: &mut Record, lines: Vec<Line>) -> Result<(), PieceError> {
        refuse_many("log lines", record.log_lines().len() + lines.len(), MOST_LINES)?;
        for Line { at_us, task, level, text, origin } in lines {
            if origin == TEST {
                self.add_test(&text)?;
                continue;
            }
            let text = shortened(&text, LINE_CHARS).into_owned();
            if level == Level::Warning && origin == OUR_OWN {
                self.warnings.push(text.clone());
            }
            let text = text.into();
            self.untrusted.log(record, LogLine { at_us, task: None, level, text }, task)?;
        }
        Ok(())
    }

    fn add_test(&mut self, json: &str) -> Result<(), PieceError> {
        refuse_many("tests", self.tests.len() + 1, MOST_TESTS)?;
        let result: TestResult = serde_json::from_str(json).map_err(|_| PieceError::Malformed { of: "log" })?;
        self.tests.push(limited(result));
        Ok(())
    }
}

/// A result with texts of a limited length.
fn limited(result: TestResult) -> TestResult {
    let cut = |text: &str, most| shortened(text, most).into_owned();
    TestResult {
        id: cut(&result.id, NAME_CHARS),
        message: cut(&result.message, LINE_CHARS),
        place: result.place.map(|place| TestPlace { path: cut(&place.path, NAME_CHARS), ..place }),
        ..result
    }
}

fn refuse_many(of: &'static str, number: usize, most: usize) -> Result<(), PieceError> {
    if number > most { Err(PieceError::TooMany { of }) } else { Ok(()) }
}

/// Whole microseconds, rounded as in `columns.py`. Numbers that are not possible give a time that is refused.
fn microseconds(seconds: f64) -> u64 {
    let us = seconds * 1e6 + 0.5;
    if us >= 0.0 { us as u64 } else { LONGEST_US + 1 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::{ClockKind, Outcome, TaskId};

    #[test]
    fn only_our_own_warnings_are_listed() {
        let (mut record, mut recording) = (Record::new(ClockKind::Browser), Recording::default());
        recording.add(&mut record, &piece()).expect("a piece");
        assert_eq!(recording.warnings(), [""; 0]);
        let line = |level, origin, text| {
            format!(r#"{{"at_us": 6, "task": null, "level": "{level}", "text": "{text}", "origin": "{origin}"}}"#)
        };
        let log = [
            line("warning", "note", "blocked"),
            line("warning", "logging", "by the program"),
            line("error", "note", "failed"),
        ];
        let more = format!(r#"{{"names": [], "sources": [], "objects": [], "waits": [], "log": [{}]}}"#, log.join(","));
        recording.add(&mut record, &Piece { more, ..Piece::default() }).expect("a piece");
        assert_eq!(recording.warnings(), ["blocked"]);
        assert_eq!(record.log_lines().len(), 4);
    }

    #[test]
    fn results_of_tests_are_not_lines_of_the_log() {
        let (mut record, mut recording) = (Record::new(ClockKind::Browser), Recording::default());
        let mut add = |text: &str| {
            let line = serde_json::json!({ "at_us": 6, "task": null, "level": "info", "text": text, "origin": "test" });
            let more = format!(r#"{{"names": [], "sources": [], "objects": [], "waits": [], "log": [{line}]}}"#);
            recording.add(&mut record, &Piece { more, ..Piece::default() })
        };
        let place = r#"{"path": "scripts/a.py", "line": 14}"#;
        let result = format!(
            r#"{{"id": "tests/test_a.py::test_a", "outcome": "failed", "message": "{}", "place": {place}}}"#,
            "x".repeat(9_000)
        );
        add(&result).expect("a result");
        add(r#"{"id": "a::b", "outcome": "passed", "message": "", "place": null}"#).expect("a result");
        assert_eq!(add("{}"), Err(PieceError::Malformed { of: "log" }));
        assert_eq!(record.log_lines().len(), 0);
        let [first, second] = recording.tests() else { panic!("{:?}", recording.tests()) };
        assert!(first.has_failed() && first.message.chars().count() <= LINE_CHARS + 1);
        assert_eq!(first.place, Some(TestPlace { path: "scripts/a.py".to_owned(), line: 14 }));
        assert!(!second.has_failed());
    }

    #[test]
    fn an_unfinished_line_is_replaced_and_is_not_part_of_the_log() {
        let (mut record, mut recording) = (Record::new(ClockKind::Browser), Recording::default());
        let mut add = |unfinished: &str| {
            let lists = r#""names": [], "sources": [], "objects": [], "waits": [], "log": []"#;
            let more = format!(r#"{{{lists}, "unfinished": {unfinished}}}"#);
            recording.add(&mut record, &Piece { more, ..Piece::default() }).expect("a piece");
            assert_eq!(record.log_lines().len(), 0);
            record.unfinished().map(|line| (line.level, line.text.to_string()))
        };
        let line = |text: &str| format!(r#"{{"at_us": 6, "task": 9, "level": "warning", "text": "{text}"}}"#);
        assert_eq!(add(&line("30 %")), Some((Level::Warning, "30 %".to_owned())));
        assert_eq!(add(&line("60 %")), Some((Level::Warning, "60 %".to_owned())));
        assert_eq!(add("null"), None);
    }

    /// A task that sleeps for a second, and one inside it.
    fn piece() -> Piece {
        Piece {
            start_s: 100.0,
            event_at_s: vec![100.0, 100.0, 100.0, 100.0, 101.0, 101.5],
            event_task: vec![1, 1, 2, 1, 2, 1],
            event_kind: b"s(s)FS".to_vec(),
            event_wait: vec![1],
            task_name: vec![0, 1],
            task_number: vec![0, 4],
            task_parent: vec![0, 1],
            beat_due_us: vec![20_000.0],
            beat_late_us: vec![300.0],
            more: r#"{
                "names": ["main", "worker"],
                "sources": [{"path": "main.py", "hash": "0123456789abcdef"}],
                "objects": [{"kind": "semaphore", "name": "", "permits": 3}],
                "waits": [{"line": {"source": 0, "line": 4}, "for": {"tasks": [2]}}],
                "log": [{"at_us": 5, "task": 2, "level": "info", "text": "hello", "origin": "stdout"}]
            }"#
            .to_owned(),
        }
    }

    #[test]
    fn a_record_is_put_together_from_its_pieces() {
        let (mut recording, mut record) = (Recording::default(), Record::default());
        recording.add(&mut record, &piece()).expect("it is as described");
        assert_eq!(record.tasks()[1].name.text(), "worker 3");
        assert_eq!(record.tasks()[1].parent, Some(TaskId::at(0)));
        assert_eq!(record.end_us(), 1_500_000);
        assert_eq!(record.events()[4].kind, EventKind::Ended(Outcome::Failed));
        assert_eq!(
            (record.waits().sources()[0].path.as_ref(), record.log_lines()[0].text.as_ref()),
            ("main.py", "hello")
        );

        let next = Piece {
            start_s: 100.0,
            event_at_s: vec![102.0],
            event_task: vec![3],
            event_kind: b"s".to_vec(),
            task_name: vec![2],
            task_number: vec![0],
            task_parent: vec![0],
            more: r#"{"names": ["second"], "sources": [], "objects": [], "waits": [], "log": []}"#.to_owned(),
            ..Piece::default()
        };
        recording.add(&mut record, &next).expect("it continues the first piece");
        assert_eq!(record.tasks()[2].name.text(), "second");
    }

    #[test]
    fn impossible_pieces_are_refused() {
        let refused = |change: fn(&mut Piece), error: &str| {
            let mut piece = piece();
            change(&mut piece);
            let result = Recording::default().add(&mut Record::default(), &piece);
            assert_eq!(result.expect_err("it is not possible").to_string(), error);
        };
        refused(|it| it.event_kind[0] = b'(', "`events` mentions task 1, which does not exist");
        refused(|it| it.event_kind[0] = 255, "`event_kind` is not as expected");
        refused(|it| it.event_kind[4] = b'g', "event 5 cannot happen to task 2: it is not waiting for a permit");
        refused(|it| it.event_at_s[3] = 99.0, "`events` contains a time longer than 24 hours");
        refused(|it| it.event_at_s[3] = f64::NAN, "`events` contains a time longer than 24 hours");
        refused(|it| it.event_at_s[5] = 100.5, "the times of `events` are not in order");
        refused(|it| it.task_parent[1] = 2, "task 2 was created inside task 2, which did not exist");
        refused(|it| it.task_name[1] = 2, "`task_name` is not as expected");
        refused(|it| it.event_wait[0] = 2, "`events` refers to wait 2, which does not exist");
        refused(|it| it.event_wait.clear(), "the columns of `events` differ in length");
        refused(|it| it.task_number.clear(), "the columns of `tasks` differ in length");
        refused(|it| it.beat_due_us[0] = f64::INFINITY, "`beats` contains a time longer than 24 hours");
        refused(|it| it.more = it.more.replace("[2]", "[3]"), "wait 1 refers to a task, which does not exist");
        refused(|it| it.more.truncate(40), "`more` is not as expected");
        refused(|it| it.event_task.truncate(2), "the columns of `events` differ in length");
    }

    #[test]
    fn long_texts_are_cut() {
        let mut piece = piece();
        piece.more = piece.more.replace("worker", &"w".repeat(1 << 16)).replace("hello", &"h".repeat(1 << 16));
        let mut record = Record::default();
        Recording::default().add(&mut record, &piece).expect("it is only long");
        assert!(record.tasks()[1].name.kind().len() < 300 && record.log_lines()[0].text.len() < 2_100);
    }

    #[test]
    fn output_is_cut_and_limited() {
        let (recording, mut record) = (Recording::default(), Record::default());
        for _ in 0..MOST_LINES {
            recording.add_output(&mut record, "x").expect("there is room");
        }
        let error = recording.add_output(&mut record, "x").expect_err("it is full");
        assert_eq!(error.to_string(), "the record has too many log lines");

        let mut record = Record::default();
        recording.add_output(&mut record, &"x".repeat(1 << 16)).expect("it is only long");
        assert!(record.log_lines()[0].text.len() < 2_100);
    }

    proptest! {
        #[test]
        fn no_piece_causes_a_panic(
            at_s in prop::collection::vec(any::<f64>(), 0..8),
            task in prop::collection::vec(0..4_u32, 0..8),
            kind in prop::collection::vec(prop::sample::select(b"s()qguSFTCRr><c%\xff".to_vec()), 0..8),
            columns in prop::collection::vec(0..4_u32, 0..4),
            more in prop_oneof![Just(piece().more), any::<String>()],
        ) {
            let piece = Piece {
                event_at_s: at_s,
                event_task: task,
                event_kind: kind,
                event_wait: columns.clone(),
                task_name: columns.clone(),
                task_number: columns.clone(),
                task_parent: columns,
                more,
                ..Piece::default()
            };
            let _ = Recording::default().add(&mut Record::default(), &piece);
        }
    }
}
