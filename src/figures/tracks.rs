//! The parts of a comparison as tracks of the timeline: for each part its length in words, above the room for its
//! tasks. The page draws the tasks themselves on a canvas behind the tracks.

use std::borrow::Cow;

use crate::exercises::compared::Compared;
use crate::figures::bands::Band;
use crate::figures::bars::{Baseline, Outline, figures_of_bar, speed_up};
use crate::figures::node::{Element, Node, element};
use crate::measure::units::counted;

/// The layout of one part.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrackLayout {
    /// The room for its tasks.
    pub band: Band,
    /// The number of its tasks if they are folded into one shape.
    pub folded_tasks: Option<u64>,
    /// True if the reader can open it, or has opened it: its tasks do not all have high lanes.
    pub can_open: bool,
    /// True if the reader has opened it.
    pub is_open: bool,
}

/// A comparison whose parts are drawn as `tracks`, one for each bar. The caption is its sentence, or `unfinished`
/// until there is one, and then the finding that matters most.
#[must_use]
pub fn comparison(
    compared: &Compared,
    tracks: &[TrackLayout],
    baseline: Option<&Baseline>,
    unfinished: Cow<'static, str>,
    headline: Option<String>,
) -> Node {
    let caption = compared.sentence().map_or(unfinished, Cow::from);
    let bars = compared.bars.iter().zip(tracks).map(|(bar, track)| {
        let outline = Outline::of_bar(bar, baseline);
        let (item, [measured, others]) = figures_of_bar("li", bar, compared.lag_in_words(bar), outline.as_ref());
        let tasks = track.folded_tasks.map(|tasks| element("span").text(counted(tasks, "task", "tasks")));
        let figures = [measured, others.children(tasks)];
        item.child(label(&bar.label, &bar.task, *track)).children(figures).child(lanes(track.band))
    });
    let heading = element("h3").text(compared.title.clone()).attr_if("title", not_empty(&compared.about));
    element("figure")
        .class("comparison")
        .child(heading)
        .child(element("ol").class("bars").children(bars))
        .child(
            element("figcaption")
                .children(speed_up(compared))
                .child(element("span").child(Node::Text(caption)))
                .children(headline.map(|text| element("p").class("headline").text(text))),
        )
        .into()
}

fn not_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// The name of a part. It is a button if its tasks can be shown in more detail.
fn label(label: &str, task: &str, track: TrackLayout) -> Element {
    let name = label.to_owned();
    if !track.can_open {
        return element("span").class("label").text(name);
    }
    element("button")
        .class("label")
        .attr("data-open", task.to_owned())
        .attr("aria-pressed", track.is_open.to_string())
        .attr("title", if track.is_open { "Show fewer details" } else { "Show each task" })
        .text(name)
}

/// The room for the tasks of a part. It is a picture, because style sheets cannot know its height.
#[must_use]
pub fn lanes(band: Band) -> Element {
    element("svg").class("lanes").attr("aria-hidden", "true").number("height", band.height)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exercises::compared::ComparedBar;
    use crate::figures::query::assert_sound;
    use crate::measure::Outcome;

    fn compared() -> Compared {
        let bar = |label: &'static str, us| ComparedBar {
            task: format!("{label}_task").into(),
            label: label.into(),
            so_far_us: Some(us),
            outcome: Some(Outcome::Succeeded),
            measured_us: Some(us),
            ideal_us: Some(us),
            lag_us: Some(1_000),
        };
        let bars = vec![bar("One by one", 800_000), bar("At once", 200_000)];
        Compared { title: "Three waits".into(), about: "Look here.".into(), is_race: true, bars }
    }

    fn track(height: f64, can_open: bool) -> TrackLayout {
        TrackLayout {
            band: Band { height, lane: None },
            folded_tasks: can_open.then_some(1_200),
            can_open,
            is_open: false,
        }
    }

    #[test]
    fn each_part_has_its_length_and_room_for_its_tasks() {
        let figure = comparison(&compared(), &[track(18.0, false), track(44.0, true)], None, "".into(), None);
        assert_sound(&figure);
        assert_eq!(figure.attributes(".lanes", "height"), ["18", "44"]);
        assert_eq!(figure.attributes("li", "data-measured-us"), ["800000", "200000"]);
        assert_eq!(figure.texts(".figure"), ["800 ms", "200 ms"]);
        assert_eq!(figure.texts(".ideal-figure"), ["ideal 800 ms", "ideal 200 ms1,200 tasks"]);
        assert_eq!(figure.texts(".speed-up"), ["4.0 times as fast"]);
    }

    #[test]
    fn a_forecast_has_ideals_and_nothing_that_was_measured() {
        let mut compared = compared();
        for bar in &mut compared.bars {
            (bar.so_far_us, bar.outcome, bar.measured_us, bar.lag_us) = (None, None, None, None);
        }
        let caption = compared.forecast().expect("the ideals are known");
        let figure = comparison(&compared, &[track(18.0, false); 2], None, caption.clone().into(), None);
        assert_sound(&figure);
        assert_eq!(figure.texts("figcaption"), [caption]);
        assert_eq!(figure.texts(".figure"), ["–", "–"]);
        assert_eq!(figure.texts(".ideal-figure"), ["ideal 800 ms", "ideal 200 ms"]);
        assert_eq!(figure.attributes("li", "data-measured-us"), [""; 0]);
        assert_eq!(figure.texts(".speed-up"), [""]);
    }

    #[test]
    fn the_headline_follows_the_sentence() {
        let figure = comparison(&compared(), &[track(18.0, false); 2], None, "".into(), Some("It kept up.".to_owned()));
        assert_sound(&figure);
        assert_eq!(figure.texts(".headline"), ["It kept up."]);
    }

    #[test]
    fn only_a_part_with_more_to_show_is_a_button() {
        let figure = comparison(&compared(), &[track(18.0, false), track(44.0, true)], None, "".into(), None);
        assert_eq!(figure.texts("button"), ["At once"]);
        assert_eq!(figure.attributes("button", "data-open"), ["At once_task"]);
        assert_eq!(figure.attributes("button", "aria-pressed"), ["false"]);
    }

    #[test]
    fn another_run_is_named_with_its_length() {
        let length_us = |task: &str| (task == "One by one_task").then_some(1_000_000);
        let baseline = Baseline { word: "pinned", length_us: &length_us };
        let figure = comparison(&compared(), &[track(18.0, false); 2], Some(&baseline), "".into(), None);
        assert_eq!(figure.attributes("li", "data-baseline-us"), ["1000000"]);
        assert_eq!(figure.texts(".ideal-figure")[0], "ideal 800 mspinned 1.00 s");
    }
}
