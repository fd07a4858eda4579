//! The run bar of an exercise.

use leptos::prelude::*;

use crate::exercises::compared::progress;
use crate::share::saved::RunEnding;
use crate::ui::components::run_bar::RunBar;
use crate::ui::display::{Display, Status};
use crate::ui::runner::Runner;

/// The bar of an exercise.
pub(crate) fn lab_bar(runner: Runner) -> AnyView {
    view! {
        <RunBar
            run_label="Run"
            can_start=Signal::derive(move || runner.can_start())
            is_running=Signal::derive(move || runner.display.is_running())
            progress=Signal::derive(move || parts(runner.display))
            status=Signal::derive(move || runner.display.status.with(sentence))
            state=Signal::derive(move || runner.display.status.with(class))
            on_run=move || runner.start_command("")
            on_stop=move || runner.stop()
        />
    }
    .into_any()
}

/// The number of parts that are over, and of all parts.
fn parts(display: Display) -> (usize, usize) {
    display.digest.track();
    display.runs.track();
    progress(&display.compared())
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

/// The status in a word, then in a sentence.
fn sentence(status: &Status) -> String {
    match status {
        Status::Ready => "Ready. Nothing has run yet.".to_owned(),
        Status::Running => "Running. Press Stop to end it.".to_owned(),
        Status::Over(ending) => ending.sentence(),
    }
}
