//! Which exercises the reader has seen finish, kept for the next visit.

use leptos::prelude::*;

use crate::exercises::catalogue;

const KEY: &str = "interleave-finished";

/// The slugs of exercises that have finished in this browser.
pub(super) type Finished = RwSignal<Vec<&'static str>>;

/// What has finished, from the last visit on.
pub(super) fn provide_finished() -> Finished {
    let finished = RwSignal::new(stored());
    provide_context(finished);
    finished
}

/// The same, for pages.
pub(super) fn use_finished() -> Finished {
    use_context().unwrap_or_else(|| RwSignal::new(Vec::new()))
}

/// Notes that an exercise has finished.
pub(super) fn note(finished: Finished, slug: &'static str) {
    if finished.with_untracked(|slugs| slugs.contains(&slug)) {
        return;
    }
    finished.update(|slugs| slugs.push(slug));
    // Where there is no storage it is known until the page is left.
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(KEY, &finished.with_untracked(|slugs| slugs.join(" ")));
    }
}

/// Of what is stored, only what is an exercise.
fn stored() -> Vec<&'static str> {
    let storage = window().local_storage().ok().flatten();
    let text = storage.and_then(|storage| storage.get_item(KEY).ok().flatten()).unwrap_or_default();
    catalogue::all().map(|exercise| exercise.slug).filter(|slug| text.split(' ').any(|it| it == *slug)).collect()
}
