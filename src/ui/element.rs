//! A builder of elements, for the controls and the page of an exercise. Write all other views with `view!`.
//!
//! For every type of element and of closure in a `view!`, the compiler makes a copy of Leptos' machinery. The builder
//! has one type for all of them: replacing it in 20 files added 12 KB with brotli to the page's code. It remains from a
//! smaller budget for the first load. Fields in which the reader types need [`Property`].

use leptos::html;
use leptos::prelude::*;
use leptos::tachys::html::attribute::any_attribute::{AnyAttribute, IntoAnyAttribute};
use leptos::tachys::html::attribute::custom::custom_attribute;
use leptos::tachys::html::event::on;
use leptos::tachys::html::property::{IntoProperty, prop};
use leptos::tachys::view::add_attr::AddAnyAttr;
use wasm_bindgen::JsValue;
use web_sys::{Element, Event, MouseEvent};

/// A value in a view that changes.
pub(super) type Changing<T> = Box<dyn FnMut() -> T + Send>;

/// A part of a view that is made again when a signal that it reads changes.
pub(super) fn part(view: impl FnMut() -> AnyView + Send + 'static) -> AnyView {
    let view: Changing<AnyView> = Box::new(view);
    view.into_any()
}

/// An element, built step by step: `p().class("hint").text("…").view()`.
///
/// The steps are not inlined and pass one pointer on, since they are used in hundreds of places.
pub(super) struct ElementBuilder(Box<Parts>);

struct Parts {
    make: fn(Vec<AnyAttribute>, Vec<AnyView>) -> AnyView,
    attributes: Vec<AnyAttribute>,
    children: Vec<AnyView>,
}

impl ElementBuilder {
    #[inline(never)]
    fn new(make: fn(Vec<AnyAttribute>, Vec<AnyView>) -> AnyView) -> Self {
        Self(Box::new(Parts { make, attributes: Vec::new(), children: Vec::new() }))
    }

    /// Its class.
    pub(super) fn class(self, class: &str) -> Self {
        self.attr("class", class)
    }

    /// An attribute.
    pub(super) fn attr(self, name: &'static str, value: impl AsRef<str>) -> Self {
        self.attr_of(name, value.as_ref())
    }

    #[inline(never)]
    fn attr_of(self, name: &'static str, value: &str) -> Self {
        self.attr_if(name, Some(value.to_owned()))
    }

    /// An attribute, if it has a value.
    #[inline(never)]
    pub(super) fn attr_if(mut self, name: &'static str, value: Option<String>) -> Self {
        self.0.attributes.push(custom_attribute(name, value).into_any_attr());
        self
    }

    /// An attribute that changes, and is absent while it has no value.
    pub(super) fn attr_changing(
        self,
        name: &'static str,
        value: impl FnMut() -> Option<String> + Send + 'static,
    ) -> Self {
        self.boxed_attribute(name, Box::new(value))
    }

    #[inline(never)]
    fn boxed_attribute(mut self, name: &'static str, value: Changing<Option<String>>) -> Self {
        self.0.attributes.push(custom_attribute(name, value).into_any_attr());
        self
    }

    /// A property that changes, as text.
    pub(super) fn prop(self, name: &'static str, mut value: impl FnMut() -> String + Send + 'static) -> Self {
        self.boxed_property(name, Box::new(move || Property(value())))
    }

    #[inline(never)]
    fn boxed_property(mut self, name: &'static str, value: Changing<Property>) -> Self {
        self.0.attributes.push(prop(name, value).into_any_attr());
        self
    }

    /// A property that is on or off.
    pub(super) fn prop_flag(self, name: &'static str, is_on: impl Fn() -> bool + Send + 'static) -> Self {
        // Browsers take any text but the empty one for true.
        self.prop(name, move || if is_on() { "true" } else { "" }.to_owned())
    }

    /// Calls `act` at each click.
    pub(super) fn on_click(self, act: impl Fn() + 'static) -> Self {
        self.boxed_click(Box::new(move |_| act()))
    }

