//! Rows of a CSV, with the classifier's predictions if they are digits.

use std::time::Duration;

use inference::classifier::{Classifier, InputError};
use inference::digits::{BRIGHTEST, PIXELS};

use crate::exercises::csv_rows::{
    Counts, CsvError as RowsError, Dialect, Encoding, Header, HeaderProblem, Parsed, Row,
};
use crate::exercises::prelude::*;
use crate::storage::{Source, SourceError};

/// A slice ends after this many bytes, which take about 2 ms including the classifier, or after this time.
pub(super) const SLICE_BYTES: usize = 16_000;
pub(super) const SLICE_TIME: Duration = Duration::from_millis(4);

/// The clock is read after each part of a slice.
pub(super) const PART_BYTES: usize = 2_000;

/// The maximum number of bad rows that are listed.
const MOST_BAD: usize = 20;

/// The maximum number of good rows that are shown.
pub(super) const MOST_SHOWN: usize = 5;

/// The maximum number of columns that are shown.
pub(super) const MOST_COLUMNS: usize = 12;

/// The maximum number of characters of a value that are shown.
pub(super) const MOST_CHARS: usize = 40;

/// The reason that a CSV cannot be processed to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum CsvError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Form(#[from] RowsError),
    #[error("the classifier cannot read a row: {0}")]
    Input(#[from] InputError),
}

impl TaskError for CsvError {}

/// A digit and its prediction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PredictedDigit {
    /// Its row, counted from 0. Bad rows count, too.
    pub sample_id: u64,
    /// The correct digit.
    pub label: u8,
    /// The digit that the classifier predicts.
    pub prediction: u8,
}

/// The results of processing rows.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// How the file is written, once that is known.
    pub dialect: Option<Dialect>,
    /// The names of the columns.
    pub columns: Vec<String>,
    /// Problems with these names.
    pub problems: Vec<HeaderProblem>,
    /// The columns of a digit, if there are all of them.
    digit_columns: Option<DigitColumns>,
    /// The number of good rows.
    pub rows: u64,
    /// The good rows with their predictions, if the rows are digits.
    pub digits: Vec<PredictedDigit>,
    /// The number of bad rows.
    pub bad: u64,
    /// The number of them that could not be read as a row of this table.
    pub unreadable: u64,
    /// Messages about the first bad rows.
    pub first_bad: Vec<String>,
    /// The first values of the first good rows, shortened.
    pub shown: Vec<Vec<String>>,
}

impl Samples {
    /// Adds rows that were read.
    pub fn take(&mut self, parsed: Vec<Parsed>, classifier: &Classifier) -> Result<(), CsvError> {
        let (mut found, mut pixels) = (Vec::new(), Vec::new());
        for parsed in parsed {
            match parsed {
                Parsed::Header(Header { names, problems, dialect }) => {
                    self.digit_columns = DigitColumns::find(&names);
                    (self.columns, self.problems, self.dialect) = (names, problems, Some(dialect));
                }
                Parsed::Row(row) => match self.digit_columns.as_ref().map(|columns| columns.digit(&row)) {
                    None => self.keep(&row),
                    Some(Ok((label, image))) => {
                        found.push((self.rows + self.bad, label));
                        pixels.extend(image);
                        self.keep(&row);
                    }
                    Some(Err(why)) => self.note_bad(|| format!("line {}: {why}", row.line)),
                },
                Parsed::Bad(row) => {
                    self.unreadable += 1;
                    self.note_bad(|| row.to_string());
                }
            }
        }
        let predicted = found.into_iter().zip(classifier.predict(&pixels)?);
        self.digits.extend(predicted.map(|((sample_id, label), prediction)| PredictedDigit {
            sample_id,
            label,
            prediction,
        }));
        Ok(())
    }

    /// True if there are the columns of a digit: label, p0, …, p63.
    pub fn are_digits(&self) -> bool {
        self.digit_columns.is_some()
    }

