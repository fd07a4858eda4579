//! Pictures of handwritten digits, each with what it is and what the classifier takes it for.

use leptos::prelude::*;

use crate::measure::digit::{Digit, shades};
use crate::ui::lab::Lab;
use crate::ui::lean::part;

/// The digits of the report, once there is one that has some.
pub(crate) fn digits(lab: Lab) -> AnyView {
    part(move || {
        let has_digits = lab.report.with(|report| report.as_ref().is_some_and(|report| !report.digits.is_empty()));
        if has_digits { lab.shown(|results| (results.digits)(lab)) } else { ().into_any() }
    })
}

/// See [`digits`].
pub(crate) fn gallery(lab: Lab) -> AnyView {
    let digits = lab.report.get_untracked().map(|report| report.digits.clone()).unwrap_or_default();
    let caption = Digit::in_short(&digits, lab.seed.get_untracked());
    view! {
        <figure class="digits">
            <ul>{digits.iter().map(picture).collect_view()}</ul>
            <figcaption>{caption}</figcaption>
        </figure>
    }
    .into_any()
}

fn picture(digit: &Digit) -> AnyView {
    let (class, sign, read) =
        if digit.is_right() { ("digit", "✓", "read") } else { ("digit wrong", "✕", "misread") };
    view! {
        <li class=class>
            <svg viewBox="0 0 8 8" role="img" aria-label=format!("a {}, {read} as {}", digit.label, digit.predicted)>
                {shades(digit).into_iter().map(|(opacity, path)| view! {
                    <path d=path fill-opacity=opacity></path>
                }.into_any()).collect_view()}
            </svg>
            <span aria-hidden="true">{format!("{sign} {}", digit.predicted)}</span>
        </li>
    }
    .into_any()
}
