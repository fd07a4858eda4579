//! What the page holds of the browser, as a script counts it that stands before the page's own.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Page, PageError};

/// Counts from then on. Open the page [with it](crate::fixture::Fixture::open_with_script).
pub const COUNT_RESOURCES: &str = include_str!("resources.js");

/// WebKit's driver sets a timer in the page for whatever it asks there, and leaves it.
const WEBKITS_DRIVERS: &str = "setTimeout 30000";

/// What the page holds, and the size of its memory.
#[derive(Clone, Debug, Deserialize)]
pub struct Resources {
    /// By kind a word on each thing: timers, listeners of what lasts as long as the page, workers, object URLs, …
    pub held: BTreeMap<String, Vec<String>>,
    /// The size of the wasm memory in bytes. It never shrinks.
    pub wasm_bytes: u64,
}

impl Page {
    /// What the page holds now.
    ///
    /// # Errors
    ///
    /// When it was not opened with [`COUNT_RESOURCES`] before its own scripts.
    pub async fn resources(&self) -> Result<Resources, PageError> {
        let mut resources: Resources = self.evaluate("return window.heldResources()", Vec::new()).await?;
        for things in resources.held.values_mut() {
            things.retain(|thing| thing != WEBKITS_DRIVERS);
        }
        Ok(resources)
    }
}
