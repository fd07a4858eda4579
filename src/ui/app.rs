//! The frame around every page: title, list of exercises, scheme, notices.

use leptos::prelude::*;

use crate::exercises::catalogue::{COMMON_ISSUES, EXERCISES};
use crate::share::permalink::{Destination, Notice};
use crate::ui::address::use_place;
use crate::ui::finished::provide_finished;
use crate::ui::focus::focus;
use crate::ui::lean::{a, li, p, part, section, span, text, ul};
use crate::ui::pages::benchmark::benchmark_page;
use crate::ui::pages::exercise::exercise_page;
use crate::ui::pages::guide::guide_page;
use crate::ui::pages::home::home_page;
use crate::ui::pages::runs::runs_page;
use crate::ui::theme::provide_theme;

/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    let theme = provide_theme();
    let finished = provide_finished();
    let place = use_place();
    let mut visits = 0;
    let is_at = move |slug| place.with(|(place, _)| slug_of(place) == slug);
    view! {
        <a class="skip" href="#main" on:click=focus_main>"Skip to the content"</a>
        <header class="top">
            <a class="brand" href="#/">"Interleave"</a>
            {cfg!(debug_assertions).then(|| view! { <span class="badge">"Debug build: its numbers mislead"</span> })}
            <nav aria-label="More">
                <a href=Destination::Guide.to_string() aria-current=move || current(is_at("guide"))>"Guide"</a>
                <a href=Destination::from_exercise(COMMON_ISSUES).to_string() aria-current=move || current(is_at(COMMON_ISSUES.slug))>
                    {COMMON_ISSUES.short_title}
                </a>
                <a href=Destination::Benchmark { runs_at_once: false }.to_string() aria-current=move || current(is_at("benchmark"))>
                    "Benchmark"
                </a>
                <a href=Destination::Runs.to_string() aria-current=move || current(is_at("runs"))>"Runs"</a>
                <button class="quiet" on:click=move |_| theme.update(|theme| *theme = theme.next())>
                    <span aria-hidden="true">"◐ "</span>
                    {text(move || format!("Scheme: {}", theme.get().name()))}
                </button>
            </nav>
        </header>
        <nav class="exercises" aria-label="Exercises">
            <ol>
                {EXERCISES.iter().map(|exercise| {
                    let slug = exercise.slug;
                    let part = span().class("part").attr("aria-hidden", "true").text(exercise.part.to_string());
                    let link = a().attr("href", format!("#/{slug}")).attr_changing("aria-current", move || current(is_at(slug)));
                    let done = move || if finished.with(|slugs| slugs.contains(&slug)) { "✓" } else { "" }.to_owned();
                    // A screen reader is told on the first page.
                    let done = span().class("done").attr("aria-hidden", "true").text_changing(done);
                    li().el(link.el(part).text(exercise.short_title).el(done)).view()
                }).collect_view()}
            </ol>
        </nav>
        <main id="main" tabindex="-1">
            {part(move || {
                let (place, notices) = place.get();
                visits += 1;
                fresh(visits, [notices_of(notices), page(place)].into_any())
            })}
        </main>
    }
}

fn page(place: Destination) -> AnyView {
    match place {
        Destination::Home => home_page(),
        Destination::Guide => guide_page(),
        Destination::Runs => runs_page(),
        Destination::Exercise(link) => exercise_page(link),
        Destination::Benchmark { runs_at_once } => benchmark_page(runs_at_once),
    }
}

/// A page of its own for each visit. Leptos would patch a page into the next of the same type, with what was typed,
/// opened and scrolled in it; views of two types in turn are never patched into each other.
fn fresh(visits: u32, page: AnyView) -> AnyView {
    if visits.is_multiple_of(2) { (page,).into_any() } else { ((), page).into_any() }
}

/// What a link said that is not so.
fn notices_of(notices: Vec<Notice>) -> AnyView {
    if notices.is_empty() {
        return ().into_any();
    }
    let lines = notices.into_iter().map(|notice| li().class("notice").text(notice.0).view());
    section()
        .class("notices")
        .attr("aria-label", "Notices about this link")
        .el(p().text("Not everything in this link could be used:"))
        .el(ul().add_all(lines))
        .view()
}

fn slug_of(place: &Destination) -> &'static str {
    match place {
        Destination::Home => "",
        Destination::Guide => "guide",
        Destination::Runs => "runs",
        Destination::Exercise(link) => link.exercise.slug,
        Destination::Benchmark { .. } => "benchmark",
    }
}

fn current(is_current: bool) -> Option<String> {
    is_current.then(|| "page".to_owned())
}

/// The fragment is the page's address, so an ordinary link to an element would lead away from it.
fn focus_main(event: web_sys::MouseEvent) {
    event.prevent_default();
    focus("#main");
}
