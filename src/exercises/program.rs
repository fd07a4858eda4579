//! The reader's own program: real Python, which runs in a sandbox and is recorded like an exercise.

use std::rc::Rc;

use crate::exercises::controls::{Choice, Control, ControlKind, Settings};
use crate::exercises::exercise::{Exercise, Failure, Preparing, SecondRun, code, failure_from};
use crate::exercises::site::Site;
use crate::lazy::lazy;
use crate::measure::ClockKind;
use crate::measure::report::Report;
use crate::python::PythonError;
use crate::python::command::{Command, CommandError};
use crate::python::suggested_clock::suggested_clock;
use crate::runtime::Run;

/// The name of the control with the text of the program.
pub const CODE: &str = "code";

/// The name of the control with the [command](crate::python::command) of the console; empty for the button Run.
pub const COMMAND: &str = "command";

/// The name of the control with the number of processors.
const PROCESSORS: &str = "processors";

/// The exercise as the page shows and runs it.
pub static EXERCISE: Exercise = Exercise::new("program", 0, "Your program")
    .teaches(
        "Your own asyncio program, run by CPython in this page. Each task is recorded, with the line where it waits.",
    )
    .with_controls(&[
        Control::new(
            CODE,
            "Program",
            "The text of the program.",
            ControlKind::Program { default: include_str!("program/first.py") },
        )
        .only_if(|_| false),
        Control::new(
            COMMAND,
            "Command",
            "What runs instead of the main file.",
            ControlKind::Command,
        )
        .only_if(|_| false),
        Control::choice(
            "clock",
            "Clock",
            "On the virtual clock waiting takes no time: three hours of sleeps end immediately. The simulated clock is for \
             threads and processes: waiting takes no time, computing does.",
            &[
                Choice::new("browser", "Real"),
                Choice::new("virtual", "Virtual"),
                Choice::new("simulated", "Simulated"),
            ],
        ),
        Control::count(PROCESSORS, "Processors", "The number of processors that processes share.", 64, 4)
            .only_if(|settings| chosen_clock(settings) == ClockKind::Simulated),
    ])
    .with_main_controls(&["clock", PROCESSORS])
    .with_second_run(|run, settings| Box::pin(async { again::second_run(run, settings).await?.await }))
    .running_readers_program()
    .prepared_by(|_, _| Box::pin(async { preparing::interpreter().await?.await }))
    .with_graceful_stop(request_stop)
    .runs(code!(run in exercises));

failure_from!(PythonError);

failure_from!(CommandError);

#[cfg(target_arch = "wasm32")]
pub use in_browser::look;

/// The clock that is chosen.
#[must_use]
pub fn chosen_clock(settings: &Settings) -> ClockKind {
    let chosen = settings.choice("clock");
    let others = [ClockKind::Virtual, ClockKind::Simulated];
    others.into_iter().find(|clock| clock.name() == chosen).unwrap_or_default()
}

/// The clock on which the program runs. Tests do not run on the real one.
#[must_use]
pub fn clock_of(settings: &Settings) -> ClockKind {
    let chosen = chosen_clock(settings);
    let tests = command_of(settings).filter(Command::is_pytest);
    let needed = tests.and_then(|tests| tests.program(settings.program(CODE)).ok()).map(|it| suggested_clock(&it));
    needed.filter(|_| chosen == ClockKind::Browser).unwrap_or(chosen)
}

/// The command that runs instead of the main file, if there is one.
#[must_use]
pub fn command_of(settings: &Settings) -> Option<Command> {
    Command::parse(settings.text(COMMAND)).ok()
}

lazy!(mod preparing in exercises: interpreter() -> Preparing);

lazy!(mod again in exercises: second_run(first: Run, settings: Settings) -> SecondRun);

#[cfg(target_arch = "wasm32")]
fn interpreter() -> Preparing {
    Box::pin(async { Ok(crate::python::interpreter::prepare().await?) })
}

#[cfg(target_arch = "wasm32")]
async fn run(run: Run, _site: Rc<Site>, settings: Settings) -> Result<Report, Failure> {
    in_browser::run(run, &settings).await
}

#[cfg(target_arch = "wasm32")]
fn second_run(first: Run, settings: Settings) -> SecondRun {
    Box::pin(in_browser::second_run(first, settings))
}

#[cfg(target_arch = "wasm32")]
fn request_stop() -> bool {
    crate::python::interpreter::stop()
}

/// Python runs in a browser only.
#[cfg(not(target_arch = "wasm32"))]
fn interpreter() -> Preparing {
    Box::pin(async { Err(PythonError::NotInThisCopy.into()) })
}

#[cfg(not(target_arch = "wasm32"))]
fn second_run(_first: Run, _settings: Settings) -> SecondRun {
    Box::pin(async { Ok(None) })
}

#[cfg(not(target_arch = "wasm32"))]
fn request_stop() -> bool {
    false
}

