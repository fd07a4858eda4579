//! CSV, read as it comes: bytes in pieces of any size go in, rows come out as soon as they are complete.
//!
//! Splitting and quoting is left to `csv-core`, the engine of the `csv` crate, which needs no file and no memory of its
//! own. What it leaves out stands here: lines as an editor counts them, and a word for each row that is bad, while the
//! good ones are kept (<https://www.rfc-editor.org/rfc/rfc4180>). Bytes must be UTF-8: guessing another encoding would
//! give wrong names without a word.
//!
//! Rows are handed out and not kept: whoever feeds pieces of some 16 KB, with a pause for the page after each, can read
//! a file of any size.

mod records;

use std::collections::BTreeMap;

use crate::measure::units::shortened;

use records::{RowSplitter, SplitRow};

/// A row with more bytes is bad. So many are read again at once where a quote is not closed: that must not keep the
/// page.
pub const MOST_ROW_BYTES: usize = 100_000;

/// At most this many problems of a header are reported.
pub const MAX_HEADER_PROBLEMS: usize = 20;

/// A column's name has so many characters in an oddity.
const NAME_CHARS: usize = 40;

/// A mark at the beginning of a file has at most so many bytes.
const MARK_BYTES: usize = 3;
const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";
const UTF16_MARKS: [&[u8]; 2] = [b"\xFF\xFE", b"\xFE\xFF"];

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
    // The file's first bytes, until there are enough to tell a mark. None after that.
    head: Option<Vec<u8>>,
    records: RowSplitter,
    columns: Option<usize>,
    counts: Counts,
    failed: Option<CsvError>,
}

/// What comes out, the header first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// The names of the columns.
    Header(Header),
    /// A row with a value for each of them.
    Row(Row),
    /// A row that is left out.
    Bad(BadRow),
}

/// The first row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the columns are called, in their order.
    pub names: Vec<String>,
    /// What is odd about that, and does no harm: the first [`MAX_HEADER_PROBLEMS`].
    pub problems: Vec<HeaderProblem>,
}

/// What is odd about a column's name. Columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// It is empty.
    #[error("column {column} has no name")]
    NoName {
        /// Which column.
        column: usize,
    },
    /// Another column is called the same.
    #[error("columns {first} and {again} are both called `{}`", shortened(name, NAME_CHARS))]
    Repeated {
        /// What both are called.
        name: String,
        /// The first that is called so.
        first: usize,
        /// Another.
        again: usize,
    },
}

/// A good row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The line in which it begins, as an editor shows it.
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
    /// The line in which it begins, or in which the quote does that is not closed, as an editor shows it.
    pub line: u64,
    /// What is wrong with it.
    pub why: RowError,
}

/// What is wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// It is ragged.
    #[error("has {} instead of {columns}{}", values(*found), over(*lines))]
    WrongLength {
        /// How many values it has.
        found: usize,
        /// How many the header has.
        columns: usize,
        /// Over how many lines it goes: many may be a sign of a quote that is missing.
        lines: u64,
    },
    /// Its bytes are no text in UTF-8.
    #[error("is not UTF-8 in column {column}: save the file as UTF-8, it may be Latin-1 or Windows-1252")]
    NotUtf8 {
        /// The first column with such a byte, counted from 1.
        column: usize,
    },
    /// A value begins with a quote, and nothing in the rest of the file ends it.
    #[error("opens a quote that is not closed")]
    OpenQuote,
    /// It has too many bytes.
    #[error("has more than {MOST_ROW_BYTES} bytes{}", if *is_quoted { ": is a quote not closed?" } else { "" })]
    TooLong {
        /// Whether a quote was still open there.
        is_quoted: bool,
    },
}

/// Why nothing can be made of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsvError {
    /// There is nothing in it but, perhaps, empty lines.
    #[error("the file is empty")]
    Empty,
    /// It begins as files in UTF-16 do.
    #[error("the file is UTF-16: save it as UTF-8")]
    Utf16,
    /// No names can be read from its first row.
    #[error("the header cannot be read: {0}")]
    BadHeader(BadRow),
    /// There is a header, and no row below it, neither good nor bad.
    #[error("the file has a header but no rows")]
    NoRows,
}

/// How much came, so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Bytes that went in.
    pub bytes: u64,
    /// Good rows.
    pub rows: u64,
    /// Bad rows.
    pub bad: u64,
}

fn values(found: usize) -> String {
    if found == 1 { "1 value".to_owned() } else { format!("{found} values") }
}

