//! The small form of an exercise, for a frame in another page: Run, the timeline with its result, and a link to everything
//! else. It has no fields, and sends requests to no server but the page's own: the page around it could have chosen the
//! settings, and the reader does not see them.

use leptos::html::Main;
use leptos::prelude::*;

use crate::frame;
use crate::lazy::lazy;
use crate::share::permalink::{Destination, Setup};
use crate::ui::address::link_to;
use crate::ui::charts::timeline::timeline;
use crate::ui::components::lab_bar::lab_bar;
use crate::ui::display::Display;
use crate::ui::embedding::use_reported_height;
use crate::ui::lazy_view::{use_loading, when_loaded};
use crate::ui::runner::Runner;

/// The page of an exercise as a link sets it up. `main` is the element around it.
pub(crate) fn embed_page(link: Setup, main: NodeRef<Main>) -> AnyView {
    let whole = Destination::Exercise(Setup { is_embedded: false, runs_at_once: false, ..link.clone() });
    let runner = Runner::new(Setup { is_embedded: true, ..link });
    let exercise = runner.form.exercise;
    document().set_title(&frame::title_of(exercise));
    use_reported_height(main);
    let loaded = use_loading(fetched::load, move || runner.display.runs.track());
    let refusal = move || {
        (!runner.form.may_send_requests()).then(|| {
            view! {
                <p class="caution">
                    "An embedded exercise cannot send requests to another server. Open the full page to run these \
                     settings."
                </p>
            }
        })
    };
    view! {
        <div class="page-head">
            <h1>{exercise.title}</h1>
            <p class="hint">{exercise.teaches}</p>
        </div>
        {lab_bar(runner)}
        {refusal}
        {when_loaded(loaded, move || fetched::timeline(runner.display))}
        <p>
            <a href=link_to(&whole) target="_blank" rel="noopener">
                {format!("Open in {}: controls, code and every figure", frame::NAME)}
            </a>
        </p>
    }
    .into_any()
}

lazy!(mod fetched in exercises: timeline(display: Display) -> AnyView);
