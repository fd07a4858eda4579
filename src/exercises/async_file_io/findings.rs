//! The results for files and rows, as tables, checks and notes.

use crate::exercises::exercise::{Failure, failure_from};
use crate::exercises::prelude::*;
use crate::storage::{StorageError, StorageKind};

use super::csv::{CsvError, MOST_CHARS, MOST_COLUMNS, MOST_SHOWN, Samples};
use super::plan::{NewFile, Plan};
use super::rounds::{READING, Rounds, WRITING};

/// The maximum number of files that are listed.
const MOST_FILES: usize = 30;

/// The results of reading the files in one way, compared with what was written. The contents are not stored.
#[derive(Debug)]
pub(super) struct ReadResults {
    part: &'static str,
    /// The name of each requested file, with its size in bytes or the error.
    files: Vec<(String, Result<usize, StorageError>)>,
    /// The number of files that were read back byte for byte, or correctly reported as missing.
    right: usize,
}

/// The number of bytes that are compared before the page gets a turn.
const BYTES_IN_A_TURN: usize = 2_000_000;

impl ReadResults {
    /// Compares what was read with what was written. Both are in the order of the names; `written` has no missing
    /// files.
    pub async fn open(
        run: &Run,
        part: &'static str,
        written: &[NewFile],
        names: &[String],
        read: Vec<Result<Vec<u8>, StorageError>>,
    ) -> Self {
        let (mut written, mut right, mut files, mut compared) = (written.iter().peekable(), 0, Vec::new(), 0);
        for (name, read) in names.iter().zip(read) {
            let written = written.next_if(|file| file.name == *name);
            right += usize::from(match (written, &read) {
                (Some(file), Ok(bytes)) => file.bytes == *bytes,
                (None, Err(StorageError::NotFound { .. })) => true,
                _ => false,
            });
            let size_bytes = read.map(|bytes| bytes.len());
            compared += size_bytes.as_ref().copied().unwrap_or(0);
            if compared > BYTES_IN_A_TURN {
                run.yield_now().await;
                compared = 0;
            }
            files.push((name.clone(), size_bytes));
        }
        Self { part, files, right }
    }
}

/// The results of all parts.
#[derive(Debug)]
pub(super) struct Findings {
    pub kind: StorageKind,
    pub rounds: Rounds,
    pub readings: Vec<ReadResults>,
    pub samples: Samples,
}

impl Findings {
    pub fn report(self, plan: &Plan) -> Report {
        let notes = [
            self.kind.sentence().to_owned(),
            self.rounds.verdict("Writing", WRITING, plan.limit),
            self.rounds.verdict("Reading", READING, plan.limit),
            about_rows(&self.samples),
        ];
        let mut tables = vec![self.outcomes(), self.rounds.table()];
        tables.extend(first_rows("The CSV", &self.samples));
        tables.extend(faults("The CSV", &self.samples));
        let notes = notes.into_iter().filter(|note| !note.is_empty()).collect();
        let headlines = [("Writing", WRITING), ("Reading", READING)]
            .into_iter()
            .filter_map(|(what, ways)| Some(Headline::new(ways[1].task, self.rounds.in_short(what, ways)?)));
        Report {
            headlines: headlines.collect(),
            notes,
            sections: tables.into_iter().map(Section::Table).collect(),
            checks: self.checks(plan),
        }
    }

    fn outcomes(&self) -> Table {
        let row = |(name, result): &(String, Result<usize, StorageError>)| match result {
            Ok(bytes) => vec![name.clone(), "✓ read".to_owned(), units::size(*bytes as u64)],
            Err(error) => vec![name.clone(), format!("✕ {error}"), "–".to_owned()],
        };
        let all_at_once = self.readings.iter().find(|reading| reading.part == "read_all_at_once");
        Table {
            caption: format!("The files that were read all at once (the first {MOST_FILES})"),
            columns: vec![Column::text("File"), Column::text("Outcome"), Column::number("Size")],
            rows: all_at_once.map(|it| it.files.iter().take(MOST_FILES).map(row).collect()).unwrap_or_default(),
        }
    }

