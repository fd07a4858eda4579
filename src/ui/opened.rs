//! A run that is opened, from wherever it comes: it leads to the page of its exercise, which shows it.

use std::cell::RefCell;

use crate::exercises::exercise::Exercise;
use crate::share::saved::SavedRun;
use crate::ui::address::go_to;

thread_local! {
    /// The run that is on its way to its page.
    static ON_ITS_WAY: RefCell<Option<SavedRun>> = const { RefCell::new(None) };
}

/// Opens a run: a fresh page of its exercise, set up as it was, shows it.
pub(super) fn open(saved: SavedRun) {
    let place = saved.destination();
    ON_ITS_WAY.set(Some(saved));
    go_to(&place);
}

/// The run that a page of this exercise is to show, once.
pub(super) fn take(exercise: &Exercise) -> Option<SavedRun> {
    ON_ITS_WAY.take().filter(|saved| saved.exercise.slug == exercise.slug)
}
