//! The benchmark's page: the cost of the runtime itself, compared with the browser's own promises.

use leptos::prelude::*;

use crate::benchmark::budgets::{Budget, budgets, line_cost, ratio_to_promises};
use crate::benchmark::{self, Case, Contender, Measured, ROUNDS, Results, Workers};
use crate::lazy::lazy;
use crate::measure::report::{Column, Table};
use crate::measure::units::count;
use crate::runtime::{Stopper, stoppable};
use crate::ui::components::report::data_table;
use crate::ui::components::run_bar::RunBar;
use crate::ui::components::table::table;
use crate::ui::lazy_view::lazy_view;
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
    let about = "The cost of the runtime itself: many concurrent waits, compared with the browser's own promises.";
    [page_head("Benchmark", about), lazy_view(fetched::load, move || fetched::page(runs_at_once))].into_any()
}

lazy!(mod fetched in exercises: page(runs_at_once: bool) -> AnyView);

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
    let how = format!(
        "Each row is the median of {ROUNDS} rounds, with the minimum and the maximum; a warm-up round is not \
         counted. Creating the tasks is part of the measured time. Keep the page visible."
    );
    let workers = move || match results.with(|results| results.workers.clone()) {
        None => ().into_any(),
        Some(Ok(measured)) => workers(measured),
        Some(Err(failure)) => {
            view! { <p class="hint">{format!("{} {}", failure.message, failure.advice)}</p> }.into_any()
        }
    };
    view! {
        <section class="panel" aria-label="Benchmark">
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
            <p class="hint">{how}</p>
            {times(results)}
            {move || results.with(|results| data_table(as_table(&budgets(results))))}
            {move || results.with(|results| line_cost(&results.line_costs)).map(lines)}
            {move || results.with(|results| results.bytes_per_task).map(memory)}
            {workers}
        </section>
    }
    .into_any()
}

/// A table of the times of every case.
fn times(results: RwSignal<Results>) -> AnyView {
    let caption = "Wall time, and overhead above the ideal, in milliseconds";
    let rows = move || results.with(|results| results.measured.iter().map(|it| row(it, results)).collect_view());
    table("Times, a table".to_owned(), caption.to_owned(), COLUMNS, rows.into_any())
}

fn lines(cost: f64) -> AnyView {
    let sentence = format!(
        "Recording the line of each wait takes at most {:.1} % of the time of recording without it.",
        (cost - 1.0).max(0.0) * 100.0
    );
    view! { <p data-line-cost=format!("{cost:.4}")>{sentence}</p> }.into_any()
}

fn memory(bytes_per_task: usize) -> AnyView {
    let sentence = format!("The record of a task with one wait takes {bytes_per_task} bytes.");
    view! { <p data-bytes-per-task=bytes_per_task.to_string()>{sentence}</p> }.into_any()
}

fn as_table(budgets: &[Budget]) -> Table {
    let row = |budget: &Budget| {
        let number = |figure: f64| if figure < 10.0 { format!("{figure:.3}") } else { format!("{figure:.0}") };
        let bound = if budget.is_minimum { "at least" } else { "at most" };
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
        columns: vec![
            Column::text("Budget item"),
            Column::number("Measured"),
            Column::number("Budget"),
            Column::text("Result"),
        ],
        rows: budgets.iter().map(row).collect(),
    }
}

/// The speed-up of workers, with the exact figures for programs.
fn workers(measured: Workers) -> AnyView {
    let Workers { workers, speed_up, digits_per_s, single_digits_per_s } = measured;
    let sentence = format!(
        "With {workers} workers, one for each processor, a computation is {speed_up:.2} times as fast as with one. One worker \
         classifies {} digits per second in batches of 360, and {} one by one.",
        count(digits_per_s as u64),
        count(single_digits_per_s as u64)
    );
    view! {
        <p
            data-workers=workers.to_string()
            data-speed-up=format!("{speed_up:.3}")
            data-digits-per-s=format!("{digits_per_s:.0}")
            data-single-digits-per-s=format!("{single_digits_per_s:.0}")
        >
            {sentence}
        </p>
    }
    .into_any()
}

const COLUMNS: &[Column] = &[
    Column::text("What"),
    Column::text("Implementation"),
    Column::number("Median"),
    Column::number("Minimum"),
    Column::number("Maximum"),
    Column::number("Overhead"),
    Column::number("Relative to `Promise.all`"),
];

fn row(measured: &Measured, results: &Results) -> AnyView {
    let summary = measured.summary();
    let ratio = ratio_to_promises(results, measured.case, measured.contender)
        .filter(|_| measured.contender != Contender::Promises);
    let runs: Vec<String> = measured.runs_ms.iter().map(|ms| format!("{ms:.2}")).collect();
    let cells = [
        milliseconds(summary.median()),
        milliseconds(summary.min()),
        milliseconds(summary.max()),
        milliseconds(measured.over_ideal_ms()),
        ratio.map_or("–".to_owned(), |ratio| format!("{ratio:.2}")),
    ];
    view! {
        <tr data-case=measured.case.key() data-who=measured.contender.key() data-runs=runs.join(",")>
            <td>{what(measured.case)}</td>
            <td>{who(measured.contender)}</td>
            {cells.map(|cell| view! { <td class="number">{cell}</td> }).collect_view()}
        </tr>
    }
    .into_any()
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
        State::Running => "Running. Press Stop to end it.",
        State::Finished => "Finished. The table shows all rounds.",
        State::Stopped => "Stopped. The table shows the rounds that had ended.",
    }
}
