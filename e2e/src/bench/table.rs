//! Text in aligned columns.

use super::{FirstLoad, Sample};

/// The side to which a column's text is aligned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Left, for text.
    Left,
    /// Right, for numbers.
    Right,
}

/// Formats rows below a head, with two spaces between columns, and no spaces at the end of a line.
#[must_use]
pub fn aligned(head: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let names: Vec<String> = head.iter().map(|(name, _)| (*name).to_owned()).collect();
    let lines: Vec<&Vec<String>> = std::iter::once(&names).chain(rows).collect();
    let width = |column: usize| lines.iter().filter_map(|line| line.get(column)).map(|it| it.chars().count()).max();
    let widths: Vec<usize> = (0..head.len()).map(|column| width(column).unwrap_or_default()).collect();
    let cell = |(text, ((_, align), width)): (&String, (&(&str, Align), &usize))| match align {
        Align::Left => format!("{text:<width$}"),
        Align::Right => format!("{text:>width$}"),
    };
    let format = |line: &Vec<String>| {
        let cells: Vec<String> = line.iter().zip(head.iter().zip(&widths)).map(cell).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    lines.into_iter().map(format).collect()
}

/// The times of every case and contender, in the order of the cases.
#[must_use]
pub fn times_table(samples: &[Sample]) -> String {
    let mut samples: Vec<&Sample> = samples.iter().collect();
    samples.sort_by_key(|sample| (sample.case, sample.contender));
    let row = |sample: &&Sample| {
        let wall = sample.wall_ms;
        let times = [wall.median, wall.min, wall.max, sample.over_ideal_ms()].map(|ms| format!("{ms:.1}"));
        [sample.case.name().to_owned(), sample.contender.name().to_owned()].into_iter().chain(times).collect()
    };
    let head = [
        ("case", Align::Left),
        ("contender", Align::Left),
        ("median ms", Align::Right),
        ("min ms", Align::Right),
        ("max ms", Align::Right),
        ("over ideal ms", Align::Right),
    ];
    aligned(&head, &samples.iter().map(row).collect::<Vec<_>>())
}

/// The files of the first load and their sum.
#[must_use]
pub fn first_load_table(load: &FirstLoad) -> String {
    let row = |name: &str, plain: u64, brotli: u64| vec![name.to_owned(), plain.to_string(), brotli.to_string()];
    let files = load.files.iter().map(|file| row(&file.path, file.plain_bytes, file.brotli_bytes));
    let sum = row("sum", load.plain_bytes(), load.brotli_bytes());
    let rows: Vec<_> = files.chain([sum]).collect();
    aligned(&[("first load", Align::Left), ("bytes", Align::Right), ("brotli", Align::Right)], &rows)
}

#[cfg(test)]
mod tests {
    use super::super::{Case, Contender};
    use super::*;

    #[test]
    fn words_are_aligned_left_and_numbers_right() {
        let rows = [vec!["a".to_owned(), "1".to_owned()], vec!["longer".to_owned(), "1000".to_owned()]];
        let table = aligned(&[("name", Align::Left), ("n", Align::Right)], &rows);
        assert_eq!(table, "name       n\na          1\nlonger  1000\n");
    }

    #[test]
    fn a_table_without_rows_has_a_head() {
        assert_eq!(aligned(&[("name", Align::Left), ("n", Align::Left)], &[]), "name  n\n");
    }

    #[test]
    fn times_are_ordered_by_case_then_contender() {
        let sample = |case, contender, ms| Sample::new(case, contender, &[ms; 5]).expect("a sample");
        let table = times_table(&[
            sample(Case::Ready100000, Contender::Python, 1480.0),
            sample(Case::Sleeps1000, Contender::Promises, 106.0),
            sample(Case::Sleeps1000, Contender::Runtime, 101.0),
        ]);
        let expected = "\
case          contender  median ms  min ms  max ms  over ideal ms
sleeps-1000   runtime        101.0   101.0   101.0            1.0
sleeps-1000   promises       106.0   106.0   106.0            6.0
ready-100000  python        1480.0  1480.0  1480.0         1480.0
";
        assert_eq!(table, expected);
    }
}
