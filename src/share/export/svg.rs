//! The charts of a run as inline SVG: bars with their ideals, the timeline, and how durations spread.

use super::markup::Markup;
use crate::exercises::compared::{Compared, ComparedBar};
use crate::exercises::exercise::Distribution;
use crate::measure::durations::{Durations, TaskDuration};
use crate::measure::histogram::Histogram;
use crate::measure::segments::{Segment, TaskHistories, TaskHistory};
use crate::measure::spans::Span;
use crate::measure::units::{count, shortened, span};
use crate::measure::{Outcome, Record};

/// How wide a chart is, in its own units.
pub(super) const WIDTH: f64 = 900.0;

/// How high a row of bars is.
const ROW: usize = 40;

/// So many lanes of the timeline are drawn, the first.
const MOST_LANES: u32 = 80;

/// So many segments are drawn, the longest: more than anybody tells apart, and they make a page of many megabytes.
const MOST_SEGMENTS: usize = 4_000;

/// A picture as high as this.
pub(super) fn picture(height: f64, label: &str, inside: impl IntoIterator<Item = Markup>) -> Markup {
    let view_box = format!("0 0 {} {}", number(WIDTH), number(height));
    Markup::with("svg", &[("viewBox", &view_box), ("role", "img"), ("aria-label", label)], Markup::all(inside))
}

/// Two digits after the point are finer than any screen.
pub(super) fn number(number: f64) -> String {
    format!("{number:.2}")
}

pub(super) fn rectangle(class: &str, [x, y, width, height]: [f64; 4], title: Markup) -> Markup {
    let [x, y, width, height] = [x, y, width, height].map(number);
    let attributes = [("class", class), ("x", &x), ("y", &y), ("width", &width), ("height", &height)];
    Markup::with("rect", &attributes, title)
}

pub(super) fn line(class: &str, [x1, y1, x2, y2]: [f64; 4]) -> Markup {
    let [x1, y1, x2, y2] = [x1, y1, x2, y2].map(number);
    Markup::with("line", &[("class", class), ("x1", &x1), ("y1", &y1), ("x2", &x2), ("y2", &y2)], Markup::none())
}

pub(super) fn label(class: &str, anchor: &str, x: f64, y: f64, text: &str) -> Markup {
    let (x, y) = (number(x), number(y));
    Markup::with("text", &[("class", class), ("text-anchor", anchor), ("x", &x), ("y", &y)], Markup::text(text))
}

/// Bars from zero, with value and unit on them and their ideal as a mark.
pub(super) fn bars(compared: &Compared) -> Markup {
    let scale_us = compared.scale_us() as f64;
    let rows = compared.bars.iter().enumerate().map(|(place, it)| bar(it, (place * ROW) as f64, scale_us));
    picture((compared.bars.len() * ROW) as f64, compared.title, rows)
}

fn bar(bar: &ComparedBar, top: f64, scale_us: f64) -> Markup {
    let width = |us: u64| us as f64 / scale_us * WIDTH;
    let cut_short = bar.outcome.filter(|outcome| *outcome != Outcome::Succeeded);
    let word = cut_short.map(|outcome| format!(", {}", outcome.name())).unwrap_or_default();
    let ideal = bar.ideal_us.map(|us| format!(", ideal {}", span(us))).unwrap_or_default();
    let told = format!("{}: {}{word}{ideal}", bar.label, bar.so_far_us.map_or("–".to_owned(), span));
    let class = if cut_short.is_some() { "queued" } else { "bar" };
    let fill = rectangle(class, [0.0, top + 20.0, width(bar.so_far_us.unwrap_or(0)), 12.0], Markup::none());
    let mark = bar.ideal_us.map(|us| {
        let at = width(us).clamp(1.0, WIDTH - 1.0);
        line("ideal", [at, top + 17.0, at, top + 35.0])
    });
    Markup::all([label("", "start", 0.0, top + 14.0, &told), fill, mark.unwrap_or_default()])
}

/// Where the timeline's lanes and times lie.
struct Frame {
    lanes: u32,
    end_us: u64,
    /// How high a lane is.
    height: f64,
}

impl Frame {
    fn new(histories: &TaskHistories, end_us: u64) -> Self {
        // Few lanes are high enough for a name in each.
        const NAMED: u32 = 24;
        let lanes = histories.lanes().min(MOST_LANES);
        Self { lanes, end_us, height: if lanes <= NAMED { 20.0 } else { 8.0 } }
    }

    fn has_names(&self) -> bool {
        self.height > 10.0
    }

    fn x(&self, us: u64) -> f64 {
        us as f64 / self.end_us.max(1) as f64 * WIDTH
    }

    fn y(&self, lane: u32) -> f64 {
        f64::from(lane) * self.height
    }
}

/// The lives of the tasks, in lanes.
pub(super) fn timeline(record: &Record) -> Markup {
    let histories = TaskHistories::from_record(record);
    let frame = Frame::new(&histories, record.end_us());
    let (drawn, of) = segments(&histories, frame.end_us, frame.lanes);
    let bottom = frame.y(frame.lanes);
    let lasted = drawn.iter().map(|it| segment(record, &frame, it));
    let failed = histories.iter().filter_map(|(_, history)| failure(&frame, history)).take(MOST_SEGMENTS);
    let named = histories
        .iter()
        .filter_map(|(task, history)| name(&record.task(task).name, &frame, history))
        .take(MOST_SEGMENTS);
    let axis = [
        line("axis", [0.0, bottom, WIDTH, bottom]),
        label("muted", "start", 0.0, bottom + 16.0, "0 ms"),
        label("muted", "end", WIDTH, bottom + 16.0, &span(frame.end_us)),
    ];
    let inside = lasted.chain(failed).chain(named).chain(axis);
    let drawing = picture(bottom + 20.0, "Timeline of the tasks; the caption tells what is drawn", inside);
    let caption = caption(&histories, frame.lanes, drawn.len(), of);
    Markup::tag("figure", Markup::all([drawing, Markup::said("figcaption", caption)]))
}

