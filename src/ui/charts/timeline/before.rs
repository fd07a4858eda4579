//! The timeline before there is a run: the forecast, the last run, the axis on which the reader predicts, or only the
//! names of the parts.

use leptos::prelude::*;

use crate::figures::timeline;
use crate::measure::{Record, TaskId};
use crate::share::date;
use crate::share::permalink::Setup;
use crate::ui::charts::painter::Painter;
use crate::ui::display::Display;
use crate::ui::display::before::Outlined;
use crate::ui::display::chart::Chart;

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
            self.read_tracks(histories, &lanes);
            self.drawn.with_value(|tracks| painter.tasks(record, histories, tracks, end_us, &lanes));
            painter.outlines(histories, end_us, &lanes);
            self.marks(painter, histories, &lanes);
            painter.frames_around(histories, self.display.chosen.get_untracked().as_slice(), end_us, &lanes);
        });
    }

    /// A task of what is outlined, in words.
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

/// What is outlined, in words.
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
