//! The run that the next runs are compared with.

use std::mem;

use leptos::prelude::*;

use super::Runner;
use crate::share::history::RunId;
use crate::share::quantities::Quantities;
use crate::ui::display::baseline::Baseline;
use crate::ui::history;

impl Runner {
    /// Compares the next runs with this one and those with the same settings. The next runs are counted separately: a
    /// run is not compared with itself.
    pub(in crate::ui) fn pin(self) {
        let Some(run) = untrack(|| self.display.saved()) else { return };
        let runs = self.display.same_settings.try_update_untracked(mem::take).unwrap_or_default();
        // An opened run is not one of the counted runs.
        let is_opened = untrack(|| self.display.is_opened());
        let measured = if is_opened { Quantities::from_run(&run) } else { runs.measured };
        let id = RunId::from_run(&run);
        self.display.baseline.set(Some(Baseline::pinned(id.clone(), measured.clone())));
        leptos::task::spawn_local(history::pin(id, measured));
    }

    /// Ends the comparison.
    pub(in crate::ui) fn unpin(self) {
        if let Some(id) = self.display.baseline.get_untracked().and_then(|baseline| baseline.id) {
            leptos::task::spawn_local(history::unpin(id));
        }
        self.display.baseline.set(None);
        self.form.sent.set(None);
    }

    /// Compares the runs with the one that was pinned on an earlier visit, unless there is another baseline already.
    /// The first run starts after this, so that no measurement includes the search.
    pub(super) async fn find_pinned(self) {
        if self.has_looked_for_pinned.try_get_value() != Some(false) {
            return;
        }
        self.has_looked_for_pinned.set_value(true);
        if let Some((id, measured)) = history::pinned(self.form.exercise.slug).await
            && self.display.baseline.try_with_untracked(Option::is_none) == Some(true)
        {
            self.display.baseline.set(Some(Baseline::pinned(id, measured)));
        }
    }
}
