//! All exercises with their defaults, one after another, with a line for each: its result, and how many checks
//! passed.

use std::rc::Rc;

use futures::channel::oneshot;
use leptos::prelude::*;

use crate::exercises::catalogue;
use crate::exercises::controls::Settings;
use crate::exercises::exercise::{Exercise, Failure};
use crate::exercises::experiment::Experiment;
use crate::exercises::site::Site;
use crate::exercises::summary::RunSummary;
use crate::lazy::lazy;
use crate::measure::units::span;
use crate::runtime::turn::next_turn;
use crate::runtime::{Stopper, stoppable};
use crate::share::permalink::{DEFAULT_SEED, Destination};
use crate::ui::components::run_bar::RunBar;
use crate::ui::focus::focus;
use crate::ui::lazy_view::lazy_view;

/// The panel with its button. Everything else in it is loaded when the button is first pressed. Leaving the page stops
/// the run.
pub(crate) fn run_all() -> AnyView {
    let is_wanted = RwSignal::new(false);
    let content = move || match is_wanted.get() {
        true => lazy_view(fetched::load, fetched::all_exercises),
        false => view! { <button class="run" on:click=move |_| is_wanted.set(true)>{RUN_ALL}</button> }.into_any(),
    };
    view! {
        <section class="panel run-all" aria-label="Run all exercises">
            <h2>"Run all"</h2>
            <p class="hint">"Every exercise with its defaults, one after another. It takes about a minute."</p>
            {content}
        </section>
    }
    .into_any()
}

const RUN_ALL: &str = "Run all";

lazy!(mod fetched in pages: all_exercises() -> AnyView);

/// The list of all exercises. They start immediately, because the reader has pressed the button.
fn all_exercises() -> AnyView {
    let all = RunAll::new();
    all.start();
    // The button that had the focus has been removed.
    next_turn(|| focus(".run-all .stop"));
    view! {
        <RunBar
            run_label=RUN_ALL
            can_start=Signal::derive(move || !all.is_running())
            is_running=Signal::derive(move || all.is_running())
            progress=Signal::derive(move || all.progress())
            status=Signal::derive(move || all.sentence())
            state=Signal::derive(move || all.state.get().name())
            on_run=move || all.start()
            on_stop=move || all.stop()
        />
        <ol class="all-runs">
            {move || all.lines.with(|lines| catalogue::all().zip(lines).map(line).collect_view())}
        </ol>
    }
    .into_any()
}

/// The state of all runs together.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Running,
    Finished,
    Stopped,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Stopped => "stopped",
        }
    }
}

/// The state of one exercise.
enum Line {
    Waiting,
    Running,
    Finished(RunSummary),
    Failed(Failure),
    Stopped,
}

impl Line {
    fn name(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Finished(_) => "finished",
            Self::Failed(_) => "failed",
            Self::Stopped => "stopped",
        }
    }

    fn is_over(&self) -> bool {
        matches!(self, Self::Finished(_) | Self::Failed(_))
    }

    fn summary(&self) -> Option<&RunSummary> {
        match self {
            Self::Finished(summary) => Some(summary),
            _ => None,
        }
    }
}

/// The runs of all exercises.
#[derive(Clone, Copy)]
struct RunAll {
    state: RwSignal<State>,
    /// One for each exercise of the catalogue, in its order.
    lines: RwSignal<Vec<Line>>,
    /// Stops the current run.
    stopper: StoredValue<Option<Stopper>, LocalStorage>,
}

impl RunAll {
    fn new() -> Self {
        let all = Self {
            state: RwSignal::new(State::Stopped),
            lines: RwSignal::new(all_waiting()),
            stopper: StoredValue::new_local(None),
        };
        on_cleanup(move || drop(all.stopper.try_update_value(Option::take)));
        all
    }

    fn is_running(self) -> bool {
        self.state.get() == State::Running
    }

    /// The number of exercises that are over, and of all.
    fn progress(self) -> (usize, usize) {
        self.lines.with(|lines| (lines.iter().filter(|line| line.is_over()).count(), lines.len()))
    }

