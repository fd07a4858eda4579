//! The work after the end of a run: its ideal, its results, and its new status.

use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::{Either, LocalBoxFuture, select};
use futures::{FutureExt, pin_mut};
use leptos::prelude::*;

use super::Runner;
use crate::exercises::exercise::{Failure, NoIdeal};
use crate::exercises::experiment::Experiment;
use crate::measure::report::Report;
use crate::measure::{ClockKind, Record};
use crate::runtime::turn::yield_to_browser;
use crate::share::saved::RunEnding;

/// The work that follows the end of a run.
pub(super) type Finishing = LocalBoxFuture<'static, ()>;

/// Shows how a run has ended. `elapsed_us` is the time since its start, in microseconds.
pub(super) fn finish(runner: Runner, result: Result<Report, Failure>, elapsed_us: u64) -> Finishing {
    runner.finish(result, elapsed_us).boxed_local()
}

impl Runner {
    /// Shows the results, then the new status. The browser gets turns in between: after ten thousand tasks, doing all
    /// of it at once takes long.
    async fn finish(self, result: Result<Report, Failure>, elapsed_us: u64) {
        let read = |record: &Record| (record.end_us(), record.clock() == ClockKind::Browser);
        let (recorded_us, is_measured) = self.display.with_record(read).unwrap_or_default();
        // A program of the reader may have no task that is recorded.
        let is_unrecorded = self.form.exercise.is_readers_program && is_measured && recorded_us == 0;
        let wall_us = if is_unrecorded { elapsed_us } else { recorded_us };
        let ending = match result {
            Ok(mut report) => {
                match self.ideal().await {
                    Ok(ideal) => self.display.set_ideal(ideal),
                    Err(no_ideal) => report.notes.push(no_ideal.to_string()),
                }
                self.display.report.set(Some(Rc::new(report)));
                RunEnding::Finished { wall_us }
            }
            Err(_) if self.asked_to_stop.get_value() == Some(self.display.runs.get_untracked()) => {
                RunEnding::Stopped { after_us: wall_us }
            }
            Err(failure) => RunEnding::failed(wall_us, failure),
        };
        self.display.draw_last_frame();
        yield_to_browser().await;
        self.display.draw_figures();
        yield_to_browser().await;
        let has_finished = matches!(ending, RunEnding::Finished { .. });
        self.display.save(ending);
        if has_finished {
            self.count_repeat();
        } else {
            self.repeats_left.set(0);
        }
    }

    /// The ideal of the run on display. Usually it was computed before the run, as a forecast.
    ///
    /// # Errors
    ///
    /// If the ideal is a second run that cannot be compared with the first, or that Stop has ended.
    async fn ideal(self) -> Result<Option<Rc<Record>>, NoIdeal> {
        let Some(experiment) = self.display.started() else { return Ok(None) };
        if let Some(forecast) = self.display.take_forecast_of(&experiment) {
            return Ok(Some(forecast));
        }
        if experiment.exercise().second_run.is_some() {
            return Ok(self.second_run(experiment).await?.map(Rc::new));
        }
        Ok(experiment.ideal_in_slices(self.site.get_value()).await.map(Rc::new))
    }

    async fn second_run(self, experiment: Experiment) -> Result<Option<Record>, NoIdeal> {
        let Some(first) = self.display.live() else { return Ok(None) };
        let (sender, skipped) = oneshot::channel();
        self.skip_second_run.set_value(Some(sender));
        let second = experiment.ideal_of_run(first);
        pin_mut!(second);
        let ideal = match select(second, skipped).await {
            Either::Left((ideal, _)) => ideal,
            Either::Right(_) => Err(NoIdeal { why: "the second run was stopped".to_owned() }),
        };
        // The page may have been left.
        self.skip_second_run.try_update_value(Option::take);
        ideal
    }

    /// Ends the second run, if one is in progress. False if none is.
    pub(super) fn skip_second_run(self) -> bool {
        let sender = self.skip_second_run.try_update_value(Option::take).flatten();
        // It fails if the second run has just ended.
        sender.map(|sender| sender.send(())).is_some()
    }
}
