//! The timeline before there is a run: the forecast, the last run, the axis on which the reader predicts, or only the
//! names of the parts. During a run, the same for the parts that have not started.

use leptos::prelude::*;

use super::read_tracks;
use crate::figures::timeline;
use crate::measure::segments::TaskHistories;
use crate::measure::{Record, TaskId};
use crate::share::date;
use crate::share::permalink::Setup;
use crate::ui::charts::painter::Painter;
use crate::ui::display::Display;
use crate::ui::display::before::Outlined;
use crate::ui::display::chart::Chart;
use crate::ui::display::cursor::Axis;

impl Chart {
    /// Draws what is known before a run. If that is nothing, there is nothing to read on an axis, so there is none.
    pub(super) fn draw_before(self, painter: Painter) {
        if untrack(|| self.display.open_question()).is_some() {
            painter.axis();
            if let Some(us) = self.display.said_us.get_untracked() {
                painter.answer(us);
            }
        } else if let Some(outlined) = untrack(|| self.display.outlined()) {
            painter.axis();
            self.draw_outlined(&painter.pale(), outlined.record());
        }
    }

    fn draw_outlined(self, painter: &Painter, record: &Record) {
        let end_us = record.end_us();
        self.histories.with_value(|histories| {
            let lanes = self.lanes(histories);
            painter.grid(&lanes);
            read_tracks(self.drawn, histories, &lanes);
            self.drawn.with_value(|tracks| painter.tasks(record, histories, tracks, end_us, &lanes));
            painter.outlines(histories, end_us, &lanes);
            self.marks(painter, histories, &lanes);
            painter.frames_around(histories, self.display.chosen.get_untracked().as_slice(), end_us, &lanes);
        });
    }

    /// Draws the forecast of the parts that have not started in the run of these histories.
    pub(super) fn draw_parts_to_come(self, painter: &Painter, histories: &TaskHistories) {
        let expected = untrack(|| self.display.expected());
        // Among all tasks of the run there is no place for what has not happened.
        let Some(forecast) = expected.filter(|_| self.axis.get_untracked() == Axis::Aligned) else { return };
        let lanes = self.lanes_of_parts(forecast.histories(), |name| histories.part_named(name).is_none());
        if lanes.is_empty() {
            return;
        }
        let (painter, record) = (painter.clone().pale(), forecast.record());
        painter.grid(&lanes);
        read_tracks(self.drawn_forecast, forecast.histories(), &lanes);
        self.drawn_forecast.with_value(|tracks| {
            painter.tasks(record, forecast.histories(), tracks, record.end_us(), &lanes);
        });
        painter.outlines(forecast.histories(), record.end_us(), &lanes);
    }

    /// A task of the outline, in words.
    pub(super) fn words_before(self, task: TaskId) -> Option<String> {
        let outlined = untrack(|| self.display.outlined())?;
        let history = self.histories.with_value(|histories| *histories.task(task));
        let words = timeline::words(outlined.record(), task, &history, outlined.record().end_us());
        Some(match outlined {
            Outlined::Forecast(..) => format!("Forecast: {words}"),
            Outlined::LastRun(..) => format!("Your last run: {words}"),
        })
    }
}

/// The caption of the outline.
pub(super) fn caption_before(display: Display) -> Option<String> {
    Some(match untrack(|| display.outlined())? {
        Outlined::Forecast(_, forecast) => timeline::caption_of_forecast(&forecast.metrics),
        Outlined::LastRun(_, run) => {
            let experiment = run.experiment;
            let settings = experiment.settings.clone();
            let setup = Setup { settings, seed: experiment.seed, ..Setup::new(experiment.exercise()) };
            format!(
                "The outline is your last run, which ended on {}, with these settings: {}. Press Run to start a new one.",
                date::in_words(run.finished_at_ms),
                setup.in_words(),
            )
        }
    })
}
