//! The memory that a page uses in Chromium.

use serde_json::Value;

/// Totals of the page's documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heap {
    /// The size of all JavaScript values, without wasm memories.
    pub js_bytes: u64,
    /// The number of nodes, including those that are in no document but are still referenced.
    pub nodes: u64,
    /// The number of event listeners, on nodes and on all other objects.
    pub listeners: u64,
}

impl Heap {
    /// Reads a reply to `Performance.getMetrics`. A metric that it does not contain is 0.
    pub(super) fn from_reply(reply: &Value) -> Self {
        let metrics = || reply["metrics"].as_array().into_iter().flatten();
        let metric = |name: &str| {
            let found = metrics().find(|metric| metric["name"] == name);
            found.and_then(|metric| metric["value"].as_f64()).unwrap_or_default() as u64
        };
        Self { js_bytes: metric("JSHeapUsedSize"), nodes: metric("Nodes"), listeners: metric("JSEventListeners") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn metrics_are_found_by_their_names() {
        let reply = json!({ "metrics": [{ "name": "Nodes", "value": 7 }, { "name": "JSHeapUsedSize", "value": 1e6 }] });
        assert_eq!(Heap::from_reply(&reply), Heap { js_bytes: 1_000_000, nodes: 7, listeners: 0 });
    }
}
