//! A written file reads back exactly, and no file makes the reader panic.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::measure::bottleneck::Bottleneck;
use crate::measure::durations::Durations;
use crate::measure::flow::rates;
use crate::measure::histogram::Histogram;
use crate::measure::metrics::Metrics;
use crate::measure::report::Section;
use crate::measure::segments::TaskHistories;
use crate::measure::spans::Spans;
use crate::measure::warnings::Warning;
use crate::measure::{EventKind, Outcome, Record};
use crate::python::program_files::{Content, ProgramFile};
use crate::share::samples::{finished, hostile, with_everything};

#[track_caller]
fn assert_same(run: &SavedRun, read: &SavedRun) {
    assert_eq!(run.experiment.exercise().slug, read.experiment.exercise().slug);
    assert!(run.experiment.has_same_settings(&read.experiment));
    assert_eq!(run.ending, read.ending);
    assert_eq!(run.record, read.record);
    assert_eq!(run.ideal, read.ideal);
    assert_eq!(run.report, read.report);
    assert_eq!((run.memory, run.record_bytes), (read.memory, read.record_bytes));
    assert_eq!((run.clock_resolution_us, run.finished_at_ms), (read.clock_resolution_us, read.finished_at_ms));
    assert_eq!(shown(run), shown(read));
}

/// All that is computed from a run, as text.
fn shown(run: &SavedRun) -> String {
    let (record, spans) = (&*run.record, Spans::from_record(&run.record));
    let ideal = run.ideal.as_deref().map(|ideal| (ideal, Spans::from_record(ideal)));
    let ideal = ideal.as_ref().map(|(record, spans)| (*record, spans));
    let compared = run.experiment.compared(Some((record, &spans)), record.end_us(), ideal);
    let comparisons: Vec<_> = compared.iter().map(|it| (it.sentence(), it.speed_up(), it.scale_us())).collect();
    let warnings: Vec<_> =
        run.experiment.warnings(record, run.clock_resolution_us).iter().map(Warning::sentence).collect();
    format!("{:?}{comparisons:?}{warnings:?}{}{}", Metrics::from_record(record), histories(record), found(run))
}

fn histories(record: &Record) -> String {
    let histories = TaskHistories::from_record(record);
    let open: Vec<_> = histories.open_segments(record.end_us()).collect();
    let lines = record.log_lines().iter().map(|line| record.is_within(line.task, None));
    let mut names: Vec<_> = record.tasks().iter().map(|task| task.name.kind()).collect();
    names.sort_unstable();
    names.dedup();
    let of_name = |name: &&str| {
        let durations = Durations::from_record(record, name, None);
        let spread = Histogram::from_values(&durations.tasks().iter().map(|task| task.work_us()).collect::<Vec<_>>());
        format!("{:?}{:?}{:?}", durations.work().median(), durations.littles_law(), spread)
    };
    let durations: Vec<_> = names.iter().map(of_name).collect();
    format!("{:?}{open:?}{:?}{:?}{durations:?}", histories.segments(), record.failed(), lines.collect::<Vec<_>>())
}

fn found(run: &SavedRun) -> String {
    let Some(report) = &run.report else { return String::new() };
    let flow = |flow: &crate::measure::flow::Flow| {
        let means: Vec<_> = flow.queues.iter().map(|queue| queue.means(flow.from_us, flow.length_us, 24)).collect();
        let lines: Vec<_> = flow
            .stages
            .iter()
            .map(|it| (rates(&it.works, flow.from_us, flow.length_us, 8), flow.idle_us(it)))
            .collect();
        format!("{means:?}{lines:?}{:?}", Bottleneck::find(flow))
    };
    let flows: Vec<_> = report.flows().map(flow).collect();
    let sweep = report.sweep().map(|it| (it.sentence(), it.goodput_sentence(it.slowest_us().div_ceil(1_000) * 1_000)));
    let sizes = report.batch_sizes().map(|it| (it.sentence(), it.best_per_s()));
    let requests = report.requests().map(|it| {
        let spread = Histogram::from_values(&it.since_due_us().chain(it.since_sent_us()).collect::<Vec<_>>());
        (it.throughput_per_s(), it.unblocked(run.record.beats()).since_sent().median(), spread)
    });
    format!("{flows:?}{sweep:?}{sizes:?}{requests:?}")
}

