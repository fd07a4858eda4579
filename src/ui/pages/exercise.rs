//! The page of an exercise: the controls and the result, then the two sources.

use leptos::prelude::*;

use crate::exercises::exercise::Exercise;
use crate::frame;
use crate::share::permalink;
use crate::share::saved::RunEnding;
use crate::ui::address::use_follow;
use crate::ui::charts::bars::comparisons;
use crate::ui::charts::timeline::timeline;
use crate::ui::components::checks::properties;
use crate::ui::components::connection::connection;
use crate::ui::components::controls::controls;
use crate::ui::components::failures::failures;
use crate::ui::components::files::files;
use crate::ui::components::lab_bar::lab_bar;
use crate::ui::components::log::log;
use crate::ui::components::metrics::metrics;
use crate::ui::components::origin::origin;
use crate::ui::components::own_files::own_files;
use crate::ui::components::pulse::pulse;
use crate::ui::components::repeat::repeat;
use crate::ui::components::share::share;
use crate::ui::components::sources::sources;
use crate::ui::components::warnings::warnings;
use crate::ui::display::{Display, Status};
use crate::ui::element::{a, div, h1, h2, li, p, part, section, ul};
use crate::ui::finished::{self, use_finished};
use crate::ui::form::Form;
use crate::ui::history;
use crate::ui::opened;
use crate::ui::runner::Runner;
use crate::ui::sections::sections;

/// The page of an exercise as a link sets it up.
pub(crate) fn exercise_page(link: permalink::Setup) -> AnyView {
    let runner = Runner::new(link);
    let (form, display) = (runner.form, runner.display);
    let exercise = form.exercise;
    if let Some(run) = opened::take(exercise) {
        runner.open(run);
    }
    use_follow(move || form.destination());
    document().set_title(&frame::title_of(exercise));
    let setup = section()
        .class("panel setup")
        .attr("aria-label", "Controls")
        .add(lab_bar(runner))
        .el(p().class("hint fix").text_changing(move || fix(form).to_owned()))
        .add(connection(form))
        .add(own_files(runner))
        .add(controls(form));
    let finished = use_finished();
    let saved = RwSignal::new(String::new());
    Effect::new(move || {
        saved.set(String::new());
        if let Some(run) = display.finished_here() {
            finished::note(finished, exercise.slug);
            leptos::task::spawn_local(async move { saved.set(history::save(run).await) });
        }
    });
    let panel = |content: Vec<AnyView>| div().class("panel").add_all(content);
    let results = section()
        .class("results")
        .attr("aria-label", "Result")
        .el(panel(vec![
            result_head(runner, saved),
            failure(display),
            warnings(display),
            pulse(display),
            comparisons(display),
            repeat(runner),
        ]))
        .el(panel(vec![timeline(display)]))
        .add(sections(display))
        .add(files(display))
        .el(panel(vec![metrics(display)]))
        .el(panel(vec![properties(display)]))
        .el(panel(vec![log(display)]))
        .add(failures(display));
    [
        page_head(exercise.title, exercise.teaches),
        presets(exercise),
        div().class("workbench").el(setup).el(results).view(),
        sources(exercise),
    ]
    .into_any()
}

/// The title of a page, and its purpose.
pub(super) fn page_head(title: &str, about: &str) -> AnyView {
    div().class("page-head").el(h1().text(title)).el(p().class("teaches").text(about)).view()
}

/// Links to settings that are worth a look.
fn presets(exercise: &Exercise) -> AnyView {
    if exercise.presets.is_empty() {
        return ().into_any();
    }
    let links = exercise.presets.iter().map(|preset| {
        let address = format!("#/{}?{}", exercise.slug, preset.query);
        li().el(a().attr("href", address).text(preset.label)).view()
    });
    ul().class("presets").attr("aria-label", "Example settings").add_all(links).view()
}

/// The actions on a run, and what there is to say about the run on display.
fn result_head(runner: Runner, saved: RwSignal<String>) -> AnyView {
    let display = runner.display;
    let outdated = move || if display.is_outdated() { "Controls have changed since this run." } else { "" };
    let head = div()
        .class("result-head")
        .el(h2().text("Result"))
        .el(p().class("hint").text_changing(move || outdated().to_owned()))
        .add(share(runner));
    let news = div()
        .attr("aria-live", "polite")
        .add(origin(display))
        .el(div().class("hint saved").text_changing(move || saved.get()));
    [head.view(), news.view()].into_any()
}

/// Why the run failed and what to do, above what it had measured until then.
fn failure(display: Display) -> AnyView {
    part(move || match display.status.get() {
        Status::Over(RunEnding::Failed { message, advice, .. }) => {
            let message = p().text(format!("{message}."));
            div().class("failure").el(message).el(p().class("hint").text(advice)).view()
        }
        _ => ().into_any(),
    })
}

fn fix(form: Form) -> &'static str {
    if form.has_refusals() { "Fix the marked field, then run." } else { "" }
}
