//! A CSV reader for streams: bytes go in, in pieces of any size, and rows come out as soon as they are complete.
//!
//! Splitting and quoting is left to `csv-core`, the engine of the `csv` crate, which needs no file and no memory of its
//! own. This module adds line numbers as an editor counts them, and a message for each bad row, while good rows are
//! still read (<https://www.rfc-editor.org/rfc/rfc4180>). The separator is found in the first rows. UTF-16 is recognized;
//! no other encoding is guessed, which could silently produce wrong text, but the caller can choose Windows-1252.
//!
//! Rows are returned and not stored. A caller that feeds pieces of some 16 KB, and yields to the page after each, can
//! read a file of any size.

mod dialect;
mod records;

use std::collections::BTreeMap;

use crate::measure::units::{shortened, size};
use crate::storage::encoding::Decoder;

use records::{RowSplitter, SplitRow};

pub use crate::storage::encoding::Encoding;
pub use dialect::{Dialect, SEPARATORS, Wanted};

/// A row with more bytes is bad. At most this many bytes are read again in one go after a quote that is not closed, so
/// that the page is not blocked for long.
pub const MOST_ROW_BYTES: usize = 1_000_000;

/// The first bytes of a file, in which its encoding and separator are found.
const HEAD_BYTES: usize = 16_000;

/// At most this many problems of a header are reported.
pub const MAX_HEADER_PROBLEMS: usize = 20;

/// At most this many characters of a column's name are part of a message.
const NAME_CHARS: usize = 40;

/// Reads rows from bytes in pieces.
///
/// ```
/// use interleave::exercises::csv_rows::{CsvRows, Parsed};
///
/// let mut rows = CsvRows::default();
/// let mut parsed = rows.feed(b"name,label\nZ\xC3\xBCri")?;
/// parsed.extend(rows.feed(b"ch,7\nBern\n")?);
/// parsed.extend(rows.finish()?);
/// let [Parsed::Header(_), Parsed::Row(row), Parsed::Bad(bad)] = &parsed[..] else { panic!("{parsed:?}") };
/// assert_eq!(row.values().collect::<Vec<_>>(), ["Zürich", "7"]);
/// assert_eq!(bad.to_string(), "line 3 has 1 value instead of 2");
/// # Ok::<(), interleave::exercises::csv_rows::CsvError>(())
/// ```
#[derive(Debug)]
pub struct CsvRows {
    wanted: Wanted,
    // The first bytes of the file, until there are enough to recognize how it is written. `None` after that.
    head: Option<Vec<u8>>,
    dialect: Option<Dialect>,
    decoder: Decoder,
    records: RowSplitter,
    columns: Option<usize>,
    counts: Counts,
    failed: Option<CsvError>,
}

/// A result of reading. The header comes first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The names of the columns.
    Header(Header),
    /// A row with a value for each column.
    Row(Row),
    /// A row that is skipped.
    Bad(BadRow),
}

/// The first row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The names of the columns, in order.
    pub names: Vec<String>,
    /// Problems with the names, which do not prevent reading: the first [`MAX_HEADER_PROBLEMS`].
    pub problems: Vec<HeaderProblem>,
    /// How the file is written.
    pub dialect: Dialect,
}

/// A problem with a column's name. Columns are counted from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// It is empty.
    #[error("column {column} has no name")]
    NoName {
        /// The column.
        column: usize,
    },
    /// Two columns have the same name.
    #[error("columns {first} and {again} are both called `{}`", shortened(name, NAME_CHARS))]
    Repeated {
        /// The name.
        name: String,
        /// The first column with this name.
        first: usize,
        /// Another column with this name.
        again: usize,
    },
}

/// A good row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line in which it begins, as an editor counts lines.
    pub line: u64,
    text: String,
    ends: Vec<usize>,
}

impl Row {
    /// The value in a column, counted from 0.
    #[must_use]
    pub fn get(&self, column: usize) -> Option<&str> {
        let end = *self.ends.get(column)?;
        let start = column.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.text.get(start..end)
    }

    /// All values, as many as there are columns.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).filter_map(|column| self.get(column))
    }
}

/// A bad row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} {why}")]
pub struct BadRow {
    /// The line in which it begins, as an editor counts lines. If a quote is not closed, the line with that quote.
    pub line: u64,
    /// The error.
    pub why: RowError,
}

