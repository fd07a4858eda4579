//! Promises that were tested, each with a link to the experiment that shows it.

use leptos::prelude::*;

use crate::exercises::catalogue;
use crate::measure::validation::Validation;

/// The promises in groups, each below the heading of its group.
pub(crate) fn validations(promises: &[Validation]) -> AnyView {
    promises.chunk_by(|one, next| one.group == next.group).map(group).collect_view().into_any()
}

fn group(promises: &[Validation]) -> AnyView {
    let heading = promises.first().map(|it| view! { <h3>{it.group.clone()}</h3> });
    view! {
        {heading}
        <ul class="validations">{promises.iter().map(line).collect_view()}</ul>
    }
    .into_any()
}

fn line(validation: &Validation) -> AnyView {
    let slug = validation.shown_by.split('?').next().unwrap_or_default();
    let exercise = catalogue::find(slug).map_or(slug, |exercise| exercise.short_title);
    // If nothing was measured, the reason is shown instead.
    let (expected, measured) = match &*validation.expected {
        "" => (String::new(), format!("{}.", validation.measured)),
        expected => (format!("expected {expected}"), format!("measured {}", validation.measured)),
    };
    view! {
        <li
            class=validation.verdict.name()
            data-validation=validation.name.clone()
            data-verdict=validation.verdict.name()
        >
            <b>{validation.verdict.in_words()}</b>
            <span class="promise">{format!("{}.", validation.promise)}</span>
            <span class="expected">{expected}</span>
            <span class="measured">{measured}</span>
            <a href=format!("#/{}", validation.shown_by)>{exercise.to_owned()}</a>
        </li>
    }
    .into_any()
}
