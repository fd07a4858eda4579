//! [`Exercise`]: the description of an exercise. The menu, links, controls, charts and tests are generated from it.

use std::future::ready;
use std::rc::Rc;

use futures::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};

use crate::exercises::controls::{Control, Settings, Value};
use crate::exercises::question::Question;
use crate::exercises::site::Site;
use crate::lazy::NotFetched;
use crate::measure::Record;
use crate::measure::report::{Distribution, Report, Section};
use crate::runtime::Run;
use crate::workers::OffloadError;

/// An exercise, with everything that the page needs to show and run it.
#[derive(Debug)]
pub struct Exercise {
    /// The name in links. For all exercises but `PROGRAM` it is the name of the script in Python, with hyphens.
    pub slug: &'static str,
    /// The part of the guide that it belongs to; 0 if it is not a part of the guide.
    pub part: u8,
    /// The title.
    pub title: &'static str,
    /// The title in the menu, where there is little room.
    pub short_title: &'static str,
    /// The main point, in one sentence.
    pub teaches: &'static str,
    /// The controls: everything that the reader can set.
    pub controls: &'static [Control],
    /// Controls that are always in view. If empty, the first three: see [`visible_controls`](Self::visible_controls).
    pub main_controls: &'static [&'static str],
    /// Returns the conflict between settings that do not go together, if there is one.
    pub conflict: fn(&Settings) -> Option<Conflict>,
    /// Settings that are worth trying.
    pub presets: &'static [Preset],
    /// The parts that are compared. If empty, all root tasks are compared.
    pub comparisons: &'static [Comparison],
    /// The tasks whose durations every run shows, whether it finished or not.
    pub distributions: &'static [Distribution],
    /// True if the page shows the event loop's pulse, and a button that counts presses, while it runs.
    pub has_pulse: bool,
    /// Requests that the run stop by itself, so that it can clean up. Returns false if that is impossible; the run is
    /// then stopped immediately.
    pub request_stop: fn() -> bool,
    /// True if it runs the reader's own program: its record comes from the sandbox, with its own heartbeat, and no link
    /// starts it.
    pub is_readers_program: bool,
    /// True if its ideal can be computed before a run, because its time is spent only in requested waits.
    pub has_forecast: bool,
    /// Computes the ideal after a run has finished, by running the exercise again on the virtual clock. The `Run` is
    /// the first run. `None` if the ideal is known before the run, or if there is none.
    pub second_run: Option<fn(Run, Settings) -> SecondRun>,
    /// The folder of the browser's storage in which it keeps files, if it keeps any.
    pub folder: Option<&'static str>,
    /// The setting that selects the reader's own files; `None` if it cannot read any.
    pub own_files: Option<OwnFiles>,
    /// Returns the question before its first run, if there is one with these settings.
    pub question: Option<fn(&Settings) -> Option<Question>>,
    /// The connection test of its endpoint; `None` for an exercise without one.
    pub connection_test: Option<ConnectionTest>,
    /// The requirement of the Python script that is not available here, as the end of a sentence; `None` if the script
    /// can run here.
    pub python_requirement: Option<&'static str>,
    /// The path of its source in the repository: the file that it is compiled from.
    pub rust: &'static str,
    /// Fetches its code; does nothing if this was done before. After that, `run` takes its first step without waiting.
    pub fetch: fn() -> Fetching,
    /// Prepares what it needs on the page besides its code, such as the page's own model server. An ideal does not need
    /// it.
    pub prepare: fn(Run, Settings) -> Preparing,
    /// Starts it. Dropping the future stops it.
    pub run: fn(Run, Rc<Site>, Settings) -> ExerciseFuture,
}

/// A running exercise. Its result is a report, or the reason why it failed.
pub type ExerciseFuture = LocalBoxFuture<'static, Result<Report, Failure>>;

/// The future of a second run. Returns the ideal of the first run, `Ok(None)` if the first run needs no ideal (it was
/// already on the virtual clock), or the reason why there is no ideal.
pub type SecondRun = LocalBoxFuture<'static, Result<Option<Record>, NoIdeal>>;

/// The reason why a run has no ideal, although its program can have one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("No ideal is shown: {why}.")]
pub struct NoIdeal {
    /// The reason, as the end of a sentence.
    pub why: String,
}

impl From<NotFetched> for NoIdeal {
    fn from(error: NotFetched) -> Self {
        Self { why: error.to_string() }
    }
}

/// The future that fetches an exercise's code.
pub type Fetching = LocalBoxFuture<'static, Result<(), NotFetched>>;

/// The future that prepares an exercise.
pub type Preparing = LocalBoxFuture<'static, Result<(), Failure>>;

