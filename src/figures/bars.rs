//! Comparisons: a bar from zero for each part, with its length in words and its ideal as a mark.

use crate::exercises::compared::{Compared, ComparedBar};
use crate::figures::node::{Element, Node, element};
use crate::figures::table::disclosed;
use crate::measure::Outcome;
use crate::measure::report::{Check, Column, Table};
use crate::measure::units::span;

/// Another run, whose bars are outlined over those of this one.
pub struct Baseline<'a> {
    /// Its name at a bar, in a word.
    pub word: &'static str,
    /// How long a part took in it, by the name of the part's root task, in microseconds.
    pub length_us: &'a dyn Fn(&str) -> Option<u64>,
}

/// A comparison, with the checks of its parts. The caption is its sentence, or `unfinished` until there is one.
#[must_use]
pub fn comparison(
    compared: &Compared,
    checks: &[Check],
    baseline: Option<&Baseline>,
    unfinished: &'static str,
) -> Node {
    let outlines: Vec<_> = compared.bars.iter().map(|bar| Outline::of_bar(bar, baseline)).collect();
    let scale_us = outlines.iter().flatten().map(|outline| outline.us).fold(compared.scale_us(), u64::max) as f64;
    let about = (!compared.about.is_empty()).then(|| element("p").class("hint").text(compared.about));
    let bars = compared.bars.iter().zip(outlines).map(|(it, outline)| bar(it, outline, scale_us));
    let caption = compared.sentence().map_or_else(|| unfinished.into(), Into::into);
    element("figure")
        .class("comparison")
        .child(element("h3").text(compared.title))
        .children(about)
        .child(element("div").class("bars").children(bars))
        .children(speed_up(compared))
        .child(element("figcaption").child(Node::Text(caption)))
        .children(list_of_checks(compared, checks))
        .child(disclosed(&as_table(compared)))
        .into()
}

/// The speed-up of a race in words. It has its place before it is known, so that nothing moves.
fn speed_up(compared: &Compared) -> Option<Element> {
    let is_race = compared.is_race && compared.bars.len() > 1;
    let text = compared.speed_up().map(|ratio| format!("{ratio:.1} times as fast"));
    is_race.then(|| element("p").class("speed-up").text(text.unwrap_or_default()))
}

/// The bar of a part in another run.
struct Outline {
    us: u64,
    word: &'static str,
}

impl Outline {
    fn of_bar(bar: &ComparedBar, baseline: Option<&Baseline>) -> Option<Self> {
        let baseline = baseline?;
        Some(Self { us: (baseline.length_us)(bar.task)?, word: baseline.word })
    }
}

/// One bar. Its whole width is `scale_us`.
fn bar(bar: &ComparedBar, outline: Option<Outline>, scale_us: f64) -> Element {
    let (class, word) = match bar.outcome {
        None if bar.so_far_us.is_some() => ("bar running", String::new()),
        None | Some(Outcome::Succeeded) => ("bar", String::new()),
        Some(outcome) => ("bar cut-short", format!(", {}", outcome.name())),
    };
    let ideal = bar.ideal_us.map(|us| format!("ideal {}", span(us)));
    let other = outline.as_ref().map(|it| format!("{} {}", it.word, span(it.us)));
    let beside = [ideal, other].into_iter().flatten().map(|text| element("span").text(text));
    element("div")
        .class(class)
        .attr_if("data-beside-us", outline.as_ref().map(|it| it.us))
        .attr("data-bar", bar.task)
        .attr_if("data-measured-us", bar.measured_us)
        .attr_if("data-ideal-us", bar.ideal_us)
        .child(element("span").class("label").text(bar.label))
        .child(track(bar, outline.as_ref(), scale_us))
        .child(element("span").class("figure").text(cell(bar.so_far_us) + &word))
        .child(element("span").class("ideal-figure").children(beside))
}

/// The picture of a bar: its length so far, its ideal, and its length in another run.
fn track(bar: &ComparedBar, outline: Option<&Outline>, scale_us: f64) -> Element {
    let share = |us: u64| us as f64 / scale_us;
    let filled = |class, us| element("rect").class(class).share("width", share(us)).share("height", 1.0);
    // A mark can reach beyond the bar.
    let mark = |class, us, reach: f64| {
        let at = share(us);
        element("line").class(class).share("x1", at).share("x2", at).share("y1", -reach).share("y2", 1.0 + reach)
    };
    element("svg")
        .class("track")
        .attr("aria-hidden", "true")
        .children(bar.so_far_us.into_iter().flat_map(|us| [filled("fill", us), mark("end", us, 0.0)]))
        .children(bar.ideal_us.map(|us| mark("ideal", us, 0.15)))
        .children(outline.map(|it| filled("ghost", it.us)))
}

/// The checks of the parts that are compared, each with the label of its bar.
fn list_of_checks(compared: &Compared, checks: &[Check]) -> Option<Element> {
    let item = |check: &Check| {
        let bar = compared.bars.iter().find(|bar| bar.task == check.part)?;
        let text = format!("{}: {} ({}).", bar.label, check.claim, check.measured);
        let item = element("li")
            .class(if check.holds { "passes" } else { "fails" })
            .attr("data-check", check.part.clone())
            .attr("data-holds", check.holds.to_string())
            .child(element("b").text(check.verdict()))
            .child(element("span").text(text));
        Some(item)
    };
    let items: Vec<_> = checks.iter().filter_map(item).collect();
    (!items.is_empty()).then(|| element("ul").class("checks").children(items))
}

fn as_table(compared: &Compared) -> Table {
    let row =
        |bar: &ComparedBar| vec![bar.label.to_owned(), cell(bar.measured_us), cell(bar.ideal_us), cell(bar.lag_us)];
    Table {
        caption: compared.title.to_owned(),
        columns: vec![
            Column::text("Part"),
            Column::number("Measured"),
            Column::number("Ideal"),
            Column::number("Longest lag of the loop"),
        ],
        rows: compared.bars.iter().map(row).collect(),
    }
}

fn cell(us: Option<u64>) -> String {
    us.map_or("–".to_owned(), span)
}
