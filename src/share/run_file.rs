//! A run as a file: JSON that contains everything that the page shows of the run, exactly.
//!
//! `docs/run-file.md` describes it field by field. A file may come from anywhere, so it is not trusted: everything that
//! the page relies on (such as existing tasks, and times in order) is checked here, and a file that fails a check is
//! refused with a message. Text from a file is only ever shown as text.

mod columns;
mod error;
mod long_lists;
mod numbers;
mod section;
mod version_1;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::exercises::catalogue;
use crate::exercises::controls::{ControlKind, Settings, Value};
use crate::exercises::exercise::Exercise;
use crate::exercises::experiment::Experiment;
use crate::measure::ClockKind;
use crate::measure::figures::Memory;
use crate::measure::report::Report;
use crate::measure::untrusted::LONGEST_US;
use crate::python::keys::{PLACEHOLDER, keys, keys_in, masked, without_keys};
use crate::python::program_files::ProgramFiles;
use crate::share::permalink::MAX_SEED;
use crate::share::saved::{RunEnding, SavedRun};
use crate::storage::encoding::to_utf8;
use columns::Columns;
pub use columns::RecordError;
pub use error::ImportError;
use numbers::NumbersText;
pub use section::{ReportError, SectionError};
use version_1::ReportV1;

/// The format that a file states.
const FORMAT: &str = "interleave-run";

/// The version that is written. New fields need no new version: a reader ignores fields that it does not know.
const VERSION: u64 = 2;

/// The maximum size of a file in bytes. A run of a million tasks is smaller.
pub const MOST_BYTES: u64 = 100_000_000;

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

/// The value of a control.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Setting {
    /// As in a link.
    Text(String),
    /// A reader's program, which is checked later, so that the reason is named.
    Program(serde_json::Value),
}

impl Setting {
    /// A program and a command are written without their keys.
    fn of(value: &Value) -> Self {
        match value {
            Value::Program(program) => {
                Self::Program(serde_json::to_value(without_keys(program).0).expect("a program consists of texts"))
            }
            Value::Command(command) => Self::Text(masked(command).0.into_owned()),
            other => Self::Text(other.to_text()),
        }
    }
}

/// A file with columns `C` of the current version, or with the program `P` and the report `R` of an earlier one.
#[derive(Serialize, Deserialize)]
struct RunFile<'a, C, P = ProgramName<'a>, R = Rc<Report>> {
    format: Cow<'a, str>,
    version: u64,
    app: Cow<'a, str>,
    #[serde(alias = "exercise")]
    program: P,
    settings: BTreeMap<Cow<'a, str>, Setting>,
    seed: u64,
    finished_at_ms: u64,
    ending: RunEnding,
    clock_resolution_us: u64,
    memory: Option<Memory>,
    record_bytes: u64,
    record: Columns<C>,
    ideal: Option<Columns<C>>,
    report: Option<R>,
}

/// Writes a run. The keys of a reader's program are left out, even where the program has printed them.
#[must_use]
pub fn to_json(run: &SavedRun) -> Vec<u8> {
    let json = serde_json::to_string(&file_of(run)).expect("keys are text, and writing to memory does not fail");
    let keys_of = |value: &Value| match value {
        Value::Program(program) => keys(program),
        Value::Command(command) => keys_in([command.as_str()].into_iter()),
        _ => Vec::new(),
    };
    let keys: Vec<String> = run.experiment.settings.iter().flat_map(|(_, value)| keys_of(value)).collect();
    let without = keys.iter().fold(json, |json, key| {
        let written = serde_json::to_string(key).expect("it is text");
        json.replace(&written[1..written.len() - 1], PLACEHOLDER)
    });
    without.into_bytes()
}

fn file_of(run: &SavedRun) -> RunFile<'_, Vec<u64>> {
    RunFile {
        format: FORMAT.into(),
        version: VERSION,
        app: env!("CARGO_PKG_VERSION").into(),
        program: ProgramName::Exercise(run.experiment.exercise().slug.into()),
        settings: run
            .experiment
            .settings
            .iter()
            .map(|(control, value)| (control.name.into(), Setting::of(value)))
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
    }
}

