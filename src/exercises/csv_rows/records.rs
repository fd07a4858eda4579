//! Splits bytes into rows and values with `csv-core`, counts lines, and copes with quotes that are never closed.
//!
//! A quote that is never closed would turn the rest of the file into one row. So the size of a row is limited. If a row
//! reaches the limit, or the end of the file, inside quotes, the line in which the quote begins is bad, and the text
//! after that line is read again. Nothing is read more than twice: text inside an unclosed quote contains no quote that
//! could open without closing.

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::{BadRow, MOST_ROW_BYTES, RowError};

/// A row, split into values.
#[derive(Debug)]
pub(super) struct SplitRow {
    /// The line in which it begins.
    pub(super) line: u64,
    /// All values without their quotes, one directly after another.
    pub(super) text: Vec<u8>,
    /// The end of each value in `text`.
    pub(super) ends: Vec<usize>,
}

/// Splits bytes into rows.
#[derive(Debug)]
pub(super) struct RowSplitter {
    splitter: Splitter,
    // The bytes so far of a row that is not complete, as they are in the file.
    raw: Vec<u8>,
    row_line: u64,
    lines: Lines,
    skips_line: bool,
}

impl RowSplitter {
    /// A splitter of rows whose values are separated by this byte.
    pub(super) fn new(separator: u8) -> Self {
        let lines = Lines { line: 1, after_return: false };
        Self { splitter: Splitter::new(separator), raw: Vec::new(), row_line: 1, lines, skips_line: false }
    }

    /// Passes whole lines that are not part of the table.
    pub(super) fn pass(&mut self, lines: &[u8]) {
        self.lines.pass(lines);
    }

    /// The rows that these bytes complete.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Result<SplitRow, BadRow>> {
        let mut rows = Vec::new();
        self.read(bytes, &mut rows);
        rows
    }

    /// The rows that the end of the file completes.
    pub(super) fn finish(&mut self) -> Vec<Result<SplitRow, BadRow>> {
        let mut rows = Vec::new();
        while !self.raw.is_empty() {
            if self.splitter.ends_with_line() {
                self.raw.clear();
                rows.push(Ok(self.splitter.take(self.row_line)));
            } else {
                self.resume_after_quote(RowError::OpenQuote, &mut rows);
            }
        }
        rows
    }

    #[cfg(test)]
    pub(super) fn held_bytes(&self) -> usize {
        self.raw.capacity() + self.splitter.text.capacity() + self.splitter.ends.capacity() * size_of::<usize>()
    }

    fn read(&mut self, mut bytes: &[u8], rows: &mut Vec<Result<SplitRow, BadRow>>) {
        while let Some(first) = bytes.first() {
            let used = if self.skips_line {
                self.skip(bytes)
            } else if self.raw.is_empty() && is_line_end(first) {
                self.lines.pass(&bytes[..1]);
                1
            } else {
                self.read_row(bytes, rows)
            };
            bytes = &bytes[used..];
        }
    }

    /// Skips the rest of a bad line. Returns the number of skipped bytes.
    fn skip(&mut self, bytes: &[u8]) -> usize {
        let end = bytes.iter().position(is_line_end);
        self.skips_line = end.is_none();
        let used = end.unwrap_or(bytes.len());
        self.lines.pass(&bytes[..used]);
        used
    }

    /// Reads to the end of the row, or of the bytes. Returns the number of bytes read.
    fn read_row(&mut self, bytes: &[u8], rows: &mut Vec<Result<SplitRow, BadRow>>) -> usize {
        if self.raw.is_empty() {
            self.row_line = self.lines.line;
        }
        let most = (MOST_ROW_BYTES + 1).saturating_sub(self.raw.len()).max(1);
        let bytes = &bytes[..bytes.len().min(most)];
        let (is_complete, used) = self.splitter.split(bytes);
        self.lines.pass(&bytes[..used]);
        if is_complete {
            self.raw.clear();
            rows.push(Ok(self.splitter.take(self.row_line)));
            return used;
        }
        self.raw.extend_from_slice(&bytes[..used]);
        if self.is_too_long() {
            self.reject_row(rows);
        }
        used
    }

    /// True if the row is too long. After a quote it is unknown whether that quote ends the value or is one of a pair.
    /// So a series of quotes is read to its end, unless it doubles the length of the row.
    fn is_too_long(&self) -> bool {
        let is_among_quotes = self.raw.last() == Some(&b'"') && self.raw.len() < 2 * MOST_ROW_BYTES;
        self.raw.len() > MOST_ROW_BYTES && !is_among_quotes
    }

    fn reject_row(&mut self, rows: &mut Vec<Result<SplitRow, BadRow>>) {
        let is_quoted = !self.splitter.ends_with_line();
        let why = RowError::TooLong { is_quoted };
        if is_quoted {
            return self.resume_after_quote(why, rows);
        }
        rows.push(Err(BadRow { line: self.row_line, why }));
        self.start_row();
        self.skips_line = true;
    }

    /// Reports the line with the open quote as bad, and reads the text after that line again.
    fn resume_after_quote(&mut self, why: RowError, rows: &mut Vec<Result<SplitRow, BadRow>>) {
        let line = self.row_line + line_ends(self.splitter.complete_values());
        rows.push(Err(BadRow { line, why }));
        let raw = self.start_row();
        let mut lines = Lines { line: self.row_line, after_return: false };
        let end = raw.iter().position(|&byte| {
            lines.pass(&[byte]);
            lines.line > line
        });
        match end {
            Some(end) => {
                self.lines = lines;
                self.read(&raw[end + 1..], rows);
            }
            None => self.skips_line = true,
        }
    }

    /// Starts a new row. Returns the bytes of the current one.
    fn start_row(&mut self) -> Vec<u8> {
        self.splitter = Splitter::new(self.splitter.separator);
        std::mem::take(&mut self.raw)
    }
}