#[cfg(not(target_arch = "wasm32"))]
async fn run(_run: Run, _site: Rc<Site>, _settings: Settings) -> Result<Report, Failure> {
    Err(PythonError::NotInThisCopy.into())
}

#[cfg(target_arch = "wasm32")]
mod in_browser {
    use std::cmp::Reverse;
    use std::time::Duration;

    use super::*;
    use crate::exercises::exercise::{NoIdeal, ProgramLine};
    use crate::measure::Record;
    use crate::measure::line_waits::{LineWait, LineWaits};
    use crate::measure::report::{Headline, Section};
    use crate::measure::test_result::{TestResult, verdict};
    use crate::measure::units::{counted, span};
    use crate::python::difference::difference;
    use crate::python::message::{Ended, Ending, SeenTask};
    use crate::python::recording::Recording;
    use crate::python::{Arrived, Program, interpreter};

    /// The second run may take twice as long as the first, and this time: it computes the same, and does not wait.
    const SECOND_RUN_TAKES: Duration = Duration::from_secs(5);

    pub(super) async fn run(run: Run, settings: &Settings) -> Result<Report, Failure> {
        let clock = clock_of(settings);
        run.edit_record(|record| {
            record.set_clock(clock);
            if clock == ClockKind::Simulated {
                record.mark_simulated();
            }
        });
        let is_pytest = command_of(settings).is_some_and(|command| command.is_pytest());
        let (mut recording, mut simulated) = (Recording::default(), Vec::new());
        let ended = run_once(settings, run.seed(), clock, false, |arrived| {
            match arrived {
                Arrived::Piece(piece) => run.edit_record(|record| recording.add(record, &piece))?,
                Arrived::Output(text) => run.edit_record(|record| recording.add_output(record, &text))?,
                Arrived::Simulated(origin) => {
                    run.edit_record(|record| record.mark_simulated());
                    simulated.push(format!("The responses of {origin} were simulated."));
                }
            }
            Ok(())
        });
        let ended = ended.await?;
        let mut report = match recording.tests() {
            [] if is_pytest && ended.ending == Ending::Exited => return Err(without_tests(&ended)),
            [] => report(&run.record(), recording.warnings(), &ended)?,
            tests if matches!(ended.ending, Ending::Finished | Ending::Exited) => tested(tests),
            _ => report(&run.record(), recording.warnings(), &ended)?,
        };
        report.notes.splice(0..0, simulated);
        if clock == ClockKind::Simulated {
            let processors = counted(settings.count(PROCESSORS).into(), "processor", "processors");
            report.notes.push(format!("Waits, threads and processes were simulated, for {processors}."));
        }
        Ok(report)
    }

    /// Its program, files and random numbers are those of the first run.
    pub(super) async fn second_run(first: Run, settings: Settings) -> Result<Option<Record>, NoIdeal> {
        if clock_of(&settings) == ClockKind::Virtual || command_of(&settings).is_some_and(|it| it.is_pytest()) {
            return Ok(None);
        }
        let no_ideal = |why: String| NoIdeal { why: format!("in a second run, on the virtual clock, {why}") };
        let (mut record, mut recording) = (Record::new(ClockKind::Virtual), Recording::default());
        let ended = run_once(&settings, first.seed(), ClockKind::Virtual, true, |arrived| match arrived {
            Arrived::Piece(piece) => Ok(recording.add(&mut record, &piece)?),
            Arrived::Output(_) | Arrived::Simulated(_) => Ok(()),
        });
        let limit = SECOND_RUN_TAKES + 2 * Duration::from_micros(first.record().end_us());
        let ended = Run::for_page().timeout(limit, ended).await;
        let ended = ended.map_err(|_| no_ideal("the program took too long".to_owned()))?;
        let ended = ended.map_err(|error| no_ideal(error.message))?;
        if ended.ending != Ending::Finished {
            return Err(no_ideal(ended.words()));
        }
        match difference(&first.record(), &record) {
            None => Ok(Some(record)),
            Some(difference) => Err(no_ideal(format!("the program did something else: {difference}"))),
        }
    }

    /// Looking at a moment may take this time: the program runs until then.
    const LOOK_TAKES: Duration = Duration::from_secs(5);

    /// The tasks of a run on the virtual clock that have not ended at a moment, in microseconds since its start, with
    /// their local variables: the program runs again until then.
    ///
    /// # Errors
    ///
    /// If it takes too long, or the interpreter fails.
    pub async fn look(settings: &Settings, seed: u64, at_us: u64) -> Result<Vec<SeenTask>, Failure> {
        let program = program(settings, seed, ClockKind::Virtual)?;
        let look = interpreter::with_session(async |session| session.look(&program, at_us).await);
        let seen = Run::for_page().timeout(LOOK_TAKES, look).await;
        let too_long = || format!("the program did not reach this moment within {} s", LOOK_TAKES.as_secs());
        Ok(seen.map_err(|_| Failure::new(too_long(), "Choose an earlier time."))??)
    }