/// Reads a run.
///
/// # Errors
///
/// The first error in the file. The message may contain text from the file.
pub fn from_json(bytes: &[u8]) -> Result<SavedRun, ImportError> {
    refuse_large(bytes.len() as u64)?;
    // An editor may have saved it with a byte order mark, or as UTF-16.
    let bytes = &*to_utf8(bytes);
    // Most files are of the current version. Only others are read twice, to find out what they are: reading takes long if
    // a file is large.
    let (rest, lists) = long_lists::cut_out(str::from_utf8(bytes).unwrap_or_default());
    match serde_json::from_str::<RunFile<NumbersText>>(&rest) {
        Ok(file) if file.format == FORMAT && file.version == VERSION => {
            file.into_run(|ProgramName::Exercise(slug)| slug, |report, _| report, &lists)
        }
        _ => read_other(bytes),
    }
}

/// Reads a file of an earlier version, or says what is wrong with one of the current version.
fn read_other(bytes: &[u8]) -> Result<SavedRun, ImportError> {
    let head: Head = serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => ImportError::NotARun,
        _ => ImportError::not_json(&error),
    })?;
    if head.format != FORMAT {
        return Err(ImportError::NotARun);
    }
    match head.version {
        1 => {
            let file: RunFile<NumbersText, Cow<str>, ReportV1> =
                serde_json::from_slice(bytes).map_err(|error| ImportError::misfit(&error))?;
            file.into_run(|slug| slug, version_1::report, &[])
        }
        VERSION => {
            let error = serde_json::from_slice::<RunFile<NumbersText>>(bytes).err();
            Err(error.as_ref().map_or(ImportError::NotARun, ImportError::misfit))
        }
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

impl<'a, P, R> RunFile<'a, NumbersText<'a>, P, R> {
    /// Checks everything. `convert` turns the report into one of the current version; `lists` were cut out of the file.
    fn into_run(
        self,
        slug: impl FnOnce(P) -> Cow<'a, str>,
        convert: impl FnOnce(Option<R>, &Exercise) -> Option<Rc<Report>>,
        lists: &[&'a str],
    ) -> Result<SavedRun, ImportError> {
        self.refuse_numbers()?;
        let slug = slug(self.program);
        let exercise = catalogue::find(&slug).ok_or_else(|| ImportError::no_exercise(&slug))?;
        let settings = settings(exercise, self.settings)?;
        let report = convert(self.report, exercise);
        if let Some(report) = &report {
            section::check(report)?;
        }
        let record = self.record.into_record(ClockKind::Browser, lists).map_err(ImportError::Record)?;
        let ideal = self.ideal.map(|ideal| ideal.into_record(ClockKind::Virtual, lists)).transpose();
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
fn settings(exercise: &'static Exercise, values: BTreeMap<Cow<str>, Setting>) -> Result<Settings, ImportError> {
    let mut settings = Settings::defaults(exercise.controls);
    for (name, value) in values {
        let control = exercise.controls.iter().find(|control| control.name == name);
        let control = control.ok_or_else(|| ImportError::no_control(exercise, &name))?;
        let value = match (value, control.kind) {
            (Setting::Program(program), ControlKind::Program { .. }) => {
                let program = serde_json::from_value::<ProgramFiles>(program);
                program.map(|program| Value::Program(Arc::new(program))).map_err(|error| error.to_string())
            }
            (Setting::Program(_), _) => Err("it is not a program".to_owned()),
            (Setting::Text(text), _) => control.parse(&text).map_err(|refusal| refusal.to_string()),
        };
        settings.set(control.name, value.map_err(|why| ImportError::setting(control.name, &why))?);
    }
    match (exercise.conflict)(&settings) {
        Some(conflict) => Err(ImportError::setting(conflict.control, &conflict.why)),
        None => Ok(settings),
    }
}

#[cfg(test)]
mod tests;
