//! The reader's progress in writing the parts of the guide, stored for the next visit.

use std::collections::BTreeMap;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

const KEY: &str = "interleave-written";

/// The progress in one part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The number of hints that the reader has seen.
    pub(super) hints: usize,
    /// True if the reader has seen our solution.
    pub(super) has_seen_solution: bool,
    /// True if all tests have passed once.
    pub(super) has_passed: bool,
}

/// The progress in the parts that the reader has begun, by the slug of the assignment.
pub(super) type Written = RwSignal<BTreeMap<String, Progress>>;

/// The progress as stored until now.
pub(super) fn use_written() -> Written {
    RwSignal::new(stored())
}

/// Changes and stores the progress in a part.
pub(super) fn note(written: Written, slug: &str, change: impl FnOnce(&mut Progress)) {
    let before = written.with_untracked(|all| all.get(slug).copied().unwrap_or_default());
    let mut after = before;
    change(&mut after);
    if after == before {
        return;
    }
    // Another tab may have stored something meanwhile.
    let mut all = stored();
    all.insert(slug.to_owned(), after);
    // Without storage it is known until the page is left.
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(KEY, &serde_json::to_string(&all).unwrap_or_default());
    }
    written.update(|written| {
        all.extend(std::mem::take(written).into_iter().filter(|(other, _)| *other != slug));
        *written = all;
    });
}

fn stored() -> BTreeMap<String, Progress> {
    let storage = window().local_storage().ok().flatten();
    let text = storage.and_then(|storage| storage.get_item(KEY).ok().flatten()).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}
