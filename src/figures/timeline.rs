//! The timeline as a picture that stays as it is: for the report. The page draws it on a canvas, and takes the words
//! and the table from here.

use std::cmp::Reverse;
use std::ops::RangeInclusive;

use crate::figures::geometry::{View, ticks};
use crate::figures::node::{Element, Node, element};
use crate::figures::table::disclosed;
use crate::figures::tasks::{Order, as_table};
use crate::measure::metrics::Metrics;
use crate::measure::segments::{Segment, TaskHistories, TaskHistory};
use crate::measure::units::{count, counted, percent, shortened, span};
use crate::measure::wait_times::WaitTime;
use crate::measure::{Outcome, Record, TaskId};

/// The maximum number of lanes drawn, from the first.
const MOST_LANES: u32 = 80;

/// The maximum number of segments drawn; the longest are chosen. More cannot be distinguished, and make the report
/// several megabytes larger.
const MOST_SEGMENTS: usize = 4_000;

/// The maximum number of waits in the words for a task; the longest are chosen.
const MOST_WAITS: usize = 2;

/// The width of the picture, in its own units.
pub const WIDTH: f64 = 900.0;

/// The approximate number of ticks on the axis.
const TICKS: usize = 8;

/// The tasks, in lanes, with a caption and a table.
#[must_use]
pub fn timeline(record: &Record) -> Node {
    let Picture { shapes, height, caption } = picture(record);
    let picture = element("svg")
        .attr("viewBox", format!("0 0 {WIDTH} {height}"))
        .attr("role", "img")
        .attr("aria-label", "Timeline of the tasks; the caption says what is drawn")
        .children(shapes);
    element("figure")
        .class("timeline")
        .child(picture)
        .child(element("figcaption").text(caption))
        .child(disclosed(&as_table(record, Order::default())))
        .into()
}

/// The tasks as shapes of SVG. Their classes say what they mean.
pub struct Picture {
    /// The shapes, in a box that is [`WIDTH`] wide.
    pub shapes: Vec<Element>,
    /// The height of this box.
    pub height: f64,
    /// The caption.
    pub caption: String,
}

/// The tasks, in lanes above an axis.
#[must_use]
pub fn picture(record: &Record) -> Picture {
    let histories = TaskHistories::from_record(record);
    let frame = Frame::new(&histories, record.end_us());
    let (drawn, all) = segments(&histories, &frame);
    let bottom = frame.y(frame.lanes);
    let lane = |task: TaskId| histories.place(task).lane;
    let marks = histories.iter().filter_map(|(task, history)| failure(&frame, lane(task), history)).take(MOST_SEGMENTS);
    let names = histories
        .iter()
        .filter_map(|(task, history)| name(&record.task(task).name.text(), &frame, lane(task), history))
        .take(MOST_SEGMENTS);
    let segments = drawn.iter().map(|it| segment(record, &frame, it));
    Picture {
        shapes: segments.chain(marks).chain(names).chain(axis(&frame, bottom)).collect(),
        height: bottom + 20.0,
        caption: caption_of_picture(&histories, frame.lanes, drawn.len(), all),
    }
}

/// The places of lanes and times in the picture.
struct Frame {
    view: View,
    end_us: u64,
    lanes: u32,
    lane_height: f64,
}

impl Frame {
    fn new(histories: &TaskHistories, end_us: u64) -> Self {
        // Few lanes are high enough for a name in each.
        const NAMED: u32 = 24;
        let lanes = histories.lanes().min(MOST_LANES);
        let lane_height = if lanes <= NAMED { 20.0 } else { 8.0 };
        Self { view: View::whole(end_us), end_us, lanes, lane_height }
    }

    fn has_names(&self) -> bool {
        self.lane_height > 10.0
    }

    fn x(&self, us: u64) -> f64 {
        self.view.x(us as f64, WIDTH)
    }

    fn y(&self, lane: u32) -> f64 {
        f64::from(lane) * self.lane_height
    }

    fn rectangle(&self, class: &'static str, x: f64, lane: u32, width: f64) -> Element {
        element("rect")
            .class(class)
            .number("x", x)
            .number("y", self.y(lane))
            .number("width", width)
            .number("height", self.lane_height - 2.0)
    }
}

fn label(class: &'static str, anchor: &'static str, x: f64, y: f64, text: String) -> Element {
    element("text").class(class).attr("text-anchor", anchor).number("x", x).number("y", y).text(text)
}