    #[inline(never)]
    fn boxed_click(mut self, act: Box<dyn FnMut(MouseEvent)>) -> Self {
        self.0.attributes.push(on(leptos::ev::click, act).into_any_attr());
        self
    }

    /// Calls `take` whenever the reader changes the input.
    pub(super) fn on_input(self, take: impl Fn(&Event) + 'static) -> Self {
        self.boxed_input(Box::new(move |event| take(&event)))
    }

    #[inline(never)]
    fn boxed_input(mut self, take: Box<dyn FnMut(Event)>) -> Self {
        self.0.attributes.push(on(leptos::ev::input, take).into_any_attr());
        self
    }

    /// Calls `take` when the reader has chosen a value.
    #[inline(never)]
    pub(super) fn on_change(mut self, take: impl Fn(&Event) + 'static) -> Self {
        let take: Box<dyn FnMut(Event)> = Box::new(move |event| take(&event));
        self.0.attributes.push(on(leptos::ev::change, take).into_any_attr());
        self
    }

    /// Adds a text.
    pub(super) fn text(self, text: impl AsRef<str>) -> Self {
        self.text_of(text.as_ref())
    }

    #[inline(never)]
    fn text_of(self, text: &str) -> Self {
        self.add(text.to_owned().into_any())
    }

    /// Adds a text that changes.
    pub(super) fn text_changing(self, read: impl FnMut() -> String + Send + 'static) -> Self {
        self.boxed_text(Box::new(read))
    }

    #[inline(never)]
    fn boxed_text(self, read: Changing<String>) -> Self {
        self.add(read.into_any())
    }

    /// Adds a child.
    #[inline(never)]
    pub(super) fn add(mut self, child: AnyView) -> Self {
        self.0.children.push(child);
        self
    }

    /// Adds an element.
    #[inline(never)]
    pub(super) fn el(self, child: Self) -> Self {
        self.add(child.view())
    }

    /// Adds children.
    pub(super) fn add_all(self, children: impl IntoIterator<Item = AnyView>) -> Self {
        children.into_iter().fold(self, Self::add)
    }

    /// The element as a view.
    #[inline(never)]
    pub(super) fn view(self) -> AnyView {
        let Parts { make, attributes, children } = *self.0;
        make(attributes, children)
    }
}

/// A property that is written only when it changes. Leptos writes a text whenever it is computed, which would overwrite
/// what the reader is typing: `1.` on the way to `1.5`.
#[derive(Clone)]
struct Property(String);

impl Property {
    fn write(&self, element: &Element, key: &str) {
        // It fails only on frozen objects, and elements are not frozen.
        let _ = js_sys::Reflect::set(element, &JsValue::from_str(key), &JsValue::from_str(&self.0));
    }
}

impl IntoProperty for Property {
    type State = (Element, String);
    type Cloneable = Self;
    type CloneableOwned = Self;

    fn hydrate<const FROM_SERVER: bool>(self, element: &Element, key: &str) -> Self::State {
        self.build(element, key)
    }

    fn build(self, element: &Element, key: &str) -> Self::State {
        self.write(element, key);
        (element.clone(), self.0)
    }

    fn rebuild(self, (element, written): &mut Self::State, key: &str) {
        if self.0 != *written {
            self.write(element, key);
            *written = self.0;
        }
    }

    fn into_cloneable(self) -> Self {
        self
    }

    fn into_cloneable_owned(self) -> Self {
        self
    }
}

/// The elements by their names.
macro_rules! tags {
    ($($tag:ident)*) => {
        $(
            #[doc = concat!("A `", stringify!($tag), "` element.")]
            pub(super) fn $tag() -> ElementBuilder {
                ElementBuilder::new(|attributes, children| html::$tag().add_any_attr(attributes).child(children).into_any())
            }
        )*
    };
}

tags! { a button div h1 h2 label li option p section select span ul }

/// An `input` element.
pub(super) fn input() -> ElementBuilder {
    ElementBuilder::new(|attributes, _| html::input().add_any_attr(attributes).into_any())
}
