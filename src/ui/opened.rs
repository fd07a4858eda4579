//! A run that is opened, from a file or from the saved runs: the page of its exercise opens and shows it.

use std::cell::RefCell;

use crate::exercises::exercise::Exercise;
use crate::share::saved::SavedRun;
use crate::ui::address::go_to;

thread_local! {
    /// The run that the next page will show.
    static OPENED: RefCell<Option<SavedRun>> = const { RefCell::new(None) };
}

/// Opens a run on a new page of its exercise, with the settings of that run.
pub(super) fn open(saved: SavedRun) {
    let place = saved.destination();
    OPENED.set(Some(saved));
    go_to(&place);
}

/// Takes the run that a page of this exercise has to show.
pub(super) fn take(exercise: &Exercise) -> Option<SavedRun> {
    OPENED.take().filter(|saved| saved.experiment.exercise().slug == exercise.slug)
}