fn small() -> SavedRun {
    hostile("<script>alert(1)</script>")
}

fn value_of(run: &SavedRun) -> Value {
    serde_json::from_slice(&to_json(run)).expect("it is JSON")
}

fn read(value: &Value) -> Result<SavedRun, ImportError> {
    from_json(&serde_json::to_vec(value).expect("it can be written"))
}

#[test]
fn every_exercise_reads_back_to_the_last_digit() {
    for exercise in catalogue::all() {
        let run = finished(exercise, with_everything(exercise));
        assert!(run.report.is_some(), "{} came to its end", exercise.slug);
        assert_same(&run, &from_json(&to_json(&run)).expect("it was just written"));
    }
}

#[test]
fn a_file_that_an_editor_has_saved_in_another_encoding_is_read() {
    let run = small();
    let json = value_of(&run).to_string();
    let utf16: Vec<u8> = json.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for bytes in [format!("\u{feff}{json}").into_bytes(), [b"\xFF\xFE", utf16.as_slice()].concat(), utf16] {
        assert_same(&run, &from_json(&bytes).expect("only the encoding is another"));
    }
}

#[test]
fn a_run_that_was_cut_short_reads_back() {
    let run = small();
    assert_same(&run, &from_json(&to_json(&run)).expect("it was just written"));
    let run = SavedRun { ending: RunEnding::Stopped { after_us: 61 }, report: None, ideal: None, memory: None, ..run };
    assert_same(&run, &from_json(&to_json(&run)).expect("it was just written"));
}

#[test]
fn every_kind_of_event_has_a_letter_of_its_own() {
    let mut record = Record::default();
    use EventKind::{Chunk, Ended, FirstByte, Granted, LeftQueue, PollStarted, Queued, Ready, Sent};
    for outcome in Outcome::ALL {
        let task = record.spawn(1, "task".into(), None);
        for kind in [
            PollStarted,
            Queued,
            Queued,
            LeftQueue,
            Granted,
            Sent,
            EventKind::PENDING,
            FirstByte,
            Chunk,
            Ready,
            Ended(outcome),
        ] {
            record.push(1, task, kind);
        }
    }
    let json = serde_json::to_string(&Columns::from_record(&record)).expect("it is written");
    let columns: Columns<NumbersText> = serde_json::from_str(&json).expect("it is read");
    assert_eq!(columns.into_record(ClockKind::Browser, &[]).expect("it may be so"), record);
}

#[test]
fn files_of_version_1_can_still_be_read() {
    let run = from_json(include_bytes!("tests/version-1.json")).expect("it was exported once");
    assert_eq!((run.experiment.exercise().slug, run.experiment.seed, run.record.end_us()), ("async-basics", 7, 60));
    assert_eq!(run.report.map(|report| report.digits().count()), Some(1));
}

#[test]
fn a_file_of_the_recorder_for_other_programs_can_be_read() {
    // Written by `interleave_trace.py` under CPython 3.13.
    let run = from_json(include_bytes!("tests/recorded.json")).expect("it is valid");
    let program = run.experiment.settings.program("code");
    assert_eq!((&*program.main().name, program.arguments()), ("score.py", "--scale 2"));
    let outcomes = Metrics::from_record(&run.record).outcomes;
    // `main`, three tasks, and the call in a thread.
    assert_eq!((run.record.tasks().len(), outcomes.get(Outcome::Succeeded)), (5, 5));
    let waits: Vec<_> = run.record.waits().list().iter().map(|wait| wait.words(run.record.waits())).collect();
    let expected = ["other tasks on line 12", "a timer on line 7", "a permit on line 6", "a worker on line 13"];
    assert_eq!(waits, expected.map(|it| format!("for {it} of score.py")));
    assert_same(&run, &from_json(&to_json(&run)).expect("it is valid"));
}

#[test]
fn a_stopped_run_of_version_1_shows_what_its_record_has() {
    let mut value: Value = serde_json::from_slice(include_bytes!("tests/version-1.json")).expect("it is JSON");
    value["exercise"] = json!("async-multiple");
    value["settings"] = json!({});
    value["ending"] = json!({ "stopped": { "after_us": 60 } });
    value["report"] = Value::Null;
    let report = read(&value).expect("it can be read").report.expect("the record has durations");
    assert!(matches!(report.sections[..], [Section::Distribution(_), ..]), "{:?}", report.sections);
}

