//! The list of all lessons, in the order of the guide. A new lesson is one more line.

use crate::exercises::async_basics;
use crate::exercises::exercise::Exercise;

/// All lessons, in the order of the guide.
pub static EXERCISES: &[&Exercise] = &[&async_basics::EXERCISE];

/// The lesson with this slug.
#[must_use]
pub fn find(slug: &str) -> Option<&'static Exercise> {
    EXERCISES.iter().copied().find(|exercise| exercise.slug == slug)
}

/// The lesson whose slug differs least from this text.
#[must_use]
pub fn nearest(slug: &str) -> &'static Exercise {
    let distance = |exercise: &&&Exercise| strsim::levenshtein(exercise.slug, slug);
    EXERCISES.iter().min_by_key(distance).expect("the catalogue is not empty")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn slugs_and_control_names_are_unique_and_fit_for_a_link() {
        let fits = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        let slugs: BTreeSet<_> = EXERCISES.iter().map(|exercise| exercise.slug).collect();
        assert_eq!(slugs.len(), EXERCISES.len());
        assert!(slugs.iter().all(|slug| fits(slug)));
        for exercise in EXERCISES {
            let names: BTreeSet<_> = exercise.controls.iter().map(|control| control.name).collect();
            assert_eq!(names.len(), exercise.controls.len(), "{}", exercise.slug);
            assert!(names.iter().all(|name| fits(name) && !["seed", "run"].contains(name)), "{names:?}");
        }
    }

    #[test]
    fn defaults_are_within_their_ranges() {
        for control in EXERCISES.iter().flat_map(|exercise| exercise.controls) {
            let default = control.default_value();
            assert_eq!(control.parse(&default.to_text()), Ok(default), "{}", control.name);
        }
    }

    #[test]
    fn a_switch_that_a_comparison_needs_is_a_control_of_its_exercise() {
        for exercise in EXERCISES {
            for needs in exercise.comparisons.iter().filter_map(|comparison| comparison.needs) {
                assert!(exercise.controls.iter().any(|control| control.name == needs), "{needs}");
            }
        }
    }

    #[test]
    fn a_slip_of_the_pen_finds_the_lesson() {
        assert_eq!(nearest("async_basic").slug, "async-basics");
        assert_eq!(nearest("").slug, EXERCISES[0].slug);
    }
}
