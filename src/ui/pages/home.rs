//! The first page: what this is, shown by a run, then what there is.

use leptos::prelude::*;

use crate::exercises::catalogue::{ADVANCED, COMMON_ISSUES, EXERCISES};
use crate::exercises::controls::Value;
use crate::exercises::exercise::Exercise;
use crate::share::permalink::{Destination, Setup};
use crate::ui::components::demo::demo;
use crate::ui::components::run_all::run_all;
use crate::ui::element::{a, div, h1, h2, li, ol, p, part, section, span, ul};
use crate::ui::finished::{Finished, use_finished};
use crate::ui::lazy_view::in_turn;

/// The page.
pub(crate) fn home_page() -> AnyView {
    document().set_title("Interleave · asynchronous programming for machine learning, run in your browser");
    let about = "Real asynchronous work, run in your browser, drawn task by task, and measured honestly. \
                 For people who know Python and models, and want to know what concurrency buys.";
    let head = div().class("hero").el(h1().text("See what concurrency buys")).el(p().class("teaches").text(about));
    let race = || demo("Three waits: in sequence, then concurrently", race());
    let rest = || [run_all(), more()].into_any();
    [head.view(), in_turn(race), in_turn(exercises), in_turn(rest)].into_any()
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
    let count = move || format!("{} of {} finished in this browser", done(), EXERCISES.len());
    section()
        .attr("aria-labelledby", "exercises-title")
        .class("catalogue")
        .el(h2().attr("id", "exercises-title").text("The exercises"))
        .el(p().class("hint").text_changing(count))
        .el(ol().class("cards").add_all(EXERCISES.iter().map(|exercise| card(exercise, finished))))
        .view()
}

fn card(exercise: &'static Exercise, finished: Finished) -> AnyView {
    let is_done = move || finished.with(|slugs| slugs.contains(&exercise.slug));
    let mark = part(move || match is_done() {
        true => span().class("done").text("✓ finished").view(),
        false => ().into_any(),
    });
    let name = a().attr("href", Destination::from_exercise(exercise).to_string()).text(exercise.title);
    let head = div().class("card-head").el(span().class("part").text(format!("Part {}", exercise.part))).add(mark);
    li().class("panel card").el(head).el(h2().el(name)).el(p().text(exercise.teaches)).view()
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
    let links = links.map(|(place, title, about)| {
        li().class("panel card").el(h2().el(a().attr("href", place.to_string()).text(title))).el(p().text(about)).view()
    });
    section()
        .class("catalogue")
        .attr("aria-labelledby", "more-title")
        .el(h2().attr("id", "more-title").text("More"))
        .el(ul().class("cards").add_all(links))
        .view()
}
