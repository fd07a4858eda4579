//! How the durations of a part's tasks spread: a histogram, its percentiles with n, and Little's law.

use leptos::prelude::*;

use crate::exercises::exercise::Distribution;
use crate::measure::Record;
use crate::measure::durations::{Durations, LittlesLaw, TaskDuration};
use crate::measure::histogram::Histogram;
use crate::measure::percentiles::percentiles;
use crate::measure::spans::Span;
use crate::measure::statistics::Summary;
use crate::measure::units;
use crate::ui::charts::spread::{bins, edges, picture};
use crate::ui::components::report::data_table;
use crate::ui::lab::Lab;
use crate::ui::lean::{details, div, figcaption, figure, h2, h3, p, part, summary};

/// All distributions of the lesson, once its run is over.
pub(crate) fn distributions(lab: Lab) -> AnyView {
    if lab.exercise.distributions.is_empty() {
        return ().into_any();
    }
    let shown = move || {
        lab.digest.track();
        lab.runs.track();
        if lab.is_running() || lab.runs.get() == 0 {
            return p().class("empty").text("How long the tasks took appears here when the run is over.").view();
        }
        lab.shown(|results| (results.distributions)(lab))
    };
    div().class("panel").el(h2().text("Distribution")).add(part(shown)).view()
}

/// See [`distributions`].
pub(crate) fn figures(lab: Lab) -> AnyView {
    let figures = |record: &Record| -> Vec<_> {
        lab.exercise.distributions.iter().filter_map(|it| distribution(record, it)).collect()
    };
    match lab.with_record(figures).filter(|figures| !figures.is_empty()) {
        Some(figures) => figures.into_any(),
        None => p().class("empty").text("This run has no tasks whose times are spread out here.").view(),
    }
}

fn distribution(record: &Record, of: &Distribution) -> Option<AnyView> {
    let part = Span::named(record, of.part)?;
    let durations = Durations::from_record(record, of.task, Some(part.task));
    let (felt_us, what): (fn(&TaskDuration) -> u64, _) = match durations.has_queue() {
        true => (|task| task.total_us, "took with its time in the queue"),
        false => (TaskDuration::work_us, "took"),
    };
    let spread = Histogram::from_values(&durations.tasks().iter().map(felt_us).collect::<Vec<_>>())?;
    let law = durations.littles_law().map(|law| p().class("hint").attr("data-law", "").text(in_words(law)).view());
    let drawn = figure()
        .class("histogram")
        .attr("data-distribution", of.part)
        .el(h3().text(format!("{}: how long {} {what}", of.title, of.task)))
        .add(picture(of.title, &spread))
        .add(edges(&spread))
        .el(figcaption().text(caption(&durations, &spread)))
        .add(data_table(percentiles(
            format!("{}: percentiles that n can support, failed tasks included", of.title),
            "Time",
            &samples(&durations),
        )))
        .add(law.into_any())
        .add(blocked(&durations))
        .el(details()
            .el(summary().text("The same as a table"))
            .add(data_table(bins(format!("{}: tasks in each bin", of.title), &[("Tasks", &spread)]))));
    Some(drawn.view())
}

fn caption(durations: &Durations, spread: &Histogram) -> String {
    let most = spread.counts.iter().copied().max().unwrap_or(0);
    format!(
        "{} tasks in steps of {}; the tallest bar stands for {}.",
        units::count(durations.tasks().len() as u64),
        units::span(spread.step),
        units::count(most.into()),
    )
}

/// With the queue only where there was one.
fn samples(durations: &Durations) -> Vec<(&'static str, Summary)> {
    let total = durations.has_queue().then(|| ("With the queue", durations.total()));
    [("At work", durations.work())].into_iter().chain(total).collect()
}

fn in_words(law: LittlesLaw) -> String {
    let verdict = if law.holds() { "The record agrees with itself." } else { "The record contradicts itself." };
    format!(
        "Little's law: {:.1} per second × {} at work each = {:.2} at work on average; counted instant by instant: {:.2}. {verdict}",
        law.throughput_per_s,
        units::span((law.work_ms * 1e3) as u64),
        law.product(),
        law.concurrency,
    )
}

/// What the percentiles are without the tasks that a block of the page may have made late.
fn blocked(durations: &Durations) -> AnyView {
    let n = durations.blocked();
    if n == 0 {
        return ().into_any();
    }
    let others = durations.unblocked().work();
    let of = |p: f64| others.percentile(p).map_or("–".to_owned(), |us| units::span(us as u64));
    let told = format!(
        "{} of {} tasks lived through a block of the page and may be late. Without them p50 of the time at work is {}, \
         and p95 {}.",
        units::count(n as u64),
        units::count(durations.tasks().len() as u64),
        of(50.0),
        of(95.0)
    );
    p().class("caution").text(told).view()
}