impl Exercise {
    /// An exercise with a forecast and without any of the other optional parts. The entry must also call
    /// [`runs`](Self::runs): without its code, the exercise panics when it is fetched or run.
    #[must_use]
    pub const fn new(slug: &'static str, part: u8, title: &'static str) -> Self {
        Self {
            slug,
            part,
            title,
            short_title: title,
            teaches: "",
            controls: &[],
            main_controls: &[],
            conflict: |_| None,
            presets: &[],
            comparisons: &[],
            distributions: &[],
            has_pulse: false,
            request_stop: || false,
            is_readers_program: false,
            has_forecast: true,
            second_run: None,
            folder: None,
            own_files: None,
            question: None,
            connection_test: None,
            python_requirement: None,
            rust: "",
            fetch: || panic!("the exercise's entry does not call `.runs(code!(…))`"),
            prepare: |_, _| Box::pin(ready(Ok(()))),
            run: |_, _, _| panic!("the exercise's entry does not call `.runs(code!(…))`"),
        }
    }

    /// The names of the root tasks that are compared with these settings.
    #[must_use]
    pub fn active_parts(&self, settings: &Settings) -> Vec<&'static str> {
        let bars = self.comparisons.iter().flat_map(|comparison| comparison.bars);
        bars.filter(|bar| (bar.is_active)(settings)).map(|bar| bar.task).collect()
    }

    /// Sets the main point, in one sentence.
    #[must_use]
    pub const fn teaches(self, teaches: &'static str) -> Self {
        Self { teaches, ..self }
    }

    /// Sets the title in the menu; by default it is the full title.
    #[must_use]
    pub const fn with_short_title(self, short_title: &'static str) -> Self {
        Self { short_title, ..self }
    }

    /// Sets the controls.
    #[must_use]
    pub const fn with_controls(self, controls: &'static [Control]) -> Self {
        Self { controls, ..self }
    }

    /// Sets the names of the controls that are always in view: at most three.
    #[must_use]
    pub const fn with_main_controls(self, main_controls: &'static [&'static str]) -> Self {
        Self { main_controls, ..self }
    }

    /// Sets the function that finds conflicts between settings.
    #[must_use]
    pub const fn with_conflict(self, conflict: fn(&Settings) -> Option<Conflict>) -> Self {
        Self { conflict, ..self }
    }

    /// Sets the settings that are worth trying.
    #[must_use]
    pub const fn with_presets(self, presets: &'static [Preset]) -> Self {
        Self { presets, ..self }
    }

    /// Sets the root tasks that are compared. If empty, all root tasks are compared.
    #[must_use]
    pub const fn with_comparisons(self, comparisons: &'static [Comparison]) -> Self {
        Self { comparisons, ..self }
    }

    /// Sets which tasks' durations are shown as a distribution.
    #[must_use]
    pub const fn with_distributions(self, distributions: &'static [Distribution]) -> Self {
        Self { distributions, ..self }
    }

    /// Lets the page show the event loop's pulse while it runs.
    #[must_use]
    pub const fn with_pulse(self) -> Self {
        Self { has_pulse: true, ..self }
    }

    /// Sets the function that requests a run to stop by itself. See `request_stop`.
    #[must_use]
    pub const fn with_graceful_stop(self, request_stop: fn() -> bool) -> Self {
        Self { request_stop, ..self }
    }

    /// Declares that it runs the reader's own program.
    #[must_use]
    pub const fn running_readers_program(self) -> Self {
        Self { is_readers_program: true, ..self }
    }

    /// Declares that it has no ideal, because much of its time is spent in a disk, a processor or a worker.
    #[must_use]
    pub const fn without_ideal(self) -> Self {
        Self { has_forecast: false, ..self }
    }

    /// Declares that its ideal is computed by a second run, after a run has finished. It has no forecast.
    #[must_use]
    pub const fn with_second_run(self, second_run: fn(Run, Settings) -> SecondRun) -> Self {
        Self { has_forecast: false, second_run: Some(second_run), ..self }
    }

    /// Sets the folder of the browser's storage in which it keeps files.
    #[must_use]
    pub const fn with_folder(self, folder: &'static str) -> Self {
        Self { folder: Some(folder), ..self }
    }

    /// Names the setting that selects the reader's own files.
    #[must_use]
    pub const fn with_own_files(self, own_files: OwnFiles) -> Self {
        Self { own_files: Some(own_files), ..self }
    }

    /// Sets the question before its first run. The answer must be the duration of a part that is compared.
    #[must_use]
    pub const fn with_question(self, question: fn(&Settings) -> Option<Question>) -> Self {
        Self { question: Some(question), ..self }
    }

    /// Sets how its endpoint is tested.
    #[must_use]
    pub const fn with_connection_test(self, test: ConnectionTest) -> Self {
        Self { connection_test: Some(test), ..self }
    }

    /// Sets the requirement of its Python script that is not available here, as the end of a sentence.
    #[must_use]
    pub const fn with_python_requirement(self, requirement: &'static str) -> Self {
        Self { python_requirement: Some(requirement), ..self }
    }

    /// Sets its code. Write it as `.runs(code!(run in exercises))`.
    #[must_use]
    pub const fn runs(self, code: Code) -> Self {
        let Code { rust, fetch, run } = code;
        Self { rust, fetch, run, ..self }
    }

    /// Sets how it is prepared, if it needs more than its code.
    #[must_use]
    pub const fn prepared_by(self, prepare: fn(Run, Settings) -> Preparing) -> Self {
        Self { prepare, ..self }
    }

    /// The names of the controls that are always in view.
    #[must_use]
    pub fn visible_controls(&self) -> Vec<&'static str> {
        if self.main_controls.is_empty() {
            self.controls.iter().take(3).map(|control| control.name).collect()
        } else {
            self.main_controls.to_vec()
        }
    }

    /// Starts it. Adds the distributions to its report.
    #[must_use]
    pub fn start(&'static self, run: Run, site: Rc<Site>, settings: Settings) -> ExerciseFuture {
        let running = (self.run)(run, site, settings);
        Box::pin(async move {
            let mut report = running.await?;
            report.sections.extend(self.distributions());
            Ok(report)
        })
    }

    /// The report of a run that did not finish: only the sections that need no more than its record.
    #[must_use]
    pub fn partial_report(&self) -> Report {
        Report { sections: self.distributions().collect(), ..Report::default() }
    }

    fn distributions(&self) -> impl Iterator<Item = Section> {
        self.distributions.iter().cloned().map(Section::Distribution)
    }

    /// The path of the same exercise in Python. `PROGRAM` has no such file.
    #[must_use]
    pub fn python(&self) -> String {
        format!("static/python/{}.py", self.python_name())
    }

    /// True if it is a part of the guide that the reader can write: see [`assignment`](crate::exercises::assignment).
    #[must_use]
    pub fn can_be_written(&self) -> bool {
        self.part > 0
    }

    /// The name of its script in Python, without the ending. `PROGRAM` has no script.
    #[must_use]
    pub fn python_name(&self) -> String {
        self.slug.replace('-', "_")
    }
}

