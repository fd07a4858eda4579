//! The outline before the first run: the forecast for the settings, or else the outline of the last run, and the
//! question of the exercise.

use std::rc::Rc;

use leptos::prelude::*;

use super::{Display, Ideal, Status};
use crate::exercises::compared::Compared;
use crate::exercises::experiment::Experiment;
use crate::exercises::question::Question;
use crate::measure::Record;
use crate::measure::metrics::Metrics;
use crate::measure::segments::TaskHistories;
use crate::share::saved::SavedRun;

/// The ideal of an experiment that has not run, with what the timeline needs of it.
pub(in crate::ui) struct Forecast {
    experiment: Experiment,
    pub(super) ideal: Rc<Ideal>,
    histories: TaskHistories,
    pub(in crate::ui) metrics: Metrics,
}

impl Forecast {
    /// Reads the record. With tens of thousands of tasks, this takes a few frames.
    pub(in crate::ui) fn new(experiment: Experiment, record: Record) -> Self {
        Self {
            experiment,
            histories: TaskHistories::from_record(&record),
            metrics: Metrics::from_record(&record),
            ideal: Rc::new(Ideal::new(Rc::new(record))),
        }
    }

    pub(in crate::ui) fn record(&self) -> &Record {
        &self.ideal.record
    }

    pub(in crate::ui) fn histories(&self) -> &TaskHistories {
        &self.histories
    }
}

/// The outline in the timeline before the first run, with its number.
pub(in crate::ui) enum Outlined {
    /// The ideal of the form's experiment.
    Forecast(u32, Rc<Forecast>),
    /// The last saved run of the exercise.
    LastRun(u32, SavedRun),
}

impl Outlined {
    /// Its number, from 1 on: the next one has another.
    pub(in crate::ui) fn number(&self) -> u32 {
        let (Self::Forecast(number, _) | Self::LastRun(number, _)) = self;
        *number
    }

    pub(in crate::ui) fn record(&self) -> &Record {
        match self {
            Self::Forecast(_, forecast) => forecast.record(),
            Self::LastRun(_, run) => &run.record,
        }
    }

    pub(in crate::ui) fn histories(&self) -> TaskHistories {
        match self {
            Self::Forecast(_, forecast) => forecast.histories.clone(),
            Self::LastRun(_, run) => TaskHistories::from_record(&run.record),
        }
    }
}

impl Display {
    /// The forecast for the run on display or the next one, until the run has an ideal of its own. It is hidden while
    /// the reader predicts.
    pub(in crate::ui) fn expected(self) -> Option<Rc<Forecast>> {
        let forecast = self.forecast.get()?;
        let is_expected = match *self.status.read() {
            // For a moment it may be that of the previous settings. Without it the page would flicker.
            Status::Ready => true,
            Status::Running => forecast.experiment.has_same_settings(&self.experiment()),
            Status::Over(_) => false,
        };
        Some(forecast).filter(|_| is_expected && self.question().is_none())
    }

    /// The forecast, if it is that of this experiment.
    pub(in crate::ui) fn forecast_of(self, experiment: &Experiment) -> Option<Rc<Forecast>> {
        self.forecast.get().filter(|it| it.experiment.has_same_settings(experiment))
    }

    /// The comparisons of the form's experiment, which has not run. They have the ideals of the forecast.
    pub(in crate::ui) fn forecast_of_form(self) -> Vec<Compared> {
        let experiment = self.form.experiment();
        let forecast = self.forecast_of(&experiment);
        experiment.compared(None, 0, forecast.as_ref().map(|it| it.ideal.parts()))
    }

    /// Tracks whatever changes what is outlined, until there is a run.
    pub(in crate::ui) fn track_outlined(self) {
        self.said_us.track();
        if self.with_record(|_| ()).is_none() {
            self.forecast.track();
            self.last_run.track();
            self.form.predicts.track();
        }
    }

    /// True if the timeline shows a forecast.
    pub(in crate::ui) fn is_forecast(self) -> bool {
        self.runs.track();
        self.digest.track();
        matches!(self.outlined(), Some(Outlined::Forecast(..)))
    }

    /// The question about the settings on display.
    pub(in crate::ui) fn question_of_settings(self) -> Option<Question> {
        (self.exercise.question?)(&self.experiment().settings)
    }

    /// The question about the first run, if it is switched on. It stays until the second run.
    pub(in crate::ui) fn question(self) -> Option<Question> {
        let is_asked = self.form.predicts.get() && self.runs.get() < 2 && !self.is_opened.get();
        is_asked.then(|| self.question_of_settings()).flatten()
    }

    /// The question, while the reader can answer it.
    pub(in crate::ui) fn open_question(self) -> Option<Question> {
        self.question().filter(|_| self.status.with(|status| *status == Status::Ready))
    }

    /// The outline before the first run, which the timeline draws.
    pub(in crate::ui) fn outlined(self) -> Option<Outlined> {
        if self.with_record(|_| ()).is_some() {
            return None;
        }
        let number = self.outlines.get_value();
        match self.expected() {
            Some(forecast) => Some(Outlined::Forecast(number, forecast)),
            None => self.last_run().map(|run| Outlined::LastRun(number, run)),
        }
    }

    /// The last saved run, while nothing else can be shown.
    pub(super) fn last_run(self) -> Option<SavedRun> {
        let is_ready = self.status.with(|status| *status == Status::Ready);
        self.last_run.get().filter(|_| is_ready && self.forecast.with(Option::is_none) && self.question().is_none())
    }

    /// True if there is no run on display and the last one was not read yet.
    pub(in crate::ui) fn may_show_last_run(self) -> bool {
        // A program may have changed since its last run.
        !self.exercise.is_readers_program
            && self.status.with_untracked(|status| *status == Status::Ready)
            && self.last_run.with_untracked(Option::is_none)
    }
}

/// The methods that change it.
impl Display {
    /// Outlines the last saved run of the exercise, if there will be no forecast.
    pub(in crate::ui) fn set_last_run(self, run: SavedRun) {
        self.outlines.update_value(|outlines| *outlines += 1);
        self.last_run.set(Some(run));
    }

    /// Shows the ideal of an experiment that may be started next.
    pub(in crate::ui) fn set_forecast(self, forecast: Option<Forecast>) {
        if forecast.is_none() && self.forecast.with_untracked(Option::is_none) {
            return;
        }
        self.outlines.update_value(|outlines| *outlines += 1);
        if self.status.with_untracked(|status| *status == Status::Ready) {
            // It is a task of the forecast before.
            self.chosen.set(None);
        }
        self.forecast.set(forecast.map(Rc::new));
    }

    /// Switches the question on or off.
    pub(in crate::ui) fn show_question(self, is_shown: bool) {
        self.chosen.set(None);
        self.said_us.set(None);
        self.form.predicts.set(is_shown);
    }

    /// Takes the record of the forecast for an experiment, if there is one.
    pub(in crate::ui) fn take_forecast_of(self, experiment: &Experiment) -> Option<Rc<Record>> {
        let forecast = self.forecast.try_update(Option::take).flatten()?;
        forecast.experiment.has_same_settings(experiment).then(|| Rc::clone(&forecast.ideal.record))
    }
}
