//! Rows of a CSV, with the classifier's predictions if they are digits.

use std::time::Duration;

use inference::classifier::{Classifier, InputError};
use inference::digits::{BRIGHTEST, PIXELS};

use crate::exercises::csv_rows::{Counts, CsvError as RowsError, Header, HeaderProblem, Parsed, Row};
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
    /// The names of the columns.
    pub columns: Vec<String>,
    /// Problems with these names.
    pub problems: Vec<HeaderProblem>,
    /// The number of good rows.
    pub rows: u64,
    /// The good rows with their predictions, if the rows are digits.
    pub digits: Vec<PredictedDigit>,
    /// The number of bad rows.
    pub bad: u64,
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
                Parsed::Header(Header { names, problems }) => (self.columns, self.problems) = (names, problems),
                Parsed::Row(row) if !self.are_digits() => self.keep(&row),
                Parsed::Row(row) => match digit(&row) {
                    Ok((label, image)) => {
                        found.push((self.rows + self.bad, label));
                        pixels.extend(image);
                        self.keep(&row);
                    }
                    Err(why) => self.note_bad(|| format!("line {}: {why}", row.line)),
                },
                Parsed::Bad(row) => self.note_bad(|| row.to_string()),
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

    /// True if the columns are those of a digit: label, p0, …, p63.
    pub fn are_digits(&self) -> bool {
        let [label, pixels @ ..] = &self.columns[..] else { return false };
        let is_pixel = |(place, name): (usize, &String)| name.strip_prefix('p').is_some_and(|n| n == place.to_string());
        label == "label" && pixels.len() == PIXELS && pixels.iter().enumerate().all(is_pixel)
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

/// The label and the image of a row, scaled as the classifier expects. Whole numbers may be written as `5.0`, as tools
/// do that store all numbers as floats.
fn digit(row: &Row) -> Result<(u8, Vec<f32>), String> {
    let brightest = f32::from(BRIGHTEST);
    let mut values = row.values().map(str::trim);
    let label = values.next().unwrap_or_default();
    let is_label = |number: &f32| number.fract() == 0.0 && (0.0..10.0).contains(number);
    let label: f32 = label.parse().ok().filter(is_label).ok_or_else(|| wrong("label", label, "a digit"))?;
    let pixel = |(place, value): (usize, &str)| {
        let number: Option<f32> = value.parse().ok().filter(|number| (0.0..=brightest).contains(number));
        number.map(|number| number / brightest).ok_or_else(|| wrong(&format!("p{place}"), value, "from 0 to 16"))
    };
    let pixels: Result<Vec<f32>, String> = values.enumerate().map(pixel).collect();
    Ok((label as u8, pixels?))
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
