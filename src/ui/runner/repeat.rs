//! Runs that are repeated.

use std::time::Duration;

use leptos::prelude::*;

use super::Runner;
use crate::share::quantities::Quantities;
use crate::ui::display::Status;

impl Runner {
    /// Runs this many times, one run after the other. Stop ends all of them.
    pub(in crate::ui) fn repeat(self, times: u32) {
        self.repeats_left.set(times);
        self.start();
    }

    /// Counts the run that has just finished, and starts the next of a series.
    pub(super) fn count_repeat(self) {
        let Some(run) = untrack(|| self.display.saved()) else { return };
        let experiment = run.experiment.clone();
        self.display.same_settings.update(|runs| runs.add(experiment, Quantities::from_run(&run)));
        let left = self.repeats_left.get_untracked().saturating_sub(1);
        self.repeats_left.set(left);
        if left == 0 {
            return;
        }
        if untrack(|| self.display.is_outdated()) {
            // A series has the same settings.
            self.repeats_left.set(0);
        } else {
            let run = self.display.runs.get_untracked();
            set_timeout(move || self.start_next(run), Duration::ZERO);
        }
    }

    /// Starts the next run, unless the reader has started one or has left the page.
    fn start_next(self, after: u32) {
        let is_over = self.display.status.try_with_untracked(Status::has_finished) == Some(true);
        if is_over && self.display.runs.get_untracked() == after && self.repeats_left.get_untracked() > 0 {
            self.start();
        }
    }
}