/// The reason that a row cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// It has more or fewer values than the header.
    #[error("has {} instead of {columns}{}", values(*found), over(*lines))]
    WrongLength {
        /// The number of its values.
        found: usize,
        /// The number of columns in the header.
        columns: usize,
        /// The number of lines that it spans. More than one may be the sign of a missing quote.
        lines: u64,
    },
    /// Its bytes are not UTF-8.
    #[error("is not UTF-8 in column {column}: choose the encoding Windows-1252, or save the file as UTF-8")]
    NotUtf8 {
        /// The first column with such bytes, counted from 1.
        column: usize,
    },
    /// A value begins with a quote, and the rest of the file does not close it.
    #[error("opens a quote that is not closed")]
    OpenQuote,
    /// It has too many bytes.
    #[error("has more than {}{}", size(MOST_ROW_BYTES as u64), if *is_quoted { ": a closing quote may be missing" } else { "" })]
    TooLong {
        /// True if a quote was still open at the limit.
        is_quoted: bool,
    },
}

/// The reason that a file cannot be read at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// It is empty, or has only empty lines.
    #[error("the file is empty")]
    Empty,
    /// Its first row is bad.
    #[error("the header cannot be read: {0}")]
    BadHeader(BadRow),
    /// There is a header, but no rows below it, good or bad.
    #[error("the file has a header but no rows")]
    NoRows,
}

/// Counts of everything read so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The number of bytes.
    pub bytes: u64,
    /// The number of good rows.
    pub rows: u64,
    /// The number of bad rows.
    pub bad: u64,
}

fn values(found: usize) -> String {
    if found == 1 { "1 value".to_owned() } else { format!("{found} values") }
}

fn over(lines: u64) -> String {
    if lines == 1 { String::new() } else { format!(" and spans {lines} lines: a closing quote may be missing") }
}

impl Default for CsvRows {
    /// A reader at the beginning of a file.
    fn default() -> Self {
        Self::new(Wanted::default())
    }
}

impl CsvRows {
    /// A reader at the beginning of a file of which this is known.
    #[must_use]
    pub fn new(wanted: Wanted) -> Self {
        Self {
            wanted,
            head: Some(Vec::new()),
            dialect: None,
            decoder: Decoder::new(Encoding::Utf8),
            records: RowSplitter::new(b','),
            columns: None,
            counts: Counts::default(),
            failed: None,
        }
    }

