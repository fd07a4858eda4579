//! Throughput and latency at rising concurrency.

use super::columns::{Column, columns};
use crate::measure::sweep::{LoadLevel, Sweep};
use crate::measure::units::{count, span};
use crate::share::export::markup::Markup;

/// What the level is marked as beyond which requests only wait.
const KNEE: &str = "the knee";

/// What stands below the columns.
const AXIS: &str = "requests under way at once";

/// Both as columns, and where the knee is; nothing where nothing was measured.
pub(super) fn sweep(sweep: &Sweep) -> Markup {
    if sweep.levels().is_empty() {
        return Markup::none();
    }
    let knee = sweep.knee().map(|level| level.concurrency);
    let of = |value: fn(&LoadLevel) -> String, share: &dyn Fn(&LoadLevel) -> f64| -> Vec<_> {
        let column = |level: &LoadLevel| Column {
            at: level.concurrency,
            value: value(level),
            share: share(level),
            mark: (knee == Some(level.concurrency)).then_some(KNEE),
            told: told(level),
        };
        sweep.levels().iter().map(column).collect()
    };
    let best = sweep.best_per_s().max(1e-9);
    let slowest = sweep.levels().iter().filter_map(LoadLevel::p95_us).max().unwrap_or(0).max(1) as f64;
    let throughput = of(per_s, &|level| level.throughput_per_s() / best);
    let p95 = of(p95, &|level| level.p95_us().unwrap_or(0) as f64 / slowest);
    let inside = [
        columns("Requests per second, by how many are under way at once", AXIS, &throughput),
        columns("p95 latency from send, by how many are under way at once", AXIS, &p95),
        Markup::said("figcaption", sweep.sentence()),
    ];
    Markup::tag("figure", Markup::all(inside))
}

fn per_s(level: &LoadLevel) -> String {
    format!("{:.1}", level.throughput_per_s())
}

/// A dash where there are too few for it.
fn p95(level: &LoadLevel) -> String {
    level.p95_us().map_or("–".to_owned(), span)
}

fn told(level: &LoadLevel) -> String {
    format!(
        "{} at once: {} succeeded, {} failed, {} per second, p95 {}",
        count(level.concurrency.into()),
        count(level.latencies_us.len() as u64),
        count(level.failed.into()),
        per_s(level),
        p95(level),
    )
}