fn segment(record: &Record, frame: &Frame, it: &Segment) -> Markup {
    let name = &record.task(it.task).name;
    let told = format!("{name}, {}: {} to {}", it.phase.name(), span(it.from_us), span(it.to_us));
    let (from, to) = (frame.x(it.from_us), frame.x(it.to_us));
    let place = [from, frame.y(it.lane), to - from, frame.height - 2.0];
    rectangle(it.phase.name(), place, Markup::said("title", told))
}

/// A mark where a task failed.
fn failure(frame: &Frame, history: &TaskHistory) -> Option<Markup> {
    let (at_us, outcome) = history.end.filter(|_| history.lane < frame.lanes)?;
    let is_failed = matches!(outcome, Outcome::Failed | Outcome::TimedOut);
    let place = [frame.x(at_us) - 2.0, frame.y(history.lane), 4.0, frame.height - 2.0];
    is_failed.then(|| rectangle("failed", place, Markup::said("title", outcome.name())))
}

/// The name of a task, where there is room for it.
fn name(name: &str, frame: &Frame, history: &TaskHistory) -> Option<Markup> {
    const LETTER: f64 = 8.0;
    let name = shortened(name, 40);
    let has_room = frame.x(history.duration_us(frame.end_us)) > name.chars().count() as f64 * LETTER;
    let (x, y) = (frame.x(history.spawned_us) + 4.0, frame.y(history.lane) + frame.height * 0.65);
    (frame.has_names() && has_room).then(|| label("", "start", x, y, &name))
}

/// The segments that are drawn, the longest of those in the first lanes, and how many there are in all.
fn segments(histories: &TaskHistories, end_us: u64, lanes: u32) -> (Vec<Segment>, usize) {
    let all =
        histories.segments().iter().copied().chain(histories.open_segments(end_us).filter(|it| it.to_us > it.from_us));
    let all: Vec<_> = all.collect();
    let of = all.len();
    let mut drawn: Vec<_> = all.into_iter().filter(|it| it.lane < lanes).collect();
    drawn.sort_by_key(|it| std::cmp::Reverse(it.to_us - it.from_us));
    drawn.truncate(MOST_SEGMENTS);
    (drawn, of)
}

fn caption(histories: &TaskHistories, lanes: u32, drawn: usize, of: usize) -> String {
    let all = format!(
        "{} tasks in {} lanes: blue while their code runs, pale while they wait, grey in a queue.",
        count(histories.len() as u64),
        count(histories.lanes().into())
    );
    if drawn == of && lanes == histories.lanes() {
        return all;
    }
    format!(
        "{all} Drawn are {} of {} segments, the longest in the first {} lanes.",
        count(drawn as u64),
        count(of as u64),
        count(lanes.into())
    )
}

/// How the durations of some tasks spread. None if there are none.
pub(super) fn distribution(record: &Record, of: &Distribution) -> Option<Markup> {
    let part = Span::named(record, of.part)?;
    let durations = Durations::from_record(record, of.task, Some(part.task));
    let lasted: fn(&TaskDuration) -> u64 =
        if durations.has_queue() { |task| task.total_us } else { TaskDuration::work_us };
    let spread = Histogram::from_values(&durations.tasks().iter().map(lasted).collect::<Vec<_>>())?;
    let told = format!(
        "How long {} {} took, in steps of {}; the tallest bar stands for {}.",
        count(durations.tasks().len() as u64),
        of.task,
        span(spread.step),
        count(tallest(&spread).into())
    );
    Some(Markup::tag(
        "figure",
        Markup::all([Markup::said("h3", of.title), histogram(of.title, &spread), Markup::said("figcaption", told)]),
    ))
}

/// A histogram's bars, with its edges below.
pub(super) fn histogram(name: &str, spread: &Histogram) -> Markup {
    const HEIGHT: f64 = 140.0;
    let most = tallest(spread);
    let width = WIDTH / spread.counts.len() as f64;
    let bars = spread.bins().enumerate().map(|(place, (from, to, n))| {
        let height = f64::from(n) / f64::from(most) * HEIGHT;
        let told = format!("{} to {}: {}", span(from), span(to), count(n.into()));
        let at = [place as f64 * width + 1.0, HEIGHT - height, width - 2.0, height];
        rectangle("bar", at, Markup::said("title", told))
    });
    let right = spread.from + spread.step * spread.counts.len() as u64;
    let axis = [
        line("axis", [0.0, HEIGHT, WIDTH, HEIGHT]),
        label("muted", "start", 0.0, HEIGHT + 16.0, &span(spread.from)),
        label("muted", "end", WIDTH, HEIGHT + 16.0, &span(right)),
    ];
    let label = format!("{name}: histogram with {} bins; the tallest holds {most}", spread.counts.len());
    picture(HEIGHT + 20.0, &label, bars.chain(axis))
}

/// What the tallest bar stands for, at least 1.
fn tallest(spread: &Histogram) -> u32 {
    spread.counts.iter().copied().max().unwrap_or(0).max(1)
}
