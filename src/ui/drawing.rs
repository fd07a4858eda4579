//! Turns a tree of nodes into elements of the page. If the tree is built again, only what differs is changed: an
//! element that remains keeps its focus, and a disclosure stays open. Text becomes text nodes, never HTML.

use leptos::prelude::*;
use leptos::tachys;
use leptos::tachys::html::attribute::any_attribute::AnyAttribute;
use leptos::tachys::hydration::Cursor;
use leptos::tachys::view::{Mountable, Position, PositionState, Render, RenderHtml};
use wasm_bindgen::JsCast;

use crate::figures::node::{Element, Node};

const SVG: &str = "http://www.w3.org/2000/svg";

/// The view of a node.
pub(super) fn drawing(node: impl Into<Node>) -> AnyView {
    Drawing(node.into()).into_any()
}

/// The view of several nodes, one after another.
pub(super) fn drawings<T: Into<Node>>(nodes: impl IntoIterator<Item = T>) -> AnyView {
    nodes.into_iter().map(drawing).collect_view().into_any()
}

/// A node as Leptos takes it.
struct Drawing(Node);

/// A node that is on the page.
struct Drawn {
    /// The node, without its children.
    node: Node,
    dom: web_sys::Node,
    is_svg: bool,
    children: Vec<Drawn>,
}

impl Drawn {
    fn new(mut node: Node, is_in_svg: bool) -> Self {
        let Node::Element(element) = &mut node else { return Self::text(node) };
        let is_svg = is_in_svg || element.name == "svg";
        let namespace = is_svg.then_some(SVG);
        let dom = tachys::renderer::dom::Dom::create_element(element.name, namespace);
        for (name, value) in &element.attributes {
            set(&dom, name, value);
        }
        let children: Vec<_> =
            std::mem::take(&mut element.children).into_iter().map(|child| Self::new(child, is_svg)).collect();
        for child in &children {
            insert(&dom, &child.dom, None);
        }
        Self { node, dom: dom.into(), is_svg, children }
    }

    fn text(node: Node) -> Self {
        let text = if let Node::Text(text) = &node { &**text } else { "" };
        Self { dom: document().create_text_node(text).into(), node, is_svg: false, children: Vec::new() }
    }

    /// True if this can become that node.
    fn is_like(&self, node: &Node) -> bool {
        match (&self.node, node) {
            (Node::Element(old), Node::Element(new)) => old.name == new.name,
            (Node::Text(_), Node::Text(_)) => true,
            _ => false,
        }
    }

    /// Becomes a node that [`Drawn::is_like`] allows.
    fn change(&mut self, node: Node) {
        match (&mut self.node, node) {
            (Node::Element(old), Node::Element(mut new)) => {
                let children = std::mem::take(&mut new.children);
                let element = self.dom.unchecked_ref();
                if old.attributes != new.attributes {
                    change_attributes(element, old, &new);
                }
                *old = new;
                change_children(element, self.is_svg, &mut self.children, children);
            }
            (Node::Text(old), Node::Text(new)) if *old != new => {
                self.dom.set_node_value(Some(&new));
                *old = new;
            }
            _ => {}
        }
    }
}

fn change_attributes(element: &web_sys::Element, old: &Element, new: &Element) {
    for (name, _) in &old.attributes {
        if new.attributes.iter().all(|(other, _)| other != name) {
            // It fails for no name.
            let _ = element.remove_attribute(name);
        }
    }
    for (name, value) in new.attributes.iter().filter(|it| !old.attributes.contains(it)) {
        set(element, name, value);
    }
}

/// Children of the same kinds at the beginning and at the end remain; those in between are replaced.
fn change_children(parent: &web_sys::Element, is_svg: bool, drawn: &mut Vec<Drawn>, mut nodes: Vec<Node>) {
    let before = drawn.iter().zip(&nodes).take_while(|(old, new)| old.is_like(new)).count();
    let pairs = drawn[before..].iter().rev().zip(nodes[before..].iter().rev());
    let after = pairs.take_while(|(old, new)| old.is_like(new)).count();
    let behind = nodes.split_off(nodes.len() - after);
    let between = nodes.split_off(before);
    let next = drawn.len() - after;
    let anchor = drawn.get(next).map(|next| next.dom.clone());
    let added: Vec<_> = between.into_iter().map(|node| Drawn::new(node, is_svg)).collect();
    for new in &added {
        insert(parent, &new.dom, anchor.as_ref());
    }
    for mut old in drawn.splice(before..next, added) {
        old.unmount();
    }
    let behind_from = drawn.len() - after;
    for (old, new) in drawn[..before].iter_mut().zip(nodes) {
        old.change(new);
    }
    for (old, new) in drawn[behind_from..].iter_mut().zip(behind) {
        old.change(new);
    }
}

fn set(element: &web_sys::Element, name: &str, value: &str) {
    // The names are in the code, and all of them are valid.
    let _ = element.set_attribute(name, value);
}

fn insert(parent: &web_sys::Element, child: &web_sys::Node, before: Option<&web_sys::Node>) {
    // If something else on the page has moved the anchor, the child is not shown.
    let _ = parent.insert_before(child, before);
}

impl Mountable for Drawn {
    // `unmount` of a DOM node is not implemented in tachys.
    fn unmount(&mut self) {
        if let Some(parent) = self.dom.parent_node() {
            // It fails only if the node has been moved to another parent.
            let _ = parent.remove_child(&self.dom);
        }
    }

    fn mount(&mut self, parent: &web_sys::Element, marker: Option<&web_sys::Node>) {
        self.dom.mount(parent, marker);
    }

    fn insert_before_this(&self, child: &mut dyn Mountable) -> bool {
        self.dom.insert_before_this(child)
    }

    fn elements(&self) -> Vec<web_sys::Element> {
        self.dom.clone().dyn_into().into_iter().collect()
    }
}

impl Render for Drawing {
    type State = Drawn;

    fn build(self) -> Drawn {
        Drawn::new(self.0, false)
    }

    fn rebuild(self, drawn: &mut Drawn) {
        if drawn.is_like(&self.0) {
            drawn.change(self.0);
            return;
        }
        let mut new = self.build();
        drawn.insert_before_this(&mut new);
        drawn.unmount();
        *drawn = new;
    }
}

tachys::no_attrs!(Drawing);

/// The page is made in the browser only, so nothing is written as HTML or hydrated.
impl RenderHtml for Drawing {
    type AsyncOutput = Self;
    type Owned = Self;

    const MIN_LENGTH: usize = 0;

    fn dry_resolve(&mut self) {}

    async fn resolve(self) -> Self {
        self
    }

    fn to_html_with_buf(self, _: &mut String, _: &mut Position, _: bool, _: bool, _: Vec<AnyAttribute>) {}

    fn hydrate<const FROM_SERVER: bool>(self, _: &Cursor, _: &PositionState) -> Drawn {
        self.build()
    }

    fn into_owned(self) -> Self {
        self
    }
}
