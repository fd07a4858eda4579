//! [`Exercise`]: the form that every lesson fills in. Menu, links, controls, charts and tests are made from it.

use std::rc::Rc;

use futures::future::LocalBoxFuture;

use crate::exercises::controls::{Control, Settings, Value};
use crate::exercises::site::Site;
use crate::lazy::NotFetched;
use crate::measure::report::{Distribution, Report, Section};
use crate::runtime::Run;
use crate::workers::OffloadError;

/// A lesson with all that the page needs to show and run it.
#[derive(Debug)]
pub struct Exercise {
    /// Its name in links: the guide's script name with hyphens.
    pub slug: &'static str,
    /// The part of the guide that it is from; 0 for what is no part of its own.
    pub part: u8,
    /// Its title.
    pub title: &'static str,
    /// Its name in the list, where there is little room.
    pub short_title: &'static str,
    /// What one learns from it, in one sentence.
    pub teaches: &'static str,
    /// What the reader can set.
    pub controls: &'static [Control],
    /// Which settings do not go together, if there are such.
    pub conflict: fn(&Settings) -> Option<Conflict>,
    /// Settings that are worth a look.
    pub presets: &'static [Preset],
    /// What is set side by side when it has run.
    pub comparisons: &'static [Comparison],
    /// The tasks whose durations every run shows, whether it finished or not.
    pub distributions: &'static [Distribution],
    /// Whether the page shows the event loop's pulse and a button that counts presses while it runs.
    pub has_pulse: bool,
    /// Whether it has an ideal: what takes time in it are waits that it asks for, and not a disk or a processor.
    pub has_ideal: bool,
    /// The folder of the browser's storage in which it keeps files, if it does.
    pub folder: Option<&'static str>,
    /// When it reads files of the reader's own; none for a lesson that never does.
    pub own_files: Option<OwnFiles>,
    /// How its endpoint is tested; none for a lesson without one.
    pub connection_test: Option<ConnectionTest>,
    /// The path of its source in the repository: the file that it is compiled from.
    pub rust: &'static str,
    /// Loads what it needs, if that was not done yet: its code, and the server that the page brings. After that `run`
    /// does not wait before its first step.
    pub load: fn(Run, Settings) -> Loading,
    /// Runs it. Dropping the future stops it.
    pub run: fn(Run, Rc<Site>, Settings) -> ExerciseFuture,
}

/// An exercise that is running: its result is what it found, or why it failed.
pub type ExerciseFuture = LocalBoxFuture<'static, Result<Report, Failure>>;

/// An exercise that is being loaded.
pub type Loading = LocalBoxFuture<'static, Result<(), Failure>>;

impl Exercise {
    /// An exercise that has an ideal and none of the other things that an exercise may have. The entry must end with
    /// [`runs`](Self::runs).
    #[must_use]
    pub const fn new(slug: &'static str, part: u8, title: &'static str) -> Self {
        Self {
            slug,
            part,
            title,
            short_title: title,
            teaches: "",
            controls: &[],
            conflict: |_| None,
            presets: &[],
            comparisons: &[],
            distributions: &[],
            has_pulse: false,
            has_ideal: true,
            folder: None,
            own_files: None,
            connection_test: None,
            rust: "",
            load: |_, _| panic!("the exercise's entry does not end with `.runs(code!(…))`"),
            run: |_, _, _| panic!("the exercise's entry does not end with `.runs(code!(…))`"),
        }
    }

    /// Sets what one learns from it, in one sentence.
    #[must_use]
    pub const fn teaches(self, teaches: &'static str) -> Self {
        Self { teaches, ..self }
    }

    /// Sets its name in the list; by default its title.
    #[must_use]
    pub const fn with_short_title(self, short_title: &'static str) -> Self {
        Self { short_title, ..self }
    }

    /// Sets what the reader can set.
    #[must_use]
    pub const fn with_controls(self, controls: &'static [Control]) -> Self {
        Self { controls, ..self }
    }

