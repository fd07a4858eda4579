//! Text in which code is between backticks.

use super::node::{Element, element};

/// An element of this name with a text, in which what is between backticks is code. An opening backtick without its
/// partner is an ordinary character.
#[must_use]
pub fn with_code(name: &'static str, text: &str) -> Element {
    let pieces: Vec<&str> = text.split('`').collect();
    let last = pieces.len() - 1;
    let mut drawn = element(name);
    for (n, piece) in pieces.into_iter().enumerate() {
        drawn = match n % 2 {
            0 => drawn.text(piece.to_owned()),
            _ if n == last => drawn.text(format!("`{piece}")),
            _ => drawn.child(element("code").text(piece.to_owned())),
        };
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::markup::to_html;

    #[test]
    fn what_is_between_backticks_is_code() {
        for (text, html) in [
            ("Await it.", "<p>Await it.</p>"),
            ("Use `gather` or `wait`.", "<p>Use <code>gather</code> or <code>wait</code>.</p>"),
            ("a ` b", "<p>a ` b</p>"),
            ("`<b>`", "<p><code>&lt;b&gt;</code></p>"),
            ("", "<p></p>"),
        ] {
            assert_eq!(to_html(&[with_code("p", text).into()]), html);
        }
    }
}
