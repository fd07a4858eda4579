//! Run, Stop, how far it is and where it stands: the bar of a lesson.

use leptos::prelude::*;

use crate::exercises::compared::progress;
use crate::share::saved::RunEnding;
use crate::ui::components::run_bar::RunBar;
use crate::ui::lab::{Lab, Status};

/// The bar of a lesson.
pub(crate) fn lab_bar(lab: Lab) -> AnyView {
    view! {
        <RunBar
            run_label="Run"
            can_start=Signal::derive(move || lab.can_start())
            is_running=Signal::derive(move || lab.is_running())
            progress=Signal::derive(move || parts(lab))
            status=Signal::derive(move || lab.status.with(sentence))
            state=Signal::derive(move || lab.status.with(class))
            on_run=move || lab.start()
            on_stop=move || lab.stop()
        />
    }
    .into_any()
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
        Status::Running => "Running. Stop ends it immediately.".to_owned(),
        Status::Over(ending) => ending.sentence(),
    }
}
