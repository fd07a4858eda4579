//! Run, Stop, how far it is and where it stands.

use leptos::prelude::*;

use crate::ui::lean::{self, Act, Changing, button, div, p};

/// What the bar shows and does.
pub(crate) struct RunBar {
    /// The name of the button that runs.
    pub(crate) run_label: &'static str,
    /// Whether Run works.
    pub(crate) can_start: Changing<bool>,
    /// Whether Stop works.
    pub(crate) is_running: Changing<bool>,
    /// How many parts are over, and how many there are.
    pub(crate) progress: Box<dyn Fn() -> (usize, usize) + Send>,
    /// The state in a word, then in a sentence.
    pub(crate) status: Changing<String>,
    /// The state's name in the style sheet.
    pub(crate) state: Changing<String>,
    /// What Run does.
    pub(crate) on_run: Act,
    /// What Stop does.
    pub(crate) on_stop: Act,
}

/// The bar above the controls. A screen reader is told when the state changes, and not of every step.
pub(crate) fn run_bar(bar: RunBar) -> AnyView {
    let RunBar { run_label, mut can_start, mut is_running, progress, status, mut state, on_run, on_stop } = bar;
    let share = move || {
        let (over, all) = progress();
        (over * 100 / all.max(1)).to_string()
    };
    let off = |is_off: bool| is_off.then(String::new);
    let run =
        button().class("run").attr_changing("disabled", move || off(!can_start())).on_click(on_run).text(run_label);
    let stop =
        button().class("stop").attr_changing("disabled", move || off(!is_running())).on_click(on_stop).text("Stop");
    let bar =
        lean::progress().attr("aria-label", "Parts that are over, in per cent").attr("max", "100").prop("value", share);
    div()
        .attr_changing("class", move || Some(format!("run-bar {}", state())))
        .el(div().class("buttons").el(run).el(stop))
        .el(bar)
        .el(p().class("status").attr("role", "status").text_changing(status))
        .view()
}