fn line(class: &'static str, [x1, y1, x2, y2]: [f64; 4]) -> Element {
    element("line").class(class).number("x1", x1).number("y1", y1).number("x2", x2).number("y2", y2)
}

fn segment(record: &Record, frame: &Frame, it: &Segment) -> Element {
    let name = &record.task(it.task).name;
    let title = format!("{name}, {}: {} to {}", it.phase.name(), span(it.from_us), span(it.to_us));
    let (from, to) = (frame.x(it.from_us), frame.x(it.to_us));
    frame.rectangle(it.phase.name(), from, it.lane, to - from).child(element("title").text(title))
}

/// A mark where a task failed.
fn failure(frame: &Frame, lane: u32, history: &TaskHistory) -> Option<Element> {
    let (at_us, outcome) = history.end.filter(|_| lane < frame.lanes)?;
    let is_failed = matches!(outcome, Outcome::Failed | Outcome::TimedOut);
    let title = || element("title").text(outcome.name());
    is_failed.then(|| frame.rectangle("failed", frame.x(at_us) - 2.0, lane, 4.0).child(title()))
}

/// The name of a task, if there is room for it.
fn name(name: &str, frame: &Frame, lane: u32, history: &TaskHistory) -> Option<Element> {
    const LETTER: f64 = 8.0;
    let name = shortened(name, 40);
    let has_room = frame.x(history.duration_us(frame.end_us)) > name.chars().count() as f64 * LETTER;
    let (x, y) = (frame.x(history.spawned_us) + 4.0, frame.y(lane) + frame.lane_height * 0.65);
    (frame.has_names() && has_room).then(|| label("name", "start", x, y, name.into_owned()))
}

/// The line below the lanes, with round times.
fn axis(frame: &Frame, bottom: f64) -> Vec<Element> {
    /// A label this near to the right edge ends at its tick.
    const EDGE: f64 = 40.0;
    let tick = |us: u64| {
        let x = frame.x(us);
        let anchor = match us {
            0 => "start",
            _ if x > WIDTH - EDGE => "end",
            _ => "middle",
        };
        [line("axis", [x, bottom, x, bottom + 4.0]), label("muted", anchor, x, bottom + 16.0, span(us))]
    };
    let ticks = ticks(frame.view.from_us, frame.view.to_us, TICKS);
    [line("axis", [0.0, bottom, WIDTH, bottom])].into_iter().chain(ticks.into_iter().flat_map(tick)).collect()
}

/// The segments that are drawn, the longest of those in the first lanes, and the number of all.
fn segments(histories: &TaskHistories, frame: &Frame) -> (Vec<Segment>, usize) {
    let open = histories.open_segments(frame.end_us).filter(|it| it.to_us > it.from_us);
    let mut drawn: Vec<_> = histories.segments().into_iter().chain(open).collect();
    let all = drawn.len();
    drawn.retain(|it| it.lane < frame.lanes);
    drawn.sort_by_key(|it| Reverse(it.to_us - it.from_us));
    drawn.truncate(MOST_SEGMENTS);
    (drawn, all)
}

fn caption_of_picture(histories: &TaskHistories, lanes: u32, drawn: usize, all: usize) -> String {
    let tasks = format!(
        "{} in {}: blue while their code runs, pale while they wait, grey in a queue.",
        counted(histories.len() as u64, "task", "tasks"),
        counted(histories.lanes().into(), "lane", "lanes")
    );
    if drawn == all && lanes == histories.lanes() {
        return tasks;
    }
    format!(
        "{tasks} {} of {} segments are drawn: the longest in the first {} lanes.",
        count(drawn as u64),
        count(all as u64),
        count(lanes.into())
    )
}

/// A run in words.
#[must_use]
pub fn caption(record: &Record, measured: &Metrics) -> String {
    let blocked = match record.beats().iter().filter(|beat| beat.is_blocked()).count() {
        0 => String::new(),
        1 => " The page was blocked once.".to_owned(),
        n => format!(" The page was blocked {n} times."),
    };
    format!(
        "{} in {}, at most {} in progress at once (without tasks that wait for their subtasks).{blocked}",
        counted(measured.tasks.into(), "task", "tasks"),
        span(measured.wall_us),
        measured.peak_concurrency
    )
}

