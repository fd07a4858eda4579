//! A run as a file: JSON that contains everything that the page shows of the run, exactly.
//!
//! `docs/run-file.md` describes it field by field. A file may come from anywhere, so it is not trusted: everything that
//! the page relies on (such as existing tasks, and times in order) is checked here, and a file that fails a check is
//! refused with a message. Text from a file is only ever shown as text.

mod columns;
mod error;
mod numbers;
mod section;
mod version_1;
mod waits;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::exercises::catalogue;
use crate::exercises::controls::Settings;
use crate::exercises::exercise::Exercise;
use crate::exercises::experiment::Experiment;
use crate::measure::ClockKind;
use crate::measure::figures::Memory;
use crate::measure::report::Report;
use crate::share::permalink::MAX_SEED;
use crate::share::saved::{RunEnding, SavedRun};
use columns::Columns;
pub use columns::RecordError;
pub use error::ImportError;
pub use section::{ReportError, SectionError};
use version_1::ReportV1;

/// The format that a file states.
const FORMAT: &str = "interleave-run";

/// The version that is written. New fields need no new version: a reader ignores fields that it does not know.
const VERSION: u64 = 2;

/// The maximum size of a file in bytes. A run of a million tasks is smaller.
pub const MOST_BYTES: u64 = 100_000_000;

/// The maximum of any time in a run, in microseconds: a day. Sums of times over the tasks of a file cannot overflow.
const LONGEST_US: u64 = 86_400_000_000;

/// The last millisecond that a JavaScript date can represent.
const LAST_MS: u64 = 8_640_000_000_000_000;

/// The fields that files of every version have.
#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow, default)]
    format: Cow<'a, str>,
    #[serde(default)]
    version: u64,
}

/// The program that made the run.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ProgramName<'a> {
    /// An exercise, by its name in links.
    Exercise(Cow<'a, str>),
}

/// A file of the current version, or with the program `P` and the report `R` of an earlier one.
#[derive(Serialize, Deserialize)]
struct RunFile<'a, P = ProgramName<'a>, R = Rc<Report>> {
    format: Cow<'a, str>,
    version: u64,
    app: Cow<'a, str>,
    #[serde(alias = "exercise")]
    program: P,
    settings: BTreeMap<Cow<'a, str>, String>,
    seed: u64,
    finished_at_ms: u64,
    ending: RunEnding,
    clock_resolution_us: u64,
    memory: Option<Memory>,
    record_bytes: u64,
    record: Columns,
    ideal: Option<Columns>,
    report: Option<R>,
}

/// Writes a run.
#[must_use]
pub fn to_json(run: &SavedRun) -> Vec<u8> {
    let file = RunFile {
        format: FORMAT.into(),
        version: VERSION,
        app: env!("CARGO_PKG_VERSION").into(),
        program: ProgramName::Exercise(run.experiment.exercise().slug.into()),
        settings: run
            .experiment
            .settings
            .iter()
            .map(|(control, value)| (control.name.into(), value.to_text()))
            .collect(),
        seed: run.experiment.seed,
        finished_at_ms: run.finished_at_ms,
        ending: run.ending.clone(),
        clock_resolution_us: run.clock_resolution_us,
        memory: run.memory,
        record_bytes: run.record_bytes,
        record: Columns::from_record(&run.record),
        ideal: run.ideal.as_deref().map(Columns::from_record),
        report: run.report.clone(),
    };
    serde_json::to_vec(&file).expect("keys are text, and writing to memory does not fail")
}

/// Reads a run.
///
/// # Errors
///
/// The first error in the file. The message may contain text from the file.
pub fn from_json(bytes: &[u8]) -> Result<SavedRun, ImportError> {
    refuse_large(bytes.len() as u64)?;
    // Most files are of the current version. Only others are read twice, to find out what they are: reading takes long if
    // a file is large.
    match serde_json::from_slice::<RunFile>(bytes) {
        Ok(file) if file.format == FORMAT && file.version == VERSION => {
            file.into_run(|ProgramName::Exercise(slug)| slug, |report, _| report)
        }
        other => read_other(bytes, other.err()),
    }
}

