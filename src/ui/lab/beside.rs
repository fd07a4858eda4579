//! What a run is held against, and runs that are repeated.

use std::time::Duration;

use leptos::prelude::*;

use super::{Lab, Status};
use crate::exercises::compared::Compared;
use crate::exercises::controls::Settings;
use crate::share::quantities::Quantities;

/// What the runs of a page are held against.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Beside {
    /// What it is, at the beginning of a sentence.
    pub(in crate::ui) title: &'static str,
    /// What it is, in a word at a bar.
    pub(in crate::ui) word: &'static str,
    /// What was measured of it.
    pub(in crate::ui) measured: Quantities,
}

impl Beside {
    /// A run that the reader has pinned.
    pub(in crate::ui) fn pinned(measured: Quantities) -> Self {
        Self { title: "The pinned run", word: "pinned", measured }
    }

    /// The run of whoever sent the link.
    pub(in crate::ui) fn senders(measured: Quantities) -> Self {
        Self { title: "The sender's run", word: "sender's", measured }
    }
}

/// What was measured with the same settings and seed.
#[derive(Clone, Debug, Default)]
pub(in crate::ui) struct Alike {
    /// What they were.
    of: Option<(Settings, u64)>,
    /// All runs alike.
    pub(in crate::ui) measured: Quantities,
}

impl Lab {
    /// Runs so many times, one run after the other. Stop ends all of them.
    pub(in crate::ui) fn repeat(self, times: u32) {
        self.repeats_left.set(times);
        self.start();
    }

    /// What was measured of the run on display.
    pub(in crate::ui) fn measured(self) -> Quantities {
        untrack(|| {
            let figures = self.figures().unwrap_or_default();
            let compared: Vec<Compared> = self.compared();
            self.report.with(|report| Quantities::of(&compared, &figures, report.as_ref()))
        })
    }

    /// Counts the run that has just finished among those alike, and begins the next of a series.
    pub(super) fn count_repeat(self) {
        let (of, run) = (self.ran_with.get_untracked(), self.measured());
        self.alike.update(|alike| {
            if alike.of != of {
                *alike = Alike { of, measured: Quantities::default() };
            }
            alike.measured.add(run);
        });
        let left = self.repeats_left.get_untracked().saturating_sub(1);
        self.repeats_left.set(left);
        if left == 0 {
            return;
        }
        if untrack(|| self.is_outdated()) {
            // Runs of other settings are not alike.
            self.repeats_left.set(0);
        } else {
            let run = self.runs.get_untracked();
            set_timeout(move || self.begin_next(run), Duration::ZERO);
        }
    }

    /// Begins the next run, unless the reader was quicker or has left the page.
    fn begin_next(self, after: u32) {
        let is_over = self.status.try_with_untracked(|status| matches!(status, Status::Finished { .. })) == Some(true);
        if is_over && self.runs.get_untracked() == after && self.repeats_left.get_untracked() > 0 {
            self.start();
        }
    }

    /// Holds the runs to come against this one and those alike. From now on others are counted: no run stands beside
    /// itself.
    pub(in crate::ui) fn pin(self) {
        let Alike { measured, .. } = self.alike.take_untracked();
        self.beside.set(Some(Beside::pinned(measured)));
    }

    /// Lets go of what the runs are held against.
    pub(in crate::ui) fn unpin(self) {
        self.beside.set(None);
        self.sent.set(None);
    }
}