/// A forecast in words.
#[must_use]
pub fn caption_of_forecast(expected: &Metrics) -> String {
    format!(
        "A forecast, not a measurement: the ideal with these settings, in which only requested waits take time. {}, at \
         most {} in progress at once. Press Run to measure.",
        counted(expected.tasks.into(), "task", "tasks"),
        expected.peak_concurrency
    )
}

/// A task in words.
#[must_use]
pub fn words(record: &Record, task: TaskId, history: &TaskHistory, now_us: u64) -> String {
    let name = &record.task(task).name;
    let parent = record.task(task).parent.map(|parent| format!(", in {}", record.task(parent).name));
    let end_us = history.end.map_or(now_us, |(at_us, _)| at_us);
    let length_us = history.duration_us(now_us);
    let share = if length_us == 0 { 0.0 } else { history.running_us as f64 / length_us as f64 };
    let end = match history.end {
        Some((at_us, outcome)) => format!("{} at {}, {} later", outcome.name(), span(at_us), span(length_us)),
        None => format!("not finished after {}", span(length_us)),
    };
    format!(
        "{name}{}: spawned at {}, {end}. Queued for {}; its code ran {} of the time.{}",
        parent.unwrap_or_default(),
        span(history.spawned_us),
        span(history.queued_until_us(now_us)),
        percent(share),
        waits_in_words(record, task, history.spawned_us..=end_us),
    )
}

/// The longest waits of a task, as a sentence after a space. Empty if none is known.
fn waits_in_words(record: &Record, task: TaskId, lifetime_us: RangeInclusive<u64>) -> String {
    let times = WaitTime::of_task(record, task, lifetime_us);
    let words = |time: &WaitTime| format!("{} {}", span(time.total_us), time.wait.words(record.waits()));
    match times.iter().take(MOST_WAITS).map(words).collect::<Vec<_>>() {
        none if none.is_empty() => String::new(),
        some => format!(" It waited {}.", some.join(", and ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::query::assert_sound;
    use crate::measure::EventKind;

    /// A task that runs for a quarter of its time, waits for the rest, and fails.
    fn record() -> Record {
        let mut record = Record::default();
        let task = record.spawn(0, "load".into(), None);
        record.push(0, task, EventKind::PollStarted);
        record.push(250_000, task, EventKind::PENDING);
        record.push(1_000_000, task, EventKind::PollStarted);
        record.push(1_000_000, task, EventKind::Ended(Outcome::Failed));
        record
    }

    #[test]
    fn segments_ticks_and_names_are_at_their_times() {
        let figure = timeline(&record());
        assert_sound(&figure);
        let place = |class| [figure.attributes(class, "x"), figure.attributes(class, "width")];
        assert_eq!(place(".running"), [["0"], ["225"]]);
        assert_eq!(place(".waiting"), [["225"], ["675"]]);
        assert_eq!(place(".failed"), [["898"], ["4"]]);
        assert_eq!(figure.texts(".name"), ["load"]);
        assert_eq!(figure.texts(".muted"), ["0 ms", "200 ms", "400 ms", "600 ms", "800 ms", "1.00 s"]);
        assert_eq!(figure.attributes(".muted", "x"), ["0", "180", "360", "540", "720", "900"]);
        assert_eq!(figure.rows(), [["load", "", "0 ms", "1.00 s", "0 ms", "250 ms", "", "failed"]]);
    }

    #[test]
    fn an_empty_run_is_sound() {
        let figure = timeline(&Record::default());
        assert_sound(&figure);
        assert!(figure.all("rect").is_empty() && figure.rows().is_empty());
    }

    #[test]
    fn a_task_and_a_run_are_described_in_words() {
        let record = record();
        let histories = TaskHistories::from_record(&record);
        let words = words(&record, TaskId::at(0), histories.task(TaskId::at(0)), 1_000_000);
        assert_eq!(
            words,
            "load: spawned at 0 ms, failed at 1.00 s, 1.00 s later. Queued for 0 ms; its code ran 25.0 % of the time."
        );
        let caption = caption(&record, &Metrics::from_record(&record));
        assert!(caption_of_forecast(&Metrics::from_record(&record)).starts_with("A forecast, not a measurement: "));
        assert_eq!(
            caption,
            "1 task in 1.00 s, at most 1 in progress at once (without tasks that wait for their subtasks)."
        );
    }
}
