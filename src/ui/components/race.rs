//! The run of the first page: its controls, its code, and its parts as a race. Before it has run, and when a control has
//! changed, the race shows the forecast. A change of a control also runs it again.

use std::time::Duration;

use leptos::leptos_dom::helpers::set_timeout_with_handle;
use leptos::prelude::*;

use crate::exercises::experiment::Experiment;
use crate::figures::lanes::{LaneTask, PartLanes};
use crate::figures::node::Node;
use crate::figures::race::{Forecast, RaceTrack, race as drawn_race};
use crate::frame::first_run::{self, PARTS};
use crate::measure::Record;
use crate::measure::segments::TaskHistories;
use crate::share::permalink::{Destination, Setup};
use crate::ui::components::controls::visible_controls;
use crate::ui::components::excerpt::excerpt;
use crate::ui::components::lab_bar::lab_bar;
use crate::ui::drawing::drawing;
use crate::ui::lazy_view::in_turn;
use crate::ui::runner::Runner;

/// The first run begins this long after the page is shown: the reader sees the forecast first, and the browser has time
/// for the rest of the page.
const BEGINS_AFTER: Duration = Duration::from_millis(600);

/// Another run begins this long after the last change of a control.
const SETTLES_AFTER: Duration = Duration::from_millis(350);

/// The run, which also starts by itself.
pub(crate) fn race() -> AnyView {
    let race = Race::new(first_run::setup());
    race.use_runs();
    view! {
        <section class="first-run" aria-label="Three waits: in sequence, then concurrently">
            {lab_bar(race.runner)}
            {visible_controls(race.runner.form)}
            {in_turn(move || program(race))}
            {in_turn(move || (move || race.figure().map(drawing)).into_any())}
        </section>
    }
    .into_any()
}

/// The code.
fn program(race: Race) -> AnyView {
    let exercise = race.runner.display.exercise;
    let of_task = move |part: &str, kind: &str| race.task(part, kind);
    let link = Destination::from_exercise(exercise).to_string();
    view! {
        <div class="program">
            {excerpt(exercise, of_task)}
            <p class="hint">{first_run::IN_PYTHON} " " <a href=link>{first_run::MORE}</a></p>
        </div>
    }
    .into_any()
}

#[derive(Clone, Copy)]
struct Race {
    runner: Runner,
    /// The lanes of the run on display.
    lanes: Memo<PartsLanes>,
}

/// The lanes of each part. A part that has not started has none.
type PartsLanes = [Option<PartLanes>; PARTS.len()];

fn lanes_of(record: &Record, histories: &TaskHistories, now_us: u64) -> PartsLanes {
    PARTS.map(|part| PartLanes::of_part(record, histories, part.task, now_us))
}

impl Race {
    fn new(setup: Setup) -> Self {
        let runner = Runner::new(setup);
        let display = runner.display;
        let read = StoredValue::new_local((0, TaskHistories::default()));
        let lanes = Memo::new(move |_| {
            display.frame.track();
            let run = display.runs.get();
            let lanes = display.with_record(|record| {
                read.update_value(|(of_run, histories)| {
                    if *of_run != run {
                        (*of_run, *histories) = (run, TaskHistories::default());
                    }
                    histories.read(record);
                });
                read.with_value(|(_, histories)| lanes_of(record, histories, display.now_us()))
            });
            lanes.unwrap_or_default()
        });
        Self { runner, lanes }
    }

    /// Runs once by itself. A change of a control stops the run, so that the forecast of the new settings is shown. They
    /// are run when they do not change any more.
    fn use_runs(self) {
        let form = self.runner.form;
        let begin = set_timeout_with_handle(move || self.run_first(), BEGINS_AFTER);
        let timer = StoredValue::new_local(begin.ok());
        let clear = move || {
            if let Some(timer) = timer.try_update_value(Option::take).flatten() {
                timer.clear();
            }
        };
        Effect::new(move |before: Option<Experiment>| {
            let now = form.experiment();
            if before.is_some_and(|before| !before.has_same_settings(&now)) {
                clear();
                if untrack(|| self.runner.display.is_running()) {
                    self.runner.stop();
                }
                timer.set_value(set_timeout_with_handle(move || self.runner.start(), SETTLES_AFTER).ok());
            }
            now
        });
        on_cleanup(clear);
    }

    /// Runs, unless the reader has already started a run.
    fn run_first(self) {
        if self.runner.display.runs.get_untracked() == 0 {
            self.runner.start();
        }
    }

    /// True if no run with the current settings has begun.
    fn is_forecast(self) -> bool {
        self.runner.display.runs.get() == 0 || self.runner.display.is_outdated()
    }

    fn figure(self) -> Option<Node> {
        let display = self.runner.display;
        display.digest.track();
        let is_forecast = self.is_forecast();
        let experiment = if is_forecast { self.runner.form.experiment() } else { display.experiment() };
        let compared = if is_forecast { experiment.compared(None, 0, None) } else { display.compared() };
        let mut compared = compared.into_iter().next()?;
        let lanes = if is_forecast { PartsLanes::default() } else { self.lanes.get() };
        let forecast = display.forecast_of(&experiment);
        let forecast =
            forecast.map(|it| lanes_of(it.record(), it.histories(), it.record().end_us())).unwrap_or_default();
        let is_default = experiment.has_same_settings(&first_run::experiment());
        let tracks = PARTS.into_iter().zip(&lanes).zip(&mut compared.bars).enumerate();
        let tracks = tracks.map(|(place, ((part, lanes), bar))| {
            let (forecast, ideal_us) = match &forecast[place] {
                Some(lanes) => (Forecast::Lanes(lanes), Some(lanes.length_us)),
                None if is_default => (part.picture(), Some(part.ideal_us)),
                None => (Forecast::None, None),
            };
            bar.ideal_us = bar.ideal_us.or(ideal_us);
            RaceTrack { rows: part.rows, forecast, lanes: lanes.as_ref() }
        });
        let tracks: Vec<_> = tracks.collect();
        let unfinished = if is_forecast { first_run::FORECAST } else { first_run::RUNNING };
        Some(drawn_race(&compared, &tracks, compared.scale_us(), unfinished))
    }

    /// The task of this kind in this part of the run on display.
    fn task(self, part: &str, kind: &str) -> Option<LaneTask> {
        if self.is_forecast() {
            return None;
        }
        let place = PARTS.iter().position(|it| it.task == part)?;
        self.lanes.with(|lanes| lanes[place].as_ref()?.tasks().iter().find(|task| task.kind == kind).cloned())
    }
}
