//! The reader's progress: the exercises that have finished in this browser, the parts of the guide that the reader has
//! written, and the concepts that were used. Stored for the next visit.

use leptos::prelude::*;

use crate::exercises::catalogue;

// Without `use_local_storage` of `leptos-use`, as in `theme`.
const FINISHED: &str = "interleave-finished";
const WRITTEN: &str = "interleave-written";
const USED: &str = "interleave-used";
const STUDENT: &str = "interleave-student";

/// What separates the words of a list in the storage. No slug and no concept contains it.
const SEPARATOR: char = '|';

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
    write(FINISHED, &finished.with_untracked(|slugs| slugs.join(" ")));
}

/// The slugs of the parts whose tests have all passed.
pub(super) fn written() -> Vec<String> {
    list(WRITTEN)
}

/// Stores that all tests of a part have passed.
pub(super) fn note_written(slug: &str) {
    add(WRITTEN, slug);
}

/// The keys of the concepts that the reader has used.
pub(super) fn used() -> Vec<String> {
    list(USED)
}

/// Stores that the reader has used a concept.
pub(super) fn note_used(key: &str) {
    add(USED, key);
}

/// The name or number of the student, as it was typed last.
pub(super) fn student() -> String {
    read(STUDENT)
}

/// Stores the name or number of the student.
pub(super) fn note_student(name: &str) {
    write(STUDENT, name);
}

/// The slugs that are stored, without those of exercises that no longer exist.
fn stored() -> Vec<&'static str> {
    let text = read(FINISHED);
    catalogue::all().map(|exercise| exercise.slug).filter(|slug| text.split(' ').any(|it| it == *slug)).collect()
}

fn list(key: &str) -> Vec<String> {
    read(key).split(SEPARATOR).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn add(key: &str, word: &str) {
    // Read again, because another tab may have added something.
    let mut words = list(key);
    if !words.iter().any(|it| it == word) {
        words.push(word.to_owned());
        write(key, &words.join(&SEPARATOR.to_string()));
    }
}

fn read(key: &str) -> String {
    let storage = window().local_storage().ok().flatten();
    storage.and_then(|storage| storage.get_item(key).ok().flatten()).unwrap_or_default()
}

fn write(key: &str, text: &str) {
    if let Ok(Some(storage)) = window().local_storage() {
        let _ = storage.set_item(key, text);
    }
}
