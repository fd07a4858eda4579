//! How a sample spreads: its histogram as a picture and as a table.

use leptos::prelude::*;

use crate::measure::histogram::Histogram;
use crate::measure::report::{Column, Table};
use crate::measure::units;
use crate::ui::lean::{div, span};

/// The bars as one path, in a box that is as wide as there are bins and 100 high.
pub(super) fn picture(name: &str, spread: &Histogram) -> AnyView {
    let most = spread.counts.iter().copied().max().unwrap_or(0).max(1);
    let bar = |(place, count): (usize, &u32)| {
        let height = f64::from(*count) / f64::from(most) * 100.0;
        format!("M{place}.06 100v-{height:.1}h.88V100z")
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
