//! The timeline in the Trace Event Format, which Perfetto and chrome://tracing open
//! (<https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU>).
//!
//! Each lane is a thread, so the slices of a thread never overlap. A slice is a segment of a task's life. An arrow goes
//! from the segment in which a task was created to the first segment of that task.

use std::borrow::Cow;

use serde::Serialize;

use crate::measure::segments::{Segment, TaskHistories};
use crate::measure::{Record, TaskId};
use crate::share::saved::SavedRun;

/// The id of the process that all lanes belong to.
const PID: u32 = 1;

#[derive(Serialize)]
struct Trace<'a> {
    #[serde(rename = "traceEvents")]
    events: Vec<TraceEvent<'a>>,
    #[serde(rename = "displayTimeUnit")]
    unit: &'static str,
    #[serde(rename = "otherData")]
    about: About,
}

#[derive(Serialize)]
struct About {
    exercise: &'static str,
    link: String,
    finished_at_ms: u64,
}

/// One event, whose kind is in `ph`. Times are in microseconds.
#[derive(Serialize)]
#[serde(tag = "ph")]
enum TraceEvent<'a> {
    /// The name of a process or a thread.
    #[serde(rename = "M")]
    Named { name: &'static str, pid: u32, tid: u32, args: Name },
    /// The place of a thread among the others. Without it, Perfetto orders them by their names.
    #[serde(rename = "M")]
    Placed { name: &'static str, pid: u32, tid: u32, args: Place },
    /// A slice.
    #[serde(rename = "X")]
    Slice { name: String, cat: &'static str, pid: u32, tid: u32, ts: u64, dur: u64, args: TaskDetails<'a> },
    /// The start of an arrow.
    #[serde(rename = "s")]
    From { name: &'static str, cat: &'static str, id: usize, pid: u32, tid: u32, ts: u64 },
    /// The end of an arrow, at the slice that contains its time.
    #[serde(rename = "f")]
    To { name: &'static str, cat: &'static str, id: usize, pid: u32, tid: u32, ts: u64, bp: &'static str },
}

#[derive(Serialize)]
struct Name {
    name: String,
}

#[derive(Serialize)]
struct Place {
    sort_index: u32,
}

/// The details of a slice's task.
#[derive(Serialize)]
struct TaskDetails<'a> {
    task: Cow<'a, str>,
    id: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
}

/// Writes the timeline of a run.
pub(super) fn write(run: &SavedRun) -> Vec<u8> {
    let about = About {
        exercise: run.experiment.exercise().slug,
        link: run.destination().to_string(),
        finished_at_ms: run.finished_at_ms,
    };
    let trace = Trace { events: events(&run.record, run.experiment.exercise().title), unit: "ms", about };
    serde_json::to_vec(&trace).expect("keys are text, and writing to memory does not fail")
}

fn events<'a>(record: &'a Record, title: &str) -> Vec<TraceEvent<'a>> {
    let histories = TaskHistories::from_record(record);
    let slices = slices(record, &histories);
    let process = named("process_name", 0, format!("Interleave: {title}"));
    let lanes = (0..histories.lanes()).map(|lane| named("thread_name", lane + 1, format!("Lane {}", lane + 1)));
    let places = (1..=histories.lanes()).map(|tid| TraceEvent::Placed {
        name: "thread_sort_index",
        pid: PID,
        tid,
        args: Place { sort_index: tid },
    });
    let drawn = slices.iter().map(|segment| slice(record, &histories, segment));
    let arrows = histories.iter().filter_map(|(task, history)| arrow(record, &slices, task, history.spawned_us));
    std::iter::once(process).chain(lanes).chain(places).chain(drawn).chain(arrows.flatten()).collect()
}

/// All segments to draw, by task and then by time.
fn slices(record: &Record, histories: &TaskHistories) -> Vec<Segment> {
    let open = histories.open_segments(record.end_us()).filter(|it| it.to_us > it.from_us);
    let mut slices: Vec<_> = histories.segments().into_iter().chain(open).collect();
    slices.sort_by_key(|it| (it.task, it.from_us));
    slices
}

fn named(what: &'static str, tid: u32, name: String) -> TraceEvent<'static> {
    TraceEvent::Named { name: what, pid: PID, tid, args: Name { name } }
}

fn slice<'a>(record: &'a Record, histories: &TaskHistories, segment: &Segment) -> TraceEvent<'a> {
    let name = record.task(segment.task).name.text();
    TraceEvent::Slice {
        name: format!("{name} {}", segment.phase.name()),
        cat: segment.phase.name(),
        pid: PID,
        tid: segment.lane + 1,
        ts: segment.from_us,
        dur: segment.to_us - segment.from_us,
        args: TaskDetails {
            task: name,
            id: segment.task.index() + 1,
            outcome: histories.task(segment.task).end.map(|(_, outcome)| outcome.name()),
        },
    }
}

/// The arrow from the slice in which a task was created to the task's first slice. Returns `None` if one of them was
/// too short for the clock.
fn arrow<'a>(record: &Record, slices: &[Segment], task: TaskId, spawned_us: u64) -> Option<[TraceEvent<'a>; 2]> {
    let from = containing(slices, record.task(task).parent?, spawned_us)?;
    let to = slices.get(slices.partition_point(|it| it.task < task)).filter(|it| it.task == task)?;
    let (name, cat, id, pid) = ("spawned", "spawned", task.index() + 1, PID);
    Some([
        TraceEvent::From { name, cat, id, pid, tid: from.lane + 1, ts: spawned_us },
        TraceEvent::To { name, cat, id, pid, tid: to.lane + 1, ts: to.from_us, bp: "e" },
    ])
}

