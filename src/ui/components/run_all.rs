//! Every lesson at its defaults, one after the other, with a line for each: what came of it and how many of its checks
//! hold.

use std::rc::Rc;

use futures::channel::oneshot;
use leptos::prelude::*;

use crate::exercises::catalogue;
use crate::exercises::compared::Compared;
use crate::exercises::controls::Settings;
use crate::exercises::exercise::{Exercise, Failure};
use crate::exercises::experiment::{self, Experiment, ideal_in_slices};
use crate::exercises::properties::Property;
use crate::exercises::site::Site;
use crate::lazy::lazy;
use crate::measure::Record;
use crate::measure::report::Report;
use crate::measure::spans::Spans;
use crate::measure::units::span as in_words;
use crate::measure::validation::Verdict;
use crate::runtime::turn::next_turn;
use crate::runtime::{Run, Stopper, stoppable};
use crate::share::permalink::{DEFAULT_SEED, Destination};
use crate::ui::components::run_bar::{RunBar, run_bar};
use crate::ui::focus::focus;
use crate::ui::late::late;
use crate::ui::lean::{a, button, flag, h2, li, ol, p, part, section, span, text};

/// The panel with its button. Leaving it stops what is under way. All else in it is fetched when the button is first
/// pressed.
pub(crate) fn run_all() -> AnyView {
    let is_wanted = RwSignal::new(false);
    let content = move || match is_wanted.get() {
        true => late(fetched::load(), fetched::tour),
        false => button().class("run").on_click(move || is_wanted.set(true)).text(RUN_ALL).view(),
    };
    section()
        .class("panel run-all")
        .attr("aria-label", "Run all exercises")
        .el(h2().text("Run all"))
        .el(p().class("hint").text("Every exercise with its defaults, one after the other. It takes about a minute."))
        .add(part(content))
        .view()
}

const RUN_ALL: &str = "Run all";

lazy!(mod fetched in all: tour() -> AnyView);

/// All lessons, under way at once, since somebody wanted to see them.
fn tour() -> AnyView {
    let tour = Tour::new();
    tour.start();
    // The button that was pressed is gone, and the focus with it.
    next_turn(|| focus(".run-all .stop"));
    let done = move || tour.stands.with(|stands| (stands.iter().filter(|it| it.is_over()).count(), stands.len()));
    let bar = run_bar(RunBar {
        run_label: RUN_ALL,
        can_start: flag(move || !tour.is_under_way()),
        is_running: flag(move || tour.is_under_way()),
        progress: Box::new(done),
        status: text(move || tour.sentence()),
        state: text(move || tour.state.with(|state| state.name().to_owned())),
        on_run: Box::new(move || tour.start()),
        on_stop: Box::new(move || tour.stop()),
    });
    let lines = move || {
        let lines = tour.stands.with(|stands| catalogue::all().zip(stands).map(line).collect::<Vec<_>>());
        ol().class("tour").add_all(lines).view()
    };
    [bar, part(lines)].into_any()
}

/// Where all of it stands.
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

/// Where one lesson stands.
enum Stand {
    Waiting,
    Running,
    Finished(Finished),
    Failed(Failure),
    Stopped,
}

/// What came of a lesson.
struct Finished {
    wall_us: u64,
    was_hidden: bool,
    /// How many checks there are, and what those claim that do not hold.
    checks: usize,
    broken: Vec<String>,
    /// What concurrency gained, if that was the question.
    gain: Option<String>,
}

impl Stand {
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
}

/// All lessons, under way or not.
#[derive(Clone, Copy)]
struct Tour {
    state: RwSignal<State>,
    /// One for each lesson, in the order of the catalogue.
    stands: RwSignal<Vec<Stand>>,
    /// The run of the lesson that is under way.
    run: StoredValue<Option<Run>, LocalStorage>,
    under_way: StoredValue<Option<Stopper>, LocalStorage>,
}

impl Tour {
    fn new() -> Self {
        let tour = Self {
            state: RwSignal::new(State::Stopped),
            stands: RwSignal::new(all_waiting()),
            run: StoredValue::new_local(None),
            under_way: StoredValue::new_local(None),
        };
        let listener = window_event_listener_untyped("visibilitychange", move |_| tour.note_whether_hidden());
        on_cleanup(move || {
            listener.remove();
            drop(tour.under_way.try_update_value(Option::take));
        });
        tour
    }

    fn is_under_way(self) -> bool {
        self.state.with(|state| *state == State::Running)
    }

    fn start(self) {
        self.stands.set(all_waiting());
        self.state.set(State::Running);
        let (work, stopper) = stoppable(self.go());
        self.under_way.set_value(Some(stopper));
        leptos::task::spawn_local(work);
    }

    /// Nothing is left running when it returns.
    fn stop(self) {
        drop(self.under_way.try_update_value(Option::take));
        self.run.set_value(None);
        self.stands.update(|stands| {
            let running = stands.iter_mut().filter(|stand| matches!(stand, Stand::Running));
            running.for_each(|stand| *stand = Stand::Stopped);
        });
        self.state.set(State::Stopped);
    }

