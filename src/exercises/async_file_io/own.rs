//! What came of files of the reader's own, in numbers and in words.

use std::borrow::Cow;

use crate::exercises::prelude::*;
use crate::storage::{Source, StorageError};

use super::csv::{CsvError, Samples};
use super::findings;
use super::plan::PREDICTIONS;

/// The root task in which they are read.
pub(super) const PART: &str = "read_own_files";

/// So many files are listed.
const MOST_FILES: usize = 100;

/// Of so many tables the first rows are shown.
const MOST_SHOWN: usize = 3;

/// A file name has so many characters in a table or on the timeline.
pub(super) const NAME_CHARS: usize = 60;

/// What a file holds.
#[derive(Debug)]
pub(super) enum Content {
    /// Whatever it may be.
    Bytes,
    /// A table.
    Rows(Samples),
}

/// What came of one file.
pub(super) type Read = Result<Content, CsvError>;

/// Whether a file is read as CSV: its name says so.
pub(super) fn is_csv(source: &Source) -> bool {
    source.name().rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("csv"))
}

/// The digits of all files, in their order.
pub(super) fn digits(read: &[Read]) -> Vec<(u8, u8)> {
    tables(read).flat_map(|samples| &samples.digits).copied().collect()
}

fn tables(read: &[Read]) -> impl Iterator<Item = &Samples> {
    read.iter().filter_map(|read| match read {
        Ok(Content::Rows(samples)) => Some(samples),
        _ => None,
    })
}

/// What came of all files, and of saving what was predicted.
pub(super) fn report(run: &Run, sources: &[Source], read: &[Read], saved: Result<(), StorageError>) -> Report {
    let mut notes = vec![how_quick(run, sources)];
    notes.extend(about_digits(read, saved));
    let mut tables = vec![outcomes(sources, read)];
    let named: Vec<_> = sources.iter().zip(read).filter_map(named_table).take(MOST_FILES).collect();
    tables.extend(named.iter().take(MOST_SHOWN).filter_map(|(name, samples)| findings::first_rows(name, samples)));
    tables.extend(named.iter().filter_map(|(name, samples)| findings::faults(name, samples)));
    Report { notes, tables, checks: vec![check(sources, read)], ..Report::default() }
}

fn named_table<'a>((source, read): (&'a Source, &'a Read)) -> Option<(Cow<'a, str>, &'a Samples)> {
    match read {
        Ok(Content::Rows(samples)) => Some((units::shortened(source.name(), NAME_CHARS), samples)),
        _ => None,
    }
}

fn how_quick(run: &Run, sources: &[Source]) -> String {
    let bytes: u64 = sources.iter().map(Source::bytes_read).sum();
    let us = Span::named(&run.record(), PART).and_then(|span| span.length_us()).unwrap_or(0);
    let per_second = (us > 0).then(|| units::size((bytes as f64 * 1e6 / us as f64) as u64));
    let rate = per_second.map(|rate| format!(", {rate} a second")).unwrap_or_default();
    let were =
        if sources.len() == 1 { "Your file was".to_owned() } else { format!("Your {} were", files(sources.len())) };
    format!("{were} read: {} in {}{rate}.", units::size(bytes), units::span(us))
}

fn files(n: usize) -> String {
    if n == 1 { "1 file".to_owned() } else { format!("{} files", units::count(n as u64)) }
}

fn about_digits(read: &[Read], saved: Result<(), StorageError>) -> Vec<String> {
    let all = digits(read).len();
    if all == 0 {
        return match tables(read).next() {
            Some(_) => vec!["No table has the columns label, p0, …, p63, so there is nothing to predict.".to_owned()],
            None => Vec::new(),
        };
    }
    let right: usize = tables(read).map(Samples::right).sum();
    let saved = match saved {
        Ok(()) => format!("The predictions are in `{PREDICTIONS}`, below."),
        Err(error) => format!("The predictions could not be saved: {error}. {}", error.advice()),
    };
    vec![findings::accuracy(right, all), saved]
}

fn outcomes(sources: &[Source], read: &[Read]) -> Table {
    let row = |(source, read): (&Source, &Read)| {
        let name = units::shortened(source.name(), NAME_CHARS).into_owned();
        vec![name, outcome(read), units::size(source.size_bytes())]
    };
    let left_out = sources.len().saturating_sub(MOST_FILES);
    let more = if left_out > 0 { format!(", and {} more", units::count(left_out as u64)) } else { String::new() };
    Table {
        caption: format!("What came of your files{more}"),
        columns: vec![Column::text("File"), Column::text("Outcome"), Column::number("Size")],
        rows: sources.iter().zip(read).take(MOST_FILES).map(row).collect(),
    }
}

fn outcome(read: &Read) -> String {
    match read {
        Ok(Content::Bytes) => "✓ read".to_owned(),
        Ok(Content::Rows(samples)) => {
            format!("✓ rows: {} good, {} bad", units::count(samples.rows), units::count(samples.bad))
        }
        Err(error) => format!("✕ {error}"),
    }
}

/// Of whatever was read to its end, no byte may be missing.
fn check(sources: &[Source], read: &[Read]) -> Check {
    let mut whole = sources.iter().zip(read).filter(|(_, read)| read.is_ok());
    let of = whole.clone().count();
    let right = whole.by_ref().filter(|(source, _)| source.bytes_read() == source.size_bytes()).count();
    let measured = format!("{} of {}", units::count(right as u64), files(of));
    Check::of(PART, "every file that could be read was read to its last byte", measured, right == of)
}
