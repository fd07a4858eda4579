//! The list of all exercises, in the order of the guide. A new exercise is one more line.

use super::exercise::Exercise;

/// The exercises on the parts of the guide, in the order of the guide.
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

/// The guide's next steps: an exercise on a page of its own.
pub static ADVANCED: &Exercise = &super::advanced::EXERCISE;

/// The reader's own program, on a page of its own. It is not one of the exercises.
pub static PROGRAM: &Exercise = &super::program::EXERCISE;

/// All exercises: those on the parts of the guide, then the other two.
pub fn all() -> impl Iterator<Item = &'static Exercise> {
    EXERCISES.iter().copied().chain([COMMON_ISSUES, ADVANCED])
}

/// The exercise with this slug, or the reader's program.
#[must_use]
pub fn find(slug: &str) -> Option<&'static Exercise> {
    all().chain([PROGRAM]).find(|exercise| exercise.slug == slug)
}

/// The exercise whose slug differs least from this text.
#[must_use]
pub fn nearest(slug: &str) -> &'static Exercise {
    let distance = |exercise: &&'static Exercise| strsim::levenshtein(exercise.slug, slug);
    all().min_by_key(distance).expect("the catalogue is not empty")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::exercises::controls::Settings;

    #[test]
    fn slugs_and_control_names_are_unique_and_fit_for_a_link() {
        let fits = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        let slugs: BTreeSet<_> = all().map(|exercise| exercise.slug).collect();
        assert_eq!(slugs.len(), all().count());
        assert!(slugs.iter().all(|slug| fits(slug)));
        for exercise in all() {
            let names: BTreeSet<_> = exercise.controls.iter().map(|control| control.name).collect();
            assert_eq!(names.len(), exercise.controls.len(), "{}", exercise.slug);
            assert!(
                names.iter().all(|name| fits(name) && !["seed", "run", "hide", "was", "embed", "all"].contains(name)),
                "{names:?}"
            );
            assert!(exercise.question.is_none() || !names.contains("predict"), "{}", exercise.slug);
        }
    }

    #[test]
    fn defaults_are_within_their_ranges() {
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
            assert!(bars.any(|bar| (bar.is_run)(&settings)), "{}", exercise.slug);
        }
    }

    #[test]
    fn every_exercise_names_its_code() {
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
    }
}