/// A run of a reader's program, which failed with this message.
fn run_of_program(program: ProgramFiles, message: &str) -> SavedRun {
    let exercise = &crate::exercises::program::EXERCISE;
    let mut settings = Settings::defaults(exercise.controls);
    settings.set("code", crate::exercises::controls::Value::Program(Arc::new(program)));
    let ending = RunEnding::Failed { after_us: 1, message: message.to_owned(), advice: String::new(), line: None };
    SavedRun { experiment: Experiment::new(exercise, settings, 7), ending, report: None, ideal: None, ..small() }
}

#[test]
fn a_run_of_a_readers_program_contains_all_its_files() {
    let files = vec![
        ProgramFile::text("score.py", "print('ü')\n"),
        ProgramFile::new("w.bin", Content::from_bytes(vec![0, 255, 7])),
    ];
    let run = run_of_program(ProgramFiles::new(files, "--n 3").expect("valid"), "no");
    let value = value_of(&run);
    assert_eq!(value["settings"]["code"]["files"][0], json!({ "name": "score.py", "text": "print('ü')\n" }));
    assert_same(&run, &read(&value).expect("it was written like this"));
}

#[test]
fn the_keys_of_a_readers_program_are_in_no_file() {
    let key = concat!("sk", "-proj-T3BlbkFJx0Qm2V8sYw1zKd9aRcE4");
    let program = ProgramFiles::of_one_file(&format!("key = '{key}'\n"));
    let value = value_of(&run_of_program(program, &format!("`{key}` was refused")));
    assert_eq!(value["settings"]["code"]["files"][0]["text"], "key = 'KEY-REMOVED'\n");
    assert_eq!(value["ending"]["failed"]["message"], "`KEY-REMOVED` was refused");
    // It was typed into the console.
    let mut run = run_of_program(ProgramFiles::of_one_file(""), &format!("`{key}` was refused"));
    let command = crate::exercises::controls::Value::Command(format!("python a.py --key {key}"));
    run.experiment.settings.set("command", command);
    let value = value_of(&run);
    assert_eq!(value["settings"]["command"], "python a.py --key KEY-REMOVED");
    assert_eq!(value["ending"]["failed"]["message"], "`KEY-REMOVED` was refused");
}

#[test]
fn a_program_of_another_form_is_read_or_refused_with_the_reason() {
    let with = |code: Value| {
        let mut value = value_of(&run_of_program(ProgramFiles::of_one_file(""), "no"));
        value["settings"]["code"] = code;
        read(&value)
    };
    let old = with(json!("print(1)\n")).expect("files had the text only");
    assert_eq!(old.experiment.settings.program("code").main_text(), "print(1)\n");
    let refused = with(json!({ "files": [] })).expect_err("a program has files").to_string();
    assert_eq!(refused, "control `code`: a program needs at least one file");
    assert!(with(json!(7)).is_err() && with(json!(null)).is_err());
    assert_refused("/settings/download", json!({ "files": [] }), "control `download`: it is not a program");
}

#[test]
fn unknown_fields_are_ignored() {
    let mut value = value_of(&small());
    value["later"] = json!({ "a": [1] });
    value["record"]["later"] = json!(1);
    value["report"]["later"] = json!(null);
    assert_same(&small(), &read(&value).expect("nothing else was changed"));
}

/// Changes one thing in a file, and expects it to be refused like this.
#[track_caller]
fn assert_refused(pointer: &str, to: Value, message: &str) {
    let mut value = value_of(&small());
    *value.pointer_mut(pointer).unwrap_or_else(|| panic!("there is a {pointer}")) = to;
    let error = read(&value).expect_err("it cannot be so");
    assert_eq!(error.to_string(), message, "{pointer}");
    assert!(!error.advice().is_empty());
}

