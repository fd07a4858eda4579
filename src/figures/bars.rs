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
    /// The length of a part in that run, by the name of the part's root task, in microseconds.
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
    let about = (!compared.about.is_empty()).then(|| element("p").class("hint").text(compared.about.clone()));
    let bars =
        compared.bars.iter().zip(outlines).map(|(it, outline)| bar(it, compared.lag_in_words(it), outline, scale_us));
    let caption = compared.sentence().map_or_else(|| unfinished.into(), Into::into);
    element("figure")
        .class("comparison")
        .child(element("h3").text(compared.title.clone()))
        .children(about)
        .child(element("div").class("bars").children(bars))
        .children(speed_up(compared))
        .child(element("figcaption").child(Node::Text(caption)))
        .children(list_of_checks(compared, checks))
        .child(disclosed(&as_table(compared)))
        .into()
}

/// The speed-up of a race in words. It has its place before it is known, so that nothing moves.
pub(super) fn speed_up(compared: &Compared) -> Option<Element> {
    let is_race = compared.is_race && compared.bars.len() > 1;
    let text = compared.speed_up().map(|ratio| format!("{ratio:.1} times as fast"));
    is_race.then(|| element("p").class("speed-up").text(text.unwrap_or_default()))
}

/// The bar of a part in another run.
pub(super) struct Outline {
    us: u64,
    word: &'static str,
}

impl Outline {
    pub(super) fn of_bar(bar: &ComparedBar, baseline: Option<&Baseline>) -> Option<Self> {
        let baseline = baseline?;
        Some(Self { us: (baseline.length_us)(&bar.task)?, word: baseline.word })
    }
}

/// One bar. Its whole width is `scale_us`.
fn bar(bar: &ComparedBar, lag: Option<String>, outline: Option<Outline>, scale_us: f64) -> Element {
    let (item, figures) = figures_of_bar("div", bar, lag, outline.as_ref());
    item.child(element("span").class("label").text(bar.label.clone()))
        .child(track(bar, outline.as_ref(), scale_us))
        .children(figures)
}

