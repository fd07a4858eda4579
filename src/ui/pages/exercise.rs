//! The page of an exercise. From top to bottom: what it is about, with Run; the controls; code and timeline side by
//! side; and one panel for everything else that was measured.

use std::time::Duration;

use futures::FutureExt;
use leptos::prelude::*;

use crate::exercises::compared::ideals_in_words;
use crate::exercises::exercise::Exercise;
use crate::frame;
use crate::lazy::{NotFetched, lazy};
use crate::share::permalink::{self, SITE_PROGRAM};
use crate::share::saved::RunEnding;
use crate::ui::address::use_follow;
use crate::ui::charts::timeline::timeline;
use crate::ui::components::code::code;
use crate::ui::components::connection::connection;
use crate::ui::components::controls::controls;
use crate::ui::components::lab_bar::lab_bar;
use crate::ui::components::origin::origin;
use crate::ui::components::own_files::own_files;
use crate::ui::components::program::program;
use crate::ui::components::pulse::pulse;
use crate::ui::components::results::results;
use crate::ui::components::share::share;
use crate::ui::components::warnings::warnings;
use crate::ui::display::{Display, Status};
use crate::ui::finished::{self, use_finished};
use crate::ui::form::Form;
use crate::ui::history;
use crate::ui::lazy_view::{Loaded, use_loading, when_loaded};
use crate::ui::opened;
use crate::ui::runner::Runner;

/// On a slow network, the page does not wait longer than this for the forecast before it shows everything else.
const ARRIVES_WITHIN: Duration = Duration::from_secs(3);

/// The page of an exercise as a link sets it up.
pub(crate) fn exercise_page(link: permalink::Setup) -> AnyView {
    let runner = Runner::new(link);
    let (form, display) = (runner.form, runner.display);
    let exercise = form.exercise;
    let opened = opened::take(exercise);
    let shows_run = opened.is_some();
    if let Some(run) = opened {
        runner.open(run);
    }
    use_follow(move || form.destination());
    document().set_title(&frame::title_of(exercise));
    let saved = use_saving(display);
    let loaded = use_loading(load, move || display.runs.track());
    // Where the timeline would be, the page says if it could not be loaded.
    let is_loaded = move || loaded.get() == Some(Ok(()));
    let actions = move || is_loaded().then(|| sharing::share(runner).now_or_never()?.ok());
    let details = move || is_loaded().then(|| details::results(runner).now_or_never()?.ok());
    view! {
        <div class="workbench" class:arriving=use_arriving(display, loaded)>
            <div class="head">
                {page_head(exercise.title, exercise.teaches)}
                {read_or_write(exercise)}
                {presets(form)}
            </div>
            {lab_bar(runner)}
            <section class="stage" aria-label="Timeline and comparison">
                {failure(display)}
                <p class="hint outdated">{move || outdated(display)}</p>
                {when_loaded(loaded, move || fetched::measured(display, saved))}
            </section>
            <section class="setup" aria-label="Controls">
                <p class="hint fix">{move || fix(form)}</p>
                {connection(form)}
                {own_files(runner)}
                {controls(form)}
            </section>
            {if exercise.is_readers_program {
                when_loaded(loaded, move || readers::program(runner, shows_run)).into_any()
            } else {
                code(display)
            }}
            <div class="share">{actions}</div>
            {details}
        </div>
    }
    .into_any()
}

// Most of the code shows forecasts and runs. The reader can press Run before it is loaded.
lazy!(mod fetched in exercises: measured(display: Display, saved: RwSignal<String>) -> AnyView);

fn measured(display: Display, saved: RwSignal<String>) -> AnyView {
    view! {
        {timeline(display)}
        {warnings(display)}
        {news(display, saved)}
        {pulse(display)}
    }
    .into_any()
}

lazy!(mod details in exercises: results(runner: Runner) -> AnyView);