#[test]
fn impossible_values_are_refused_with_a_message() {
    assert_refused("/format", json!("interleave-sun"), "the file is not a run that this page exported");
    assert_refused("/version", json!(3), "the file has format version 3, but this page reads versions 1 to 2");
    assert_refused("/program/exercise", json!("async-basic"), "this page has no exercise `async-basic`");
    assert_refused("/settings", json!({ "nope": "1" }), "exercise `async-basics` has no control `nope`");
    assert_refused(
        "/settings/download",
        json!("99999"),
        "control `download`: 99999 is out of range: use 0 to 2,000 ms",
    );
    assert_refused("/seed", json!(1_000_000), "`seed` is 1,000,000, but the maximum is 999,999");
    assert_refused(
        "/ending",
        json!({ "finished": { "wall_us": u64::MAX } }),
        "`ending` is 18,446,744,073,709,551,615, but the maximum is 86,400,000,000",
    );
    let no_number = from_json(br#"{"format": "interleave-run", "version": 1, "seed": "seven"}"#);
    let message = "the file is not a valid run: invalid type: string \"seven\", expected u64 at line 1 column 58";
    assert_eq!(no_number.expect_err("it is no seed").to_string(), message);
}

#[test]
fn impossible_records_are_refused_with_a_message() {
    let refused = |pointer: &str, to, message: &str| {
        assert_refused(&format!("/record{pointer}"), to, &format!("the record of the run is not valid: {message}"));
    };
    refused("/names", json!([]), "task 1 has no name");
    refused("/tasks/parent", json!([0, 2]), "task 2 was created inside task 2, which did not exist");
    refused("/tasks/parent", json!([0]), "the columns of `tasks` differ in length");
    let uneven = json!({ "name": [0, 0], "number": [1], "parent": [0, 1] });
    refused("/tasks", uneven, "the columns of `tasks` differ in length");
    refused("/tasks", json!({ "name": [0], "parent": [0] }), "`events` mentions task 2, which does not exist");
    refused("/tasks", json!({ "name": [0, 0, 0], "parent": [0, 0, 0] }), "3 tasks are listed, but 2 were spawned");
    refused("/events/kind", json!("s(s(q)"), "the columns of `events` differ in length");
    refused("/events/kind", json!("s(s(q)%(gF("), "`%` is not a kind of event");
    refused("/events/kind", json!("((s(q))(gF("), "`events` mentions task 1, which does not exist");
    refused("/events/task/2", json!(1), "event 3 cannot happen to task 1: tasks are numbered in the order of spawning");
    refused("/events/task/10", json!(2), "event 11 cannot happen to task 2: it has already ended");
    refused("/events/kind", json!("s(s(g))(gF("), "event 5 cannot happen to task 2: it is not waiting for a permit");
    refused("/events/after_us/3", json!(u64::MAX), "`events` contains a time longer than 24 hours");
    refused("/beats", json!({ "due_us": [9, 1], "late_us": [0, 0] }), "the times of `beats` are not in order");
    refused("/beats", json!({ "due_us": [u64::MAX], "late_us": [1] }), "`beats` contains a time longer than 24 hours");
    refused("/log/0/task", json!(3), "`log` mentions task 3, which does not exist");
    refused("/log/0/task", json!(0), "`log` mentions task 0, which does not exist");
    refused("/hidden_at_us", json!(u64::MAX), "`hidden_at_us` contains a time longer than 24 hours");
    refused("/events/kind", json!("s(s(q)<(gF("), "event 7 cannot happen to task 1: it has not sent a request");
    refused("/events/wait", json!([1, 2, 1]), "the columns of `events` differ in length");
    refused("/events/wait", json!([1, 3]), "`events` refers to wait 3, which does not exist");
    refused("/waits/sources", json!([]), "wait 1 refers to a source file, which does not exist");
    refused("/waits/list/0/line/line", json!(0), "wait 1 refers to line 0, which does not exist");
    refused("/waits/objects", json!([]), "wait 1 refers to an object, which does not exist");
    refused("/waits/list/1/for", json!({ "tasks": [2, 3] }), "wait 2 refers to a task, which does not exist");
    assert_refused("/ideal/names", json!([]), "the ideal run's record is not valid: task 1 has no name");
}

#[test]
fn sections_that_cannot_be_shown_are_refused_with_a_message() {
    let refused = |pointer: &str, to, message: &str| {
        let section = 1 + pointer.trim_start_matches('/')[..1].parse::<usize>().expect("its index");
        let message = format!("the report cannot be shown: section {section}: {message}");
        assert_refused(&format!("/report/sections{pointer}"), to, &message);
    };
    refused("/0/table/rows/0", json!(["one"]), "row 1 of the table has 1 cells for 2 columns");
    refused("/1/digits/0/pixels", json!([0.5]), "digit 1 has 1 pixels instead of 64");
    let message = "digit 1 has a pixel that is not between 0 and 1, or a label that is not between 0 and 9";
    refused("/1/digits/0/pixels/63", json!(1.5), message);
    refused("/1/digits/0/label", json!(10), message);
    let level = json!({ "concurrency": 0, "length_us": 1, "latencies_us": [], "failed": 0 });
    refused("/0", json!({ "sweep": [level] }), "the sweep has a level with a concurrency of 0");
    let level = json!({ "concurrency": 1, "length_us": 1, "latencies_us": [u64::MAX], "failed": 0 });
    refused("/0", json!({ "sweep": [level] }), "it contains a time longer than 24 hours");
    let visit = json!({ "length_us": u64::MAX, "succeeded": 1, "median_us": 1 });
    let level = json!({ "concurrency": 1, "length_us": 1, "latencies_us": [], "failed": 0, "visits": [visit] });
    refused("/0", json!({ "sweep": [level] }), "it contains a time longer than 24 hours");
    let stage = json!({ "name": "", "works": [{ "from_us": 2, "to_us": 1, "samples": 1 }], "servers": 1, "waited_for_input_us": 0, "waited_for_room_us": 0 });
    let flow = json!({ "part": "", "name": "", "from_us": 0, "length_us": 9, "samples": 1, "stages": [stage], "queues": [], "most_under_way": 1 });
    let message = "way 1 through the pipeline is not possible: a batch ends before it begins";
    refused("/0", json!({ "flow": [flow] }), message);
}

#[test]
fn invalid_json_is_refused_with_its_position() {
    let message = "the file is not valid JSON (line 1, column 1)";
    assert_eq!(from_json(b"PK").expect_err("it is a zip file").to_string(), message);
    for bytes in [&b"[1, 2]"[..], b"7", b"null", b"{}", b"{\"format\": 7}"] {
        assert_eq!(from_json(bytes).expect_err("it is something else"), ImportError::NotARun);
    }
    assert!(matches!(refuse_large(MOST_BYTES + 1), Err(ImportError::TooLarge { .. })));
}

#[test]
fn a_run_of_many_tasks_takes_few_bytes_per_task() {
    const TASKS: usize = 20_000;
    let mut record = Record::default();
    for n in 0..TASKS as u64 {
        let task = record.spawn(n, ("sleep", n as u32).into(), None);
        record.push(n, task, EventKind::PollStarted);
        record.push(n, task, EventKind::PENDING);
        record.push(n + 1, task, EventKind::PollStarted);
        record.push(n + 1, task, EventKind::Ended(Outcome::Succeeded));
    }
    let run = SavedRun { record: Rc::new(record), report: None, ideal: None, ..small() };
    let bytes = to_json(&run);
    assert!(bytes.len() < TASKS * 60, "{} bytes", bytes.len());
    assert_eq!(from_json(&bytes).expect("it was just written").record, run.record);
}

/// A change of one place of a file.
#[derive(Clone, Debug)]
enum Change {
    Put(Value),
    Remove,
    Double,
}

fn change() -> impl Strategy<Value = Change> {
    let number = prop_oneof![0..5u64, any::<u64>(), Just(LONGEST_US)];
    prop_oneof![
        number.prop_map(|n| Change::Put(json!(n))),
        any::<f64>().prop_map(|n| Change::Put(json!(n))),
        any::<bool>().prop_map(|n| Change::Put(json!(n))),
        "[s()qguSFTCR<&\"]{0,12}".prop_map(|text| Change::Put(json!(text))),
        Just(Change::Put(Value::Null)),
        Just(Change::Put(json!([]))),
        Just(Change::Remove),
        Just(Change::Double),
    ]
}

/// All places in a file, each as a pointer.
fn places(value: &Value, here: &str, into: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().enumerate().for_each(|(n, it)| place(it, format!("{here}/{n}"), into)),
        Value::Object(fields) => fields.iter().for_each(|(key, it)| place(it, format!("{here}/{key}"), into)),
        _ => {}
    }
}