/// The element of a bar without its label and its picture, and its length in words: measured, then for comparison.
pub(super) fn figures_of_bar(
    name: &'static str,
    bar: &ComparedBar,
    lag: Option<String>,
    outline: Option<&Outline>,
) -> (Element, [Element; 2]) {
    let (class, word) = match bar.outcome {
        None if bar.so_far_us.is_some() => ("bar running", String::new()),
        None | Some(Outcome::Succeeded) => ("bar", String::new()),
        Some(outcome) => ("bar cut-short", format!(", {}", outcome.name())),
    };
    // A part that only computes or waits for others has an ideal of 0, which says nothing.
    let ideal = bar.ideal_us.filter(|us| *us > 0).map(|us| format!("ideal {}", span(us)));
    let other = outline.map(|it| format!("{} {}", it.word, span(it.us)));
    let beside = [ideal, other, lag].into_iter().flatten().map(|text| element("span").text(text));
    let item = element(name)
        .class(class)
        .attr_if("data-baseline-us", outline.map(|it| it.us))
        .attr("data-bar", bar.task.clone())
        .attr_if("data-measured-us", bar.measured_us)
        .attr_if("data-ideal-us", bar.ideal_us);
    let measured = element("span").class("figure").text(cell(bar.so_far_us) + &word);
    (item, [measured, element("span").class("ideal-figure").children(beside)])
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

/// The checks of the parts that are compared, each with the label of its bar. `None` if there are none.
#[must_use]
pub fn list_of_checks(compared: &Compared, checks: &[Check]) -> Option<Element> {
    let item = |check: &Check| {
        let bar = compared.bars.iter().find(|bar| bar.task == check.part)?;
        let text = format!("{}: {} ({}).", bar.label, check.claim, check.measured);
        let item = element("li")
            .class(if check.passed { "passes" } else { "fails" })
            .attr("data-check", check.part.clone())
            .attr("data-holds", check.passed.to_string())
            .child(element("b").text(check.verdict()))
            .child(element("span").text(text));
        Some(item)
    };
    let items: Vec<_> = checks.iter().filter_map(item).collect();
    (!items.is_empty()).then(|| element("ul").class("checks").children(items))
}

/// A comparison as a table.
#[must_use]
pub fn as_table(compared: &Compared) -> Table {
    let row =
        |bar: &ComparedBar| vec![bar.label.to_string(), cell(bar.measured_us), cell(bar.ideal_us), cell(bar.lag_us)];
    Table {
        caption: compared.title.to_string(),
        columns: vec![
            Column::text("Part"),
            Column::number("Measured"),
            Column::number("Ideal"),
            Column::number("Longest loop lag"),
        ],
        rows: compared.bars.iter().map(row).collect(),
    }
}

fn cell(us: Option<u64>) -> String {
    us.map_or("–".to_owned(), span)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::query::assert_sound;

    fn bar(label: &'static str, measured_us: u64, ideal_us: u64) -> ComparedBar {
        ComparedBar {
            task: label.into(),
            label: label.into(),
            so_far_us: Some(measured_us),
            outcome: Some(Outcome::Succeeded),
            measured_us: Some(measured_us),
            ideal_us: Some(ideal_us),
            lag_us: Some(1_000),
        }
    }

    fn race(bars: Vec<ComparedBar>) -> Compared {
        Compared { title: "Three waits".into(), about: "".into(), is_race: true, bars }
    }

    #[test]
    fn bars_are_as_long_as_their_share_of_the_longest() {
        let compared = race(vec![bar("One by one", 800_000, 780_000), bar("At once", 200_000, 200_000)]);
        let figure = comparison(&compared, &[], None, "");
        assert_sound(&figure);
        assert_eq!(figure.attributes(".fill", "width"), ["100%", "25%"]);
        assert_eq!(figure.attributes(".end", "x1"), ["100%", "25%"]);
        assert_eq!(figure.attributes(".ideal", "x1"), ["97.5%", "25%"]);
        assert_eq!(figure.texts(".figure"), ["800 ms", "200 ms"]);
        assert_eq!(figure.texts(".ideal-figure"), ["ideal 780 ms", "ideal 200 ms"]);
        assert_eq!(figure.texts(".speed-up"), ["4.0 times as fast"]);
        assert_eq!(figure.attributes(".bar", "data-measured-us"), ["800000", "200000"]);
        assert_eq!(figure.rows()[1], ["At once", "200 ms", "200 ms", "1.0 ms"]);
    }

    #[test]
    fn a_blocked_loop_is_next_to_its_bar() {
        let broken = ComparedBar { lag_us: Some(300_000), ..bar("Broken", 300_000, 300_000) };
        let figure = comparison(&race(vec![broken, bar("Fixed", 310_000, 300_000)]), &[], None, "");
        assert_eq!(figure.texts(".ideal-figure"), ["ideal 300 msloop blocked 300 ms", "ideal 300 msloop lag 1.0 ms"]);
    }

    #[test]
    fn another_run_is_outlined_on_the_same_scale() {
        let compared = race(vec![bar("One by one", 500_000, 500_000)]);
        let length_us = |task: &str| (task == "One by one").then_some(1_000_000);
        let figure = comparison(&compared, &[], Some(&Baseline { word: "pinned", length_us: &length_us }), "");
        assert_sound(&figure);
        assert_eq!(figure.attributes(".fill", "width"), ["50%"]);
        assert_eq!(figure.attributes(".ghost", "width"), ["100%"]);
        assert_eq!(figure.attributes(".bar", "data-baseline-us"), ["1000000"]);
        assert_eq!(figure.texts(".ideal-figure"), ["ideal 500 mspinned 1.00 s"]);
    }

    #[test]
    fn before_the_run_there_are_places_without_bars() {
        let waiting = ComparedBar {
            so_far_us: None,
            outcome: None,
            measured_us: None,
            ideal_us: None,
            lag_us: None,
            ..bar("One by one", 0, 0)
        };
        let figure = comparison(&race(vec![waiting.clone(), waiting]), &[], None, "Press Run.");
        assert_sound(&figure);
        assert!(figure.all("rect").is_empty() && figure.all("line").is_empty());
        assert_eq!(figure.texts(".figure"), ["–", "–"]);
        assert_eq!(
            (figure.texts("figcaption"), figure.texts(".speed-up")),
            (vec!["Press Run.".into()], vec!["".into()])
        );
    }

    #[test]
    fn a_part_of_no_length_has_a_bar_of_no_width() {
        let figure = comparison(&race(vec![bar("One by one", 0, 0)]), &[], None, "");
        assert_sound(&figure);
        assert_eq!(figure.attributes(".fill", "width"), ["0%"]);
    }

    #[test]
    fn a_part_that_failed_says_so_and_its_check_has_the_label_of_its_bar() {
        let failed = ComparedBar { outcome: Some(Outcome::Failed), measured_us: None, ..bar("Broken", 300_000, 0) };
        let check = Check::new("Broken", "loses nothing", "1 of 2 lost", false).meant_to_fail();
        let others = Check::new("another", "", "", true);
        let figure = comparison(&race(vec![failed]), &[check, others], None, "");
        assert_sound(&figure);
        assert_eq!(figure.texts(".figure"), ["300 ms, failed"]);
        assert_eq!(figure.all(".cut-short").len(), 1);
        assert_eq!(figure.attributes("li", "data-holds"), ["false"]);
        assert!(figure.texts("li")[0].ends_with("Broken: loses nothing (1 of 2 lost)."));
    }
}