    /// How the file was read, if that is not obvious: its separator, its encoding, and lines that were skipped.
    pub fn dialect_in_words(&self) -> String {
        let Some(Dialect { encoding, separator, skipped_lines, is_stated }) = self.dialect else {
            return String::new();
        };
        let separator = match separator {
            b',' => None,
            b'\t' => Some("separated by tabs".to_owned()),
            other => Some(format!("separated by `{}`", char::from(other))),
        };
        let encoding = (encoding != Encoding::Utf8).then(|| encoding.to_string());
        let comments = skipped_lines - u64::from(is_stated);
        let skipped = [
            is_stated.then(|| "the line `sep=` was skipped".to_owned()),
            (comments > 0).then(|| units::counted(comments, "comment was skipped", "comments were skipped")),
        ];
        let parts: Vec<_> = [separator, encoding].into_iter().chain(skipped).flatten().collect();
        if parts.is_empty() { String::new() } else { format!("; {}", parts.join(", ")) }
    }

    fn keep(&mut self, row: &Row) {
        self.rows += 1;
        if self.shown.len() < MOST_SHOWN {
            let values = row.values().take(MOST_COLUMNS);
            self.shown.push(values.map(|value| units::shortened(value, MOST_CHARS).into_owned()).collect());
        }
    }

    fn note_bad(&mut self, message: impl FnOnce() -> String) {
        self.bad += 1;
        if self.first_bad.len() < MOST_BAD {
            self.first_bad.push(message());
        }
    }

    /// The number of correct predictions.
    pub fn right(&self) -> usize {
        self.digits.iter().filter(|it| it.label == it.prediction).count()
    }
}

/// The places of the columns of a digit. Other columns may be between them, such as the index that pandas writes.
#[derive(Debug)]
struct DigitColumns {
    label: usize,
    pixels: Vec<usize>,
}

impl DigitColumns {
    /// Finds the columns by their names, without spaces around these.
    fn find(names: &[String]) -> Option<Self> {
        let place_of = |wanted: &str| names.iter().position(|name| name.trim() == wanted);
        let pixels = (0..PIXELS).map(|pixel| place_of(&format!("p{pixel}"))).collect::<Option<_>>()?;
        Some(Self { label: place_of("label")?, pixels })
    }

    /// The label and the image of a row, scaled as the classifier expects. Whole numbers may be written as `5.0`, as tools
    /// do that store all numbers as floats.
    fn digit(&self, row: &Row) -> Result<(u8, Vec<f32>), String> {
        let brightest = f32::from(BRIGHTEST);
        let value = |place: usize| row.get(place).unwrap_or_default().trim();
        let label = value(self.label);
        let is_label = |number: &f32| number.fract() == 0.0 && (0.0..10.0).contains(number);
        let label = number(label).filter(is_label).ok_or_else(|| wrong("label", label, "a digit"))?;
        let pixel = |(pixel, place): (usize, &usize)| {
            let text = value(*place);
            let number = number(text).filter(|number| (0.0..=brightest).contains(number));
            number.map(|number| number / brightest).ok_or_else(|| wrong(&format!("p{pixel}"), text, "from 0 to 16"))
        };
        let pixels: Result<Vec<f32>, String> = self.pixels.iter().enumerate().map(pixel).collect();
        Ok((label as u8, pixels?))
    }
}

/// A number with a decimal point or a decimal comma.
fn number(text: &str) -> Option<f32> {
    text.parse().ok().or_else(|| text.replacen(',', ".", 1).parse().ok())
}

fn wrong(column: &str, value: &str, wanted: &str) -> String {
    format!("`{column}` is `{}`, but must be {wanted}", units::shortened(value, MOST_CHARS))
}

/// The progress of reading, for the log.
pub(super) fn progress(source: &Source, counts: &Counts) -> String {
    let (read, all) = (units::size(source.bytes_read()), units::size(source.size_bytes()));
    format!("{} rows, {read} of {all}", units::count(counts.rows))
}

/// Predictions as CSV with the guide's columns, in texts of at most `rows_at_once` rows.
pub(super) fn predictions(digits: &[PredictedDigit], rows_at_once: usize) -> impl Iterator<Item = String> {
    let row = |it: &PredictedDigit| format!("{},{},{}\n", it.sample_id, it.prediction, it.label);
    let rows = digits.chunks(rows_at_once).map(move |digits| digits.iter().map(row).collect());
    std::iter::once("sample_id,prediction,label\n".to_owned()).chain(rows)
}