fn place(value: &Value, here: String, into: &mut Vec<String>) {
    places(value, &here, into);
    into.push(here);
}

fn apply(value: &mut Value, at: &str, change: Change) {
    let (holder, key) = at.rsplit_once('/').expect("every place is in something");
    // A change before this one may have taken it away.
    match (value.pointer_mut(holder), change) {
        (Some(Value::Array(items)), Change::Remove) => {
            drop(key.parse::<usize>().map(|n| drop(items.drain(n.min(items.len())..))))
        }
        (Some(Value::Array(items)), Change::Double) => items.extend(items.last().cloned()),
        (Some(Value::Object(fields)), Change::Remove) => drop(fields.remove(key)),
        (Some(holder), Change::Put(it)) => drop(holder.pointer_mut(&format!("/{key}")).map(|place| *place = it)),
        _ => {}
    }
}

proptest! {
    #[test]
    fn no_bytes_cause_a_panic(bytes: Vec<u8>) {
        prop_assert!(from_json(&bytes).is_err());
    }

    #[test]
    fn a_truncated_file_is_refused(share in 0.0..1.0f64) {
        thread_local!(static BYTES: Vec<u8> = to_json(&small()));
        let is_refused = BYTES.with(|bytes| {
            let part = &bytes[..(bytes.len() as f64 * share) as usize];
            matches!(from_json(part), Err(ImportError::NotJson { .. }))
        });
        prop_assert!(is_refused);
    }

    #[test]
    fn every_change_is_refused_or_can_be_shown(changes in prop::collection::vec((any::<prop::sample::Index>(), change()), 1..4)) {
        thread_local!(static FILES: Vec<(Value, Vec<String>)> = rich().iter().map(|run| {
            let (value, mut all) = (value_of(run), Vec::new());
            places(&value, "", &mut all);
            (value, all)
        }).collect());
        let files = FILES.with(Clone::clone);
        for (mut value, all) in files {
            for (index, change) in changes.clone() {
                apply(&mut value, &all[index.index(all.len())], change);
            }
            if let Ok(run) = read(&value) {
                shown(&run);
                assert_same(&run, &from_json(&to_json(&run)).expect("what can be shown can be saved"));
            }
        }
    }
}

