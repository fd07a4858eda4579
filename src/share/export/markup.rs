//! Markup that cannot be broken out of: it is made of tags that stand in the code, and text, which is escaped.

use std::fmt::Write;

/// A piece of HTML or SVG.
#[derive(Clone, Debug, Default)]
pub(super) struct Markup(String);

impl Markup {
    /// Nothing.
    pub(super) fn none() -> Self {
        Self::default()
    }

    /// Text, whatever is in it.
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        let mut escaped = String::new();
        escape(text.as_ref(), &mut escaped);
        Self(escaped)
    }

    /// An element that has attributes.
    pub(super) fn with(tag: &'static str, attributes: &[(&'static str, &str)], inside: Self) -> Self {
        let mut markup = format!("<{tag}");
        for (name, value) in attributes {
            let _ = write!(markup, " {name}=\"");
            escape(value, &mut markup);
            markup.push('"');
        }
        let _ = write!(markup, ">{}</{tag}>", inside.0);
        Self(markup)
    }

    /// An element.
    pub(super) fn tag(tag: &'static str, inside: Self) -> Self {
        Self::with(tag, &[], inside)
    }

    /// An element with a text in it.
    pub(super) fn said(tag: &'static str, text: impl AsRef<str>) -> Self {
        Self::tag(tag, Self::text(text))
    }

    /// One after the other.
    pub(super) fn all(pieces: impl IntoIterator<Item = Self>) -> Self {
        Self(pieces.into_iter().map(|piece| piece.0).collect())
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

fn escape(text: &str, into: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => into.push_str("&amp;"),
            '<' => into.push_str("&lt;"),
            '>' => into.push_str("&gt;"),
            '"' => into.push_str("&quot;"),
            '\'' => into.push_str("&#39;"),
            // Not allowed in HTML, and shown by nobody.
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}' => into.push('\u{fffd}'),
            _ => into.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped() {
        let text = "</p><script>alert('1') & \"2\"\0</script>";
        let markup = Markup::with("p", &[("title", text)], Markup::text(text)).into_text();
        let escaped = "&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39;) &amp; &quot;2&quot;\u{fffd}&lt;/script&gt;";
        assert_eq!(markup, format!("<p title=\"{escaped}\">{escaped}</p>"));
    }
}
