//! A run as one self-contained page: no scripts, its own styles, charts as inline SVG.
//!
//! It is read long after the run, by people who have not seen the run, and often on paper. So only the numbers of a
//! chart are behind a disclosure, and long lists say how much is not shown.

mod checks;

use crate::exercises::compared::Compared;
use crate::exercises::controls::ControlKind;
use crate::figures::markup::to_html;
use crate::figures::node::{Element, Node, element};
use crate::figures::{self, bars, timeline};
use crate::measure::figures::METRICS;
use crate::measure::report::{Group, Report};
use crate::measure::units::count;
use crate::measure::{Level, LogLine, Record};
use crate::share::date;
use crate::share::saved::{RunEnding, SavedRun};

/// At most this many lines of the log are shown: the last ones.
const MOST_LINES: usize = 500;

const STYLE: &str = include_str!("html/style.css");

/// Only the page's own styles are allowed, in case anything else ever gets into the page.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Writes the page. `address` is the complete address at which the run can be repeated.
pub(super) fn write(run: &SavedRun, address: &str) -> String {
    let title = format!("{}: a run of {}", run.experiment.exercise().title, date::in_words(run.finished_at_ms));
    let meta = || element("meta");
    let head = [
        meta().attr("charset", "utf-8"),
        meta().attr("http-equiv", "Content-Security-Policy").attr("content", POLICY),
        meta().attr("name", "viewport").attr("content", "width=device-width"),
        element("title").text(title),
    ];
    let compared = run.compared();
    let report = run.report.as_deref();
    let sections = [
        section("Settings", settings(run)),
        section("Comparison", compared.iter().map(|it| comparison(it, report))),
        section("Timeline", timeline(&run.record)),
    ];
    let sections = sections.into_iter().chain(results(run)).chain([
        section("Metrics", metrics(run)),
        section("Checks", checks::properties(run, &compared)),
        section("Log", log(&run.record)),
    ]);
    let main = element("main").children(top(run, address)).children(sections.flatten());
    let (head, main) = (to_html(&head.map(Node::from)), to_html(&[main.into()]));
    // The style sheet is part of the code, so it is safe without escaping.
    format!("<!doctype html>\n<html lang=\"en\"><head>{head}<style>{STYLE}</style></head><body>{main}</body></html>\n")
}

/// A part of the page below a heading. Returns `None` if it is empty.
fn section<T: Into<Node>>(title: &'static str, inside: impl IntoIterator<Item = T>) -> Option<Element> {
    let mut inside = inside.into_iter().peekable();
    inside.peek()?;
    Some(element("section").child(element("h2").text(title)).children(inside))
}

/// The exercise, and how its run ended.
fn top(run: &SavedRun, address: &str) -> Vec<Element> {
    let paragraph = || element("p");
    let advice = match &run.ending {
        RunEnding::Failed { advice, .. } => Some(paragraph().text(advice.clone())),
        _ => None,
    };
    let warnings = run.experiment.warnings(&run.record, run.clock_resolution_us);
    let warnings = warnings
        .iter()
        .map(|it| paragraph().class(if it.is_neutral() { "hint" } else { "caution" }).text(it.sentence()));
    let ended = format!("Ended on {}. Seed: {}.", date::in_words(run.finished_at_ms), run.experiment.seed);
    let link = paragraph().text("Run it again: ").child(element("code").text(address.to_owned()));
    let about = [
        element("h1").text(run.experiment.exercise().title),
        paragraph().class("teaches").text(run.experiment.exercise().teaches),
        paragraph().class("status").text(run.ending.sentence()),
    ];
    about.into_iter().chain(advice).chain(warnings).chain([paragraph().text(ended), link]).collect()
}

fn settings(run: &SavedRun) -> Option<Element> {
    let offered =
        run.experiment.settings.iter().filter(|(control, _)| run.experiment.settings.is_offered(control.name));
    definitions(offered.map(|(control, value)| {
        let unit = if let ControlKind::Number { unit, .. } = control.kind { unit } else { "" };
        pair(control.label, format!("{} {unit}", value.to_text()).trim().to_owned())
    }))
}

/// A list of names and values. Returns `None` if it is empty.
fn definitions(pairs: impl IntoIterator<Item = Element>) -> Option<Element> {
    let list = element("dl").children(pairs);
    (!list.children.is_empty()).then_some(list)
}

fn pair(name: &'static str, value: String) -> Element {
    element("div").child(element("dt").text(name)).child(element("dd").text(value))
}

fn comparison(compared: &Compared, report: Option<&Report>) -> Node {
    let checks = report.map_or(&[][..], |report| &report.checks);
    bars::comparison(compared, checks, None, "Not all parts have ended.")
}

/// The timeline. Returns `None` for a run that failed before it began.
fn timeline(record: &Record) -> Option<Node> {
    (!record.tasks().is_empty()).then(|| timeline::timeline(record))
}

fn metrics(run: &SavedRun) -> Option<Element> {
    let figures = run.facts().figures();
    let known = METRICS.iter().zip(figures).filter_map(|(metric, figure)| Some((metric, figure.text?)));
    let help = |text| element("dd").class("help").text(text);
    definitions(known.map(|(metric, text)| pair(metric.label, text).child(help(metric.help))))
}

/// The results, below the headings that the report gives them.
fn results(run: &SavedRun) -> Vec<Option<Element>> {
    let Some(report) = &run.report else { return Vec::new() };
    let group = |group: Group| {
        let notes = group.notes.iter().map(|note| element("p").text(note.clone()).into());
        let drawn =
            group.sections.iter().flat_map(|it| figures::section::section(it, &run.record, run.experiment.seed));
        section(group.heading, notes.chain(drawn))
    };
    report.groups().map(group).collect()
}

fn log(record: &Record) -> Vec<Element> {
    let lines = record.log_lines();
    let left_out = lines.len().saturating_sub(MOST_LINES);
    let left_out_text = format!("{} earlier lines are not shown.", count(left_out as u64));
    let note = (left_out > 0).then(|| element("p").text(left_out_text));
    let shown = lines[left_out..].iter().map(|it| line(it, record));
    let list = (!lines.is_empty()).then(|| element("ol").class("log").children(shown));
    note.into_iter().chain(list).collect()
}

fn line(line: &LogLine, record: &Record) -> Element {
    let class = match line.level {
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    let task = line.task.map(|task| format!("{}: ", record.task(task).name)).unwrap_or_default();
    element("li")
        .class(class)
        .child(element("time").text(format!("{:.3} s ", line.at_us as f64 / 1e6)))
        .child(element("b").text(task))
        .text(line.text.to_string())
}

#[cfg(test)]
mod tests;