    fn program(settings: &Settings, seed: u64, clock: ClockKind) -> Result<Program, CommandError> {
        let files = match settings.text(COMMAND) {
            "" => settings.program(CODE).clone(),
            command => Command::parse(command)?.program(settings.program(CODE))?.into(),
        };
        let environment = interpreter::environment();
        Ok(Program { files, environment, seed, clock, processors: settings.count(PROCESSORS), replays: false })
    }

    /// Runs the program to its end in the interpreter that is ready. `replays` is described in [`Program`].
    async fn run_once(
        settings: &Settings,
        seed: u64,
        clock: ClockKind,
        replays: bool,
        take: impl FnMut(Arrived) -> Result<(), PythonError>,
    ) -> Result<Ended, Failure> {
        let program = Program { replays, ..program(settings, seed, clock)? };
        // On the virtual clock, the program does not read messages.
        let started = |stop| {
            if clock == ClockKind::Browser {
                interpreter::set_stop(stop)
            }
        };
        let _stop = StopsUntilDropped;
        Ok(interpreter::with_session(async |session| session.run(&program, started, take).await).await?)
    }

    /// The program can be asked to stop as long as this exists.
    struct StopsUntilDropped;

    impl Drop for StopsUntilDropped {
        fn drop(&mut self) {
            interpreter::clear_stop();
        }
    }

    fn report(record: &Record, warnings: &[String], ended: &Ended) -> Result<Report, Failure> {
        let advice = match ended.ending {
            Ending::Finished => return Ok(finished(record, warnings)),
            Ending::Stopped => "",
            Ending::Exited => "A program that ends with `sys.exit(0)` has finished.",
            Ending::Failed => "The whole traceback is in the log.",
            Ending::Deadlocked => "The timeline shows where each task waits.",
            Ending::Limited => "Until then everything is recorded.",
        };
        let line = ended.path.as_ref().zip(ended.line).map(|(path, line)| ProgramLine { path: path.clone(), line });
        Err(Failure { line, ..Failure::new(ended.words(), advice) })
    }

    /// The report of a program that has run tests.
    fn tested(tests: &[TestResult]) -> Report {
        let first =
            tests.iter().find(|test| test.has_failed()).map(|test| format!("{}: {}", test.name(), test.message));
        let notes = [verdict(tests)].into_iter().chain(first).collect();
        Report { notes, sections: vec![Section::Tests(tests.to_vec())], ..Report::default() }
    }

    /// pytest has ended without running a test. Its exit code says why.
    fn without_tests(ended: &Ended) -> Failure {
        const USAGE: f64 = 4.0;
        const NO_TESTS: f64 = 5.0;
        if ended.exit_code == NO_TESTS {
            let advice = "Names of files and functions with tests begin with `test_`.";
            return Failure::new("pytest found no tests", advice);
        }
        if ended.exit_code == USAGE {
            return Failure::new("pytest does not understand these arguments", "The log says which.");
        }
        Failure::new(ended.words(), "The log says more.")
    }

    /// The report of a program that has finished. Its headline is the first note.
    fn finished(record: &Record, warnings: &[String]) -> Report {
        let notes = notes(record, warnings);
        let part = record.tasks().iter().find(|task| task.parent.is_none()).map(|task| task.name.kind().to_string());
        let headline = part.zip(notes.first()).map(|(part, note)| Headline::new(part, note.clone()));
        Report { headlines: headline.into_iter().collect(), notes, ..Report::default() }
    }

    /// The number of lines that are named in the report.
    const MOST_LINES: usize = 3;

    /// The number of warnings in the report.
    const MOST_WARNINGS: usize = 3;

    /// The first warnings, and the lines on which tasks waited longest, in sentences.
    fn notes(record: &Record, warnings: &[String]) -> Vec<String> {
        let mut notes: Vec<_> = warnings.iter().take(MOST_WARNINGS).cloned().collect();
        if let Some(others @ 1..) = warnings.len().checked_sub(MOST_WARNINGS) {
            notes.push(format!("{} in the log.", counted(others as u64, "more warning is", "more warnings are")));
        }
        if record.tasks().is_empty() {
            notes.push(without_tasks(record).to_owned());
        }
        let mut lines = LineWaits::from_record(record).lines(record.end_us());
        lines.sort_by_key(|line| Reverse(line.total_us));
        let sentence = |line: &LineWait| {
            let path = &record.waits().sources().get(line.line.source)?.path;
            let (tasks, total) = (counted(line.tasks, "task", "tasks"), span(line.total_us));
            Some(format!("On line {} of {path}, {tasks} waited {total} in total.", line.line.line))
        };
        notes.extend(lines.iter().take(MOST_LINES).filter_map(sentence));
        notes
    }

    fn without_tasks(record: &Record) -> &'static str {
        if record.log_lines().is_empty() {
            "The program has created no tasks and printed nothing. Does it call its main function, for example by \
             `asyncio.run(main())`?"
        } else {
            "The program has created no tasks. What it has printed is in the log."
        }
    }
}