/// A small run with tables and digits, one with flows and batch sizes, and one with requests and a sweep.
fn rich() -> Vec<SavedRun> {
    use crate::measure::batch_sizes::{BatchSizes, SizeLevel};
    use crate::measure::flow::{Flow, QueueDepth, Stage, Work};
    use crate::measure::requests::{Requests, Timing};
    use crate::measure::sweep::{LoadLevel, Sweep, Visit};

    let stage = |name: &'static str, from_us| Stage {
        name: name.into(),
        works: vec![
            Work { from_us, to_us: from_us + 9, samples: 4 },
            Work { from_us: from_us + 9, to_us: 40, samples: 2 },
        ],
        servers: 1,
        waited_for_input_us: 1,
        waited_for_room_us: 0,
    };
    let flow = Flow {
        part: "run_streamed".into(),
        name: "Streamed".into(),
        from_us: 0,
        length_us: 50,
        samples: 6,
        stages: vec![stage("Load", 0), stage("Predict", 10)],
        queues: vec![QueueDepth { changes: vec![(9, 1), (10, 0)] }],
        most_under_way: 6,
    };
    let level = |concurrency, length_us| {
        let visits = [10, 9, 11].map(|median_us| Visit { length_us: length_us / 3, succeeded: 1, median_us });
        LoadLevel { concurrency, length_us, latencies_us: vec![9, 10, 11], failed: 1, visits: visits.to_vec() }
    };
    let size =
        |batch_size| SizeLevel { batch_size, samples: 6, in_turn_us: 60 / u64::from(batch_size), streamed_us: 20 };
    let timing = |due_us, outcome| Timing { due_us, sent_us: Some(due_us + 1), ended_us: due_us + 9, outcome };
    let report = Report {
        sections: vec![
            Section::Latency(Requests::from_timings([timing(0, Outcome::Succeeded), timing(3, Outcome::Failed)])),
            Section::Sweep(Sweep::new(vec![level(1, 30), level(2, 15), level(4, 14)])),
            Section::Flow(vec![flow]),
            Section::BatchSizes(BatchSizes::new(vec![size(1), size(2)])),
        ],
        ..Report::default()
    };
    let other = SavedRun { report: Some(Rc::new(report)), ideal: None, ..small() };
    vec![other, small(), SavedRun { ideal: None, report: None, ..small() }]
}
