//! A table of samples, with the percentiles for which each sample has enough values.

use crate::measure::report::{Column, Table};
use crate::measure::statistics::Summary;
use crate::measure::units::{count, span};

const PERCENTILES: [(f64, &str); 4] = [(50.0, "p50"), (90.0, "p90"), (95.0, "p95"), (99.0, "p99")];

/// The table of samples in microseconds, each with its name, n, minimum, maximum and the percentiles that n supports.
/// `head` is the title of the column of names.
#[must_use]
pub fn percentiles(caption: String, head: &'static str, samples: &[(&str, Summary)]) -> Table {
    let row = |(name, sample): &(&str, Summary)| {
        let ends = |us: Option<f64>| us.map_or("–".to_owned(), |us| span(us as u64));
        let mut cells = vec![(*name).to_owned(), count(sample.n() as u64), ends(sample.min())];
        cells.extend(PERCENTILES.map(|(p, _)| ends(sample.percentile(p))));
        cells.push(ends(sample.max()));
        cells
    };
    let mut columns = vec![Column::text(head), Column::number("n"), Column::number("Min")];
    columns.extend(PERCENTILES.map(|(_, name)| Column::number(name)));
    columns.push(Column::number("Max"));
    Table { caption, columns, rows: samples.iter().map(row).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_that_the_sample_cannot_support_is_a_dash() {
        let table = percentiles("Time".to_owned(), "Latency", &[("Few", Summary::from_sample([1e3, 2e3, 3e3]))]);
        assert_eq!(table.rows, [["Few", "3", "1.0 ms", "2.0 ms", "–", "–", "–", "3.0 ms"]]);
        assert_eq!(table.columns.len(), table.rows[0].len());
    }
}
