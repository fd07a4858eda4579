//! The benchmark's page: the cost of the runtime itself, compared with the browser's own promises.

use futures::FutureExt;
use leptos::prelude::*;

use crate::benchmark::budgets::{Budget, budgets, of_promises};
use crate::benchmark::{self, Case, Contender, Measured, ROUNDS, Results, Workers};
use crate::lazy::{NotFetched, lazy};
use crate::measure::report::{Column, Table};
use crate::measure::units::count;
use crate::runtime::{Stopper, stoppable};
use crate::ui::components::report::data_table;
use crate::ui::components::run_bar::RunBar;
use crate::ui::element::{caption, div, p, part, section, table, tbody, td, th, thead, tr};
use crate::ui::pages::exercise::page_head;

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    Running,
    Finished,
    Stopped,
}

/// The page. It runs immediately if the link says so. Its code is fetched when the page is first opened.
pub(crate) fn benchmark_page(runs_at_once: bool) -> AnyView {
    document().set_title("Benchmark · Interleave");
    let loaded = RwSignal::new(None::<Result<(), NotFetched>>);
    leptos::task::spawn_local(async move { loaded.set(Some(fetched::load().await)) });
    let table = part(move || match loaded.get() {
        None => p().class("empty").text("Loading …").view(),
        Some(loaded) => {
            let page = loaded.and_then(|()| fetched::page(runs_at_once).now_or_never().unwrap_or(Err(NotFetched)));
            page.unwrap_or_else(|error| {
                let message = p().text(format!("{error}."));
                div().class("failure").el(message).el(p().class("hint").text(error.advice())).view()
            })
        }
    });
    let about = "The cost of the runtime itself: many concurrent waits, compared with the browser's own promises.";
    [page_head("Benchmark", about), table].into_any()
}

lazy!(mod fetched in benchmark: page(runs_at_once: bool) -> AnyView);

fn page(runs_at_once: bool) -> AnyView {
    let results = RwSignal::new(Results::default());
    let state = RwSignal::new(State::Ready);
    let stopper = StoredValue::new_local(None::<Stopper>);
    let start = move || {
        results.set(Results::default());
        state.set(State::Running);
        let (work, stop) = stoppable(async move {
            benchmark::run(|so_far| results.set(so_far.clone())).await;
            state.set(State::Finished);
        });
        stopper.set_value(Some(stop));
        leptos::task::spawn_local(work);
    };
    let stop = move || {
        stopper.set_value(None);
        state.set(State::Stopped);
    };
    on_cleanup(move || drop(stopper.try_update_value(Option::take)));
    if runs_at_once {
        request_animation_frame(start);
    }
    let bar = view! {
        <RunBar
            run_label="Run"
            can_start=Signal::derive(move || state.get() != State::Running)
            is_running=Signal::derive(move || state.get() == State::Running)
            progress=Signal::derive(move || results.with(|results| (results.rounds_done, ROUNDS + 1)))
            status=Signal::derive(move || sentence(state.get()).to_owned())
            state=Signal::derive(move || class(state.get()))
            on_run=start
            on_stop=stop
        />
    }
    .into_any();
    let how = format!(
        "Each row is the median of {ROUNDS} rounds, with the minimum and the maximum; a warm-up round is not \
         counted. Creating the tasks is part of the measured time. Keep the page visible."
    );
    let headers = HEADERS.iter().enumerate().map(|(index, header)| {
        th().attr("scope", "col").class(if index < 2 { "" } else { "number" }).text(header).view()
    });
    let rows =
        move || results.with(|results| results.measured.iter().map(|it| row(it, results)).collect_view().into_any());
    let budget_table = move || results.with(|results| data_table(as_table(&budgets(results))).into_any());
    let memory = move || match results.with(|results| results.bytes_per_task) {
        None => ().into_any(),
        Some(bytes) => p()
            .attr("data-bytes-per-task", bytes.to_string())
            .text(format!("The record of a task with one wait takes {bytes} bytes."))
            .view(),
    };
    let workers = move || match results.with(|results| results.workers.clone()) {
        None => ().into_any(),
        Some(Ok(measured)) => workers(measured),
        Some(Err(failure)) => p().class("hint").text(format!("{} {}", failure.message, failure.advice)).view(),
    };
    let times = table()
        .el(caption().text("Wall time in milliseconds, and the part of it above the ideal"))
        .el(thead().el(tr().add_all(headers)))
        .el(tbody().add(part(rows)));
    let scrolls =
        div().class("scrolls").attr("tabindex", "0").attr("role", "region").attr("aria-label", "Times, a table");
    let panel = section()
        .class("panel")
        .attr("aria-label", "Benchmark")
        .add(bar)
        .el(p().class("hint").text(how))
        .el(scrolls.el(times))
        .add(part(budget_table))
        .add(part(memory))
        .add(part(workers));
    panel.view()
}

