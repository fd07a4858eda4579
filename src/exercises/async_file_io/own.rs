//! The results for the user's own files, as tables, checks and notes.

use std::borrow::Cow;

use crate::exercises::prelude::*;
use crate::storage::{Source, StorageError};

use super::csv::{CsvError, PredictedDigit, Samples};
use super::findings;
use super::plan::PREDICTIONS;

/// The root task that reads them.
pub(super) const PART: &str = "read_own_files";

/// The maximum number of files that are listed.
const MOST_FILES: usize = 100;

/// The maximum number of tables whose first rows are shown.
const MOST_SHOWN: usize = 3;

/// The maximum number of characters of a file name in a table or on the timeline.
pub(super) const NAME_CHARS: usize = 60;

/// The content of a file.
#[derive(Debug)]
pub(super) enum Content {
    /// Any other file.
    Bytes,
    /// A CSV.
    Rows(Samples),
}

/// The name of a file with predictions, and the result of saving it.
pub(super) type Saved = (String, Result<(), StorageError>);

/// The result of reading one file.
pub(super) type Read = Result<Content, CsvError>;

/// The endings of the names of files that are read row by row, and the separator that each suggests.
const TABLES: [(&str, u8); 4] = [("csv", b','), ("tsv", b'\t'), ("tab", b'\t'), ("psv", b'|')];

/// The separator that the file's name suggests. `None` if the file is not read row by row.
pub(super) fn suggested_separator(source: &Source) -> Option<u8> {
    let (_, ending) = source.name().rsplit_once('.')?;
    TABLES.into_iter().find(|(known, _)| ending.eq_ignore_ascii_case(known)).map(|(_, separator)| separator)
}

/// The predictions, each with the name of the file to save them in. If several files contain digits, the name includes
/// the number of the file.
pub(super) fn predictions(read: &[Read]) -> Vec<(String, &[PredictedDigit])> {
    let with_digits = read.iter().zip(1..).filter_map(|(read, number)| match read {
        Ok(Content::Rows(samples)) if !samples.digits.is_empty() => Some((number, &samples.digits[..])),
        _ => None,
    });
    match with_digits.collect::<Vec<(usize, _)>>()[..] {
        [(_, digits)] => vec![(PREDICTIONS.to_owned(), digits)],
        ref many => many.iter().map(|(number, digits)| (format!("predictions-{number}.csv"), *digits)).collect(),
    }
}

fn tables(read: &[Read]) -> impl Iterator<Item = &Samples> {
    read.iter().filter_map(|read| match read {
        Ok(Content::Rows(samples)) => Some(samples),
        _ => None,
    })
}

/// The report about all files and about saving the predictions.
pub(super) fn report(run: &Run, sources: &[Source], read: &[Read], saved: &[Saved]) -> Report {
    let mut notes = vec![throughput(run, sources, read)];
    notes.extend(about_digits(read, saved));
    let mut tables = vec![outcomes(sources, read)];
    let named: Vec<_> = sources.iter().zip(read).filter_map(named_table).take(MOST_FILES).collect();
    tables.extend(named.iter().take(MOST_SHOWN).filter_map(|(name, samples)| findings::first_rows(name, samples)));
    tables.extend(named.iter().filter_map(|(name, samples)| findings::faults(name, samples)));
    let sections = tables.into_iter().map(Section::Table).collect();
    Report { notes, sections, checks: check(sources, read).into_iter().collect(), ..Report::default() }
}

fn named_table<'a>((source, read): (&'a Source, &'a Read)) -> Option<(Cow<'a, str>, &'a Samples)> {
    match read {
        Ok(Content::Rows(samples)) => Some((units::shortened(source.name(), NAME_CHARS), samples)),
        _ => None,
    }
}

fn throughput(run: &Run, sources: &[Source], read: &[Read]) -> String {
    let good: Vec<_> = sources.iter().zip(read).filter(|(_, read)| read.is_ok()).map(|(source, _)| source).collect();
    let bytes: u64 = good.iter().map(|source| source.bytes_read()).sum();
    let us = Span::named(&run.record(), PART).and_then(|span| span.length_us()).unwrap_or(0);
    let per_second = (us > 0 && bytes > 0).then(|| units::size((bytes as f64 * 1e6 / us as f64) as u64));
    let rate = per_second.map(|rate| format!(", {rate} per second")).unwrap_or_default();
    let (n, all) = (units::count(good.len() as u64), units::counted(sources.len() as u64, "file", "files"));
    format!("{n} of {all} could be read: {} in {}{rate}.", units::size(bytes), units::span(us))
}

fn about_digits(read: &[Read], saved: &[Saved]) -> Vec<String> {
    let all: usize = tables(read).map(|samples| samples.digits.len()).sum();
    if all == 0 {
        let why = match (tables(read).next().is_some(), tables(read).any(Samples::are_digits)) {
            (false, _) => return Vec::new(),
            (true, false) => "No table has the columns label, p0, …, p63, so there is nothing to predict.",
            (true, true) => "No row contains a digit, so there is nothing to predict.",
        };
        return vec![why.to_owned()];
    }
    let right: usize = tables(read).map(Samples::right).sum();
    let messages = saved.iter().map(|(name, saved)| match saved {
        Ok(()) => format!("Predictions saved as `{name}` (see Stored files)."),
        Err(error) => format!("`{name}` could not be saved: {error}. {}", error.advice()),
    });
    std::iter::once(findings::accuracy(right, all)).chain(messages.take(MOST_SHOWN)).collect()
}

fn outcomes(sources: &[Source], read: &[Read]) -> Table {
    let row = |(source, read): (&Source, &Read)| {
        let name = units::shortened(source.name(), NAME_CHARS).into_owned();
        vec![name, outcome(read), units::size(source.size_bytes())]
    };
    let left_out = sources.len().saturating_sub(MOST_FILES);
    let more =
        if left_out > 0 { format!(" ({} more not shown)", units::count(left_out as u64)) } else { String::new() };
    Table {
        caption: format!("Your files{more}"),
        columns: vec![Column::text("File"), Column::text("Outcome"), Column::number("Size")],
        rows: sources.iter().zip(read).take(MOST_FILES).map(row).collect(),
    }
}

fn outcome(read: &Read) -> String {
    match read {
        Ok(Content::Bytes) => "✓ read".to_owned(),
        Ok(Content::Rows(samples)) => {
            let (good, bad) = (units::count(samples.rows), units::count(samples.bad));
            let rows = format!("rows: {good} good, {bad} bad{}", samples.dialect_in_words());
            // If the file is written in another way, hardly any row can be read.
            match samples.unreadable * 4 <= (samples.rows + samples.bad) * 3 {
                true => format!("✓ {rows}"),
                false => format!("✕ cannot be parsed: {rows}. Choose the file's separator or encoding, and run again"),
            }
        }
        Err(error) => format!("✕ {error}"),
    }
}

/// Checks that no byte is missing from any file that could be read.
fn check(sources: &[Source], read: &[Read]) -> Option<Check> {
    let good = sources.iter().zip(read).filter(|(_, read)| read.is_ok());
    let of = good.clone().count();
    let right = good.filter(|(source, _)| source.bytes_read() == source.size_bytes()).count();
    let measured = format!("{} of {}", units::count(right as u64), units::counted(of as u64, "file", "files"));
    (of > 0).then(|| Check::new(PART, "every readable file is read completely", measured, right == of))
}