/// The code of an exercise, as `code!` makes it.
pub struct Code {
    /// The path of the file that it is compiled from.
    pub rust: &'static str,
    /// Fetches the code.
    pub fetch: fn() -> Fetching,
    /// Fetches the code if necessary, then runs it.
    pub run: fn(Run, Rc<Site>, Settings) -> ExerciseFuture,
}

/// The code of an exercise, fetched when it is first needed.
///
/// `code!(run in exercises)` takes the function `run` of the file in which it is written, and puts it into the part
/// `exercises` of the page's code (see [`lazy`](crate::lazy)). The function has this form:
///
/// ```ignore
/// async fn run(run: Run, site: Rc<Site>, settings: Settings) -> Result<Report, Failure>
/// ```
macro_rules! code {
    ($run:ident in $part:ident) => {{
        mod boxed {
            use super::*;
            use $crate::exercises::exercise::ExerciseFuture;

            $crate::lazy::lazy!(mod fetched in $part: $run(run: Run, site: Rc<Site>, settings: Settings) -> ExerciseFuture);

            fn $run(run: Run, site: Rc<Site>, settings: Settings) -> ExerciseFuture {
                Box::pin(super::$run(run, site, settings))
            }

            pub(super) const CODE: $crate::exercises::exercise::Code = $crate::exercises::exercise::Code {
                rust: file!(),
                fetch: || Box::pin(fetched::load()),
                run: |run, site, settings| Box::pin(async { fetched::$run(run, site, settings).await?.await }),
            };
        }
        boxed::CODE
    }};
}

pub(crate) use code;

/// The setting that selects the reader's own files.
#[derive(Debug)]
pub struct OwnFiles {
    /// The name of the control, which offers a choice.
    pub control: &'static str,
    /// The value that stands for the reader's own files.
    pub choice: &'static str,
}

impl OwnFiles {
    /// True if they are read with these settings.
    #[must_use]
    pub fn are_read(&self, settings: &Settings) -> bool {
        settings.get(self.control) == Some(&Value::Choice(self.choice))
    }
}

/// The connection test of an endpoint.
#[derive(Debug)]
pub struct ConnectionTest {
    /// Sends the test requests.
    pub send: fn(Run, Settings) -> ConnectionFuture,
    /// A key for what is tested with these settings. When it changes, the last result is no longer valid.
    pub cache_key: fn(&Settings) -> String,
    /// The address to which runs send requests; `None` for the page's own server. It may come from a link: show it as text
    /// only.
    pub address: fn(&Settings) -> Option<String>,
    /// Returns true if the test may start without a click. Only the page's own server may be tested that way.
    pub is_automatic: fn(&Settings) -> bool,
}