fn over(lines: u64) -> String {
    if lines == 1 { String::new() } else { format!(" and goes over {lines} lines: is a quote not closed?") }
}

impl Default for CsvRows {
    /// Nothing has come yet.
    fn default() -> Self {
        let head = Some(Vec::new());
        Self { head, records: RowSplitter::default(), columns: None, counts: Counts::default(), failed: None }
    }
}

impl CsvRows {
    /// Takes the next piece of the file, and gives what it completes.
    ///
    /// # Errors
    ///
    /// Why nothing can be made of the file, as soon as that is known.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<Vec<Parsed>, CsvError> {
        self.counts.bytes += bytes.len() as u64;
        let Some(mut head) = self.head.take() else { return self.read(bytes) };
        let (first, rest) = bytes.split_at(bytes.len().min(MARK_BYTES - head.len()));
        head.extend_from_slice(first);
        if head.len() < MARK_BYTES {
            self.head = Some(head);
            return Ok(Vec::new());
        }
        let mut parsed = self.read_head(&head)?;
        parsed.extend(self.read(rest)?);
        Ok(parsed)
    }

    /// Ends the file, and gives what it completes.
    ///
    /// # Errors
    ///
    /// Why nothing can be made of the file.
    pub fn finish(&mut self) -> Result<Vec<Parsed>, CsvError> {
        let head = self.head.take().unwrap_or_default();
        let mut parsed = self.read_head(&head)?;
        let records = self.records.finish();
        parsed.extend(self.parse(records)?);
        match self.columns {
            None => self.fail(CsvError::Empty),
            Some(_) if self.counts.rows + self.counts.bad == 0 => self.fail(CsvError::NoRows),
            Some(_) => Ok(parsed),
        }
    }

    /// How much came, so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    fn read_head(&mut self, head: &[u8]) -> Result<Vec<Parsed>, CsvError> {
        if UTF16_MARKS.iter().any(|mark| head.starts_with(mark)) {
            return self.fail(CsvError::Utf16);
        }
        self.read(head.strip_prefix(UTF8_MARK).unwrap_or(head))
    }

    fn read(&mut self, bytes: &[u8]) -> Result<Vec<Parsed>, CsvError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let records = self.records.feed(bytes);
        self.parse(records)
    }

    fn parse(&mut self, records: Vec<Result<SplitRow, BadRow>>) -> Result<Vec<Parsed>, CsvError> {
        let parsed = records.into_iter().map(|record| self.parse_one(record)).collect();
        if let Err(error) = &parsed {
            self.failed = Some(CsvError::clone(error));
        }
        parsed
    }

    fn parse_one(&mut self, record: Result<SplitRow, BadRow>) -> Result<Parsed, CsvError> {
        let row = record.and_then(text_of);
        let Some(columns) = self.columns else {
            let header = header_of(&row.map_err(CsvError::BadHeader)?);
            self.columns = Some(header.names.len());
            return Ok(Parsed::Header(header));
        };
        match row.and_then(|row| of_length(row, columns)) {
            Ok(row) => {
                self.counts.rows += 1;
                Ok(Parsed::Row(row))
            }
            Err(bad) => {
                self.counts.bad += 1;
                Ok(Parsed::Bad(bad))
            }
        }
    }

    fn fail<T>(&mut self, error: CsvError) -> Result<T, CsvError> {
        self.failed = Some(error.clone());
        Err(error)
    }
}

/// The row, if every value in it is text.
fn text_of(SplitRow { line, text, ends }: SplitRow) -> Result<Row, BadRow> {
    match String::from_utf8(text) {
        // A letter must not begin in one value and end in the next.
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

fn header_of(row: &Row) -> Header {
    let names: Vec<_> = row.values().map(str::to_owned).collect();
    let mut first_of = BTreeMap::new();
    let oddity = |(name, column)| oddity_of(name, column, &mut first_of);
    let problems = names
        .iter()
        .zip(1..)
        .map(|(name, column)| (name.as_str(), column))
        .filter_map(oddity)
        .take(MAX_HEADER_PROBLEMS)
        .collect();
    Header { names, problems }
}

/// What is odd about a column's name, beside those before it.
fn oddity_of<'a>(name: &'a str, column: usize, first_of: &mut BTreeMap<&'a str, usize>) -> Option<HeaderProblem> {
    if name.is_empty() {
        return Some(HeaderProblem::NoName { column });
    }
    let first = *first_of.entry(name).or_insert(column);
    (first != column).then(|| HeaderProblem::Repeated { name: name.to_owned(), first, again: column })
}

#[cfg(test)]
mod tests;
