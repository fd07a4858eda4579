//! The browser's resources that the page holds, counted by a script that runs before the page's own scripts.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{Page, PageError};

/// The script that counts resources. Open the page [with it](crate::fixture::Fixture::open_with_script).
pub const COUNT_RESOURCES: &str = include_str!("resources.js");

/// The timer that WebKit's driver sets in the page for each script, and does not clear. The page's own timers of 30 s
/// are ignored too.
const TIMER_OF_WEBKIT_DRIVER: &str = "setTimeout 30000";

/// The resources that the page holds, and the size of its memory.
#[derive(Clone, Debug, Deserialize)]
pub struct Resources {
    /// A description of each resource, by kind: timers, workers, object URLs, listeners on objects that live as long as
    /// the page, …
    pub held: BTreeMap<String, Vec<String>>,
    /// The size of the wasm memory in bytes. It never shrinks.
    pub wasm_bytes: u64,
}

impl Page {
    /// The resources that the page holds now.
    ///
    /// # Errors
    ///
    /// If the page was not opened with [`COUNT_RESOURCES`].
    pub async fn resources(&self) -> Result<Resources, PageError> {
        let mut resources: Resources = self.evaluate("return window.heldResources()", Vec::new()).await?;
        for things in resources.held.values_mut() {
            things.retain(|thing| thing != TIMER_OF_WEBKIT_DRIVER);
        }
        Ok(resources)
    }
}