/// A connection test that is running.
pub type ConnectionFuture = LocalBoxFuture<'static, Result<ConnectionReport, Failure>>;

/// The result of a connection test that has succeeded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionReport {
    /// Sentences about the endpoint. They contain text from it: show them as text only.
    pub lines: Vec<String>,
}

/// Settings that are worth trying.
#[derive(Debug)]
pub struct Preset {
    /// The label.
    pub label: &'static str,
    /// The settings, as in a link.
    pub query: &'static str,
}

impl Preset {
    /// A preset with its label and the settings of a link.
    #[must_use]
    pub const fn new(label: &'static str, query: &'static str) -> Self {
        Self { label, query }
    }
}

/// Root tasks that are compared. The others are compared with the first.
#[derive(Debug)]
pub struct Comparison {
    /// The title.
    pub title: &'static str,
    /// A hint for the reader; may be empty.
    pub about: &'static str,
    /// True if the last bar is expected to be faster than the first.
    pub is_race: bool,
    /// The bars, one for each root task.
    pub bars: &'static [Bar],
}

impl Comparison {
    /// A comparison of parts that do not compete for speed.
    #[must_use]
    pub const fn new(title: &'static str, bars: &'static [Bar]) -> Self {
        Self { title, about: "", is_race: false, bars }
    }

    /// A comparison in which the last part is expected to be faster than the first.
    #[must_use]
    pub const fn race(title: &'static str, bars: &'static [Bar]) -> Self {
        Self { is_race: true, ..Self::new(title, bars) }
    }

    /// Sets what to look for.
    #[must_use]
    pub const fn about(self, about: &'static str) -> Self {
        Self { about, ..self }
    }
}

/// One bar of a comparison.
#[derive(Debug)]
pub struct Bar {
    /// The name of the root task.
    pub task: &'static str,
    /// Its label.
    pub label: &'static str,
    /// Returns true if the task runs with these settings.
    pub is_active: fn(&Settings) -> bool,
    /// True if it blocks the event loop on purpose.
    pub blocks: bool,
    /// Child tasks that a control limits, if the exercise has no check of its own for it.
    pub limited: Option<Limited>,
}

/// Tasks of which at most a given number may be in progress at once.
#[derive(Debug)]
pub struct Limited {
    /// Their name.
    pub task: &'static str,
    /// The limit with these settings; 0 means no limit.
    pub max: fn(&Settings) -> u32,
}

impl Bar {
    /// A bar for a task that always runs.
    #[must_use]
    pub const fn new(task: &'static str, label: &'static str) -> Self {
        Self { task, label, is_active: |_| true, blocks: false, limited: None }
    }

    /// Sets the condition under which the task runs.
    #[must_use]
    pub const fn only_if(self, is_active: fn(&Settings) -> bool) -> Self {
        Self { is_active, ..self }
    }

    /// Marks a part that blocks the event loop on purpose.
    #[must_use]
    pub const fn that_blocks(self) -> Self {
        Self { blocks: true, ..self }
    }

    /// Declares that at most `max` of these child tasks may be in progress at once.
    #[must_use]
    pub const fn limiting(self, task: &'static str, max: fn(&Settings) -> u32) -> Self {
        Self { limited: Some(Limited { task, max }), ..self }
    }
}

/// A conflict between settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The control next to which the message is shown.
    pub control: &'static str,
    /// The reason: a sentence without a full stop.
    pub why: String,
    /// The nearest value of that control that the other settings allow.
    pub nearest: Value,
}

/// The reason why an exercise failed, for the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The message.
    pub message: String,
    /// The advice.
    pub advice: &'static str,
    /// The line of the reader's program that caused it, if one did.
    pub line: Option<ProgramLine>,
}

/// A line of the reader's program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramLine {
    /// The path of its file in the program.
    pub path: String,
    /// Its number, counted from 1.
    pub line: u32,
}

impl Failure {
    /// A failure that does not refer to a line of the reader's program.
    #[must_use]
    pub fn new(message: impl Into<String>, advice: &'static str) -> Self {
        Self { message: message.into(), advice, line: None }
    }
}

/// Implements `From` for [`Failure`] for each of these error types, using the error's message and its `advice()`.
macro_rules! failure_from {
    ($($error:ty),+) => {$(
        impl From<$error> for $crate::exercises::exercise::Failure {
            fn from(error: $error) -> Self {
                Self::new(error.to_string(), error.advice())
            }
        }
    )+};
}

pub(crate) use failure_from;

failure_from!(NotFetched, OffloadError);
