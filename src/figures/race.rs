//! The race of the first page: the parts of a comparison as lanes with the names of their tasks, one below the other on
//! one axis from zero. What is expected is behind what happens.

use crate::exercises::compared::{Compared, ComparedBar};
use crate::figures::bars::{figures_of_bar, speed_up};
use crate::figures::geometry::ticks;
use crate::figures::lanes::{PartLanes, Scale};
use crate::figures::node::{Element, Node, element};
use crate::figures::picture;
use crate::measure::units::span;

/// The height of a lane with a name, in CSS pixels.
const LANE: f64 = 28.0;

/// The approximate number of times that are labelled on the axis.
const TICKS: usize = 5;

/// The lanes of one part.
#[derive(Clone, Debug, PartialEq)]
pub struct RaceTrack<'a> {
    /// The number of lanes for which there is room.
    pub rows: u32,
    /// The forecast.
    pub forecast: Forecast<'a>,
    /// The progress so far; `None` before the part begins.
    pub lanes: Option<&'a PartLanes>,
}

/// The expected lanes of a part.
#[derive(Clone, Debug, PartialEq)]
pub enum Forecast<'a> {
    /// The lanes are not known.
    None,
    /// A picture of the site.
    Picture {
        /// The name of its symbol.
        name: String,
        /// The length of its axis in microseconds.
        length_us: u64,
    },
    /// These lanes are drawn.
    Lanes(&'a PartLanes),
}

/// A comparison with a track for each bar, on an axis of `length_us`. The caption is the result, or `unfinished` until
/// there is one.
#[must_use]
pub fn race(compared: &Compared, tracks: &[RaceTrack], length_us: u64, unfinished: &'static str) -> Node {
    let scale = Scale { length_us, lane: LANE };
    let bars = compared.bars.iter().zip(tracks).map(|(bar, drawn)| {
        let (item, figures) = figures_of_bar("li", bar, compared.lag_in_words(bar), None);
        let label = element("span").class("label").text(bar.label.clone());
        item.child(label).children(figures).child(track(bar, drawn, scale))
    });
    // An element of its own: if the same text became the result, it would move when the speed-up appears before it.
    let caption = match result(compared).or_else(|| compared.sentence()) {
        Some(result) => element("span").text(result),
        None => element("em").text(unfinished),
    };
    element("figure")
        .class("comparison race")
        .child(element("h2").text(compared.title.clone()))
        .child(element("ol").class("bars").children(bars))
        .child(axis(scale))
        .child(element("figcaption").children(speed_up(compared)).child(caption))
        .into()
}

/// The two times in a few words, which always need the same room. The lengths of the bars say the rest.
fn result(compared: &Compared) -> Option<String> {
    let (first, last) = (compared.bars.first()?, compared.bars.last()?);
    Some(format!("{} instead of {}", span(last.measured_us?), span(first.measured_us?)))
}

/// The expected lanes of a part as a symbol of the site's pictures.
#[must_use]
pub fn symbol(name: &str, lanes: &PartLanes, length_us: u64) -> Element {
    let scale = Scale { length_us, lane: LANE };
    element("symbol").attr("id", name.to_owned()).children(lanes.bars(scale, 0.0)).children(lanes.names(scale))
}

/// The name of that symbol.
#[must_use]
pub fn symbol_name(task: &str) -> String {
    format!("forecast-{task}")
}

fn track(bar: &ComparedBar, track: &RaceTrack, scale: Scale) -> Element {
    let mark = |class, us: u64| {
        let at = us as f64 / scale.length_us.max(1) as f64;
        element("line").class(class).share("x1", at).share("x2", at).number("y1", -2.0).share("y2", 1.0)
    };
    let forecast = match &track.forecast {
        Forecast::None => Vec::new(),
        Forecast::Picture { name, length_us } => {
            let picture = element("use").attr("href", format!("{}#{name}", picture::FILE));
            vec![picture.share("width", *length_us as f64 / scale.length_us.max(1) as f64)]
        }
        Forecast::Lanes(lanes) => lanes.bars(scale, 0.0).chain(lanes.names(scale)).collect(),
    };
    let happened = track.lanes.into_iter().flat_map(|lanes| lanes.bars(scale, 0.0).chain(lanes.names(scale)));
    element("svg")
        .class("lanes")
        .attr("aria-hidden", "true")
        .attr("width", "100%")
        .number("height", f64::from(track.rows) * LANE)
        .child(element("g").class("forecast").children(forecast))
        .child(element("g").class("happened").children(happened))
        .children(bar.ideal_us.map(|us| mark("ideal", us)))
        .children(bar.so_far_us.map(|us| mark("end", us)))
}

