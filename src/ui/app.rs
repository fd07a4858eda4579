//! The frame around every page: title, list of exercises, colour scheme, notices.

use leptos::html::Main;
use leptos::prelude::*;

use crate::exercises::catalogue::EXERCISES;
use crate::frame;
use crate::share::permalink::{Destination, Notice};
use crate::ui::address::{Visit, use_visit};
use crate::ui::embedding::is_in_another_site;
use crate::ui::finished::{Finished, provide_finished};
use crate::ui::focus::focus;
use crate::ui::lazy_view::in_turn;
use crate::ui::pages::benchmark::benchmark_page;
use crate::ui::pages::embed::embed_page;
use crate::ui::pages::exercise::exercise_page;
use crate::ui::pages::guide::guide_page;
use crate::ui::pages::home::home_page;
use crate::ui::pages::runs::runs_page;
use crate::ui::theme::{Theme, provide_theme};

/// The whole page.
#[component]
pub fn App() -> impl IntoView {
    let theme = provide_theme();
    let finished = provide_finished();
    let visit = use_visit();
    // In a frame of another site an exercise always has its small form: that site has chosen the settings.
    let is_framed = is_in_another_site();
    let shows_embedded = move |destination: &Destination| matches!(destination, Destination::Exercise(link) if link.is_embedded || is_framed);
    let is_embedded = Memo::new(move |_| visit.with(|visit| shows_embedded(&visit.destination)));
    let main = NodeRef::<Main>::new();
    let page = move |destination| match destination {
        Destination::Exercise(link) if link.is_embedded || is_framed => embed_page(link, main),
        destination => page(destination),
    };
    view! {
        {move || (!is_embedded.get()).then(|| in_turn(move || top(visit, theme, finished)))}
        <main id="main" tabindex="-1" class:embedded=is_embedded node_ref=main>
            // Each visit has its own page: nothing that was typed, opened or scrolled is carried over to the next one.
            <For each=move || [visit.get()] key=|visit| visit.number let(visit)>
                {notices_of(visit.notices)}
                {page(visit.destination)}
            </For>
        </main>
    }
}

/// The top bar and, in its own turn, the list of exercises.
fn top(visit: RwSignal<Visit>, theme: RwSignal<Theme>, finished: Finished) -> AnyView {
    let is_at = move |slug| visit.with(|visit| slug_of(&visit.destination) == slug);
    view! {
        <a class="skip" href="#main" on:click=focus_main>"Skip to the content"</a>
        <header class="top">
            <a class="brand" href="#/">{frame::NAME}</a>
            {cfg!(debug_assertions).then(|| view! { <span class="badge">"Debug build: timings are misleading"</span> })}
            <nav aria-label="More">
                {frame::more().into_iter().map(|(name, destination)| {
                    let slug = slug_of(&destination);
                    view! { <a href=destination.to_string() aria-current=move || current(is_at(slug))>{name}</a> }
                }).collect_view()}
                <button class="quiet" on:click=move |_| theme.update(|theme| *theme = theme.next())>
                    <span aria-hidden="true">"◐ "</span>
                    {move || frame::theme_button(theme.get().name())}
                </button>
            </nav>
        </header>
        {in_turn(move || exercises(visit, finished))}
    }
    .into_any()
}

/// The list of exercises, with those that have finished here.
fn exercises(visit: RwSignal<Visit>, finished: Finished) -> AnyView {
    let is_at = move |slug| visit.with(|visit| slug_of(&visit.destination) == slug);
    view! {
        <nav class="exercises" aria-label="Exercises">
            <ol>
                {EXERCISES.iter().map(|exercise| {
                    let slug = exercise.slug;
                    let done = move || if finished.with(|slugs| slugs.contains(&slug)) { "✓" } else { "" };
                    view! {
                        <li>
                            <a href=format!("#/{slug}") aria-current=move || current(is_at(slug))>
                                <span class="part" aria-hidden="true">{exercise.part.to_string()}</span>
                                {exercise.short_title}
                                // For a screen reader, the first page says the same.
                                <span class="done" aria-hidden="true">{done}</span>
                            </a>
                        </li>
                    }
                }).collect_view()}
            </ol>
        </nav>
    }
    .into_any()
}

fn page(destination: Destination) -> AnyView {
    match destination {
        Destination::Home => home_page(),
        Destination::Guide => guide_page(),
        Destination::Runs => runs_page(),
        Destination::Exercise(link) => exercise_page(link),
        Destination::Benchmark { runs_at_once } => benchmark_page(runs_at_once),
    }
}

/// The parts of a link that could not be used.
fn notices_of(notices: Vec<Notice>) -> AnyView {
    if notices.is_empty() {
        return ().into_any();
    }
    let lines = notices.into_iter().map(|notice| view! { <li class="notice">{notice.0}</li> }).collect_view();
    view! {
        <section class="notices" aria-label="Notices about this link">
            <p>"Parts of this link could not be used:"</p>
            <ul>{lines}</ul>
        </section>
    }
    .into_any()
}

fn slug_of(destination: &Destination) -> &'static str {
    match destination {
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