lazy!(mod sharing in exercises: share(runner: Runner) -> AnyView);

lazy!(mod readers in exercises: program(runner: Runner, shows_run: bool) -> AnyView);

async fn load() -> Result<(), NotFetched> {
    fetched::load().await?;
    readers::load().await?;
    sharing::load().await?;
    details::load().await
}

/// True until the timeline and the forecast are there, or until it has taken long.
fn use_arriving(display: Display, loaded: Loaded) -> impl Fn() -> bool {
    let is_late = RwSignal::new(false);
    let stop_waiting = move || {
        // The page may have been left.
        is_late.try_set(true);
    };
    set_timeout(stop_waiting, ARRIVES_WITHIN);
    move || !is_late.get() && (!display.is_settled.get() || loaded.get().is_none())
}

/// The title of a page, and its purpose.
pub(super) fn page_head(title: &'static str, about: &'static str) -> AnyView {
    view! {
        <div class="page-head">
            <h1>{title}</h1>
            <p class="teaches">{about}</p>
        </div>
    }
    .into_any()
}

/// The switch between this page and the one on which the reader writes the same part.
fn read_or_write(exercise: &'static Exercise) -> AnyView {
    if !exercise.can_be_written() {
        return ().into_any();
    }
    let address = format!("#/program?program={SITE_PROGRAM}write_{}", exercise.python_name());
    view! {
        <nav class="read-or-write" aria-label="Read or write">
            <a aria-current="page">"Read it"</a>
            <a href=address>"Write it"</a>
        </nav>
    }
    .into_any()
}

/// Saves each run that finishes here. Returns what happened, in a sentence.
fn use_saving(display: Display) -> RwSignal<String> {
    let finished = use_finished();
    let saved = RwSignal::new(String::new());
    Effect::new(move || {
        saved.set(String::new());
        if let Some(run) = display.finished_here() {
            finished::note(finished, display.exercise.slug);
            leptos::task::spawn_local(async move { saved.set(history::save(run).await) });
        }
    });
    saved
}

/// Links to settings that are worth a look.
fn presets(form: Form) -> AnyView {
    let exercise = form.exercise;
    if exercise.presets.is_empty() {
        return ().into_any();
    }
    let links = exercise.presets.iter().map(|preset| {
        let address = format!("#/{}?{}", exercise.slug, preset.query);
        let is_set = move || form.has_settings(preset.query).then_some("true");
        view! { <li><a href=address aria-current=is_set>{preset.label}</a></li> }
    });
    view! { <ul class="presets" aria-label="Example settings">{links.collect_view()}</ul> }.into_any()
}

fn outdated(display: Display) -> String {
    if !display.is_outdated() {
        return String::new();
    }
    if display.exercise.is_readers_program {
        return "The program or its settings have changed since this run.".to_owned();
    }
    let ideals = ideals_in_words(&display.forecast_of_form());
    let ideals = ideals.map(|ideals| format!(" With the new settings, the ideal is: {ideals}."));
    format!("Controls have changed since this run.{}", ideals.unwrap_or_default())
}

/// The origin of the run on display, and a note about saving it.
fn news(display: Display, saved: RwSignal<String>) -> AnyView {
    view! {
        <div aria-live="polite">
            {origin(display)}
            <div class="hint saved">{move || saved.get()}</div>
        </div>
    }
    .into_any()
}

/// The reason the run failed, and the advice, above the partial results.
fn failure(display: Display) -> AnyView {
    let content = move || match display.status.get() {
        Status::Over(RunEnding::Failed { message, advice, .. }) => view! {
            <div class="failure">
                <p>{format!("{message}.")}</p>
                <p class="hint">{advice}</p>
            </div>
        }
        .into_any(),
        _ => ().into_any(),
    };
    content.into_any()
}

fn fix(form: Form) -> &'static str {
    if form.has_refusals() { "Fix the marked field, then run." } else { "" }
}
