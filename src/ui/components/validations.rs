//! Promises that were tested, each with a link to the experiment that shows it.

use leptos::prelude::*;

use crate::exercises::catalogue;
use crate::measure::validation::Validation;
use crate::ui::element::{a, b, h3, li, span, ul};

/// The promises in groups, each below the heading of its group.
pub(crate) fn validations(promises: &[Validation]) -> AnyView {
    let group = |of: &[Validation]| {
        let head = of.first().map(|it| h3().text(&it.group).view());
        [head.into_any(), ul().class("validations").add_all(of.iter().map(line)).view()].into_any()
    };
    promises.chunk_by(|one, next| one.group == next.group).map(group).collect_view().into_any()
}

fn line(validation: &Validation) -> AnyView {
    let slug = validation.shown_by.split('?').next().unwrap_or_default();
    let exercise = catalogue::find(slug).map_or(slug, |exercise| exercise.short_title);
    // If nothing was measured, the reason is shown instead.
    let (expected, measured) = match &*validation.expected {
        "" => (String::new(), format!("{}.", validation.measured)),
        expected => (format!("expected {expected}"), format!("measured {}", validation.measured)),
    };
    li().class(validation.verdict.name())
        .attr("data-validation", &validation.name)
        .attr("data-verdict", validation.verdict.name())
        .el(b().text(validation.verdict.in_words()))
        .el(span().class("promise").text(format!("{}.", validation.promise)))
        .el(span().class("expected").text(expected))
        .el(span().class("measured").text(measured))
        .el(a().attr("href", format!("#/{}", validation.shown_by)).text(exercise))
        .view()
}
