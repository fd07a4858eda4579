//! Pictures of handwritten digits, each with the digit that it is and the one that the classifier read.

use crate::figures::node::{Element, Node, element};
use crate::measure::digit::{Digit, shades};

/// The digits that a seed draws. None if there are none.
#[must_use]
pub fn digits(digits: &[Digit], seed: u64) -> Option<Node> {
    if digits.is_empty() {
        return None;
    }
    let figure = element("figure")
        .class("digits")
        .child(element("ul").children(digits.iter().map(digit)))
        .child(element("figcaption").text(Digit::summary(digits, seed)));
    Some(figure.into())
}

fn digit(digit: &Digit) -> Element {
    let Digit { label, predicted, .. } = digit;
    let (class, read, text) = match digit.is_right() {
        true => ("digit", "read", format!("✓ {label}")),
        false => ("digit wrong", "misread", format!("✕ {label}, predicted {predicted}")),
    };
    let path = |(opacity, path): (String, String)| element("path").attr("d", path).attr("fill-opacity", opacity);
    let picture = element("svg")
        .attr("viewBox", "0 0 8 8")
        .attr("role", "img")
        .attr("aria-label", format!("{label}, {read} as {predicted}"))
        .children(shades(digit).into_iter().map(path));
    element("li").class(class).child(picture).child(element("span").attr("aria-hidden", "true").text(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::query::assert_sound;

    #[test]
    fn each_digit_says_what_it_is_and_what_was_read() {
        let digit = |predicted| Digit { pixels: vec![1.0; 64], label: 3, predicted };
        let figure = digits(&[digit(3), digit(8)], 7).expect("there are digits");
        assert_sound(&figure);
        assert_eq!(figure.attributes("svg", "aria-label"), ["3, read as 3", "3, misread as 8"]);
        assert_eq!(figure.texts("span"), ["✓ 3", "✕ 3, predicted 8"]);
        assert_eq!(figure.all(".wrong").len(), 1);
        assert_eq!(digits(&[], 7), None);
    }
}