/// Reads a file of an earlier version. `error` is the reason why it cannot be read as one of the current version.
fn read_other(bytes: &[u8], error: Option<serde_json::Error>) -> Result<SavedRun, ImportError> {
    let head: Head = serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => ImportError::NotARun,
        _ => ImportError::not_json(&error),
    })?;
    if head.format != FORMAT {
        return Err(ImportError::NotARun);
    }
    match head.version {
        1 => {
            let file: RunFile<Cow<str>, ReportV1> =
                serde_json::from_slice(bytes).map_err(|error| ImportError::misfit(&error))?;
            file.into_run(|slug| slug, version_1::report)
        }
        VERSION => Err(error.as_ref().map_or(ImportError::NotARun, ImportError::misfit)),
        version => Err(ImportError::Version { version }),
    }
}

/// Refuses a file that is too large, before it is read.
///
/// # Errors
///
/// [`ImportError::TooLarge`].
pub fn refuse_large(size_bytes: u64) -> Result<(), ImportError> {
    if size_bytes > MOST_BYTES { Err(ImportError::TooLarge { size_bytes }) } else { Ok(()) }
}

impl<'a, P, R> RunFile<'a, P, R> {
    /// Checks everything. `convert` turns the report into one of the current version.
    fn into_run(
        self,
        slug: impl FnOnce(P) -> Cow<'a, str>,
        convert: impl FnOnce(Option<R>, &Exercise) -> Option<Rc<Report>>,
    ) -> Result<SavedRun, ImportError> {
        self.refuse_numbers()?;
        let slug = slug(self.program);
        let exercise = catalogue::find(&slug).ok_or_else(|| ImportError::no_exercise(&slug))?;
        let settings = settings(exercise, &self.settings)?;
        let report = convert(self.report, exercise);
        if let Some(report) = &report {
            section::check(report)?;
        }
        let record = self.record.into_record(ClockKind::Browser).map_err(ImportError::Record)?;
        let ideal = self.ideal.map(|ideal| ideal.into_record(ClockKind::Virtual)).transpose();
        let ideal = ideal.map_err(ImportError::Ideal)?;
        Ok(SavedRun {
            experiment: Experiment::new(exercise, settings, self.seed),
            ending: self.ending,
            record: Rc::new(record),
            record_bytes: self.record_bytes,
            ideal: ideal.map(Rc::new),
            report,
            memory: self.memory,
            clock_resolution_us: self.clock_resolution_us,
            finished_at_ms: self.finished_at_ms,
        })
    }

    fn refuse_numbers(&self) -> Result<(), ImportError> {
        let limits = [
            ("seed", self.seed, MAX_SEED),
            ("finished_at_ms", self.finished_at_ms, LAST_MS),
            ("ending", self.ending.at_us(), LONGEST_US),
            ("clock_resolution_us", self.clock_resolution_us, LONGEST_US),
        ];
        let beyond = limits.into_iter().find(|(_, value, most)| value > most);
        beyond.map_or(Ok(()), |(name, value, most)| Err(ImportError::Beyond { name, value, most }))
    }
}

/// Reads the settings. Controls that the file omits have their default.
fn settings(exercise: &'static Exercise, texts: &BTreeMap<Cow<str>, String>) -> Result<Settings, ImportError> {
    let mut settings = Settings::defaults(exercise.controls);
    for (name, text) in texts {
        let control = exercise.controls.iter().find(|control| control.name == name);
        let control = control.ok_or_else(|| ImportError::no_control(exercise, name))?;
        let value = control.parse(text).map_err(|refusal| ImportError::setting(control.name, &refusal.to_string()))?;
        settings.set(control.name, value);
    }
    match (exercise.conflict)(&settings) {
        Some(conflict) => Err(ImportError::setting(conflict.control, &conflict.why)),
        None => Ok(settings),
    }
}

#[cfg(test)]
mod tests;
