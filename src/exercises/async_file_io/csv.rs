//! Rows of a CSV; where they are digits, with what the classifier takes them for.

use inference::classifier::{Classifier, InputError};
use inference::digits::{BRIGHTEST, PIXELS};

use crate::exercises::csv_rows::{Counts, CsvError as FormError, Header, Oddity, Parsed, Row};
use crate::exercises::prelude::*;
use crate::storage::{Source, SourceError};

/// So much is read in one go: a few milliseconds of work, the classifier's included.
pub(super) const SLICE_BYTES: usize = 16_000;

/// So many bad rows are listed.
const MOST_BAD: usize = 20;

/// So many good rows are shown.
pub(super) const MOST_SHOWN: usize = 5;

/// Of a long list of columns so many are shown.
pub(super) const MOST_COLUMNS: usize = 12;

/// So many characters of a value are shown.
pub(super) const MOST_CHARS: usize = 40;

/// Why a CSV could not be processed to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum CsvError {
    #[error(transparent)]
    Source(#[from] SourceError),
    #[error(transparent)]
    Form(#[from] FormError),
    #[error("the classifier cannot read a row: {0}")]
    Input(#[from] InputError),
}

impl TaskError for CsvError {}

/// What came of the rows.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// The columns' names.
    pub columns: Vec<String>,
    /// What is odd about them.
    pub oddities: Vec<Oddity>,
    /// How many rows are good.
    pub rows: u64,
    /// Of digits: what each good row is, and what the classifier takes it for.
    pub digits: Vec<(u8, u8)>,
    /// How many rows are bad, and the first of them.
    pub bad: u64,
    pub first_bad: Vec<String>,
    /// The first good rows: the first of their values, shortened.
    pub shown: Vec<Vec<String>>,
}

impl Samples {
    /// Takes in what was read.
    pub fn take(&mut self, parsed: Vec<Parsed>, classifier: &Classifier) -> Result<(), CsvError> {
        let (mut labels, mut pixels) = (Vec::new(), Vec::new());
        for parsed in parsed {
            match parsed {
                Parsed::Header(Header { names, oddities }) => (self.columns, self.oddities) = (names, oddities),
                Parsed::Row(row) if !self.are_digits() => self.keep(&row),
                Parsed::Row(row) => match digit(&row) {
                    Some((label, image)) => {
                        labels.push(label);
                        pixels.extend(image);
                        self.keep(&row);
                    }
                    None => self.note_bad(format!("line {} holds something else than a digit's numbers", row.line)),
                },
                Parsed::Bad(row) => self.note_bad(row.to_string()),
            }
        }
        self.digits.extend(labels.into_iter().zip(classifier.predict(&pixels)?));
        Ok(())
    }

    /// Whether the columns are those of a digit: label, p0, …, p63.
    pub fn are_digits(&self) -> bool {
        self.columns.len() == PIXELS + 1 && self.columns[0] == "label"
    }

    fn keep(&mut self, row: &Row) {
        self.rows += 1;
        if self.shown.len() < MOST_SHOWN {
            let values = row.values().take(MOST_COLUMNS);
            self.shown.push(values.map(|value| units::shortened(value, MOST_CHARS).into_owned()).collect());
        }
    }

    fn note_bad(&mut self, told: String) {
        self.bad += 1;
        if self.first_bad.len() < MOST_BAD {
            self.first_bad.push(told);
        }
    }

    /// How many digits the classifier reads right.
    pub fn right(&self) -> usize {
        self.digits.iter().filter(|(label, predicted)| label == predicted).count()
    }
}

/// The label and the image of a row, scaled as the classifier was trained; none if it holds something else.
fn digit(row: &Row) -> Option<(u8, Vec<f32>)> {
    let mut values = row.values();
    let label = values.next()?.trim().parse().ok().filter(|label| *label < 10)?;
    let pixel = |value: &str| value.trim().parse().ok().filter(|pixel: &u8| *pixel <= BRIGHTEST);
    let pixels: Option<Vec<u8>> = values.map(pixel).collect();
    Some((label, pixels?.into_iter().map(|pixel| f32::from(pixel) / f32::from(BRIGHTEST)).collect()))
}

/// How far it is, for the log.
pub(super) fn progress(source: &Source, counts: &Counts) -> String {
    let (read, all) = (units::size(source.bytes_read()), units::size(source.size_bytes()));
    format!("{} rows, {read} of {all}", units::count(counts.rows))
}

/// What was predicted, as CSV with the guide's columns: so many rows at a time.
pub(super) fn predictions(digits: &[(u8, u8)], rows_at_once: usize) -> impl Iterator<Item = String> {
    let rows = digits.chunks(rows_at_once).enumerate().map(move |(chunk, digits)| {
        let rows = digits.iter().enumerate();
        rows.map(|(n, (label, predicted))| format!("{},{predicted},{label}\n", chunk * rows_at_once + n)).collect()
    });
    std::iter::once("sample_id,prediction,label\n".to_owned()).chain(rows)
}
