//! An exercise inside another page: its timeline, without controls.

use leptos::prelude::*;

use crate::share::permalink::{Destination, Setup};
use crate::ui::charts::timeline::timeline;
use crate::ui::components::lab_bar::lab_bar;
use crate::ui::runner::Runner;

/// The exercise as `setup` says, under this heading.
pub(crate) fn demo(name: &'static str, setup: Setup) -> AnyView {
    let link = Destination::Exercise(Setup { runs_at_once: false, ..setup.clone() }).to_string();
    let title = setup.exercise.title;
    let runner = Runner::new(setup);
    view! {
        <section class="panel demo" aria-label=name>
            <h2>{name}</h2>
            {lab_bar(runner)}
            {timeline(runner.display)}
            <p class="hint"><a href=link>{format!("{title}, with its controls and its code")}</a></p>
        </section>
    }
    .into_any()
}
