//! A run as one page that needs nothing else: no script, its own styles, charts as inline SVG.
//!
//! It is read long after the run, by people who have not seen it, and often on paper: so all is open, and what would be
//! too much says how much was left out.

mod batch_sizes;
mod checks;
mod columns;
mod digits;
mod latency;
mod stages;
mod sweep;

use super::markup::Markup;
use super::svg;
use crate::exercises::compared::Compared;
use crate::exercises::controls::Kind;
use crate::measure::figures::METRICS;
use crate::measure::report::{Report, Table};
use crate::measure::spans::Spans;
use crate::measure::units::count;
use crate::measure::warnings::Warning;
use crate::measure::{Level, LogLine, Record};
use crate::share::date;
use crate::share::saved::{RunEnding, SavedRun};

/// So many lines of the log are shown, the last.
const MOST_LINES: usize = 500;

const STYLE: &str = include_str!("html/style.css");

/// Nothing but its own styles is allowed, should anything else ever get in.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// Writes the page.
pub(super) fn write(run: &SavedRun) -> String {
    let title = format!("{}: a run of {}", run.exercise.title, date::in_words(run.finished_at_ms));
    let head = Markup::all([
        Markup::with("meta", &[("charset", "utf-8")], Markup::none()),
        Markup::with("meta", &[("http-equiv", "Content-Security-Policy"), ("content", POLICY)], Markup::none()),
        Markup::with("meta", &[("name", "viewport"), ("content", "width=device-width")], Markup::none()),
        Markup::said("title", &title),
    ]);
    let compared = compared(run);
    let parts = [
        top(run),
        bars(run, &compared),
        timeline(run),
        measured(run),
        spreads(run),
        metrics(run),
        section("Checks", checks::properties(run, &compared)),
        found(run),
        log(&run.record),
    ];
    let main = Markup::tag("main", Markup::all(parts)).into_text();
    // A style sheet knows no escapes, and this one stands in the code. An element without an end has none here either.
    let head = head.into_text().replace("</meta>", "");
    format!("<!doctype html>\n<html lang=\"en\"><head>{head}<style>{STYLE}</style></head><body>{main}</body></html>\n")
}

fn section(title: &str, inside: Markup) -> Markup {
    if inside.is_empty() { inside } else { Markup::tag("section", Markup::all([Markup::said("h2", title), inside])) }
}

/// What was run and how it ended.
fn top(run: &SavedRun) -> Markup {
    let advice = match &run.ending {
        RunEnding::Failed { advice, .. } => Markup::said("p", advice),
        _ => Markup::none(),
    };
    let warnings = Warning::from_record(&run.record, run.clock_resolution_us);
    let warnings = warnings.iter().map(|it| Markup::with("p", &[("class", "caution")], Markup::text(it.sentence())));
    let link = Markup::all([Markup::text("Run it anew: "), Markup::said("code", run.destination().to_string())]);
    Markup::all([
        Markup::said("h1", run.exercise.title),
        Markup::with("p", &[("class", "teaches")], Markup::text(run.exercise.teaches)),
        Markup::with("p", &[("class", "status")], Markup::text(run.ending.sentence())),
        advice,
        Markup::all(warnings),
        Markup::said("p", format!("It ended on {}, with seed {}.", date::in_words(run.finished_at_ms), run.seed)),
        Markup::tag("p", link),
        section("Settings", settings(run)),
    ])
}

fn settings(run: &SavedRun) -> Markup {
    let offered = run.settings.iter().filter(|(control, _)| run.settings.is_offered(control.name));
    let pairs = offered.map(|(control, value)| {
        let unit = if let Kind::Number { unit, .. } = control.kind { unit } else { "" };
        pair(control.label, format!("{} {unit}", value.to_text()).trim(), "")
    });
    definitions(pairs)
}

fn definitions(pairs: impl Iterator<Item = Markup>) -> Markup {
    let pairs = Markup::all(pairs);
    if pairs.is_empty() { pairs } else { Markup::tag("dl", pairs) }
}

fn pair(name: &str, value: &str, help: &str) -> Markup {
    let help =
        if help.is_empty() { Markup::none() } else { Markup::with("dd", &[("class", "help")], Markup::text(help)) };
    Markup::tag("div", Markup::all([Markup::said("dt", name), Markup::said("dd", value), help]))
}

/// What was set side by side.
fn compared(run: &SavedRun) -> Vec<Compared> {
    let spans = Spans::from_record(&run.record);
    let ideal = run.ideal.as_deref().map(|ideal| (ideal, Spans::from_record(ideal)));
    let ideal = ideal.as_ref().map(|(record, spans)| (*record, spans));
    let end_us = run.record.end_us();
    Compared::all(run.exercise, &run.settings, Some((&run.record, &spans)), end_us, ideal)
}

