//! Runs of exercises on the virtual clock, for tests of links, files and reports.

use std::rc::Rc;

use futures::FutureExt;
use futures::future::{Either, select};

use crate::exercises::controls::{Settings, Value};
use crate::exercises::exercise::{Exercise, ProgramLine};
use crate::exercises::experiment::Experiment;
use crate::exercises::site::{FILES, Site};
use crate::measure::batch_sizes::{BatchSizes, SizeLevel};
use crate::measure::digit::Digit;
use crate::measure::figures::Memory;
use crate::measure::flow::{Flow, QueueDepth, Stage, Work};
use crate::measure::report::{Check, Report, Section};
use crate::measure::requests::{Requests, Timing};
use crate::measure::sweep::{LoadLevel, Sweep};
use crate::measure::test_result::{TestOutcome, TestPlace, TestResult};
use crate::measure::validation::{Validation, Verdict};
use crate::measure::waits::{Awaited, ObjectKind, SharedObject, Source, SourceLine, Wait, WaitId, Waits};
use crate::measure::{EventKind, Level, LogLine, Outcome, Record, TaskId};
use crate::runtime::Run;
use crate::runtime::virtual_time::block_on;
use crate::share::saved::{RunEnding, SavedRun};

fn site() -> Site {
    Site::in_memory(FILES.map(|path| {
        let bytes = std::fs::read(format!("{}/static/{path}", env!("CARGO_MANIFEST_DIR")));
        (path, bytes.expect("the repository has it").into())
    }))
}

/// Turns on all switches and the sweep, and sets the smallest size, so that the exercise shows much with little work.
pub(super) fn with_everything(exercise: &Exercise) -> Settings {
    let mut settings = Settings::defaults(exercise.controls);
    for control in exercise.controls {
        match (control.name, control.default_value()) {
            ("size", _) => settings.set(control.name, control.nearest("0")),
            ("sweep", Value::Number(_)) => settings.set(control.name, Value::Number(4.0)),
            (_, Value::Switch(_)) => settings.set(control.name, Value::Switch(true)),
            _ => {}
        }
    }
    settings
}

/// A finished run of the exercise.
pub(super) fn finished(exercise: &'static Exercise, settings: Settings) -> SavedRun {
    let run = Run::on_virtual_clock(7);
    let future = exercise.start(run.clone(), Rc::new(site()), settings.clone());
    let experiment = Experiment::new(exercise, settings, 7);
    let ended = block_on(&run, select(future, run.heartbeat().boxed_local())).expect("it ends");
    let Either::Left((report, _)) = ended else { unreachable!("the heartbeat never ends") };
    let record = Rc::new(run.take_record());
    SavedRun {
        ideal: experiment.ideal(&site()).map(Rc::new),
        experiment,
        ending: RunEnding::Finished { wall_us: record.end_us() },
        record_bytes: record.heap_bytes() as u64,
        record,
        report: report.ok().map(Rc::new),
        memory: Some(Memory { before: 1_000_000, after: 2_000_000 }),
        clock_resolution_us: 100,
        finished_at_ms: 1_795_442_700_000,
    }
}

/// A small run in which every text that is not fixed is `text`.
pub(super) fn hostile(text: &'static str) -> SavedRun {
    let exercise = &crate::exercises::async_basics::EXERCISE;
    let mut record = Record::default().with_waits(hostile_waits(text));
    let part = record.spawn(0, "sequential_execution".into(), None);
    record.push(5, part, EventKind::PollStarted);
    let task = record.spawn(10, text.into(), Some(part));
    for (at_us, task, kind) in [
        (12, task, EventKind::PollStarted),
        (13, task, EventKind::Queued),
        (14, task, EventKind::PollEnded(WaitId::at(0))),
        (15, part, EventKind::PollEnded(WaitId::at(1))),
        (20, task, EventKind::PollStarted),
        (20, task, EventKind::Granted),
        (40, task, EventKind::Ended(Outcome::Failed)),
        (60, part, EventKind::PollStarted),
    ] {
        record.push(at_us, task, kind);
    }
    record.log(LogLine { at_us: 40, task: Some(task), level: Level::Error, text: text.into() });
    record.mark_hidden(50);
    let mut run = finished(exercise, Settings::defaults(exercise.controls));
    let report = Rc::make_mut(run.report.as_mut().expect("it finished"));
    report.notes.push(text.to_owned());
    if let Section::Table(table) = &mut report.sections[0] {
        table.caption = text.to_owned();
        table.columns[0].title = text.into();
        table.rows[0][0] = text.to_owned();
    }
    fill(report, text);
    let line = Some(ProgramLine { path: text.to_owned(), line: 3 });
    run.ending = RunEnding::Failed { after_us: 60, message: text.to_owned(), advice: text.to_owned(), line };
    SavedRun { record: Rc::new(record), ..run }
}

fn hostile_waits(text: &'static str) -> Waits {
    let mut waits = Waits::default();
    let source = waits.add_source(Source { path: text.into(), hash: text.into() });
    let object = waits.add_object(SharedObject { kind: ObjectKind::Semaphore, name: text.into(), permits: Some(3) });
    waits.add(Wait { line: Some(SourceLine { source, line: 3 }), awaited: Some(Awaited::Object(object)) });
    waits.add(Wait { line: None, awaited: Some(Awaited::Tasks(vec![TaskId::at(1)])) });
    waits
}

/// Adds one section of each kind that this exercise does not have, with `text` wherever text is possible.
fn fill(report: &mut Report, text: &'static str) {
    report.checks.push(Check::new("sequential_execution", text, text, true));
    report.sections.push(Section::Digits(vec![Digit { pixels: vec![0.5; 64], label: 7, predicted: 1 }]));
    let timing = Timing { due_us: 0, sent_us: Some(10), ended_us: 60, outcome: Outcome::Succeeded };
    report.sections.push(Section::Latency(Requests::from_timings([timing])));
    let level = LoadLevel { concurrency: 1, length_us: 60, latencies_us: vec![50], ..LoadLevel::default() };
    report.sections.push(Section::Sweep(Sweep::new(vec![level])));
    let level = SizeLevel { batch_size: 1, samples: 1, in_turn_us: 60, streamed_us: 50 };
    report.sections.push(Section::BatchSizes(BatchSizes::new(vec![level])));
    let stage = Stage {
        name: text.into(),
        works: vec![Work { from_us: 0, to_us: 60, samples: 1 }],
        servers: 1,
        waited_for_input_us: 0,
        waited_for_room_us: 0,
    };
    report.sections.push(Section::Flow(vec![Flow {
        part: text.into(),
        name: text.into(),
        from_us: 0,
        length_us: 60,
        samples: 1,
        stages: vec![stage.clone(), stage],
        queues: vec![QueueDepth { changes: vec![(20, 1), (40, 0)] }],
        most_under_way: 1,
    }]));
    report.sections.push(Section::Validations(vec![Validation {
        group: text.into(),
        name: text.into(),
        promise: text.into(),
        expected: text.to_owned(),
        measured: text.to_owned(),
        verdict: Verdict::Failed,
        shown_by: text.into(),
    }]));
    report.sections.push(Section::Tests(vec![TestResult {
        id: text.to_owned(),
        outcome: TestOutcome::Failed,
        message: text.to_owned(),
        place: Some(TestPlace { path: text.to_owned(), line: 14 }),
    }]));
}