fn is_line_end(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// The number of lines that end in these bytes.
pub(super) fn line_ends(bytes: &[u8]) -> u64 {
    let mut lines = Lines { line: 0, after_return: false };
    lines.pass(bytes);
    lines.line
}

/// A line counter. Lines end with `\n`, `\r\n` or `\r`.
#[derive(Clone, Copy, Debug)]
struct Lines {
    line: u64,
    after_return: bool,
}

impl Lines {
    fn pass(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.line += u64::from(byte == b'\r' || byte == b'\n' && !self.after_return);
            self.after_return = byte == b'\r';
        }
    }
}

/// The reader of `csv-core`, with buffers for its output.
#[derive(Debug)]
struct Splitter {
    separator: u8,
    reader: Reader,
    text: Vec<u8>,
    text_bytes: usize,
    ends: Vec<usize>,
    values: usize,
}

impl Splitter {
    fn new(separator: u8) -> Self {
        let mut reader = ReaderBuilder::new().delimiter(separator).build();
        // At its start the reader removes a byte order mark. The caller has already done that, so an empty line gets
        // the reader past its start.
        reader.read_record(b"\n", &mut [0], &mut [0]);
        Self { separator, reader, text: vec![0; 1024], text_bytes: 0, ends: vec![0; 64], values: 0 }
    }

    /// Reads to the end of the row, or of the bytes. Returns true if the row is complete, and the number of bytes read.
    fn split(&mut self, bytes: &[u8]) -> (bool, usize) {
        let mut used = 0;
        // To `csv-core`, an empty slice means the end of the file.
        while used < bytes.len() {
            let (result, read) = self.read(&bytes[used..]);
            used += read;
            if matches!(result, ReadRecordResult::Record) {
                return (true, used);
            }
        }
        (false, used)
    }

    fn read(&mut self, bytes: &[u8]) -> (ReadRecordResult, usize) {
        let (text, ends) = (&mut self.text[self.text_bytes..], &mut self.ends[self.values..]);
        let (result, read, text_bytes, values) = self.reader.read_record(bytes, text, ends);
        self.text_bytes += text_bytes;
        self.values += values;
        match result {
            ReadRecordResult::OutputFull => self.text.resize(self.text.len() * 2, 0),
            ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
            _ => {}
        }
        (result, read)
    }

    /// Takes the complete row.
    fn take(&mut self, line: u64) -> SplitRow {
        let (text, ends) = (self.text[..self.text_bytes].to_vec(), self.ends[..self.values].to_vec());
        (self.text_bytes, self.values) = (0, 0);
        SplitRow { line, text, ends }
    }

    /// The complete values, without the one that is still being read.
    fn complete_values(&self) -> &[u8] {
        let end = self.values.checked_sub(1).map_or(0, |last| self.ends[last]);
        &self.text[..end]
    }

    /// Ends the line. Returns true if that also ends the row, which it does not inside quotes.
    ///
    /// This changes the reader. A clone would avoid that, but clones of a reader are incomplete: `csv-core` 0.1.13 does
    /// not copy the states.
    fn ends_with_line(&mut self) -> bool {
        self.split(b"\n").0
    }
}
