//! [`Node`]: a piece of HTML or SVG as a value.
//!
//! Names of elements and attributes are in the code; text and values can come from anywhere. Code that turns nodes into
//! a page keeps text as text.

use std::borrow::Cow;

/// A piece of HTML or SVG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// An element. An `svg` and what is in it are SVG, everything else is HTML.
    Element(Element),
    /// A text.
    Text(Cow<'static, str>),
}

/// An element with its attributes and children.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// Its name, in lower case for HTML.
    pub name: &'static str,
    /// Its attributes; each name occurs once.
    pub attributes: Vec<(&'static str, Cow<'static, str>)>,
    /// Its children, in order.
    pub children: Vec<Node>,
}

/// An element without attributes and children. The methods of [`Element`] add them:
///
/// ```
/// use interleave::figures::node::{Node, element};
///
/// let item: Node = element("li").class("digit").child(element("b").text("7")).into();
/// ```
#[must_use]
pub fn element(name: &'static str) -> Element {
    Element { name, attributes: Vec::new(), children: Vec::new() }
}

impl Element {
    /// Sets the class.
    #[must_use]
    pub fn class(self, class: &'static str) -> Self {
        self.attr("class", class)
    }

    /// Adds an attribute.
    #[must_use]
    pub fn attr(mut self, name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.attributes.push((name, value.into()));
        self
    }

    /// Adds an attribute with a number, rounded to two places: no screen shows more. A number that is not finite is 0.
    #[must_use]
    pub fn number(self, name: &'static str, value: f64) -> Self {
        self.attr(name, number(value))
    }

    /// Adds an attribute with a share of the width or height of the picture, as a percentage.
    #[must_use]
    pub fn share(self, name: &'static str, share: f64) -> Self {
        self.attr(name, format!("{}%", number(share * 100.0)))
    }

    /// Adds an attribute if there is a value.
    #[must_use]
    pub fn attr_if(self, name: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.attr(name, value.to_string()),
            None => self,
        }
    }

    /// Adds a text.
    #[must_use]
    pub fn text(self, text: impl Into<Cow<'static, str>>) -> Self {
        self.child(Node::Text(text.into()))
    }

    /// Adds a child.
    #[must_use]
    pub fn child(mut self, child: impl Into<Node>) -> Self {
        self.children.push(child.into());
        self
    }

    /// Adds children. An `Option` is at most one.
    #[must_use]
    pub fn children<T: Into<Node>>(mut self, children: impl IntoIterator<Item = T>) -> Self {
        self.children.extend(children.into_iter().map(Into::into));
        self
    }
}

impl From<Element> for Node {
    fn from(element: Element) -> Self {
        Self::Element(element)
    }
}

/// A number rounded to two places, without zeros at its end. What is not finite is 0.
fn number(value: f64) -> String {
    if !value.is_finite() {
        return "0".to_owned();
    }
    let text = format!("{value:.2}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_finite() {
        for (value, text) in
            [(0.0, "0"), (100.0, "100"), (33.333, "33.33"), (2.5, "2.5"), (f64::NAN, "0"), (f64::INFINITY, "0")]
        {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn an_attribute_without_a_value_is_not_there() {
        let element = element("p").attr_if("id", None::<u32>).attr_if("lang", Some("en")).share("width", 0.125);
        assert_eq!(element.attributes, [("lang", "en".into()), ("width", "12.5%".into())]);
    }
}