    /// One lesson after the other. One that fails keeps none of the others from running.
    async fn go(self) {
        for (place, exercise) in catalogue::all().enumerate() {
            self.put(place, Stand::Running);
            let ended = self.run_one(exercise).await;
            self.put(place, ended.map_or_else(Stand::Failed, Stand::Finished));
        }
        self.run.set_value(None);
        self.state.set(State::Finished);
    }

    fn put(self, place: usize, stand: Stand) {
        self.stands.update(|stands| stands[place] = stand);
    }

    async fn run_one(self, exercise: &'static Exercise) -> Result<Finished, Failure> {
        let (settings, site) = (Settings::defaults(exercise.controls), Rc::new(Site::served_from("static/")));
        experiment::load().await?;
        (exercise.load)(Run::in_browser(DEFAULT_SEED), settings.clone()).await?;
        let (told, end) = oneshot::channel();
        let on_end = move |result| {
            // It fails when nobody waits any more.
            let _ = told.send(result);
        };
        let experiment = Experiment::begin(exercise, settings.clone(), DEFAULT_SEED, Rc::clone(&site), on_end).await?;
        let run = experiment.run().clone();
        self.run.set_value(Some(run.clone()));
        self.note_whether_hidden();
        let report = end.await.expect("an experiment that is kept comes to its end")?;
        drop(experiment);
        let ideal = match exercise.has_ideal {
            true => ideal_in_slices(exercise, settings.clone(), DEFAULT_SEED, site).await,
            false => None,
        };
        Ok(Finished::of(exercise, &settings, &run.record(), ideal.as_ref(), &report))
    }

    fn note_whether_hidden(self) {
        if document().hidden() {
            self.run.try_with_value(|run| {
                if let Some(run) = run {
                    run.mark_hidden();
                }
            });
        }
    }

    fn sentence(self) -> String {
        match self.state.get() {
            State::Running => "Running. Stop ends it at once.".to_owned(),
            State::Stopped => "Stopped. Nothing is left running.".to_owned(),
            State::Finished => self.stands.with(|stands| in_short(stands)),
        }
    }
}

impl Finished {
    fn of(exercise: &Exercise, settings: &Settings, record: &Record, ideal: Option<&Record>, report: &Report) -> Self {
        let spans = Spans::from_record(record);
        let ideal = ideal.map(|ideal| (ideal, Spans::from_record(ideal)));
        let ideal = ideal.as_ref().map(|(ideal, spans)| (*ideal, spans));
        let compared = Compared::all(exercise, settings, Some((record, &spans)), record.end_us(), ideal);
        let whole = Property::all(exercise, settings, record, &compared).into_iter().map(|it| (it.claim, it.holds));
        let parts = report.checks.iter().map(|it| (it.claim.clone(), it.is_as_meant()));
        let validations = report.validations.iter().filter(|it| it.verdict != Verdict::Lacking);
        let validations = validations.map(|it| (it.promise.to_string(), it.verdict == Verdict::Passed));
        let checks: Vec<_> = whole.chain(parts).chain(validations).collect();
        Self {
            wall_us: record.end_us(),
            was_hidden: record.hidden_at_us().is_some(),
            checks: checks.len(),
            broken: checks.into_iter().filter_map(|(claim, holds)| (!holds).then_some(claim)).collect(),
            gain: compared.iter().find(|it| it.speed_up().is_some()).and_then(Compared::sentence),
        }
    }

    fn holding(&self) -> usize {
        self.checks - self.broken.len()
    }

    fn sentences(&self) -> String {
        let broken = match &self.broken[..] {
            [] => String::new(),
            broken => format!(" Not so: {}.", broken.join("; ")),
        };
        let gain = self.gain.as_deref().map(|gain| format!(" {gain}")).unwrap_or_default();
        let hidden = match self.was_hidden {
            true => " The page was hidden meanwhile, so its times are too long.",
            false => "",
        };
        format!("{} of {} checks hold.{broken}{gain}{hidden}", self.holding(), self.checks)
    }
}

fn all_waiting() -> Vec<Stand> {
    catalogue::all().map(|_| Stand::Waiting).collect()
}

fn in_short(stands: &[Stand]) -> String {
    let finished = || stands.iter().filter_map(|stand| if let Stand::Finished(it) = stand { Some(it) } else { None });
    let (holding, of) = finished().fold((0, 0), |sum, it| (sum.0 + it.holding(), sum.1 + it.checks));
    let (ran, all) = (finished().count(), stands.len());
    format!("Finished: {ran} of {all} exercises ran to their end, and {holding} of {of} checks hold.")
}

fn line((exercise, stand): (&'static Exercise, &Stand)) -> AnyView {
    let (told, more) = match stand {
        Stand::Waiting => ("waiting".to_owned(), String::new()),
        Stand::Running => ("running".to_owned(), String::new()),
        Stand::Stopped => ("⊘ stopped".to_owned(), String::new()),
        Stand::Failed(failure) => ("✕ failed".to_owned(), format!("{}. {}", failure.message, failure.advice)),
        Stand::Finished(finished) => (format!("✓ {}", in_words(finished.wall_us)), finished.sentences()),
    };
    li().class(stand.name())
        .attr("data-run-all", exercise.slug)
        .attr("data-state", stand.name())
        .el(a().attr("href", Destination::from_exercise(exercise).to_string()).text(exercise.title))
        .el(span().class("told").text(told))
        .el(span().class("more").text(more))
        .view()
}
