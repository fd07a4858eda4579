//! A run held against another: pinned by the reader, or sent with the link. And runs that are repeated, to know how sure
//! a difference is.

use leptos::prelude::*;

use crate::measure::bootstrap::LEAST_VALUES;
use crate::ui::components::report::data_table;
use crate::ui::lab::Lab;
use crate::ui::lean::{button, div, flag, input, label, p, part, section};

/// The most runs of a series.
const MOST_REPEATS: u32 = 100;

/// What can be done with a run that has finished, and what comes of it.
pub(crate) fn beside(lab: Lab) -> AnyView {
    let differences = move || {
        lab.digest.track();
        lab.runs.track();
        lab.alike.track();
        if lab.beside.with(Option::is_none) {
            return ().into_any();
        }
        lab.shown(|results| (results.beside)(lab))
    };
    section().class("beside").attr("aria-label", "Beside another run").add(series(lab)).add(part(differences)).view()
}

/// A series of runs alike.
fn series(lab: Lab) -> AnyView {
    let times = RwSignal::new(LEAST_VALUES as u32);
    let take = move |event: &web_sys::Event| {
        if let Ok(typed) = event_target_value(event).parse() {
            times.set(u32::clamp(typed, 1, MOST_REPEATS));
        }
    };
    let field = input()
        .attr("id", "repeats")
        .attr("type", "number")
        .attr("min", "1")
        .attr("max", MOST_REPEATS.to_string())
        .prop("value", move || times.get().to_string())
        .on_change(take);
    let mut can_start = flag(move || lab.can_start());
    let repeat = button()
        .class("quiet")
        .attr_changing("disabled", move || (!can_start()).then(String::new))
        .on_click(move || lab.repeat(times.get_untracked()))
        .text("Repeat");
    let told = move || match (lab.repeats_left.get(), lab.alike.with(|alike| alike.measured.runs)) {
        (0, 0 | 1) => String::new(),
        (0, runs) => format!("{runs} runs with these settings are measured."),
        (1, _) => "The last run of the series.".to_owned(),
        (left, _) => format!("{left} runs of the series are left."),
    };
    div()
        .class("series")
        .el(label().attr("for", "repeats").text("Run so often:"))
        .el(field)
        .el(repeat)
        .el(p().class("hint").text_changing(told))
        .view()
}

/// The table of differences, once there is a run.
pub(crate) fn differences(lab: Lab) -> AnyView {
    let Some(beside) = lab.beside.get() else { return ().into_any() };
    let measured = lab.alike.with(|alike| alike.measured.clone());
    if measured.runs == 0 {
        return p().class("hint").text(format!("{} stands beside the next.", beside.title)).view();
    }
    let table = measured.compared_with(&beside.measured, beside.title, lab.seed.get_untracked());
    let is_sure = measured.runs.min(beside.measured.runs) >= LEAST_VALUES;
    let hint = (!is_sure).then(|| {
        let hint = format!(
            "With {LEAST_VALUES} runs of each an interval says how sure the ratio is: repeat, pin, and repeat."
        );
        p().class("hint").text(hint).view()
    });
    div().attr("data-beside", beside.word).add(data_table(table)).add(hint.into_any()).view()
}
