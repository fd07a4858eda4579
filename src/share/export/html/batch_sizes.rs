//! Samples per second against batch size, batch after batch and streamed.

use super::columns::{Column, columns};
use crate::measure::batch_sizes::{BatchSizes, SizeLevel};
use crate::measure::units::{count, span};
use crate::share::export::markup::Markup;

/// Both ways as columns, and which size is enough; nothing where nothing was measured.
pub(super) fn batch_sizes(sizes: &BatchSizes) -> Markup {
    if sizes.levels().is_empty() {
        return Markup::none();
    }
    let inside = [
        way(sizes, "In turn", SizeLevel::in_turn_per_s),
        way(sizes, "Streamed", SizeLevel::streamed_per_s),
        Markup::said("figcaption", sizes.sentence()),
    ];
    Markup::tag("figure", Markup::all(inside))
}

fn way(sizes: &BatchSizes, name: &str, per_s: fn(&SizeLevel) -> f64) -> Markup {
    let best = sizes.best_per_s().max(1e-9);
    let enough = sizes.enough(per_s).map(|level| level.batch_size);
    let column = |level: &SizeLevel| Column {
        at: level.batch_size,
        value: count(per_s(level).round() as u64),
        share: per_s(level) / best,
        mark: (enough == Some(level.batch_size)).then_some("enough"),
        told: told(level),
    };
    let levels: Vec<_> = sizes.levels().iter().map(column).collect();
    columns(&format!("{name}: samples per second, by batch size"), "samples in a batch", &levels)
}

fn told(level: &SizeLevel) -> String {
    format!(
        "{} samples in batches of {}: {} in turn, {} streamed",
        count(level.samples.into()),
        count(level.batch_size.into()),
        span(level.in_turn_us),
        span(level.streamed_us),
    )
}
