//! What should be true of a part of a run, and whether it is.

use leptos::prelude::*;

use crate::measure::report::Check;
use crate::ui::lab::Lab;
use crate::ui::lean::{b, li, span, ul};

/// The checks of these parts, once the run is over. `label` gives the name of a part as its bar bears it.
pub(crate) fn checks(lab: Lab, label: impl Fn(&str) -> Option<&'static str>) -> AnyView {
    let line = |check: &Check| Some(line(check, label(&check.part)?));
    let lines = lab.report.with(|report| report.iter().flat_map(|it| &it.checks).filter_map(line).collect::<Vec<_>>());
    if lines.is_empty() { ().into_any() } else { ul().class("checks").add_all(lines).view() }
}

fn line(check: &Check, part: &str) -> AnyView {
    li().class(if check.holds { "passes" } else { "fails" })
        .attr("data-check", &check.part)
        .attr("data-holds", check.holds.to_string())
        .el(b().text(check.verdict()))
        .el(span().text(format!("{part}: {} ({}).", check.claim, check.measured)))
        .view()
}