/// The slice of a task that contains a time.
fn containing(slices: &[Segment], task: TaskId, at_us: u64) -> Option<&Segment> {
    let before = slices.partition_point(|it| (it.task, it.from_us) <= (task, at_us)).checked_sub(1)?;
    slices.get(before).filter(|it| it.task == task && at_us < it.to_us)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::rc::Rc;

    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::exercises::catalogue;
    use crate::measure::{EventKind, Outcome};
    use crate::share::samples::{finished, hostile, with_everything};

    /// The events of a kind.
    fn of_kind(run: &SavedRun, ph: &str) -> Vec<Value> {
        let trace: Value = serde_json::from_slice(&write(run)).expect("it is JSON");
        let events = trace["traceEvents"].as_array().expect("it is a list");
        events.iter().filter(|event| event["ph"] == ph).cloned().collect()
    }

    fn number(event: &Value, key: &str) -> u64 {
        event[key].as_u64().unwrap_or_else(|| panic!("`{key}` is a whole number in {event}"))
    }

    /// The start and the end of all slices of each thread.
    fn by_thread(run: &SavedRun) -> HashMap<u64, Vec<(u64, u64)>> {
        let mut threads: HashMap<_, Vec<_>> = HashMap::new();
        for event in of_kind(run, "X") {
            assert!(event["name"].is_string() && event["cat"].is_string() && event["args"]["task"].is_string());
            assert_eq!(number(&event, "pid"), 1);
            let from = number(&event, "ts");
            threads.entry(number(&event, "tid")).or_default().push((from, from + number(&event, "dur")));
        }
        threads.values_mut().for_each(|slices| slices.sort_unstable());
        threads
    }

    #[track_caller]
    fn assert_valid(run: &SavedRun) {
        let threads = by_thread(run);
        let histories = TaskHistories::from_record(&run.record);
        let open = histories.open_segments(run.record.end_us()).filter(|it| it.to_us > it.from_us).count();
        assert_eq!(threads.values().map(Vec::len).sum::<usize>(), histories.segments().len() + open);
        for slices in threads.values() {
            assert!(slices.windows(2).all(|pair| pair[0].1 <= pair[1].0), "slices of a thread do not overlap");
        }
        let is_within = |event: &Value| {
            let ts = number(event, "ts");
            threads[&number(event, "tid")].iter().any(|(from, to)| (*from..*to).contains(&ts))
        };
        let (begins, ends) = (of_kind(run, "s"), of_kind(run, "f"));
        assert!(begins.iter().chain(&ends).all(is_within), "arrows start and end at slices");
        for (begin, end) in begins.iter().zip(&ends) {
            assert_eq!((&begin["id"], &begin["name"], &begin["cat"]), (&end["id"], &end["name"], &end["cat"]));
            assert!(number(begin, "ts") <= number(end, "ts") && end["bp"] == "e");
        }
        assert_eq!(begins.len(), ends.len());
        let (places, names): (Vec<_>, Vec<_>) =
            of_kind(run, "M").into_iter().partition(|event| event["name"] == "thread_sort_index");
        assert_eq!((names.len(), places.len()), (1 + histories.lanes() as usize, histories.lanes() as usize));
        assert!(names.iter().all(|event| event["args"]["name"].is_string()));
        assert!(places.iter().all(|event| event["args"]["sort_index"] == event["tid"]));
    }

    #[test]
    fn every_exercise_has_a_valid_trace() {
        for exercise in catalogue::all() {
            assert_valid(&finished(exercise, with_everything(exercise)));
        }
    }

    #[test]
    fn a_task_has_its_outcome_and_an_arrow_from_where_it_was_created() {
        let run = hostile("download");
        assert_valid(&run);
        let slices = of_kind(&run, "X");
        let last = slices.last().expect("there are slices");
        assert_eq!((&last["name"], &last["cat"]), (&"download running".into(), &"running".into()));
        assert_eq!(last["args"], serde_json::json!({ "task": "download", "id": 2, "outcome": "failed" }));
        let arrows = of_kind(&run, "s");
        assert_eq!(arrows.iter().map(|it| (number(it, "tid"), number(it, "ts"))).collect::<Vec<_>>(), [(1, 10)]);
    }

    proptest! {
        #[test]
        fn every_record_has_a_valid_trace(steps in prop::collection::vec((0..4u64, any::<prop::sample::Index>(), 0..5u8), 0..60)) {
            let mut record = Record::default();
            let (mut at_us, mut alive) = (0, Vec::new());
            for (pause_us, index, step) in steps {
                at_us += pause_us;
                let chosen = (!alive.is_empty()).then(|| index.index(alive.len()));
                match (step, chosen) {
                    (2, Some(place)) => record.push(at_us, alive[place], EventKind::PollStarted),
                    (3, Some(place)) => record.push(at_us, alive[place], EventKind::PENDING),
                    (4, Some(place)) => record.push(at_us, alive.swap_remove(place), EventKind::Ended(Outcome::Succeeded)),
                    (_, place) => alive.push(record.spawn(at_us, "task".into(), place.map(|place| alive[place]))),
                }
            }
            assert_valid(&SavedRun { record: Rc::new(record), ..sample() });
        }
    }

    fn sample() -> SavedRun {
        thread_local!(static RUN: SavedRun = hostile("task"));
        RUN.with(Clone::clone)
    }
}
