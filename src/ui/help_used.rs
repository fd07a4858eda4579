//! The help that the reader has used in writing the parts of the guide, stored for the next visit.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

const KEY: &str = "interleave-help";

/// The help used in one part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Help {
    /// The number of hints that the reader has seen.
    pub(super) hints: usize,
    /// True if the reader has seen our solution.
    pub(super) has_seen_solution: bool,
}

/// The help used in each part that the reader has begun, by the slug of the assignment.
pub(super) type HelpUsed = RwSignal<BTreeMap<String, Help>>;

/// The help as stored until now.
pub(super) fn use_help() -> HelpUsed {
    RwSignal::new(stored())
}

/// Changes and stores the help used in a part.
pub(super) fn note(help: HelpUsed, slug: &str, change: impl FnOnce(&mut Help)) {
    // Another tab may have stored something meanwhile. Without storage, what this page knows counts.
    let mut all = help.get_untracked();
    all.extend(stored());
    change(all.entry(slug.to_owned()).or_default());
    // Without storage it is known until the page is left.
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(KEY, &serde_json::to_string(&all).unwrap_or_default());
    }
    if help.with_untracked(|before| *before != all) {
        help.set(all);
    }
}

fn stored() -> BTreeMap<String, Help> {
    let storage = window().local_storage().ok().flatten();
    let text = storage.and_then(|storage| storage.get_item(KEY).ok().flatten()).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}
