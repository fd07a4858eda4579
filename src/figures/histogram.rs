//! The spread of a sample: its histogram as a picture and as a table.

use crate::figures::node::{Element, element};
use crate::measure::histogram::Histogram;
use crate::measure::report::{Column, Table};
use crate::measure::units::{count, span};

/// The share of a bin's width that its bar takes.
const BAR: f64 = 0.88;

/// The bars, in a box that is as wide as there are bins and 100 high.
pub(super) fn picture(name: &str, spread: &Histogram) -> Element {
    let tallest = tallest(spread);
    let bar = |(place, (from, to, n)): (usize, (u64, u64, u32))| {
        let height = f64::from(n) / f64::from(tallest) * 100.0;
        element("rect")
            .class("fill")
            .number("x", place as f64 + (1.0 - BAR) / 2.0)
            .number("y", 100.0 - height)
            .number("width", BAR)
            .number("height", height)
            .child(element("title").text(format!("{} to {}: {}", span(from), span(to), count(n.into()))))
    };
    element("svg")
        .attr("viewBox", format!("0 0 {} 100", spread.counts.len()))
        .attr("preserveAspectRatio", "none")
        .attr("role", "img")
        .attr("aria-label", format!("{name}: histogram with {} bins; the tallest has {tallest}", spread.counts.len()))
        .children(spread.bins().enumerate().map(bar))
}

/// The count of the tallest bar, at least 1.
pub(super) fn tallest(spread: &Histogram) -> u32 {
    spread.counts.iter().copied().max().unwrap_or(0).max(1)
}

/// The outer edges of the bins, below the picture.
pub(super) fn edges(spread: &Histogram) -> Element {
    let right = spread.from + spread.step * spread.counts.len() as u64;
    let edges = [spread.from, right].map(|us| element("span").text(span(us)));
    element("div").class("edges").attr("aria-hidden", "true").children(edges)
}

/// The bins of histograms that share them, each with a title for its column.
pub(super) fn bins(caption: String, spreads: &[(&'static str, &Histogram)]) -> Table {
    let row = |(place, (from, to, _)): (usize, (u64, u64, u32))| {
        let counts = spreads.iter().map(|(_, spread)| count(spread.counts[place].into()));
        [span(from), span(to)].into_iter().chain(counts).collect()
    };
    let titles = ["From", "To (exclusive)"].into_iter().chain(spreads.iter().map(|(title, _)| *title));
    Table {
        caption,
        columns: titles.map(Column::number).collect(),
        rows: spreads.first().into_iter().flat_map(|(_, spread)| spread.bins().enumerate()).map(row).collect(),
    }
}