    fn start(self) {
        self.lines.set(all_waiting());
        self.state.set(State::Running);
        let (work, stopper) = stoppable(self.run());
        self.stopper.set_value(Some(stopper));
        leptos::task::spawn_local(work);
    }

    /// Stops the current run. When this returns, nothing of it is left running.
    fn stop(self) {
        drop(self.stopper.try_update_value(Option::take));
        self.lines.update(|lines| {
            let running = lines.iter_mut().filter(|line| matches!(line, Line::Running));
            running.for_each(|line| *line = Line::Stopped);
        });
        self.state.set(State::Stopped);
    }

    /// Runs one exercise after another. The others run even if one fails.
    async fn run(self) {
        for (place, exercise) in catalogue::all().enumerate() {
            self.set_line(place, Line::Running);
            let experiment = Experiment::new(exercise, Settings::defaults(exercise.controls), DEFAULT_SEED);
            let ended = run_to_end(experiment).await;
            self.set_line(place, ended.map_or_else(Line::Failed, Line::Finished));
        }
        self.state.set(State::Finished);
    }

    fn set_line(self, place: usize, line: Line) {
        self.lines.update(|lines| lines[place] = line);
    }

    fn sentence(self) -> String {
        match self.state.get() {
            State::Running => "Running. Press Stop to end it.".to_owned(),
            State::Stopped => "Stopped. Nothing is left running.".to_owned(),
            State::Finished => self.lines.with(|lines| totals(lines)),
        }
    }
}

/// Runs an experiment to its end. Dropping the future stops it.
async fn run_to_end(experiment: Experiment) -> Result<RunSummary, Failure> {
    let site = Rc::new(Site::served_from("static/"));
    experiment.load().await?;
    let (sender, end) = oneshot::channel();
    let on_end = move |result| {
        // It fails if this future was dropped.
        let _ = sender.send(result);
    };
    let running = experiment.clone().start(Rc::clone(&site), on_end).await?;
    let report = end.await.expect("an experiment that is not dropped comes to its end")?;
    let record = running.run().take_record();
    drop(running);
    let ideal = experiment.clone().ideal_in_slices(site).await;
    Ok(RunSummary::new(&experiment, &record, ideal.as_ref(), &report))
}

fn all_waiting() -> Vec<Line> {
    catalogue::all().map(|_| Line::Waiting).collect()
}

/// The result of all runs, in a sentence.
fn totals(lines: &[Line]) -> String {
    let finished = || lines.iter().filter_map(Line::summary);
    let (met, checks) = finished().fold((0, 0), |sum, it| (sum.0 + it.met(), sum.1 + it.checks));
    let (ran, all) = (finished().count(), lines.len());
    format!("Finished: {ran} of {all} exercises ran to their end, and {met} of {checks} checks passed.")
}

fn sentences(summary: &RunSummary) -> String {
    let not_met = match &summary.not_met[..] {
        [] => String::new(),
        claims => format!(" Failed: {}.", claims.join("; ")),
    };
    let gain = summary.gain.as_deref().map(|gain| format!(" {gain}")).unwrap_or_default();
    let hidden = match summary.was_hidden {
        true => " The page was hidden during the run, so its times are too long.",
        false => "",
    };
    format!("{} of {} checks passed.{not_met}{gain}{hidden}", summary.met(), summary.checks)
}

fn line((exercise, line): (&'static Exercise, &Line)) -> AnyView {
    let (state, details) = match line {
        Line::Waiting => ("waiting".to_owned(), String::new()),
        Line::Running => ("running".to_owned(), String::new()),
        Line::Stopped => ("⊘ stopped".to_owned(), String::new()),
        Line::Failed(failure) => ("✕ failed".to_owned(), format!("{}. {}", failure.message, failure.advice)),
        Line::Finished(summary) => (format!("✓ {}", span(summary.wall_us)), sentences(summary)),
    };
    view! {
        <li class=line.name() data-run-all=exercise.slug data-state=line.name()>
            <a href=Destination::from_exercise(exercise).to_string()>{exercise.title}</a>
            <span class="state">{state}</span>
            <span class="details">{details}</span>
        </li>
    }
    .into_any()
}
