//! The tasks of a part of a run as lanes of bars, in SVG. The first page shows them where it needs no canvas: in its
//! race, and in the small picture of each exercise.

use crate::figures::node::{Element, element};
use crate::measure::segments::{Phase, Segment, TaskHistories};
use crate::measure::{Record, TaskId};

/// The room between two lanes, in CSS pixels.
const GAP: f64 = 2.0;

/// The distance of a name from the beginning of its bar, in CSS pixels.
const INDENT: f64 = 6.0;

/// The tasks of one part of a run. Times are in microseconds since the part began.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartLanes {
    /// The number of lanes, at least one.
    pub rows: u32,
    /// The time from its beginning to its end, or until now.
    pub length_us: u64,
    bars: Vec<Bar>,
    tasks: Vec<LaneTask>,
}

/// A period of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Bar {
    row: u32,
    phase: Phase,
    from_us: u64,
    to_us: u64,
}

/// A task in its lane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneTask {
    /// The kind in its name.
    pub kind: String,
    /// Its beginning.
    pub from_us: u64,
    /// Its end, or now.
    pub to_us: u64,
    /// True if it has not ended.
    pub is_open: bool,
    row: u32,
}

/// The scale of lanes: the instant at the right edge, and the height of a lane with the room below it, in CSS pixels.
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    /// The length of the axis in microseconds.
    pub length_us: u64,
    /// The height of a lane.
    pub lane: f64,
}

impl Scale {
    fn share(self, us: u64) -> f64 {
        us as f64 / self.length_us.max(1) as f64
    }
}

impl PartLanes {
    /// The part of this name until `now_us`. `None` if it has not started.
    #[must_use]
    pub fn of_part(record: &Record, histories: &TaskHistories, name: &str, now_us: u64) -> Option<Self> {
        let part = histories.part_named(name)?;
        let root = histories.task(histories.parts()[part].root);
        let since = |us: u64| us.saturating_sub(root.spawned_us);
        let is_here = |task: TaskId| histories.place(task).part as usize == part && histories.has_row(task);
        let bar = |segment: Segment| Bar {
            row: histories.place(segment.task).row,
            phase: segment.phase,
            from_us: since(segment.from_us),
            to_us: since(segment.to_us),
        };
        let segments = histories.segments().into_iter().chain(histories.open_segments(now_us));
        let segments = segments.filter(|segment| is_here(segment.task));
        let tasks = histories.iter().filter(|(task, _)| is_here(*task)).map(|(task, history)| LaneTask {
            row: histories.place(task).row,
            kind: record.task(task).name.kind().to_string(),
            from_us: since(history.spawned_us),
            to_us: since(history.end.map_or(now_us, |(at_us, _)| at_us)),
            is_open: history.end.is_none(),
        });
        Some(Self {
            rows: histories.parts()[part].rows,
            length_us: since(root.end.map_or(now_us, |(at_us, _)| at_us)),
            bars: segments.map(bar).collect(),
            tasks: tasks.collect(),
        })
    }

    /// The bars, and a mark where each task begins, in a group for each phase: short moments in which code runs come
    /// last, so that nothing covers them. The lanes are `top` pixels below the upper edge.
    pub fn bars(&self, scale: Scale, top: f64) -> impl Iterator<Item = Element> {
        let rect = move |row: u32, from_us| {
            let rect = element("rect").share("x", scale.share(from_us));
            rect.number("y", top + f64::from(row) * scale.lane).number("height", height(scale.lane))
        };
        [Phase::Queued, Phase::Waiting, Phase::Running].into_iter().map(move |phase| {
            let bars = self.bars.iter().filter(|bar| bar.phase == phase);
            let bars = bars.map(|bar| rect(bar.row, bar.from_us).share("width", scale.share(bar.to_us - bar.from_us)));
            let beginnings = self.tasks.iter().filter(|_| phase == Phase::Running);
            let beginnings = beginnings.map(|task| rect(task.row, task.from_us).number("width", 1.5));
            element("g").attr("fill", colour(phase)).children(bars).children(beginnings)
        })
    }

    /// Like [`bars`](Self::bars), but with one path for each phase: a browser lays out a hundred bars in one path as
    /// fast as one bar. The right edge is at `width`, and the marks are `mark` wide.
    pub fn paths(&self, scale: Scale, top: f64, width: f64, mark: f64) -> impl Iterator<Item = Element> {
        let rect = move |row: u32, from_us, length: f64| {
            let [x, y] = [scale.share(from_us) * width, top + f64::from(row) * scale.lane].map(short);
            let [length, height] = [length, height(scale.lane)].map(short);
            format!("M{x} {y}h{length}v{height}h-{length}z")
        };
        [Phase::Queued, Phase::Waiting, Phase::Running].into_iter().filter_map(move |phase| {
            let bars = self.bars.iter().filter(|bar| bar.phase == phase);
            let bars = bars.map(|bar| rect(bar.row, bar.from_us, scale.share(bar.to_us - bar.from_us) * width));
            let beginnings = self.tasks.iter().filter(|_| phase == Phase::Running);
            let outline: String = bars.chain(beginnings.map(|task| rect(task.row, task.from_us, mark))).collect();
            (!outline.is_empty()).then(|| element("path").attr("fill", colour(phase)).attr("d", outline))
        })
    }