/// What was set side by side as bars, with what should be true of each.
fn bars(run: &SavedRun, compared: &[Compared]) -> Markup {
    section("Comparison", Markup::all(compared.iter().map(|it| comparison(it, run.report.as_deref()))))
}

fn comparison(compared: &Compared, report: Option<&Report>) -> Markup {
    let checks = report.iter().flat_map(|report| &report.checks).filter_map(|check| {
        let bar = compared.bars.iter().find(|bar| bar.task == check.part)?;
        Some(Markup::said("li", format!("{}: {}: {} ({}).", check.verdict(), bar.label, check.claim, check.measured)))
    });
    let checks = Markup::all(checks);
    Markup::tag(
        "figure",
        Markup::all([
            Markup::said("h3", compared.title),
            svg::bars(compared),
            Markup::said("figcaption", compared.sentence().unwrap_or_default()),
            if checks.is_empty() { checks } else { Markup::tag("ul", checks) },
        ]),
    )
}

fn timeline(run: &SavedRun) -> Markup {
    if run.record.tasks().is_empty() {
        return Markup::none();
    }
    section("Timeline", svg::timeline(&run.record))
}

/// What only some lessons measure.
fn measured(run: &SavedRun) -> Markup {
    let Some(report) = &run.report else { return Markup::none() };
    let requests = report.requests.iter().map(|it| latency::latency(it, run.record.beats()));
    Markup::all([
        section("Latency", Markup::all(requests)),
        section("Concurrency sweep", Markup::all(report.sweep.iter().map(sweep::sweep))),
        section("Stages over time", stages::stages(&report.flows)),
        section("Batch sizes", Markup::all(report.batch_sizes.iter().map(batch_sizes::batch_sizes))),
    ])
}

fn metrics(run: &SavedRun) -> Markup {
    let figures = run.facts().figures();
    let known = METRICS.iter().zip(figures).filter_map(|(metric, figure)| Some((metric, figure.text?)));
    section("Metrics", definitions(known.map(|(metric, text)| pair(metric.label, &text, metric.help))))
}

fn spreads(run: &SavedRun) -> Markup {
    let spreads = run.exercise.distributions.iter().filter_map(|it| svg::distribution(&run.record, it));
    section("Distribution", Markup::all(spreads))
}

fn found(run: &SavedRun) -> Markup {
    let Some(report) = &run.report else { return Markup::none() };
    let notes = report.notes.iter().map(|note| Markup::said("p", note));
    let tables = report.tables.iter().map(table);
    let others = [checks::validations(&report.validations), digits::digits(&report.digits, run.seed)];
    section("Findings", Markup::all(notes.chain(tables).chain(others)))
}

fn table(table: &Table) -> Markup {
    let class = |is_numeric| if is_numeric { "number" } else { "" };
    let heads = table.columns.iter().map(|column| {
        Markup::with("th", &[("scope", "col"), ("class", class(column.is_numeric))], Markup::text(&column.title))
    });
    let row = |cells: &Vec<String>| {
        let cells = table.columns.iter().zip(cells);
        let cells = cells.map(|(it, cell)| Markup::with("td", &[("class", class(it.is_numeric))], Markup::text(cell)));
        Markup::tag("tr", Markup::all(cells))
    };
    let inside = [
        Markup::said("caption", &table.caption),
        Markup::tag("thead", Markup::tag("tr", Markup::all(heads))),
        Markup::tag("tbody", Markup::all(table.rows.iter().map(row))),
    ];
    Markup::with("div", &[("class", "scrolls")], Markup::tag("table", Markup::all(inside)))
}

fn log(record: &Record) -> Markup {
    let lines = record.log_lines();
    let left_out = lines.len().saturating_sub(MOST_LINES);
    let told = format!("{} earlier lines are left out.", count(left_out as u64));
    let told = if left_out > 0 { Markup::said("p", told) } else { Markup::none() };
    let shown = Markup::all(lines[left_out..].iter().map(|it| line(it, record)));
    let list = if shown.is_empty() { shown } else { Markup::with("ol", &[("class", "log")], shown) };
    section("Log", Markup::all([told, list]))
}

fn line(line: &LogLine, record: &Record) -> Markup {
    let class = match line.level {
        Level::Info => "info",
        Level::Warning => "warning",
        Level::Error => "error",
    };
    let at = format!("{:.3} s ", line.at_us as f64 / 1e6);
    let task = line.task.map(|task| format!("{}: ", record.task(task).name)).unwrap_or_default();
    let inside = [Markup::said("time", at), Markup::said("b", task), Markup::text(&line.text)];
    Markup::with("li", &[("class", class)], Markup::all(inside))
}

#[cfg(test)]
mod tests;
