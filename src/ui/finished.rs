//! The exercises that have finished in this browser, stored for the next visit.

use leptos::prelude::*;

use crate::exercises::catalogue;

// Without `use_local_storage` of `leptos-use`, as in `theme`.
const KEY: &str = "interleave-finished";

/// The slugs of exercises that have finished in this browser.
pub(super) type Finished = RwSignal<Vec<&'static str>>;

/// Provides them, as stored on the last visit.
pub(super) fn provide_finished() -> Finished {
    let finished = RwSignal::new(stored());
    provide_context(finished);
    finished
}

/// The exercises that have finished, for pages.
pub(super) fn use_finished() -> Finished {
    use_context().unwrap_or_else(|| RwSignal::new(Vec::new()))
}

/// Stores that an exercise has finished.
pub(super) fn note(finished: Finished, slug: &'static str) {
    if finished.with_untracked(|slugs| slugs.contains(&slug)) {
        return;
    }
    finished.update(|slugs| slugs.push(slug));
    // Without storage it is known until the page is left.
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(KEY, &finished.with_untracked(|slugs| slugs.join(" ")));
    }
}

/// The slugs that are stored, without those of exercises that no longer exist.
fn stored() -> Vec<&'static str> {
    let storage = window().local_storage().ok().flatten();
    let text = storage.and_then(|storage| storage.get_item(KEY).ok().flatten()).unwrap_or_default();
    catalogue::all().map(|exercise| exercise.slug).filter(|slug| text.split(' ').any(|it| it == *slug)).collect()
}
