//! Run, Stop, how far it is and where it stands: the bar of a lesson.

use leptos::prelude::*;

use crate::exercises::compared::progress;
use crate::share::saved::RunEnding;
use crate::ui::components::run_bar::{RunBar, run_bar};
use crate::ui::lab::{Lab, Status};
use crate::ui::lean::{flag, text};

/// The bar of a lesson.
pub(crate) fn lab_bar(lab: Lab) -> AnyView {
    run_bar(RunBar {
        run_label: "Run",
        can_start: flag(move || lab.can_start()),
        is_running: flag(move || lab.is_running()),
        progress: Box::new(move || parts(lab)),
        status: text(move || lab.status.with(sentence)),
        state: text(move || lab.status.with(class).to_owned()),
        on_run: Box::new(move || lab.start()),
        on_stop: Box::new(move || lab.stop()),
    })
}

/// How many parts of the lesson are over, and how many there are.
fn parts(lab: Lab) -> (usize, usize) {
    lab.digest.track();
    lab.runs.track();
    progress(&lab.compared())
}

fn class(status: &Status) -> &'static str {
    match status {
        Status::Ready => "ready",
        Status::Running => "running",
        Status::Over(RunEnding::Finished { .. }) => "finished",
        Status::Over(RunEnding::Stopped { .. }) => "stopped",
        Status::Over(RunEnding::Failed { .. }) => "failed",
    }
}

/// The state in a word, then in a sentence.
fn sentence(status: &Status) -> String {
    match status {
        Status::Ready => "Ready. Nothing has run yet.".to_owned(),
        Status::Running => "Running. Stop ends it at once.".to_owned(),
        Status::Over(ending) => ending.sentence(),
    }
}