    fn checks(&self, plan: &Plan) -> Vec<Check> {
        let check = |way: &Bar| {
            let rounds = self.readings.iter().filter(|reading| reading.part == way.task);
            let [right, of] = [|it: &ReadResults| it.right, |it: &ReadResults| it.files.len()]
                .map(|count| rounds.clone().map(count).sum::<usize>());
            let claim = "every file is read back byte for byte, and every missing file is reported";
            let measured = format!("{} of {} as expected", units::count(right as u64), units::count(of as u64));
            rounds.clone().next().map(|_| Check::new(way.task, claim, measured, right == of))
        };
        let Samples { rows, bad, .. } = self.samples;
        let measured = format!("{} good, {} bad", units::count(rows), units::count(bad));
        let is_right = rows == u64::from(plan.rows) && bad == u64::from(plan.bad_rows.min(plan.rows));
        let of_rows =
            Check::new("process_csv_async", "good rows are kept, and bad rows are reported", measured, is_right);
        READING.iter().filter_map(check).chain([of_rows]).collect()
    }
}

fn about_rows(samples: &Samples) -> String {
    let (read, right) = (samples.digits.len(), samples.right());
    if read == 0 {
        return "The CSV has no good row, so there is nothing to predict.".to_owned();
    }
    let [all, good, bad] = [samples.rows + samples.bad, samples.rows, samples.bad].map(units::count);
    format!("Of {all} rows, {good} are good and {bad} are bad. {}", accuracy(right, read))
}

/// A sentence about the number of correct predictions.
pub(super) fn accuracy(right: usize, all: usize) -> String {
    let share = units::percent(right as f64 / all.max(1) as f64);
    format!("{} of {} digits were classified correctly: {share}.", units::count(right as u64), units::count(all as u64))
}

/// The bad rows of a table and the problems with its columns, if there are any.
pub(super) fn faults(name: &str, samples: &Samples) -> Option<Table> {
    let problems = samples.problems.iter().map(ToString::to_string);
    let messages: Vec<_> = problems.chain(samples.first_bad.iter().cloned()).collect();
    let left_out = samples.bad - samples.first_bad.len() as u64;
    let more = if left_out > 0 { format!(" ({} more rows not shown)", units::count(left_out)) } else { String::new() };
    (!messages.is_empty()).then(|| Table {
        caption: format!("{name}: skipped rows and other problems{more}"),
        columns: vec![Column::text("Problem")],
        rows: messages.into_iter().map(|message| vec![message]).collect(),
    })
}

/// The first rows, if there are any. They are shown as columns, because a table may have many columns.
pub(super) fn first_rows(name: &str, samples: &Samples) -> Option<Table> {
    const ROW_HEADERS: [&str; MOST_SHOWN] = ["Row 1", "Row 2", "Row 3", "Row 4", "Row 5"];
    let columns = samples.columns.iter().take(MOST_COLUMNS).enumerate();
    let row = |(place, column): (usize, &String)| {
        let values = samples.shown.iter().map(|row| row.get(place).cloned().unwrap_or_default());
        std::iter::once(units::shortened(column, MOST_CHARS).into_owned()).chain(values).collect()
    };
    let left_out = samples.columns.len().saturating_sub(MOST_COLUMNS);
    let more = if left_out > 0 { format!(" (last {left_out} columns not shown)") } else { String::new() };
    (!samples.shown.is_empty()).then(|| Table {
        caption: format!("{name}: first rows{more}"),
        columns: std::iter::once("Column").chain(ROW_HEADERS).take(1 + samples.shown.len()).map(Column::text).collect(),
        rows: columns.map(row).collect(),
    })
}

/// The failure of a run on the user's own files without any files.
pub(super) fn nothing_chosen() -> Failure {
    Failure::new("no file has been chosen", "Choose files or drop them on the page, then run.")
}

failure_from!(StorageError);

impl From<CsvError> for Failure {
    fn from(error: CsvError) -> Self {
        Self::new(format!("the CSV cannot be used: {error}"), "Run again to create the file again.")
    }
}
