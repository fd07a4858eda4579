//! What came of the files and the rows, in numbers and in words.

use crate::endpoint::FetchError;
use crate::exercises::exercise::Failure;
use crate::exercises::prelude::*;
use crate::measure::decimal::fixed;
use crate::storage::{Kind, StorageError};

use super::csv::{CsvError, Samples};
use super::plan::{Content, Plan};

/// So many files are listed.
const MOST_FILES: usize = 30;

/// A part that takes less than this share of another's time is a gain.
const IS_A_GAIN: f64 = 0.9;

/// What came of it all.
#[derive(Debug)]
pub(super) struct Done {
    pub kind: Kind,
    pub files: Vec<Content>,
    /// What was read, the missing ones included, in this order.
    pub names: Vec<String>,
    pub alone: Vec<Result<Vec<u8>, StorageError>>,
    pub together: Vec<Result<Vec<u8>, StorageError>>,
    pub samples: Samples,
}

impl Done {
    pub fn report(self, run: &Run, plan: &Plan) -> Report {
        let notes = vec![
            self.kind.sentence().to_owned(),
            gain(run, "Writing", "write_one_by_one", "write_multiple_files"),
            gain(run, "Reading", "read_one_by_one", "read_multiple_files"),
            self.about_rows(),
        ];
        let mut tables = vec![self.outcomes(), self.first_rows()];
        if self.samples.bad > 0 {
            tables.push(self.bad_rows());
        }
        let notes = notes.into_iter().filter(|note| !note.is_empty()).collect();
        Report { notes, tables, checks: self.checks(plan), ..Report::default() }
    }

    fn about_rows(&self) -> String {
        let (read, right) = (self.samples.read.len(), self.samples.right());
        if read == 0 {
            return "The CSV has no good row, so there is nothing to predict.".to_owned();
        }
        format!(
            "Of {} rows {} are good and {} bad. The classifier reads {} of the good ones right: {}.",
            units::count(read as u64 + self.samples.bad),
            units::count(read as u64),
            units::count(self.samples.bad),
            units::count(right as u64),
            units::percent(right as f64 / read as f64),
        )
    }

    fn outcomes(&self) -> Table {
        let row = |(name, result): (&String, &Result<Vec<u8>, StorageError>)| match result {
            Ok(bytes) => vec![name.clone(), "✓ read".to_owned(), units::size(bytes.len() as u64)],
            Err(error) => vec![name.clone(), format!("✕ {error}"), "–".to_owned()],
        };
        Table {
            caption: format!("What came of the files that were read together, the first {MOST_FILES}"),
            columns: vec![Column::text("File"), Column::text("Outcome"), Column::number("Size")],
            rows: self.names.iter().zip(&self.together).take(MOST_FILES).map(row).collect(),
        }
    }

    fn first_rows(&self) -> Table {
        const SHOWN: usize = 12;
        let shorten = |row: &Vec<String>| {
            vec![row[0].clone(), row[1..].iter().take(SHOWN).cloned().collect::<Vec<_>>().join(" ") + " …"]
        };
        Table {
            caption: "The first rows of the CSV".to_owned(),
            columns: vec![Column::number("Label"), Column::text("The first pixels")],
            rows: self.samples.shown.iter().map(shorten).collect(),
        }
    }

    fn bad_rows(&self) -> Table {
        Table {
            caption: "Rows that were left out, the first of them".to_owned(),
            columns: vec![Column::text("What is wrong")],
            rows: self.samples.first_bad.iter().map(|told| vec![told.clone()]).collect(),
        }
    }

    fn checks(&self, plan: &Plan) -> Vec<Check> {
        let is_whole = |(name, result): (&String, &Result<Vec<u8>, StorageError>)| match result {
            Ok(bytes) => self.files.iter().any(|file| file.name == *name && file.bytes == *bytes),
            Err(StorageError::NotFound { .. }) => name.starts_with("missing-"),
            Err(_) => false,
        };
        let check = |part, read: &[Result<Vec<u8>, StorageError>]| {
            let right = self.names.iter().zip(read).filter(|(name, result)| is_whole((name, result))).count();
            let measured =
                format!("{} of {} in their places", units::count(right as u64), units::count(self.names.len() as u64));
            Check::of(
                part,
                "every file comes back byte for byte, every missing one is named",
                measured,
                right == self.names.len(),
            )
        };
        let rows = self.samples.read.len() as u64;
        let bad = self.samples.bad;
        let measured = format!("{} good, {} bad", units::count(rows), units::count(bad));
        let is_right = rows == u64::from(plan.rows) && bad == u64::from(plan.bad_rows.min(plan.rows));
        vec![
            check("read_one_by_one", &self.alone),
            check("read_multiple_files", &self.together),
            Check::of("process_csv_async", "good rows are kept and bad ones named", measured, is_right),
        ]
    }
}

/// Whether the files were quicker together, and if not, why they need not be.
fn gain(run: &Run, what: &str, alone: &str, together: &str) -> String {
    let length_us = |part| Span::named(&run.record(), part).and_then(|span| span.length_us()).unwrap_or(0) as f64;
    let (alone_us, together_us) = (length_us(alone), length_us(together));
    if alone_us == 0.0 || together_us == 0.0 {
        return String::new();
    }
    if together_us < alone_us * IS_A_GAIN {
        return format!("{what} together was {} times as fast as one by one.", fixed(alone_us / together_us, 1));
    }
    format!(
        "{what} together brought nothing here: {} instead of {}. A browser's storage answers from memory or works in a \
         single queue of its own, so there is little waiting to overlap.",
        units::span(together_us as u64),
        units::span(alone_us as u64)
    )
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self { message: error.to_string(), advice: error.advice() }
    }
}

impl From<CsvError> for Failure {
    fn from(error: CsvError) -> Self {
        Self { message: format!("the CSV cannot be used: {error}"), advice: "Run again: the file is written anew." }
    }
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self { message: error.to_string(), advice: error.advice() }
    }
}
