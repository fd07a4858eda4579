//! The catalogue: the exercises of the guide in order, three more pages, and look-up by slug.
//!
//! A new exercise is one more line here, and its module is declared in `src/exercises/mod.rs`.

use super::exercise::Exercise;

/// The exercises for the parts of the guide, in the order of the guide.
pub static EXERCISES: &[&Exercise] = &[
    &super::async_basics::EXERCISE,
    &super::async_multiple::EXERCISE,
    &super::async_file_io::EXERCISE,
    &super::async_api_calls::EXERCISE,
    &super::async_ml_pipeline::EXERCISE,
    &super::async_error_handling::EXERCISE,
    &super::concurrency_comparison::EXERCISE,
    &super::validate_async::EXERCISE,
];

/// The guide's common issues: an exercise on a page of its own.
pub static COMMON_ISSUES: &Exercise = &super::common_issues::EXERCISE;

/// What comes after the guide: an exercise on a page of its own.
pub static ADVANCED: &Exercise = &super::advanced::EXERCISE;

/// The reader's own program. It is built like an exercise, but [`all()`] does not contain it.
pub static PROGRAM: &Exercise = &super::program::EXERCISE;

/// The exercises of the guide, then [`COMMON_ISSUES`] and [`ADVANCED`]. [`PROGRAM`] is not included.
pub fn all() -> impl Iterator<Item = &'static Exercise> {
    EXERCISES.iter().copied().chain([COMMON_ISSUES, ADVANCED])
}

/// The exercise with this slug, or the reader's program.
#[must_use]
pub fn find(slug: &str) -> Option<&'static Exercise> {
    all().chain([PROGRAM]).find(|exercise| exercise.slug == slug)
}

/// The exercise whose slug differs least from this text, or the reader's program.
#[must_use]
pub fn nearest(slug: &str) -> &'static Exercise {
    let distance = |exercise: &&'static Exercise| strsim::levenshtein(exercise.slug, slug);
    all().chain([PROGRAM]).min_by_key(distance).expect("the catalogue is not empty")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::exercises::controls::Settings;

    /// Names with a meaning of their own in links (see `share::permalink`).
    const RESERVED_NAMES: [&str; 6] = ["seed", "run", "hide", "was", "embed", "all"];

    #[test]
    fn slugs_and_control_names_are_unique_and_can_be_used_in_links() {
        let fits = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        let slugs: BTreeSet<_> = all().map(|exercise| exercise.slug).collect();
        assert_eq!(slugs.len(), all().count());
        assert!(slugs.iter().all(|slug| fits(slug)));
        for exercise in all() {
            let names: BTreeSet<_> = exercise.controls.iter().map(|control| control.name).collect();
            assert_eq!(names.len(), exercise.controls.len(), "{}", exercise.slug);
            assert!(names.iter().all(|name| fits(name) && !RESERVED_NAMES.contains(name)), "{names:?}");
            assert!(exercise.question.is_none() || !names.contains("predict"), "{}", exercise.slug);
        }
    }

    #[test]
    fn at_most_three_controls_of_each_exercise_are_always_in_view() {
        for exercise in all().chain([PROGRAM]) {
            assert!(exercise.main_controls.len() <= 3, "{}", exercise.slug);
            let exists = |name: &&str| exercise.controls.iter().any(|control| control.name == *name);
            assert!(exercise.visible_controls().iter().all(exists), "{}", exercise.slug);
        }
    }

    #[test]
    fn every_default_can_be_read_back_from_a_link() {
        for control in all().flat_map(|exercise| exercise.controls) {
            let default = control.default_value();
            assert_eq!(control.parse(&default.to_text()), Ok(default), "{}", control.name);
        }
    }

    #[test]
    fn the_defaults_do_not_conflict_and_have_something_to_compare() {
        for exercise in all() {
            let settings = Settings::defaults(exercise.controls);
            assert_eq!((exercise.conflict)(&settings), None, "{}", exercise.slug);
            let mut bars = exercise.comparisons.iter().flat_map(|comparison| comparison.bars);
            assert!(bars.any(|bar| (bar.is_active)(&settings)), "{}", exercise.slug);
        }
    }

    #[test]
    fn the_rust_and_python_sources_of_every_exercise_exist() {
        for exercise in all() {
            let (rust, python) = (exercise.rust, exercise.python());
            let root = env!("CARGO_MANIFEST_DIR");
            assert!(std::path::Path::new(root).join(rust).is_file(), "{}: `{rust}`", exercise.slug);
            assert!(std::path::Path::new(root).join(&python).is_file(), "{}: `{python}`", exercise.slug);
        }
    }

    #[test]
    fn a_misspelt_slug_finds_the_nearest_exercise() {
        assert_eq!(nearest("async_basic").slug, "async-basics");
        assert_eq!(nearest("common-isues").slug, "common-issues");
        assert_eq!(nearest("progam").slug, "program");
    }
}