    /// Takes the next piece of the file and returns what it completes.
    ///
    /// # Errors
    ///
    /// If the file cannot be read at all. The same error is returned from then on.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Parsed>, CsvError> {
        self.counts.bytes += bytes.len() as u64;
        let Some(mut head) = self.head.take() else { return self.read(bytes) };
        head.extend_from_slice(bytes);
        // The table begins below the comments.
        let ends_in_comment =
            head.iter().rposition(|byte| *byte == b'\n').is_some_and(|at| head[at + 1..].starts_with(b"#"));
        if head.len() < HEAD_BYTES || ends_in_comment && head.len() < MOST_ROW_BYTES {
            self.head = Some(head);
            return Ok(Vec::new());
        }
        self.read_head(&head, false)
    }

    /// Ends the file and returns what that completes.
    ///
    /// # Errors
    ///
    /// If the file cannot be read at all.
    pub fn finish(&mut self) -> Result<Vec<Parsed>, CsvError> {
        let mut parsed = match self.head.take() {
            Some(head) => self.read_head(&head, true)?,
            None => Vec::new(),
        };
        let last = self.decoder.finish();
        parsed.extend(self.read_text(&last)?);
        let records = self.records.finish();
        parsed.extend(self.parse(records)?);
        match self.columns {
            None => self.fail(CsvError::Empty),
            Some(_) if self.counts.rows + self.counts.bad == 0 => self.fail(CsvError::NoRows),
            Some(_) => Ok(parsed),
        }
    }

    /// The counts so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn read_head(&mut self, head: &[u8], is_whole: bool) -> Result<Vec<Parsed>, CsvError> {
        // A byte order mark is certain, and the user's choice may be meant for another file.
        let encoding = Encoding::from_mark(head).or(self.wanted.encoding).or_else(|| Encoding::detect(head));
        let encoding = encoding.unwrap_or(Encoding::Utf8);
        self.decoder = Decoder::new(encoding);
        let text = self.decoder.decode(head.strip_prefix(encoding.mark()).unwrap_or(head));
        let (dialect, above) = Dialect::detect(&text, is_whole, encoding, self.wanted);
        self.dialect = Some(dialect);
        self.records = RowSplitter::new(dialect.separator);
        self.records.pass(&text[..above]);
        self.read_text(&text[above..])
    }

    fn read(&mut self, bytes: &[u8]) -> Result<Vec<Parsed>, CsvError> {
        let text = self.decoder.decode(bytes);
        self.read_text(&text)
    }

    fn read_text(&mut self, text: &[u8]) -> Result<Vec<Parsed>, CsvError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let records = self.records.feed(text);
        self.parse(records)
    }

    fn parse(&mut self, records: Vec<Result<SplitRow, BadRow>>) -> Result<Vec<Parsed>, CsvError> {
        let parsed = records.into_iter().filter_map(|record| self.parse_one(record).transpose()).collect();
        if let Err(error) = &parsed {
            self.failed = Some(CsvError::clone(error));
        }
        parsed
    }

    /// `None` for a comment.
    fn parse_one(&mut self, record: Result<SplitRow, BadRow>) -> Result<Option<Parsed>, CsvError> {
        let row = record.and_then(text_of);
        // It is found before the first row.
        let Some(dialect) = self.dialect else { return Ok(None) };
        let Some(columns) = self.columns else {
            let header = header_of(&row.map_err(CsvError::BadHeader)?, dialect);
            self.columns = Some(header.names.len());
            return Ok(Some(Parsed::Header(header)));
        };
        let is_comment = |row: &Row| row.ends.len() != columns && row.text.starts_with('#');
        if dialect.skipped_lines > u64::from(dialect.is_stated) && row.as_ref().is_ok_and(is_comment) {
            return Ok(None);
        }
        Ok(Some(match row.and_then(|row| of_length(row, columns)) {
            Ok(row) => {
                self.counts.rows += 1;
                Parsed::Row(row)
            }
            Err(bad) => {
                self.counts.bad += 1;
                Parsed::Bad(bad)
            }
        }))
    }

    fn fail<T>(&mut self, error: CsvError) -> Result<T, CsvError> {
        self.failed = Some(error.clone());
        Err(error)
    }
}

/// The row, if every value in it is UTF-8 text.
fn text_of(SplitRow { line, text, ends }: SplitRow) -> Result<Row, BadRow> {
    match String::from_utf8(text) {
        // A character must not begin in one value and end in the next.
        Ok(text) if ends.iter().all(|&end| text.is_char_boundary(end)) => Ok(Row { line, text, ends }),
        Ok(text) => Err(not_utf8(line, text.as_bytes(), &ends)),
        Err(error) => Err(not_utf8(line, error.as_bytes(), &ends)),
    }
}

fn not_utf8(line: u64, text: &[u8], ends: &[usize]) -> BadRow {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let mut values = starts.zip(ends).map(|(start, &end)| &text[start..end]);
    let before = values.position(|value| std::str::from_utf8(value).is_err()).unwrap_or_default();
    BadRow { line, why: RowError::NotUtf8 { column: before + 1 } }
}

fn of_length(row: Row, columns: usize) -> Result<Row, BadRow> {
    let found = row.ends.len();
    if found == columns {
        return Ok(row);
    }
    let lines = 1 + records::line_ends(row.text.as_bytes());
    Err(BadRow { line: row.line, why: RowError::WrongLength { found, columns, lines } })
}

fn header_of(row: &Row, dialect: Dialect) -> Header {
    let names: Vec<_> = row.values().map(str::to_owned).collect();
    let mut first_of = BTreeMap::new();
    let problem = |(name, column)| problem_of(name, column, &mut first_of);
    let problems = names
        .iter()
        .zip(1..)
        .map(|(name, column)| (name.as_str(), column))
        .filter_map(problem)
        .take(MAX_HEADER_PROBLEMS)
        .collect();
    Header { names, problems, dialect }
}

/// The problem with a column's name, if there is one. `first_of` has the columns before it.
fn problem_of<'a>(name: &'a str, column: usize, first_of: &mut BTreeMap<&'a str, usize>) -> Option<HeaderProblem> {
    if name.is_empty() {
        return Some(HeaderProblem::NoName { column });
    }
    let first = *first_of.entry(name).or_insert(column);
    (first != column).then(|| HeaderProblem::Repeated { name: name.to_owned(), first, again: column })
}

#[cfg(test)]
mod tests;
