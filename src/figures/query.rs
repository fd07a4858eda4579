//! Finding things in a tree of nodes, for tests.

use crate::figures::node::{Element, Node};

impl Node {
    /// All elements with this name or, after a dot, this class, in the order of the document.
    pub(super) fn all(&self, selector: &str) -> Vec<&Element> {
        let mut found = Vec::new();
        self.collect(selector, &mut found);
        found
    }

    fn collect<'a>(&'a self, selector: &str, found: &mut Vec<&'a Element>) {
        let Self::Element(element) = self else { return };
        let is_meant = match selector.strip_prefix('.') {
            Some(class) => element.get("class").is_some_and(|classes| classes.split(' ').any(|it| it == class)),
            None => element.name == selector,
        };
        if is_meant {
            found.push(element);
        }
        element.children.iter().for_each(|child| child.collect(selector, found));
    }

    /// The text of each element that [`Node::all`] finds.
    pub(super) fn texts(&self, selector: &str) -> Vec<String> {
        self.all(selector).into_iter().map(Element::content).collect()
    }

    /// An attribute of each element that [`Node::all`] finds, if it has it.
    pub(super) fn attributes(&self, selector: &str, name: &str) -> Vec<&str> {
        self.all(selector).into_iter().filter_map(|it| it.get(name)).collect()
    }

    /// The cells of the last table, row by row, without its head.
    pub(super) fn rows(&self) -> Vec<Vec<String>> {
        let tables = self.all("tbody");
        let rows = tables.last().into_iter().flat_map(|table| &table.children);
        rows.map(|row| row.texts("td")).collect()
    }
}

impl Element {
    /// The value of an attribute.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(other, _)| *other == name).map(|(_, value)| &**value)
    }

    /// All text in it.
    pub(super) fn content(&self) -> String {
        let text = |child: &Node| match child {
            Node::Text(text) => text.to_string(),
            Node::Element(element) => element.content(),
        };
        self.children.iter().map(text).collect()
    }
}

/// Checks what is true of every chart: a figure with a caption, a name for each picture, and numbers that are numbers.
#[track_caller]
pub(super) fn assert_sound(figure: &Node) {
    let text = format!("{figure:?}");
    assert!(!text.contains("NaN") && !text.contains("inf%") && !text.contains("\"inf"), "{text}");
    assert!(matches!(figure, Node::Element(element) if element.name == "figure"), "{text}");
    assert!(figure.texts("figcaption").iter().all(|caption| !caption.is_empty()), "{text}");
    assert_eq!(figure.all("figcaption").len(), 1, "{text}");
    for picture in figure.all("svg").into_iter().chain(figure.all(".columns")) {
        let is_named = picture.get("aria-label").is_some() || picture.get("aria-hidden").is_some();
        assert!(is_named || picture.get("class") == Some("track"), "{picture:?}");
    }
    for element in ["rect", "line"].into_iter().flat_map(|name| figure.all(name)) {
        assert!(element.attributes.iter().all(|(name, value)| is_measure(name, value)), "{element:?}");
    }
}

/// True if this is no length, or a length that is a number, and not below 0 if it is a size.
fn is_measure(name: &str, value: &str) -> bool {
    let number = value.trim_end_matches('%').parse::<f64>();
    match name {
        "x" | "y" | "x1" | "x2" | "y1" | "y2" => number.is_ok_and(f64::is_finite),
        "width" | "height" => number.is_ok_and(|number| number.is_finite() && number >= 0.0),
        _ => true,
    }
}
