//! The dialect of a CSV file: its encoding and separator. Both are found in its first bytes, or chosen by the user.

use super::records::{RowSplitter, SplitRow};
use crate::storage::encoding::Encoding;

/// The separators that are recognized.
pub const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];

/// The choices of the user for a file, and the hint in its name, before it is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The encoding, if the user has chosen one.
    pub encoding: Option<Encoding>,
    /// The separator, if the user has chosen one.
    pub separator: Option<u8>,
    /// The separator that the file's name suggests.
    pub suggested: Option<u8>,
}

/// The dialect of a CSV file: its encoding and separator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dialect {
    /// The encoding.
    pub encoding: Encoding,
    /// The separator.
    pub separator: u8,
    /// The number of lines above the header that are not part of the table: `sep=…`, which Excel reads, and comments.
    pub skipped_lines: u64,
    /// True if one of these lines states the separator.
    pub is_stated: bool,
}

impl Dialect {
    /// The dialect of a file whose text begins like this, and the number of bytes above its header. `is_whole` is true if
    /// this is the whole file.
    pub(super) fn detect(text: &[u8], is_whole: bool, encoding: Encoding, wanted: Wanted) -> (Self, usize) {
        let stated = stated_separator(text);
        let mut above = stated.map_or(0, |(_, bytes)| bytes);
        let mut comments = Vec::new();
        let mut rest = &text[above..];
        while rest.starts_with(b"#")
            && let Some(end) = line_end(rest)
        {
            comments.push(&rest[..end]);
            rest = &rest[end..];
        }
        let is_header_below = !rest.is_empty();
        let chosen = wanted.separator.or(stated.map(|(separator, _)| separator));
        let table = if is_header_below { rest } else { &text[above..] };
        let separator = chosen.unwrap_or_else(|| likely_separator(table, is_whole, wanted.suggested));
        let mut skipped_lines = u64::from(stated.is_some());
        if is_header_below {
            // The header may begin with `#` as well: then it has as many values as the row below, and that row has a number,
            // or there is no space after the `#`.
            let columns = split(rest, separator, is_whole).first().map_or(1, |row| row.ends.len());
            let first_row = &rest[..line_end(rest).unwrap_or(rest.len())];
            let is_header = |line: &&[u8]| {
                let name = line.iter().find(|byte| **byte != b'#');
                let is_name = name.is_some_and(|byte| !byte.is_ascii_whitespace()) || has_number(first_row, separator);
                let has_columns = split(line, separator, true).first().is_some_and(|row| row.ends.len() == columns);
                columns > 1 && is_name && has_columns
            };
            if comments.last().is_some_and(is_header) {
                comments.pop();
            }
            above += comments.iter().map(|line| line.len()).sum::<usize>();
            skipped_lines += comments.len() as u64;
        }
        (Self { encoding, separator, skipped_lines, is_stated: stated.is_some() }, above)
    }
}

/// True if the row has a number, also with a decimal comma or in quotes.
fn has_number(row: &[u8], separator: u8) -> bool {
    split(row, separator, true).first().is_some_and(|row| values(row).any(is_number))
}

/// The separator of a first line such as `sep=;`, and the length of that line.
fn stated_separator(text: &[u8]) -> Option<(u8, usize)> {
    let end = line_end(text)?;
    let line = text[..end].trim_ascii_end();
    let quoted = line.strip_prefix(b"\"").and_then(|line| line.strip_suffix(b"\"")).unwrap_or(line);
    let (name, separator) = quoted.split_at_checked(4)?;
    match separator {
        _ if !name.eq_ignore_ascii_case(b"sep=") => None,
        // The tab was trimmed.
        [] if text[4..end].starts_with(b"\t") => Some((b'\t', end)),
        [separator] if !separator.is_ascii_alphanumeric() && *separator != b'"' => Some((*separator, end)),
        _ => None,
    }
}

/// The length of the first line, with its line end. `None` if it has none.
fn line_end(text: &[u8]) -> Option<usize> {
    let at = text.iter().position(|byte| matches!(byte, b'\r' | b'\n'))?;
    Some(at + if text[at..].starts_with(b"\r\n") { 2 } else { 1 })
}

/// The separator that fits best. With a separator that fits, at least half of the rows have as many values as the header,
/// and more than one. Of those, more values are numbers with the right one: a comma may separate values or be a decimal
/// comma. Of equal ones, the suggested one is taken, or else the first of [`SEPARATORS`].
fn likely_separator(table: &[u8], is_whole: bool, suggested: Option<u8>) -> u8 {
    let candidates = suggested.into_iter().chain(SEPARATORS.into_iter().filter(|it| Some(*it) != suggested));
    let mut best = ((false, 0, 0), suggested.unwrap_or(b','));
    for separator in candidates {
        let rows = split(table, separator, is_whole);
        let Some(columns) = rows.first().map(|header| header.ends.len()).filter(|columns| *columns > 1) else {
            continue;
        };
        // In thousandths. The header counts as well.
        let share = rows.iter().filter(|row| row.ends.len() == columns).count() * 1_000 / rows.len();
        let (all, numbers) = rows
            .iter()
            .flat_map(values)
            .fold((0, 0), |(all, numbers), value| (all + 1, numbers + usize::from(is_number(value))));
        let fit = (share >= 500, (numbers * 1_000).checked_div(all).unwrap_or(0), share);
        if fit > best.0 {
            best = (fit, separator);
        }
    }
    best.1
}