    /// The names of the tasks, each cut off at the end of its bar.
    pub fn names(&self, scale: Scale) -> impl Iterator<Item = Element> {
        self.tasks.iter().map(move |task| {
            let height = height(scale.lane);
            let name =
                element("text").number("x", INDENT).number("y", height / 2.0).attr("dominant-baseline", "central");
            element("svg")
                .share("x", scale.share(task.from_us))
                .number("y", f64::from(task.row) * scale.lane)
                .share("width", scale.share(task.to_us - task.from_us))
                .number("height", height)
                .attr("aria-hidden", "true")
                .child(name.text(task.kind.clone()))
        })
    }

    /// Its tasks, in the order in which they began.
    #[must_use]
    pub fn tasks(&self) -> &[LaneTask] {
        &self.tasks
    }
}

/// A coordinate with at most one decimal.
fn short(coordinate: f64) -> f64 {
    (coordinate * 10.0).round() / 10.0
}

/// The height of a bar in a lane.
fn height(lane: f64) -> f64 {
    (lane - GAP).max(lane / 2.0)
}

/// The colour of a phase, from the style sheet of the page. In a file of its own, a picture has no other access to it.
fn colour(phase: Phase) -> &'static str {
    match phase {
        Phase::Queued => "var(--queued)",
        Phase::Running => "var(--running)",
        Phase::Waiting => "var(--waiting)",
    }
}

/// Records for the tests of pictures.
#[cfg(test)]
pub(super) mod test_support {
    use super::*;
    use crate::measure::events::EventKind::{Ended, PollStarted};
    use crate::measure::{EventKind, Outcome};

    /// Two parts: `first` has one task after another, each of 100 ms; `second` has them at the same time.
    pub(in crate::figures) fn two_parts() -> Record {
        let mut record = Record::default();
        let task = |record: &mut Record, kind: &'static str, parent, at_us| {
            let task = record.spawn(at_us, kind.into(), parent);
            record.push(at_us, task, PollStarted);
            record.push(at_us, task, EventKind::PENDING);
            task
        };
        let end = |record: &mut Record, task, at_us| {
            record.push(at_us, task, PollStarted);
            record.push(at_us, task, Ended(Outcome::Succeeded));
        };
        let first = task(&mut record, "first", None, 0);
        for (kind, at_us) in [("load", 0), ("save", 100_000)] {
            let inner = task(&mut record, kind, Some(first), at_us);
            end(&mut record, inner, at_us + 100_000);
        }
        end(&mut record, first, 200_000);
        let second = task(&mut record, "second", None, 200_000);
        let inner = ["load", "save"].map(|kind| task(&mut record, kind, Some(second), 200_000));
        inner.into_iter().for_each(|inner| end(&mut record, inner, 300_000));
        end(&mut record, second, 300_000);
        record
    }

    pub(in crate::figures) fn lanes_of(record: &Record, name: &str, now_us: u64) -> PartLanes {
        PartLanes::of_part(record, &TaskHistories::from_record(record), name, now_us).expect("the part has started")
    }
}

#[cfg(test)]
mod tests {
    use super::test_support::{lanes_of, two_parts};
    use super::*;
    use crate::figures::node::Node;

    const SCALE: Scale = Scale { length_us: 200_000, lane: 22.0 };

    fn values(drawn: Vec<&Element>, names: [&str; 3]) -> Vec<[String; 3]> {
        let value = |element: &Element, name| element.get(name).unwrap_or_default().to_owned();
        drawn.into_iter().map(|element| names.map(|name| value(element, name))).collect()
    }

    #[test]
    fn each_part_begins_at_zero_and_has_a_bar_for_each_task() {
        let record = two_parts();
        let [first, second] = ["first", "second"].map(|name| lanes_of(&record, name, 300_000));
        assert_eq!([(first.rows, first.length_us), (second.rows, second.length_us)], [(1, 200_000), (2, 100_000)]);
        let places = |lanes: &PartLanes| {
            let group: Node = element("g").children(lanes.bars(SCALE, 3.0)).into();
            values(group.all("rect"), ["x", "y", "width"])
        };
        let bars = |places: [[&str; 3]; 4]| places.map(|place| place.map(str::to_owned)).to_vec();
        assert_eq!(
            places(&first),
            bars([["0%", "3", "50%"], ["50%", "3", "50%"], ["0%", "3", "1.5"], ["50%", "3", "1.5"]])
        );
        assert_eq!(
            places(&second),
            bars([["0%", "3", "50%"], ["0%", "25", "50%"], ["0%", "3", "1.5"], ["0%", "25", "1.5"]])
        );
    }

    #[test]
    fn a_name_is_as_wide_as_its_task() {
        let record = two_parts();
        let names: Vec<_> = lanes_of(&record, "second", 300_000).names(SCALE).collect();
        assert_eq!(names.iter().map(|name| name.get("width")).collect::<Vec<_>>(), [Some("50%"); 2]);
        let texts: Vec<_> = names.into_iter().map(|name| Node::from(name).texts("text").concat()).collect();
        assert_eq!(texts, ["load", "save"]);
    }

    #[test]
    fn tasks_are_open_until_they_end() {
        let mut record = two_parts();
        assert!(lanes_of(&record, "second", 400_000).tasks().iter().all(|task| !task.is_open));
        let third = record.spawn(300_000, "third".into(), None);
        record.spawn(300_000, "load".into(), Some(third));
        let lanes = lanes_of(&record, "third", 350_000);
        let [load] = lanes.tasks() else { panic!("{lanes:?}") };
        assert_eq!((lanes.length_us, load.to_us, load.is_open), (50_000, 50_000, true));
    }

    #[test]
    fn a_part_that_has_not_started_has_no_lanes() {
        let record = two_parts();
        assert_eq!(PartLanes::of_part(&record, &TaskHistories::from_record(&record), "third", 0), None);
    }
}
