//! The list of all lessons, in the order of the guide. A new lesson is one more line.

use crate::exercises::exercise::Exercise;
use crate::exercises::{
    advanced, async_api_calls, async_basics, async_error_handling, async_file_io, async_ml_pipeline, async_multiple,
    common_issues, concurrency_comparison, validate_async,
};

/// All lessons, in the order of the guide.
pub static EXERCISES: &[&Exercise] = &[
    &async_basics::EXERCISE,
    &async_multiple::EXERCISE,
    &async_file_io::EXERCISE,
    &async_api_calls::EXERCISE,
    &async_ml_pipeline::EXERCISE,
    &async_error_handling::EXERCISE,
    &concurrency_comparison::EXERCISE,
    &validate_async::EXERCISE,
];

/// The guide's common issues: a page of its own in the form of a lesson.
pub static COMMON_ISSUES: &Exercise = &common_issues::EXERCISE;

/// What the guide names under its next steps: a page of its own in the form of a lesson.
pub static ADVANCED: &Exercise = &advanced::EXERCISE;

/// All lessons and the pages in the form of a lesson.
pub fn all() -> impl Iterator<Item = &'static Exercise> {
    EXERCISES.iter().copied().chain([COMMON_ISSUES, ADVANCED])
}

/// The lesson with this slug.
#[must_use]
pub fn find(slug: &str) -> Option<&'static Exercise> {
    all().find(|exercise| exercise.slug == slug)
}

/// The lesson whose slug differs least from this text.
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
                names.iter().all(|name| fits(name) && !["seed", "run", "hide", "was", "all"].contains(name)),
                "{names:?}"
            );
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
    fn the_defaults_go_together_and_have_something_to_compare() {
        for exercise in all() {
            let settings = Settings::defaults(exercise.controls);
            assert_eq!((exercise.conflict)(&settings), None, "{}", exercise.slug);
            let mut bars = exercise.comparisons.iter().flat_map(|comparison| comparison.bars);
            assert!(bars.any(|bar| (bar.is_run)(&settings)), "{}", exercise.slug);
        }
    }

    #[test]
    fn a_slip_of_the_pen_finds_the_lesson() {
        assert_eq!(nearest("async_basic").slug, "async-basics");
        assert_eq!(nearest("common-isues").slug, "common-issues");
    }
}
