//! Samples per second against batch size as columns, batch after batch and streamed.

use leptos::prelude::*;

use crate::measure::batch_sizes::{BatchSizes, SizeLevel};
use crate::measure::report::{Column, Table};
use crate::measure::units;
use crate::ui::charts::columns::{bar, column, row};
use crate::ui::components::report::data_table;
use crate::ui::lean::{details, figcaption, figure, h3, p, summary};

/// The columns of both ways, and the same as a table.
pub(crate) fn batch_sizes(sizes: &BatchSizes) -> AnyView {
    if sizes.levels().is_empty() {
        return p().class("empty").text("Without samples there are no batches to try.").view();
    }
    figure()
        .class("sweep")
        .attr("data-batch-sizes", "")
        .el(figcaption().class("told").text(sizes.sentence()))
        .add(way(sizes, "In turn", SizeLevel::in_turn_per_s))
        .add(way(sizes, "Streamed", SizeLevel::streamed_per_s))
        .el(details().el(summary().text("The same as a table")).add(data_table(as_table(sizes))))
        .view()
}

fn way(sizes: &BatchSizes, name: &str, per_s: fn(&SizeLevel) -> f64) -> AnyView {
    let best = sizes.best_per_s().max(1e-9);
    let enough = sizes.enough(per_s).map(|level| level.batch_size);
    let columns = sizes.levels().iter().map(|level| {
        let class = if enough == Some(level.batch_size) { "column enough" } else { "column" };
        let value = units::count(per_s(level).round() as u64);
        let bar = bar("bar", per_s(level) / best, ().into_any());
        column(class, &units::count(level.batch_size.into()), value, bar).view()
    });
    let label = format!("{name}: samples per second by batch size, a column chart; the table below holds its numbers");
    [h3().text(format!("{name}: samples per second, by batch size")).view(), row(&label).add_all(columns).view()]
        .into_any()
}

fn as_table(sizes: &BatchSizes) -> Table {
    let row = |level: &SizeLevel| {
        vec![
            units::count(level.batch_size.into()),
            units::span(level.in_turn_us),
            format!("{:.1}", level.in_turn_per_s()),
            units::span(level.streamed_us),
            format!("{:.1}", level.streamed_per_s()),
        ]
    };
    let heads = ["Batch size", "In turn", "per second", "Streamed", "per second"];
    Table {
        caption: "Batch sizes: time and samples per second".to_owned(),
        columns: heads.map(Column::number).to_vec(),
        rows: sizes.levels().iter().map(row).collect(),
    }
}