    /// Sets how settings that do not go together are found.
    #[must_use]
    pub const fn with_conflict(self, conflict: fn(&Settings) -> Option<Conflict>) -> Self {
        Self { conflict, ..self }
    }

    /// Sets the settings that are worth a look.
    #[must_use]
    pub const fn with_presets(self, presets: &'static [Preset]) -> Self {
        Self { presets, ..self }
    }

    /// Sets which root tasks are compared. Without it, all root tasks of a run are.
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

    /// Declares that it has no ideal: much of its time is spent in a disk, a processor or a worker.
    #[must_use]
    pub const fn without_ideal(self) -> Self {
        Self { has_ideal: false, ..self }
    }

    /// Sets the folder of the browser's storage in which it keeps files.
    #[must_use]
    pub const fn with_folder(self, folder: &'static str) -> Self {
        Self { folder: Some(folder), ..self }
    }

    /// Sets with which setting it reads the reader's own files.
    #[must_use]
    pub const fn with_own_files(self, own_files: OwnFiles) -> Self {
        Self { own_files: Some(own_files), ..self }
    }

    /// Sets how its endpoint is tested.
    #[must_use]
    pub const fn with_connection_test(self, test: ConnectionTest) -> Self {
        Self { connection_test: Some(test), ..self }
    }

    /// Sets its code. Write it as `.runs(code!(run in exercises))`.
    #[must_use]
    pub const fn runs(self, code: Code) -> Self {
        let Code { rust, load, run } = code;
        Self { rust, load, run, ..self }
    }

    /// Sets how it is loaded, if that takes more than its code. `load` also has to load the code.
    #[must_use]
    pub const fn loaded_by(self, load: fn(Run, Settings) -> Loading) -> Self {
        Self { load, ..self }
    }

    /// Starts it. Its report also contains the sections that every run of it has.
    #[must_use]
    pub fn start(&'static self, run: Run, site: Rc<Site>, settings: Settings) -> ExerciseFuture {
        let exercise = (self.run)(run, site, settings);
        Box::pin(async move {
            let mut report = exercise.await?;
            report.sections.extend(self.distributions());
            Ok(report)
        })
    }

    /// The report of a run that did not finish: what can be read from its record.
    #[must_use]
    pub fn report_without_end(&self) -> Report {
        Report { sections: self.distributions().collect(), ..Report::default() }
    }

    fn distributions(&self) -> impl Iterator<Item = Section> {
        self.distributions.iter().cloned().map(Section::Distribution)
    }

    /// The path of the same exercise in Python.
    #[must_use]
    pub fn python(&self) -> String {
        format!("static/python/{}.py", self.slug.replace('-', "_"))
    }
}

/// The code of an exercise, as `code!` makes it.
pub struct Code {
    /// The path of the file that it is compiled from.
    pub rust: &'static str,
    /// Loads the code.
    pub load: fn(Run, Settings) -> Loading,
    /// Loads the code if need be, then runs it.
    pub run: fn(Run, Rc<Site>, Settings) -> ExerciseFuture,
}

/// The code of an exercise, loaded when it is first needed.
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
                load: |_, _| Box::pin(async { Ok(fetched::load().await?) }),
                run: |run, site, settings| Box::pin(async { fetched::$run(run, site, settings).await?.await }),
            };
        }
        boxed::CODE
    }};
}

pub(crate) use code;

/// The setting with which a lesson reads files of the reader's own.
#[derive(Debug)]
pub struct OwnFiles {
    /// The name of a control that offers a choice.
    pub control: &'static str,
    /// The value that means them.
    pub choice: &'static str,
}

impl OwnFiles {
    /// Whether they are read with these settings.
    #[must_use]
    pub fn are_read(&self, settings: &Settings) -> bool {
        settings.get(self.control) == Some(&Value::Choice(self.choice))
    }
}

