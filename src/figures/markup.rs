//! Writes nodes as HTML. Text and values of attributes are escaped, so nothing can break out of its place.

use super::node::{Element, Node};

/// Elements without content and without an end tag.
const VOID: [&str; 3] = ["input", "link", "meta"];

/// The HTML of some nodes, one after another.
#[must_use]
pub fn to_html<'a>(nodes: impl IntoIterator<Item = &'a Node>) -> String {
    let mut html = String::new();
    nodes.into_iter().for_each(|node| write(node, &mut html));
    html
}

fn write(node: &Node, html: &mut String) {
    match node {
        Node::Text(text) => escape(text, html),
        Node::Element(element) => write_element(element, html),
    }
}

fn write_element(element: &Element, html: &mut String) {
    html.push('<');
    html.push_str(element.name);
    for (name, value) in &element.attributes {
        html.extend([" ", *name, "=\""]);
        escape(value, html);
        html.push('"');
    }
    html.push('>');
    if VOID.contains(&element.name) {
        return;
    }
    element.children.iter().for_each(|child| write(child, html));
    html.extend(["</", element.name, ">"]);
}

fn escape(text: &str, html: &mut String) {
    for letter in text.chars() {
        match letter {
            '&' => html.push_str("&amp;"),
            '<' => html.push_str("&lt;"),
            '>' => html.push_str("&gt;"),
            '"' => html.push_str("&quot;"),
            '\'' => html.push_str("&#39;"),
            // HTML does not allow them, and no browser shows them.
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}' => html.push('\u{fffd}'),
            _ => html.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::node::element;

    #[test]
    fn text_and_attributes_are_escaped() {
        let text = "</p><script>alert('1') & \"2\"\0</script>";
        let html = to_html(&[element("p").attr("title", text).text(text).into()]);
        let escaped = "&lt;/p&gt;&lt;script&gt;alert(&#39;1&#39;) &amp; &quot;2&quot;\u{fffd}&lt;/script&gt;";
        assert_eq!(html, format!("<p title=\"{escaped}\">{escaped}</p>"));
    }

    #[test]
    fn an_element_without_content_has_no_end_tag() {
        let html = to_html(&[element("meta").attr("charset", "utf-8").into(), element("p").into()]);
        assert_eq!(html, "<meta charset=\"utf-8\"><p></p>");
    }
}
