//! An exercise inside another page: its timeline and the checks of its parts, without controls.

use leptos::prelude::*;

use crate::lazy::lazy;
use crate::share::permalink::{Destination, Setup};
use crate::ui::charts::timeline::timeline;
use crate::ui::components::checks::checks_of_parts;
use crate::ui::components::lab_bar::lab_bar;
use crate::ui::display::{Display, Status};
use crate::ui::lazy_view::{use_loading, when_loaded};
use crate::ui::runner::Runner;

/// The exercise as `setup` says, under this heading.
pub(crate) fn demo(name: &'static str, setup: Setup) -> AnyView {
    let link = Destination::Exercise(Setup { runs_at_once: false, ..setup.clone() }).to_string();
    let title = setup.exercise.title;
    let runner = Runner::new(setup);
    let display = runner.display;
    let loaded = use_loading(fetched::load, move || display.runs.track());
    view! {
        <section class="panel demo" aria-label=name>
            <h2>{name}</h2>
            {lab_bar(runner)}
            {when_loaded(loaded, move || fetched::measured(display))}
            <p class="hint"><a href=link>{format!("{title}, with its controls and its code")}</a></p>
        </section>
    }
    .into_any()
}

lazy!(mod fetched in exercises: measured(display: Display) -> AnyView);

fn measured(display: Display) -> AnyView {
    let checks = move || display.status.with(Status::has_finished).then(|| checks_of_parts(display));
    view! {
        {timeline(display)}
        {checks}
    }
    .into_any()
}
