//! What a run is held against, and runs that are repeated.

use std::mem;
use std::time::Duration;

use leptos::prelude::*;

use super::{Lab, Status};
use crate::exercises::controls::Settings;
use crate::share::history::RunId;
use crate::share::quantities::Quantities;
use crate::ui::kept;

/// What the runs of a page are held against.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::ui) struct Beside {
    /// What it is, at the beginning of a sentence.
    pub(in crate::ui) title: &'static str,
    /// What it is, in a word at a bar.
    pub(in crate::ui) word: &'static str,
    /// What was measured of it.
    pub(in crate::ui) measured: Quantities,
    /// Which of the runs that are kept it is, if it is one.
    pub(in crate::ui) id: Option<RunId>,
}

impl Beside {
    /// A run that the reader has pinned.
    pub(in crate::ui) fn pinned(id: RunId, measured: Quantities) -> Self {
        Self { title: "The pinned run", word: "pinned", measured, id: Some(id) }
    }

    /// The run of whoever sent the link.
    pub(in crate::ui) fn senders(measured: Quantities) -> Self {
        Self { title: "The sender's run", word: "sender's", measured, id: None }
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

    /// Counts the run that has just finished among those alike, and begins the next of a series.
    pub(super) fn count_repeat(self) {
        let Some(run) = self.saved() else { return };
        let of = Some((run.settings.clone(), run.seed));
        self.alike.update(|alike| {
            if alike.of != of {
                *alike = Alike { of, measured: Quantities::default() };
            }
            alike.measured.add(Quantities::from_run(&run));
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
        let is_over = self.status.try_with_untracked(Status::has_finished) == Some(true);
        if is_over && self.runs.get_untracked() == after && self.repeats_left.get_untracked() > 0 {
            self.start();
        }
    }

    /// Holds the runs to come against this one and those alike. From now on others are counted: no run stands beside
    /// itself.
    pub(in crate::ui) fn pin(self) {
        let Some(run) = self.saved() else { return };
        let Alike { measured, .. } = self.alike.try_update_untracked(mem::take).unwrap_or_default();
        // A run that was opened is not among those alike.
        let measured = if self.is_opened.get_untracked() { Quantities::from_run(&run) } else { measured };
        let id = RunId::from_run(&run);
        self.beside.set(Some(Beside::pinned(id.clone(), measured.clone())));
        leptos::task::spawn_local(kept::pin(id, measured));
    }

    /// Lets go of what the runs are held against.
    pub(in crate::ui) fn unpin(self) {
        if let Some(id) = self.beside.get_untracked().and_then(|beside| beside.id) {
            leptos::task::spawn_local(kept::unpin(id));
        }
        self.beside.set(None);
        self.sent.set(None);
    }

    /// Holds the runs against the one that is pinned from an earlier visit, unless there is another already. The first
    /// run waits for it, so that nothing of it falls into what is measured.
    pub(super) async fn find_pinned(self) {
        if self.has_looked.try_get_value() != Some(false) {
            return;
        }
        self.has_looked.set_value(true);
        if let Some((id, measured)) = kept::pinned(self.exercise.slug).await
            && self.beside.try_with_untracked(Option::is_none) == Some(true)
        {
            self.beside.set(Some(Beside::pinned(id, measured)));
        }
    }
}
