//! Samples per second against batch size as columns, batch after batch and streamed.

use crate::figures::columns::{Column, Mark, column, row};
use crate::figures::node::{Element, Node, element};
use crate::figures::table::disclosed;
use crate::measure::batch_sizes::{BatchSizes, SizeLevel};
use crate::measure::report::{Column as TableColumn, Table};
use crate::measure::units::{count, span};

/// The size beyond which larger batches bring little.
const ENOUGH: Mark = Mark { text: "enough", class: "column enough" };

/// Both ways as columns, and the size that is enough. None if no size was tried.
#[must_use]
pub fn batch_sizes(sizes: &BatchSizes) -> Option<Node> {
    if sizes.levels().is_empty() {
        return None;
    }
    let figure = element("figure")
        .class("batch-sizes")
        .attr("data-batch-sizes", "")
        .child(element("figcaption").class("sentence").text(sizes.sentence()))
        .children(way(sizes, "Sequential", SizeLevel::in_turn_per_s))
        .children(way(sizes, "Streamed", SizeLevel::streamed_per_s))
        .child(disclosed(&as_table(sizes)));
    Some(figure.into())
}

fn way(sizes: &BatchSizes, name: &str, per_s: fn(&SizeLevel) -> f64) -> [Element; 2] {
    let best = sizes.best_per_s().max(1e-9);
    let enough = sizes.enough(per_s).map(|level| level.batch_size);
    let columns = sizes.levels().iter().map(|level| {
        let data = Column {
            at: level.batch_size,
            value: count(per_s(level).round() as u64),
            share: per_s(level) / best,
            mark: (enough == Some(level.batch_size)).then_some(ENOUGH),
            title: title(level),
        };
        column(&data, "fill", None)
    });
    let label = format!("{name}: samples per second by batch size, a column chart; the table below has its numbers");
    [element("h3").text(format!("{name}: samples per second, by batch size")), row(label).children(columns)]
}

fn title(level: &SizeLevel) -> String {
    format!(
        "{} samples in batches of {}: {} sequential, {} streamed",
        count(level.samples.into()),
        count(level.batch_size.into()),
        span(level.in_turn_us),
        span(level.streamed_us),
    )
}

fn as_table(sizes: &BatchSizes) -> Table {
    let row = |level: &SizeLevel| {
        vec![
            count(level.batch_size.into()),
            span(level.in_turn_us),
            format!("{:.1}", level.in_turn_per_s()),
            span(level.streamed_us),
            format!("{:.1}", level.streamed_per_s()),
        ]
    };
    let titles = ["Batch size", "Sequential", "per second", "Streamed", "per second"];
    Table {
        caption: "Batch sizes: time and samples per second".to_owned(),
        columns: titles.map(TableColumn::number).to_vec(),
        rows: sizes.levels().iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::query::assert_sound;
    use crate::test_support::size_level;

    #[test]
    fn columns_are_as_high_as_their_share_of_the_best_of_both_ways() {
        let sizes = BatchSizes::new(vec![size_level(1, 4_000_000, 2_000_000), size_level(16, 2_000_000, 1_000_000)]);
        let figure = batch_sizes(&sizes).expect("there are levels");
        assert_sound(&figure);
        assert_eq!(figure.attributes("rect", "height"), ["25%", "50%", "50%", "100%"]);
        assert_eq!(figure.texts(".value"), ["25", "50", "50", "100"]);
        assert!(figure.texts(".enough").iter().all(|text| text.ends_with("16: enough")));
        assert_eq!(figure.rows()[1], ["16", "2.00 s", "50.0", "1.00 s", "100.0"]);
    }

    #[test]
    fn without_levels_there_is_no_figure_and_a_level_without_a_length_gives_a_valid_one() {
        assert_eq!(batch_sizes(&BatchSizes::new(Vec::new())), None);
        let one = batch_sizes(&BatchSizes::new(vec![size_level(1, 0, 0)])).expect("there is a level");
        assert_sound(&one);
    }
}
