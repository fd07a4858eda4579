//! Looks at what a file says that the lesson found: whether all of it can be shown.

use super::LONGEST_US;
use super::error::longest;
use crate::measure::digit::Digit;
use crate::measure::flow::{Flow, QueueDepth, Stage};
use crate::measure::report::{Report, Table};
use crate::measure::units::count;

/// A picture has 8 rows of 8.
const PIXELS: usize = 64;

/// A pipeline has no more tasks at one stage, so that no sum over them overflows.
const MOST_SERVERS: u32 = 1_000_000;

/// What in a report cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// A row of a table has more or fewer cells than there are columns.
    #[error("row {} of table {} has {} cells for {} columns", count(*row as u64), count(*table as u64), count(*cells as u64), count(*columns as u64))]
    Row {
        /// Which table, counted from 1.
        table: usize,
        /// Which row, counted from 1.
        row: usize,
        /// How many cells it has.
        cells: usize,
        /// How many columns the table has.
        columns: usize,
    },
    /// A picture does not have 8 rows of 8.
    #[error("digit {} has {} pixels in place of {PIXELS}", count(*digit as u64), count(*pixels as u64))]
    Pixels {
        /// Which, counted from 1.
        digit: usize,
        /// How many it has.
        pixels: usize,
    },
    /// A pixel is darker than black or brighter than white, or the label is no digit.
    #[error("digit {} has a pixel that is not from 0 to 1, or a label that is not from 0 to 9", count(*digit as u64))]
    NoDigit {
        /// Which, counted from 1.
        digit: usize,
    },
    /// Something is counted that is at least one.
    #[error("`{of}` has a level of nothing")]
    NoLevel {
        /// Which.
        of: &'static str,
    },
    /// A pipeline is not put together as it must be.
    #[error("flow {} cannot be: {why}", count(*flow as u64))]
    Flow {
        /// Which, counted from 1.
        flow: usize,
        /// Why not.
        why: &'static str,
    },
    /// Time goes too far.
    #[error("a time of `{of}` is longer than {}", longest())]
    TooLong {
        /// Whose.
        of: &'static str,
    },
}

/// Looks at all of it.
pub(super) fn check(report: &Report) -> Result<(), ReportError> {
    for (place, table) in report.tables.iter().enumerate() {
        check_table(place + 1, table)?;
    }
    for (place, digit) in report.digits.iter().enumerate() {
        check_digit(place + 1, digit)?;
    }
    for (place, flow) in report.flows.iter().enumerate() {
        check_flow(flow).map_err(|why| ReportError::Flow { flow: place + 1, why })?;
    }
    check_levels(report)?;
    check_times(report)
}

fn check_table(table: usize, shown: &Table) -> Result<(), ReportError> {
    let columns = shown.columns.len();
    match shown.rows.iter().enumerate().find(|(_, row)| row.len() != columns) {
        Some((place, row)) => Err(ReportError::Row { table, row: place + 1, cells: row.len(), columns }),
        None => Ok(()),
    }
}

fn check_digit(digit: usize, shown: &Digit) -> Result<(), ReportError> {
    if shown.pixels.len() != PIXELS {
        return Err(ReportError::Pixels { digit, pixels: shown.pixels.len() });
    }
    let is_seen = shown.pixels.iter().all(|brightness| (0.0..=1.0).contains(brightness));
    let is_named = shown.label <= 9 && shown.predicted <= 9;
    if is_seen && is_named { Ok(()) } else { Err(ReportError::NoDigit { digit }) }
}

fn check_flow(flow: &Flow) -> Result<(), &'static str> {
    if !flow.queues.is_empty() && flow.queues.len() + 1 != flow.stages.len() {
        return Err("there is a queue between any two stages");
    }
    let works = || flow.stages.iter().flat_map(|stage| &stage.works);
    if works().any(|work| work.to_us < work.from_us) {
        return Err("a batch is done before it is begun");
    }
    if !flow.queues.iter().all(|queue| queue.changes.is_sorted_by_key(|(at_us, _)| at_us)) {
        return Err("time goes backwards in a queue");
    }
    let has_servers = |stage: &Stage| (1..=MOST_SERVERS).contains(&stage.servers);
    if flow.stages.iter().all(has_servers) { Ok(()) } else { Err("a stage has no task, or too many") }
}

fn check_levels(report: &Report) -> Result<(), ReportError> {
    if report.sweep.iter().flat_map(|it| it.levels()).any(|level| level.concurrency == 0) {
        return Err(ReportError::NoLevel { of: "sweep" });
    }
    if report.batch_sizes.iter().flat_map(|it| it.levels()).any(|level| level.batch_size == 0) {
        return Err(ReportError::NoLevel { of: "batch_sizes" });
    }
    Ok(())
}

fn check_times(report: &Report) -> Result<(), ReportError> {
    let timings = report.requests.iter().flat_map(|it| it.timings());
    let of_requests = timings.flat_map(|it| [it.due_us, it.sent_us.unwrap_or(0), it.ended_us]);
    let levels = || report.sweep.iter().flat_map(|it| it.levels());
    let of_sweep = levels().flat_map(|it| it.latencies_us.iter().copied().chain([it.length_us]));
    let sizes = report.batch_sizes.iter().flat_map(|it| it.levels());
    let of_sizes = sizes.flat_map(|it| [it.in_turn_us, it.streamed_us]);
    let of_flows = report.flows.iter().flat_map(times_of);
    refuse_long("requests", of_requests)?;
    refuse_long("sweep", of_sweep)?;
    refuse_long("batch_sizes", of_sizes)?;
    refuse_long("flows", of_flows)
}

fn times_of(flow: &Flow) -> impl Iterator<Item = u64> {
    let works = flow.stages.iter().flat_map(|stage| &stage.works).flat_map(|work| [work.from_us, work.to_us]);
    let changes = flow.queues.iter().flat_map(|QueueDepth { changes }| changes).map(|(at_us, _)| *at_us);
    [flow.from_us, flow.length_us].into_iter().chain(works).chain(changes)
}

fn refuse_long(of: &'static str, mut times: impl Iterator<Item = u64>) -> Result<(), ReportError> {
    if times.any(|us| us > LONGEST_US) { Err(ReportError::TooLong { of }) } else { Ok(()) }
}