/// How an endpoint is tested.
#[derive(Debug)]
pub struct ConnectionTest {
    /// Asks the endpoint, and tells what that says.
    pub ask: fn(Run, Settings) -> ConnectionFuture,
    /// What is asked with these settings: when it changes, what was found means nothing any more.
    pub address: fn(&Settings) -> String,
    /// Whether it is asked without a word of the reader: only what the page brings along may be.
    pub asks_at_once: fn(&Settings) -> bool,
}

/// What an endpoint says of itself, or why it does not.
pub type ConnectionFuture = LocalBoxFuture<'static, Result<Connection, Failure>>;

/// What an endpoint says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// Sentences. They hold text of the endpoint: show them as text only.
    pub lines: Vec<String>,
}

/// Settings that are worth a look.
#[derive(Debug)]
pub struct Preset {
    /// What one sees with them, in a few words.
    pub label: &'static str,
    /// The settings as they stand in a link.
    pub query: &'static str,
}

impl Preset {
    /// The settings of a link, by what one sees with them.
    #[must_use]
    pub const fn new(label: &'static str, query: &'static str) -> Self {
        Self { label, query }
    }
}

/// Root tasks of a lesson that are set side by side. The first is the baseline.
#[derive(Debug)]
pub struct Comparison {
    /// What is compared, in a few words.
    pub title: &'static str,
    /// What to look for; may be empty.
    pub about: &'static str,
    /// Whether the last bar is meant to be faster than the first. Else the checks tell them apart.
    pub is_race: bool,
    /// The names of the root tasks, each with its label.
    pub bars: &'static [Bar],
}

impl Comparison {
    /// Parts that are shown one below the other, and that do not compete.
    #[must_use]
    pub const fn new(title: &'static str, bars: &'static [Bar]) -> Self {
        Self { title, about: "", is_race: false, bars }
    }

    /// Parts of which the last is meant to be faster than the first.
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
    /// Whether it is run with these settings.
    pub is_run: fn(&Settings) -> bool,
    /// Whether it is there to show what comes of keeping the event loop.
    pub blocks: bool,
    /// Whom a control limits in it, unless a check of the lesson's own looks at that.
    pub limited: Option<Limited>,
}

/// Tasks of which only so many may be in flight at once.
#[derive(Debug)]
pub struct Limited {
    /// Their name.
    pub task: &'static str,
    /// How many; 0 is no limit.
    pub most: fn(&Settings) -> u32,
}

impl Bar {
    /// A bar that is always run.
    #[must_use]
    pub const fn new(task: &'static str, label: &'static str) -> Self {
        Self { task, label, is_run: |_| true, blocks: false, limited: None }
    }

    /// A bar that is run with some settings only.
    #[must_use]
    pub const fn only_if(self, is_run: fn(&Settings) -> bool) -> Self {
        Self { is_run, ..self }
    }

    /// A bar that is there to show what comes of keeping the event loop.
    #[must_use]
    pub const fn that_blocks(self) -> Self {
        Self { blocks: true, ..self }
    }

    /// A bar in which so many of these tasks may be in flight at once.
    #[must_use]
    pub const fn limiting(self, task: &'static str, most: fn(&Settings) -> u32) -> Self {
        Self { limited: Some(Limited { task, most }), ..self }
    }
}

/// Settings that do not go together.
#[derive(Clone, Debug, PartialEq)]
pub struct Conflict {
    /// The control at which it is told.
    pub control: &'static str,
    /// Why, as a sentence without its stop.
    pub why: String,
    /// The nearest value of that control which goes with the others.
    pub nearest: Value,
}

/// Why a lesson could not run to its end, for the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What happened.
    pub message: String,
    /// What to do.
    pub advice: &'static str,
}

impl From<NotFetched> for Failure {
    fn from(error: NotFetched) -> Self {
        Self { message: error.to_string(), advice: error.advice() }
    }
}

impl From<OffloadError> for Failure {
    fn from(error: OffloadError) -> Self {
        Self { message: error.to_string(), advice: error.advice() }
    }
}