fn as_table(budgets: &[Budget]) -> Table {
    let row = |budget: &Budget| {
        let number = |figure: f64| if figure < 10.0 { format!("{figure:.3}") } else { format!("{figure:.0}") };
        let bound = if budget.is_least { "at least" } else { "at most" };
        let verdict = budget.is_met().map_or("–", |is_met| if is_met { "✓ met" } else { "✕ missed" });
        vec![
            budget.what.clone(),
            budget.figure.map_or("–".to_owned(), number),
            format!("{bound} {}", number(budget.limit)),
            verdict.to_owned(),
        ]
    };
    Table {
        caption: "The budgets that a page can measure itself".to_owned(),
        columns: vec![Column::text("What"), Column::number("Measured"), Column::number("Budget"), Column::text("Met")],
        rows: budgets.iter().map(row).collect(),
    }
}

/// The speed-up of workers, with the exact figures for programs.
fn workers(measured: Workers) -> AnyView {
    let Workers { workers, speed_up, digits_per_s, single_digits_per_s } = measured;
    p().attr("data-workers", workers.to_string())
        .attr("data-speed-up", format!("{speed_up:.3}"))
        .attr("data-digits-per-s", format!("{digits_per_s:.0}"))
        .attr("data-single-digits-per-s", format!("{single_digits_per_s:.0}"))
        .text(format!(
            "With {workers} workers, one for each processor, a computation is {speed_up:.2} times as fast as with one. One worker \
             classifies {} digits per second in batches of 360, and {} one by one.",
            count(digits_per_s as u64),
            count(single_digits_per_s as u64)
        ))
        .view()
}

const HEADERS: [&str; 7] =
    ["What", "Implementation", "Median", "Minimum", "Maximum", "Over the ideal", "Relative to `Promise.all`"];

fn row(measured: &Measured, results: &Results) -> AnyView {
    let summary = measured.summary();
    let of_promises =
        of_promises(results, measured.case, measured.contender).filter(|_| measured.contender != Contender::Promises);
    let runs: Vec<String> = measured.runs_ms.iter().map(|ms| format!("{ms:.2}")).collect();
    let cells = [
        milliseconds(summary.median()),
        milliseconds(summary.min()),
        milliseconds(summary.max()),
        milliseconds(measured.over_ideal_ms()),
        of_promises.map_or("–".to_owned(), |ratio| format!("{ratio:.2}")),
    ];
    tr().attr("data-case", measured.case.key())
        .attr("data-who", measured.contender.key())
        .attr("data-runs", runs.join(","))
        .el(td().text(what(measured.case)))
        .el(td().text(who(measured.contender)))
        .add_all(cells.map(|cell| td().class("number").text(cell).view()))
        .view()
}

fn milliseconds(ms: Option<f64>) -> String {
    ms.map_or("–".to_owned(), |ms| format!("{ms:.1}"))
}

fn what(case: Case) -> String {
    match case {
        Case::Sleeps(n) => format!("{} sleeps of 100 ms", count(n.into())),
        Case::Ready(n) => format!("{} ready futures", count(n.into())),
    }
}

fn who(contender: Contender) -> &'static str {
    match contender {
        Contender::Runtime => "the runtime",
        Contender::Recorded => "the runtime, recorded",
        Contender::Promises => "Promise.all",
    }
}

fn class(state: State) -> &'static str {
    match state {
        State::Ready => "ready",
        State::Running => "running",
        State::Finished => "finished",
        State::Stopped => "stopped",
    }
}

fn sentence(state: State) -> &'static str {
    match state {
        State::Ready => "Ready. It takes about half a minute.",
        State::Running => "Running. Stop ends it immediately.",
        State::Finished => "Finished. The table shows all rounds.",
        State::Stopped => "Stopped. The table shows the rounds that had ended.",
    }
}