/// The axis, with round times.
fn axis(scale: Scale) -> Element {
    let ticks = ticks(0.0, scale.length_us as f64, TICKS);
    // A time at the right edge would be cut off.
    let ticks = ticks.into_iter().map(|us| (us, us as f64 / scale.length_us.max(1) as f64)).filter(|it| it.1 < 0.95);
    let label = |(us, at)| element("text").share("x", at).attr("y", "12").text(span(us));
    element("svg")
        .class("axis")
        .attr("aria-hidden", "true")
        .attr("width", "100%")
        .attr("height", "16")
        .children(ticks.map(label))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::lanes::test_support::{lanes_of, two_parts};
    use crate::figures::query::assert_sound;
    use crate::measure::Outcome;

    fn bar(task: &'static str, so_far_us: Option<u64>, ideal_us: u64) -> ComparedBar {
        ComparedBar {
            task: task.into(),
            label: task.into(),
            so_far_us,
            outcome: so_far_us.map(|_| Outcome::Succeeded),
            measured_us: so_far_us,
            ideal_us: Some(ideal_us),
            lag_us: None,
        }
    }

    fn compared(bars: [ComparedBar; 2]) -> Compared {
        Compared { title: "Two waits".into(), about: "".into(), is_race: true, bars: bars.into() }
    }

    #[test]
    fn what_happened_is_on_the_axis_of_what_was_expected() {
        let record = two_parts();
        let lanes = ["first", "second"].map(|name| lanes_of(&record, name, 300_000));
        let tracks = lanes.each_ref().map(|lanes| RaceTrack {
            rows: lanes.rows,
            forecast: Forecast::Lanes(lanes),
            lanes: Some(lanes),
        });
        let compared = compared([bar("first", Some(200_000), 200_000), bar("second", Some(100_000), 100_000)]);
        let figure = race(&compared, &tracks, 250_000, "");
        assert_sound(&figure);
        assert_eq!(figure.attributes(".lanes", "height"), ["28", "56"]);
        assert_eq!(figure.attributes(".end", "x1"), ["80%", "40%"]);
        assert_eq!(figure.attributes(".ideal", "x1"), ["80%", "40%"]);
        assert_eq!(figure.texts(".axis"), ["0 ms50 ms100 ms150 ms200 ms"]);
        assert_eq!(figure.texts("figcaption"), ["2.0 times as fast100 ms instead of 200 ms"]);
        assert_eq!(figure.texts(".happened").concat(), figure.texts(".forecast").concat());
    }

    #[test]
    fn before_the_run_there_is_a_picture_of_what_is_expected() {
        let picture = |name| Forecast::Picture { name: symbol_name(name), length_us: 100_000 };
        let track = |name| RaceTrack { rows: 1, forecast: picture(name), lanes: None };
        let compared = compared([bar("first", None, 200_000), bar("second", None, 100_000)]);
        let figure = race(&compared, &["first", "second"].map(track), 200_000, "Forecast.");
        assert_sound(&figure);
        let pictures = ["static/pictures.svg#forecast-first", "static/pictures.svg#forecast-second"];
        assert_eq!(figure.attributes("use", "href"), pictures);
        assert_eq!(figure.attributes("use", "width"), ["50%"; 2]);
        assert!(figure.all(".end").is_empty() && figure.attributes("li", "data-measured-us").is_empty());
        assert_eq!(figure.texts("figcaption"), ["Forecast."]);
    }

    #[test]
    fn the_symbol_of_a_part_has_the_names_of_its_tasks() {
        let symbol: Node = symbol("a", &lanes_of(&two_parts(), "second", 300_000), 200_000).into();
        assert_eq!(symbol.texts("text"), ["load", "save"]);
    }
}
