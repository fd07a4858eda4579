//! Checks the sections of a report from a file: can all of them be shown?

use crate::measure::batch_sizes::BatchSizes;
use crate::measure::digit::Digit;
use crate::measure::flow::{Flow, QueueDepth, Stage};
use crate::measure::report::{Report, Section, Table};
use crate::measure::requests::Requests;
use crate::measure::sweep::Sweep;
use crate::measure::units::count;
use crate::measure::untrusted::{LONGEST_US, longest};

/// The number of pixels of a digit: 8 rows of 8.
const PIXELS: usize = 64;

/// The largest number of tasks at one stage of a pipeline. Sums over them cannot overflow.
const MOST_SERVERS: u32 = 1_000_000;

/// The first section of a report that cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("section {}: {error}", count(*section as u64))]
pub struct ReportError {
    /// Its position, counted from 1.
    pub section: usize,
    /// The reason it cannot be shown.
    #[source]
    pub error: SectionError,
}

/// The reason a section cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SectionError {
    /// A row of a table has more or fewer cells than there are columns.
    #[error("row {} of the table has {} cells for {} columns", count(*row as u64), count(*cells as u64), count(*columns as u64))]
    Row {
        /// The row, counted from 1.
        row: usize,
        /// The number of its cells.
        cells: usize,
        /// The number of columns.
        columns: usize,
    },
    /// A digit does not have 8 rows of 8 pixels.
    #[error("digit {} has {} pixels instead of {PIXELS}", count(*digit as u64), count(*pixels as u64))]
    Pixels {
        /// The digit, counted from 1.
        digit: usize,
        /// The number of its pixels.
        pixels: usize,
    },
    /// A pixel is darker than black or brighter than white, or the label is not a digit.
    #[error("digit {} has a pixel that is not between 0 and 1, or a label that is not between 0 and 9", count(*digit as u64))]
    NotADigit {
        /// The digit, counted from 1.
        digit: usize,
    },
    /// The concurrency of a sweep is 0.
    #[error("the sweep has a level with a concurrency of 0")]
    NoConcurrency,
    /// A batch size is 0.
    #[error("there is a batch size of 0")]
    NoBatchSize,
    /// The stages and queues of a pipeline contradict each other.
    #[error("way {} through the pipeline is not possible: {reason}", count(*flow as u64))]
    Flow {
        /// The way, counted from 1.
        flow: usize,
        /// The contradiction.
        reason: &'static str,
    },
    /// A time is too long.
    #[error("it contains a time longer than {}", longest())]
    TooLong,
}

/// Checks all sections.
///
/// # Errors
///
/// The first section that cannot be shown.
pub(super) fn check(report: &Report) -> Result<(), ReportError> {
    for (index, section) in report.sections.iter().enumerate() {
        check_section(section).map_err(|error| ReportError { section: index + 1, error })?;
    }
    Ok(())
}

fn check_section(section: &Section) -> Result<(), SectionError> {
    match section {
        Section::Table(table) => check_table(table),
        Section::Digits(digits) => {
            digits.iter().enumerate().try_for_each(|(index, digit)| check_digit(index + 1, digit))
        }
        Section::Latency(requests) => check_requests(requests),
        Section::Sweep(sweep) => check_sweep(sweep),
        Section::Flow(flows) => check_flows(flows),
        Section::BatchSizes(sizes) => check_batch_sizes(sizes),
        // Names of tasks that the record does not contain select nothing, and verdicts are only text.
        Section::Distribution(_) | Section::Validations(_) | Section::Tests(_) => Ok(()),
    }
}

fn check_table(table: &Table) -> Result<(), SectionError> {
    let columns = table.columns.len();
    match table.rows.iter().enumerate().find(|(_, row)| row.len() != columns) {
        Some((index, row)) => Err(SectionError::Row { row: index + 1, cells: row.len(), columns }),
        None => Ok(()),
    }
}

fn check_digit(number: usize, digit: &Digit) -> Result<(), SectionError> {
    if digit.pixels.len() != PIXELS {
        return Err(SectionError::Pixels { digit: number, pixels: digit.pixels.len() });
    }
    let is_visible = digit.pixels.iter().all(|brightness| (0.0..=1.0).contains(brightness));
    let is_digit = digit.label <= 9 && digit.predicted <= 9;
    if is_visible && is_digit { Ok(()) } else { Err(SectionError::NotADigit { digit: number }) }
}

fn check_requests(requests: &Requests) -> Result<(), SectionError> {
    refuse_long(requests.timings().iter().flat_map(|it| [it.due_us, it.sent_us.unwrap_or(0), it.ended_us]))
}

fn check_sweep(sweep: &Sweep) -> Result<(), SectionError> {
    if sweep.levels().iter().any(|level| level.concurrency == 0) {
        return Err(SectionError::NoConcurrency);
    }
    let visits = sweep.levels().iter().flat_map(|level| &level.visits);
    refuse_long(visits.flat_map(|visit| [visit.length_us, visit.median_us]))?;
    refuse_long(sweep.levels().iter().flat_map(|it| it.latencies_us.iter().copied().chain([it.length_us])))
}

fn check_batch_sizes(sizes: &BatchSizes) -> Result<(), SectionError> {
    if sizes.levels().iter().any(|level| level.batch_size == 0) {
        return Err(SectionError::NoBatchSize);
    }
    refuse_long(sizes.levels().iter().flat_map(|it| [it.in_turn_us, it.streamed_us]))
}

fn check_flows(flows: &[Flow]) -> Result<(), SectionError> {
    for (index, flow) in flows.iter().enumerate() {
        check_flow(flow).map_err(|reason| SectionError::Flow { flow: index + 1, reason })?;
    }
    refuse_long(flows.iter().flat_map(times))
}

fn check_flow(flow: &Flow) -> Result<(), &'static str> {
    if !flow.queues.is_empty() && flow.queues.len() + 1 != flow.stages.len() {
        return Err("there must be one queue between two stages");
    }
    let mut works = flow.stages.iter().flat_map(|stage| &stage.works);
    if works.any(|work| work.to_us < work.from_us) {
        return Err("a batch ends before it begins");
    }
    if !flow.queues.iter().all(|queue| queue.changes.is_sorted_by_key(|(at_us, _)| at_us)) {
        return Err("time goes backwards in a queue");
    }
    let has_servers = |stage: &Stage| (1..=MOST_SERVERS).contains(&stage.servers);
    if flow.stages.iter().all(has_servers) { Ok(()) } else { Err("a stage has no task, or too many") }
}

fn times(flow: &Flow) -> impl Iterator<Item = u64> {
    let works = flow.stages.iter().flat_map(|stage| &stage.works).flat_map(|work| [work.from_us, work.to_us]);
    let changes = flow.queues.iter().flat_map(|QueueDepth { changes }| changes).map(|(at_us, _)| *at_us);
    [flow.from_us, flow.length_us].into_iter().chain(works).chain(changes)
}

fn refuse_long(mut times_us: impl Iterator<Item = u64>) -> Result<(), SectionError> {
    if times_us.any(|us| us > LONGEST_US) { Err(SectionError::TooLong) } else { Ok(()) }
}
