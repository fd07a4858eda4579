//! [`ParsedUrl`]: an address as the browser reads and normalizes it.

use js_sys::{Array, Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};

/// The browser's `URL`. It is used without a type of its own, which would make the first load larger.
#[derive(Debug)]
pub struct ParsedUrl(JsValue);

impl ParsedUrl {
    /// Parses an address, relative to `base`. `None` if the browser refuses it.
    #[must_use]
    pub fn new(address: &str, base: Option<&str>) -> Option<Self> {
        let class: Function = Reflect::get(&js_sys::global(), &"URL".into()).ok()?.dyn_into().ok()?;
        let arguments = Array::of1(&address.into());
        if let Some(base) = base {
            arguments.push(&base.into());
        }
        Some(Self(Reflect::construct(&class, &arguments).ok()?))
    }

    /// An address relative to the page.
    #[must_use]
    pub fn of_page(address: &str) -> Option<Self> {
        let base = web_sys::window()?.document()?.base_uri().ok()??;
        Self::new(address, Some(&base))
    }

    /// A part of it, by the name that the part has in JavaScript: `href`, `protocol`, `hostname`, `port`, `pathname`, `search`.
    #[must_use]
    pub fn part(&self, name: &str) -> String {
        Reflect::get(&self.0, &name.into()).ok().and_then(|part| part.as_string()).unwrap_or_default()
    }
}
