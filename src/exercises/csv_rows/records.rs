//! Bytes in pieces, split into rows and values: what `csv-core` does, with lines counted and an end to every quote.
//!
//! A quote that is never closed would make one row of all that follows. So a row may have only so many bytes; where
//! that, or the file, ends within quotes, the line in which they begin is bad, and what follows it is read again. That
//! reads nothing more than twice: what stood between quotes that do not close has no quote in it that could open and
//! not close.

use csv_core::{ReadRecordResult, Reader};

use super::{BadRow, MOST_ROW_BYTES, RowError};

/// A row as it is split.
#[derive(Debug)]
pub(super) struct SplitRow {
    /// The line in which it begins.
    pub(super) line: u64,
    /// All values, without their quotes, and nothing between them.
    pub(super) text: Vec<u8>,
    /// Where each value ends in that.
    pub(super) ends: Vec<usize>,
}

/// Splits bytes into rows.
#[derive(Debug)]
pub(super) struct RowSplitter {
    splitter: Splitter,
    // What has come of a row that is not complete, as it stands in the file.
    raw: Vec<u8>,
    row_line: u64,
    lines: Lines,
    skips_line: bool,
}

impl Default for RowSplitter {
    fn default() -> Self {
        let lines = Lines { line: 1, after_return: false };
        Self { splitter: Splitter::new(), raw: Vec::new(), row_line: 1, lines, skips_line: false }
    }
}

impl RowSplitter {
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
                self.go_on_behind_quote(RowError::OpenQuote, &mut rows);
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

    /// Passes over the rest of a line that is bad. Returns how many bytes that were.
    fn skip(&mut self, bytes: &[u8]) -> usize {
        let end = bytes.iter().position(is_line_end);
        self.skips_line = end.is_none();
        let used = end.unwrap_or(bytes.len());
        self.lines.pass(&bytes[..used]);
        used
    }

    /// Reads up to the end of the row, or of the bytes. Returns how many that were.
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
            self.give_up(rows);
        }
        used
    }

    /// Whether the row has more bytes than it may. Among quotes nobody can tell whether the last one ends the value, so
    /// those are read to their end, unless there are as many again.
    fn is_too_long(&self) -> bool {
        let is_among_quotes = self.raw.last() == Some(&b'"') && self.raw.len() < 2 * MOST_ROW_BYTES;
        self.raw.len() > MOST_ROW_BYTES && !is_among_quotes
    }

    fn give_up(&mut self, rows: &mut Vec<Result<SplitRow, BadRow>>) {
        let is_quoted = !self.splitter.ends_with_line();
        let why = RowError::TooLong { is_quoted };
        if is_quoted {
            return self.go_on_behind_quote(why, rows);
        }
        rows.push(Err(BadRow { line: self.row_line, why }));
        self.start_anew();
        self.skips_line = true;
    }

    /// Gives up the line in which a quote begins that is still open, and reads again what follows.
    fn go_on_behind_quote(&mut self, why: RowError, rows: &mut Vec<Result<SplitRow, BadRow>>) {
        let line = self.row_line + line_ends(self.splitter.complete_values());
        rows.push(Err(BadRow { line, why }));
        let raw = self.start_anew();
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

    /// Forgets what has come of a row. Returns that.
    fn start_anew(&mut self) -> Vec<u8> {
        self.splitter = Splitter::new();
        std::mem::take(&mut self.raw)
    }
}

fn is_line_end(byte: &u8) -> bool {
    matches!(byte, b'\r' | b'\n')
}

/// How many lines end in these bytes.
pub(super) fn line_ends(bytes: &[u8]) -> u64 {
    let mut lines = Lines { line: 0, after_return: false };
    lines.pass(bytes);
    lines.line
}

/// Counts lines. They end with `\n`, `\r\n` or `\r`.
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

/// The reader of `csv-core` with room for what it gives.
#[derive(Debug)]
struct Splitter {
    reader: Reader,
    text: Vec<u8>,
    text_bytes: usize,
    ends: Vec<usize>,
    values: usize,
}

impl Splitter {
    fn new() -> Self {
        let mut reader = Reader::new();
        // It takes a mark away where it begins, if the mark comes whole. That has been done: an empty line takes it in.
        reader.read_record(b"\n", &mut [0], &mut [0]);
        Self { reader, text: vec![0; 1024], text_bytes: 0, ends: vec![0; 64], values: 0 }
    }

    /// Reads to the end of the row, or of the bytes. Returns whether it was that of the row, and how many bytes it
    /// read.
    fn split(&mut self, bytes: &[u8]) -> (bool, usize) {
        let mut used = 0;
        // No bytes at all would mean the end of the file.
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

    /// The row that is complete.
    fn take(&mut self, line: u64) -> SplitRow {
        let (text, ends) = (self.text[..self.text_bytes].to_vec(), self.ends[..self.values].to_vec());
        (self.text_bytes, self.values) = (0, 0);
        SplitRow { line, text, ends }
    }

    /// What came before the value that is still read.
    fn complete_values(&self) -> &[u8] {
        let end = self.values.checked_sub(1).map_or(0, |last| self.ends[last]);
        &self.text[..end]
    }

    /// Ends the line. Returns whether that ends the row as well, which it does not within quotes.
    ///
    /// A clone could be asked without harm, if clones of the reader were whole (csv-core 0.1.13 forgets its states).
    fn ends_with_line(&mut self) -> bool {
        self.split(b"\n").0
    }
}
