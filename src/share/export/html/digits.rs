//! Pictures of handwritten digits, each with what it is and what the classifier takes it for.

use crate::measure::digit::{Digit, shades};
use crate::share::export::markup::Markup;

/// The digits, which this seed draws; nothing where there are none.
pub(super) fn digits(digits: &[Digit], seed: u64) -> Markup {
    if digits.is_empty() {
        return Markup::none();
    }
    let list = Markup::with("ul", &[("class", "digits")], Markup::all(digits.iter().map(digit)));
    Markup::tag("figure", Markup::all([list, Markup::said("figcaption", Digit::in_short(digits, seed))]))
}

fn digit(digit: &Digit) -> Markup {
    let Digit { label, predicted, .. } = digit;
    let (class, read, told) = match digit.is_right() {
        true => ("right", "read", format!("✓ {label}")),
        false => ("wrong", "misread", format!("✕ {label}, read {predicted}")),
    };
    let path = |(opacity, path): (String, String)| {
        Markup::with("path", &[("d", &path), ("fill-opacity", &opacity)], Markup::none())
    };
    let name = format!("a {label}, {read} as {predicted}");
    let drawn = Markup::all(shades(digit).into_iter().map(path));
    let picture = Markup::with("svg", &[("viewBox", "0 0 8 8"), ("role", "img"), ("aria-label", &name)], drawn);
    Markup::with("li", &[("class", class)], Markup::all([picture, Markup::text(told)]))
}
