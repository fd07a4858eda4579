//! The first page: what Interleave is, shown by a run, then the exercises and the other pages. The page's HTML shows the
//! same before the app is there, see `tools/site`.

use leptos::prelude::*;

use crate::exercises::assignment::PARTS;
use crate::exercises::catalogue::{self, EXERCISES};
use crate::frame::{self, cards};
use crate::lazy::{NotFetched, lazy};
use crate::share::permalink::Destination;
use crate::ui::components::race::race;
use crate::ui::components::run_all::run_all;
use crate::ui::drawing::{drawing, drawings};
use crate::ui::finished::{self, use_finished};
use crate::ui::lazy_view::{in_turn, lazy_view};

/// The page.
pub(crate) fn home_page() -> AnyView {
    document().set_title("Interleave · asynchronous programming for machine learning, run in your browser");
    lazy_view(load, fetched::page)
}

/// Loads the code of the page, which no other page needs.
///
/// # Errors
///
/// If it cannot be fetched.
pub(crate) async fn load() -> Result<(), NotFetched> {
    fetched::load().await
}

lazy!(mod fetched in pages: page() -> AnyView);

fn page() -> AnyView {
    let links = frame::home_links();
    let links = links.map(|(name, destination)| view! { <a class="door" href=destination.to_string()>{name}</a> });
    let head = view! {
        <div class="hero">
            <h1>{frame::HOME_HEADING}</h1>
            <p class="teaches">{frame::HOME_ABOUT}</p>
            <p class="doors">{links.collect_view()}</p>
        </div>
    };
    [head.into_any(), in_turn(race), in_turn(exercises), in_turn(more)].into_any()
}

/// All exercises in the order of the guide, with those that have finished here.
fn exercises() -> AnyView {
    let finished = use_finished();
    let done = move || finished.with(|slugs| EXERCISES.iter().filter(|it| slugs.contains(&it.slug)).count());
    let written = finished::written().len();
    let count =
        move || format!("{} of {} finished in this browser, {written} of {PARTS} written", done(), EXERCISES.len());
    let all = catalogue::all().map(|exercise| {
        let address = Destination::from_exercise(exercise).to_string();
        let is_done = move || finished.with(|slugs| slugs.contains(&exercise.slug));
        move || drawing(cards::of_exercise(exercise, address.clone(), is_done()))
    });
    view! {
        <section class="catalogue" aria-labelledby="exercises-title">
            <h2 id="exercises-title">{cards::EXERCISES}</h2>
            <p class="about">{cards::ABOUT_EXERCISES}</p>
            <p class="hint">{count}</p>
            <ol class="cards pictures">{all.collect_view()}</ol>
        </section>
    }
    .into_any()
}

/// The other pages, and everything at once.
fn more() -> AnyView {
    let pages = cards::more().map(|(name, destination, about)| cards::of_page(name, destination.to_string(), about));
    view! {
        <section class="catalogue" aria-labelledby="more-title">
            <h2 id="more-title">{cards::MORE}</h2>
            <ul class="cards">{drawings(pages)}</ul>
        </section>
        {run_all()}
    }
    .into_any()
}
