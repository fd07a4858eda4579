//! Pictures of handwritten digits, each with what it is and what the classifier takes it for.

use leptos::prelude::*;

use crate::measure::decimal::fixed;
use crate::measure::report::Digit;
use crate::ui::lab::Lab;
use crate::ui::lean::part;

/// The side of a picture in pixels.
const SIDE: usize = 8;

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
    let right = digits.iter().filter(|digit| digit.label == digit.predicted).count();
    let (n, seed) = (digits.len(), lab.seed.get_untracked());
    let caption = format!(
        "{n} images that seed {seed} draws from the data set, and what the classifier reads: {right} are right."
    );
    view! {
        <figure class="digits">
            <ul>{digits.iter().map(picture).collect_view()}</ul>
            <figcaption>{caption}</figcaption>
        </figure>
    }
    .into_any()
}

fn picture(digit: &Digit) -> AnyView {
    let is_right = digit.label == digit.predicted;
    let (class, sign, read) = if is_right { ("digit", "✓", "read") } else { ("digit wrong", "✕", "misread") };
    view! {
        <li class=class>
            <svg viewBox="0 0 8 8" role="img" aria-label=format!("a {}, {read} as {}", digit.label, digit.predicted)>
                {levels(&digit.pixels).into_iter().map(|(opacity, path)| view! {
                    <path d=path fill-opacity=opacity></path>
                }.into_any()).collect_view()}
            </svg>
            <span aria-hidden="true">{format!("{sign} {}", digit.predicted)}</span>
        </li>
    }
    .into_any()
}

/// The pixels as one path for each quarter of brightness, which is as much as the eye tells apart at this size.
fn levels(pixels: &[f32]) -> Vec<(String, String)> {
    let level = |brightness: f32| (brightness * 4.0).ceil() as u32;
    let path = |of: u32| {
        let places = pixels.iter().enumerate().filter(|(_, brightness)| level(**brightness) == of);
        places.map(|(place, _)| format!("M{} {}h1v1h-1z", place % SIDE, place / SIDE)).collect::<String>()
    };
    (1..=4).map(|of| (fixed(f64::from(of) / 4.0, 2), path(of))).collect()
}
