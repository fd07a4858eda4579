//! How a sample spreads: its histogram as a picture and as a table, and its percentiles with n.

use leptos::prelude::*;

use crate::measure::decimal::fixed;
use crate::measure::histogram::Histogram;
use crate::measure::report::{Column, Table};
use crate::measure::statistics::Summary;
use crate::measure::units;
use crate::ui::lean::{div, span};

/// The bars as one path, in a box that is as wide as there are bins and 100 high.
pub(super) fn picture(name: &str, spread: &Histogram) -> AnyView {
    let most = spread.counts.iter().copied().max().unwrap_or(0).max(1);
    let bar = |(place, count): (usize, &u32)| {
        let height = f64::from(*count) / f64::from(most) * 100.0;
        format!("M{place}.06 100v-{}h.88V100z", fixed(height, 1))
    };
    let path: String = spread.counts.iter().enumerate().map(bar).collect();
    let view_box = format!("0 0 {} 100", spread.counts.len());
    let label = format!("{name}: histogram with {} bins; the tallest holds {most}", spread.counts.len());
    view! {
        <svg viewBox=view_box preserveAspectRatio="none" role="img" aria-label=label>
            <path d=path></path>
        </svg>
    }
    .into_any()
}

/// Where the bins begin and end, below the picture.
pub(super) fn edges(spread: &Histogram) -> AnyView {
    div()
        .class("edges")
        .attr("aria-hidden", "true")
        .el(span().text(units::span(spread.from)))
        .el(span().text(units::span(spread.from + spread.step * spread.counts.len() as u64)))
        .view()
}

/// The bins of histograms that share them, each with a name for its column.
pub(super) fn bins(caption: String, spreads: &[(&'static str, &Histogram)]) -> Table {
    let row = |(place, (from, to, _)): (usize, (u64, u64, u32))| {
        let counts = spreads.iter().map(|(_, spread)| units::count(spread.counts[place].into()));
        [units::span(from), units::span(to)].into_iter().chain(counts).collect()
    };
    let heads = ["From", "To below"].into_iter().chain(spreads.iter().map(|(name, _)| *name));
    Table {
        caption,
        columns: heads.map(Column::number).collect(),
        rows: spreads.first().into_iter().flat_map(|(_, spread)| spread.bins().enumerate()).map(row).collect(),
    }
}

const PERCENTILES: [(f64, &str); 4] = [(50.0, "p50"), (90.0, "p90"), (95.0, "p95"), (99.0, "p99")];

/// Samples in microseconds, each with its name: n, ends and the percentiles that n supports.
pub(super) fn percentiles(caption: String, head: &'static str, samples: &[(&str, Summary)]) -> Table {
    let row = |(name, sample): &(&str, Summary)| {
        let ends = |us: Option<f64>| us.map_or("–".to_owned(), |us| units::span(us as u64));
        let mut cells = vec![(*name).to_owned(), units::count(sample.n() as u64), ends(sample.min())];
        cells.extend(PERCENTILES.map(|(p, _)| ends(sample.percentile(p))));
        cells.push(ends(sample.max()));
        cells
    };
    let mut columns = vec![Column::text(head), Column::number("n"), Column::number("Least")];
    columns.extend(PERCENTILES.map(|(_, name)| Column::number(name)));
    columns.push(Column::number("Greatest"));
    Table { caption, columns, rows: samples.iter().map(row).collect() }
}