/// The rows of a text, except for the last if the rest of it is missing. If there is no other, the end is added to it.
fn split(text: &[u8], separator: u8, is_whole: bool) -> Vec<SplitRow> {
    let mut splitter = RowSplitter::new(separator);
    let mut rows = splitter.feed(text);
    if is_whole || rows.is_empty() {
        rows.extend(splitter.finish());
    }
    rows.into_iter().flatten().collect()
}

fn values(row: &SplitRow) -> impl Iterator<Item = &[u8]> {
    let starts = std::iter::once(0).chain(row.ends.iter().copied());
    starts.zip(&row.ends).map(|(start, &end)| &row.text[start..end])
}

/// True for a number, also with a decimal comma.
fn is_number(value: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(value) else { return false };
    text.trim().parse::<f64>().is_ok() || text.trim().replacen(',', ".", 1).parse::<f64>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detect(text: &str) -> (char, u64, usize) {
        let (dialect, above) = Dialect::detect(text.as_bytes(), true, Encoding::Utf8, Wanted::default());
        (char::from(dialect.separator), dialect.skipped_lines, above)
    }

    #[test]
    fn the_separator_is_the_one_that_gives_rows_of_equal_length() {
        for (text, separator) in [
            ("a,b\n1,2\n", ','),
            ("a;b;c\n1,5;2;3\n2,25;1,75;0\n", ';'),
            ("gene\ta\tb\nG1\t1\t2\n", '\t'),
            ("a|b\n1|2\n", '|'),
            ("a;b\n\"x,y\";2\n", ';'),
            ("name,note\nA,\"x;y\"\nB,z;z\n", ','),
            // A few bad rows do not matter.
            ("a;b\n1;2\n3\n4;5\n", ';'),
            ("id,left|right\n1,a|b\n2,c|d\n3,e|f,extra\n", ','),
            // Decimal commas, and as many commas in the header.
            ("Time, s;Voltage, V\n0,1;2,5\n0,2;2,6\n", ';'),
            ("only\n1\n", ','),
            ("text\nHello, world\nBye\n", ','),
            ("", ','),
            ("\"open;quote", ','),
        ] {
            assert_eq!(detect(text), (separator, 0, 0), "{text:?}");
        }
        let suggested = Wanted { suggested: Some(b'\t'), ..Wanted::default() };
        let separator = |text: &str| Dialect::detect(text.as_bytes(), true, Encoding::Utf8, suggested).0.separator;
        assert_eq!(separator("a\tb, c\n1\t2, 3\n"), b'\t');
        assert_eq!(separator("a,b\n1,2\n"), b',', "it is named as one with tabs, but has commas");
    }

    #[test]
    fn lines_above_the_header_are_skipped() {
        for (text, expected) in [
            ("sep=;\na;b\n1;2\n", (';', 1, 6)),
            ("sep=,\r\na,b\r\n1,2\r\n", (',', 1, 7)),
            ("\"sep=|\"\na|b\n", ('|', 1, 8)),
            ("SEP=\t\na\tb\n", ('\t', 1, 6)),
            ("sep=x\na,b\n", (',', 0, 0)),
            ("sep=", (',', 0, 0)),
            ("# made today\n# by me, again\na,b\n1,2\n", (',', 2, 28)),
            ("#chrom\tstart\nchr1\t5\n", ('\t', 0, 0)),
            ("## version\n#chrom\tstart\nchr1\t5\n", ('\t', 1, 11)),
            ("# only a comment\n", (',', 0, 0)),
            ("#name,city\nAda,London\nAlan,Bletchley\n", (',', 0, 0)),
            ("# x;y\n1,5;2,5\n", (';', 0, 0)),
            ("#x,y\n\"1\",\"x\"\n", (',', 0, 0)),
        ] {
            assert_eq!(detect(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_beginning_of_a_large_file_is_enough() {
        let (dialect, _) = Dialect::detect(b"a;b,c;d\n1;2;3\n4;5", false, Encoding::Utf8, Wanted::default());
        assert_eq!(dialect.separator, b';');
        // Not even the header is complete.
        let (dialect, _) = Dialect::detect(b"a\tb\tc", false, Encoding::Utf8, Wanted::default());
        assert_eq!(dialect.separator, b'\t');
    }

    #[test]
    fn what_the_reader_has_chosen_is_used() {
        let wanted = Wanted { separator: Some(b'|'), ..Wanted::default() };
        assert_eq!(Dialect::detect(b"a,b\n1,2\n", true, Encoding::Utf8, wanted).0.separator, b'|');
    }
}
