//! The first page: what Interleave is, shown by a run, then the list of exercises and other pages.

use leptos::prelude::*;

use crate::exercises::catalogue::{ADVANCED, COMMON_ISSUES, EXERCISES};
use crate::exercises::controls::Value;
use crate::exercises::exercise::Exercise;
use crate::frame;
use crate::share::permalink::{Destination, Setup};
use crate::ui::components::demo::demo;
use crate::ui::components::run_all::run_all;
use crate::ui::finished::{Finished, use_finished};
use crate::ui::lazy_view::in_turn;

/// The page.
pub(crate) fn home_page() -> AnyView {
    document().set_title("Interleave · asynchronous programming for machine learning, run in your browser");
    let head = view! {
        <div class="hero">
            <h1>{frame::HOME_HEADING}</h1>
            <p class="teaches">{frame::HOME_ABOUT}</p>
        </div>
    };
    let race = || demo("Three waits: in sequence, then concurrently", race());
    let rest = || [run_all(), more()].into_any();
    [head.into_any(), in_turn(race), in_turn(exercises), in_turn(rest)].into_any()
}

/// The first exercise without its second half: it takes a few seconds.
fn race() -> Setup {
    let mut setup = Setup { runs_at_once: true, ..Setup::new(EXERCISES[0]) };
    setup.settings.set("blocking", Value::Switch(false));
    setup
}

/// All exercises in the order of the guide, with those that have finished here.
fn exercises() -> AnyView {
    let finished = use_finished();
    let done = move || finished.with(|slugs| EXERCISES.iter().filter(|it| slugs.contains(&it.slug)).count());
    let about = "They follow a guide to asynchronous Python for machine learning (asyncio, aiofiles, aiohttp, \
                 pytest-asyncio), called the Python guide on these pages.";
    let count = move || format!("{} of {} finished in this browser", done(), EXERCISES.len());
    view! {
        <section class="catalogue" aria-labelledby="exercises-title">
            <h2 id="exercises-title">"The exercises"</h2>
            <p>{about}</p>
            <p class="hint">{count}</p>
            <ol class="cards">{EXERCISES.iter().map(|exercise| card(exercise, finished)).collect_view()}</ol>
        </section>
    }
    .into_any()
}

fn card(exercise: &'static Exercise, finished: Finished) -> AnyView {
    let is_done = move || finished.with(|slugs| slugs.contains(&exercise.slug));
    let mark = move || is_done().then(|| view! { <span class="done">"✓ finished"</span> });
    view! {
        <li class="panel card">
            <div class="card-head">
                <span class="part">{format!("Part {}", exercise.part)}</span>
                {mark}
            </div>
            <h2><a href=Destination::from_exercise(exercise).to_string()>{exercise.title}</a></h2>
            <p>{exercise.teaches}</p>
        </li>
    }
    .into_any()
}

/// The other pages.
fn more() -> AnyView {
    let links = [
        (Destination::Guide, "The guide", "When async pays off and when it does not, with a run for every claim."),
        (Destination::from_exercise(COMMON_ISSUES), COMMON_ISSUES.title, COMMON_ISSUES.teaches),
        (Destination::from_exercise(ADVANCED), ADVANCED.title, ADVANCED.teaches),
        (
            Destination::Benchmark { runs_at_once: false },
            "Benchmark",
            "The cost of the runtime itself, compared with the browser's own promises.",
        ),
    ];
    let links = links.map(|(destination, title, about)| {
        view! {
            <li class="panel card">
                <h2><a href=destination.to_string()>{title}</a></h2>
                <p>{about}</p>
            </li>
        }
    });
    view! {
        <section class="catalogue" aria-labelledby="more-title">
            <h2 id="more-title">"More"</h2>
            <ul class="cards">{links.collect_view()}</ul>
        </section>
    }
    .into_any()
}
