//! Rows of a CSV as digits, with what the classifier takes them for.

use inference::classifier::{Classifier, InputError};
use inference::digits::{BRIGHTEST, PIXELS};

use crate::exercises::csv_rows::{BadRow, Counts, CsvError as FormError, Parsed, Row};
use crate::exercises::prelude::*;

/// So much is read in one go: a few milliseconds of work, the classifier's included.
pub(super) const SLICE_BYTES: usize = 16_000;

/// After so many slices the log says how far it is.
pub(super) const SLICES_PER_WORD: usize = 128;

/// So many bad rows are listed.
pub(super) const MOST_BAD: usize = 20;

/// So many good rows are shown.
pub(super) const MOST_SHOWN: usize = 5;

/// Why a CSV could not be processed to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum CsvError {
    #[error(transparent)]
    Form(#[from] FormError),
    #[error("the CSV must have the columns label,p0,…,p63, and has {columns} columns that begin with `{first}`")]
    OtherColumns { columns: usize, first: String },
    #[error("the classifier cannot read a row: {0}")]
    Input(#[from] InputError),
}

impl TaskError for CsvError {}

/// What came of the rows.
#[derive(Debug, Default)]
pub(super) struct Samples {
    /// What each good row is, and what the classifier takes it for.
    pub read: Vec<(u8, u8)>,
    /// How many rows were bad, and the first of them.
    pub bad: u64,
    pub first_bad: Vec<String>,
    /// The first good rows, as they stand in the file.
    pub shown: Vec<Vec<String>>,
}

impl Samples {
    /// Takes in what was read.
    pub fn take(&mut self, parsed: Vec<Parsed>, classifier: &Classifier) -> Result<(), CsvError> {
        let (mut labels, mut pixels) = (Vec::new(), Vec::new());
        for parsed in parsed {
            match parsed {
                Parsed::Header(header) => expect_columns(&header.names)?,
                Parsed::Row(row) => match digit(&row) {
                    Some((label, image)) => {
                        labels.push(label);
                        pixels.extend(image);
                        self.show(&row);
                    }
                    None => self.note_bad(format!("line {} holds something else than numbers of a digit", row.line)),
                },
                Parsed::Bad(row) => self.note_bad(BadRow::to_string(&row)),
            }
        }
        let predicted = classifier.predict(&pixels)?;
        self.read.extend(labels.into_iter().zip(predicted));
        Ok(())
    }

    fn show(&mut self, row: &Row) {
        if self.shown.len() < MOST_SHOWN {
            self.shown.push(row.values().map(str::to_owned).collect());
        }
    }

    fn note_bad(&mut self, told: String) {
        self.bad += 1;
        if self.first_bad.len() < MOST_BAD {
            self.first_bad.push(told);
        }
    }

    /// How many the classifier reads right.
    pub fn right(&self) -> usize {
        self.read.iter().filter(|(label, predicted)| label == predicted).count()
    }

    /// As CSV, with the guide's columns.
    pub fn predictions(&self) -> String {
        let rows = self.read.iter().enumerate();
        let rows = rows.map(|(sample, (label, predicted))| format!("{sample},{predicted},{label}\n"));
        std::iter::once("sample_id,prediction,label\n".to_owned()).chain(rows).collect()
    }
}

fn expect_columns(names: &[String]) -> Result<(), CsvError> {
    if names.len() == PIXELS + 1 && names[0] == "label" {
        return Ok(());
    }
    Err(CsvError::OtherColumns { columns: names.len(), first: names.first().cloned().unwrap_or_default() })
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
pub(super) fn progress(counts: &Counts, all_bytes: usize) -> String {
    let share = counts.bytes as f64 / all_bytes.max(1) as f64;
    format!("{} rows, {} of {}", units::count(counts.rows), units::percent(share), units::size(all_bytes as u64))
}
