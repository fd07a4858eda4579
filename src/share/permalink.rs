//! The whole experiment in a link: `#/async-basics?download=800&seed=7`.
//!
//! Everything stands in the fragment, so any static host serves every link. Controls at their defaults are left out.
//! A link may come from anywhere: what is unknown in it is named and replaced by what is nearest, and nothing panics.

use std::borrow::Cow;
use std::fmt;

use form_urlencoded::Serializer;

use crate::exercises::catalogue;
use crate::exercises::controls::Settings;
use crate::exercises::exercise::Exercise;
use crate::measure::units;

/// The seed of a link that names none.
pub const DEFAULT_SEED: u64 = 7;

/// The greatest seed that a link may hold: what fits into a number field, and is read aloud over a table.
pub const MAX_SEED: u64 = 999_999;

/// Where a link leads.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// An exercise, set up.
    Exercise(Setup),
    /// The benchmark; it runs at once when this is true.
    Benchmark {
        /// Whether the link says so.
        runs_at_once: bool,
    },
}

/// An exercise, set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The lesson.
    pub exercise: &'static Exercise,
    /// What its controls are set to.
    pub settings: Settings,
    /// The seed of its random numbers, at most [`MAX_SEED`].
    pub seed: u64,
    /// Whether the link says that it runs at once.
    pub runs_at_once: bool,
}

impl PartialEq for Setup {
    fn eq(&self, other: &Self) -> bool {
        let key = |it: &Self| (it.exercise.slug, it.seed, it.runs_at_once);
        key(self) == key(other) && self.settings == other.settings
    }
}

/// What a link said that is not so, and what stands in its place. It holds text from the link: show it as text only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice(pub String);

impl Place {
    /// The exercise at its defaults.
    #[must_use]
    pub fn of(exercise: &'static Exercise) -> Self {
        Self::Exercise(Setup {
            exercise,
            settings: Settings::defaults(exercise.controls),
            seed: DEFAULT_SEED,
            runs_at_once: false,
        })
    }

    /// Reads a fragment, with or without its `#`, and tells what was replaced in it.
    #[must_use]
    pub fn parse(fragment: &str) -> (Self, Vec<Notice>) {
        let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
        let (path, query) = fragment.split_once('?').unwrap_or((fragment, ""));
        let slug = path.trim_matches('/');
        let mut notices = Vec::new();
        if slug == "benchmark" {
            let runs_at_once =
                form_urlencoded::parse(query.as_bytes()).any(|(name, text)| name == "run" && text == "1");
            return (Self::Benchmark { runs_at_once }, notices);
        }
        let exercise = if slug.is_empty() {
            catalogue::EXERCISES[0]
        } else {
            catalogue::find(slug).unwrap_or_else(|| {
                let nearest = catalogue::nearest(slug);
                let slug = shortened(slug);
                notices.push(Notice(format!("There is no exercise `{slug}`: this is `{}`.", nearest.slug)));
                nearest
            })
        };
        let setup = Setup::parse(exercise, query, &mut notices);
        (Self::Exercise(setup), notices)
    }
}

impl Setup {
    fn parse(exercise: &'static Exercise, query: &str, notices: &mut Vec<Notice>) -> Self {
        let mut setup =
            Self { exercise, settings: Settings::defaults(exercise.controls), seed: DEFAULT_SEED, runs_at_once: false };
        for (name, text) in form_urlencoded::parse(query.as_bytes()) {
            if let Err(notice) = setup.take(&name, &text) {
                notices.push(notice);
            }
        }
        if let Some(conflict) = (exercise.conflict)(&setup.settings) {
            let label = exercise.controls.iter().find(|it| it.name == conflict.control).map_or("", |it| it.label);
            notices.push(Notice(format!("{label}: {}. It is {} now.", conflict.why, conflict.nearest.to_text())));
            setup.settings.set(conflict.control, conflict.nearest);
        }
        setup
    }

    fn take(&mut self, name: &str, text: &str) -> Result<(), Notice> {
        match name {
            "seed" => {
                self.seed =
                    parse_seed(text).map_err(|reason| Notice(format!("Seed: {reason}. It is {DEFAULT_SEED} now.")))?
            }
            "run" => self.runs_at_once = text == "1",
            _ => {
                let control = self.exercise.controls.iter().find(|control| control.name == name).ok_or_else(|| {
                    let name = shortened(name);
                    Notice(format!("This exercise has no control `{name}`: it was left out."))
                })?;
                let (value, refusal) = match control.parse(text) {
                    Ok(value) => (value, None),
                    Err(refusal) => (control.nearest(text), Some(refusal)),
                };
                let is_now = value.to_text();
                self.settings.set(name, value);
                if let Some(refusal) = refusal {
                    let refusal = shortened(&refusal.to_string()).into_owned();
                    return Err(Notice(format!("{}: {refusal}. It is {is_now} now.", control.label)));
                }
            }
        }
        Ok(())
    }
}

/// Reads a seed.
///
/// # Errors
///
/// A sentence without its stop that names what was given and what is accepted.
pub fn parse_seed(text: &str) -> Result<u64, String> {
    let seed: Option<u64> = text.trim().parse().ok().filter(|seed| *seed <= MAX_SEED);
    seed.ok_or_else(|| {
        let greatest = units::count(MAX_SEED);
        format!("`{}` is not a seed: use a whole number from 0 to {greatest}", shortened(text))
    })
}

/// Text from a link may be of any length; a notice is not.
fn shortened(text: &str) -> Cow<'_, str> {
    units::shortened(text, 100)
}

/// The fragment, with its `#`.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut query = Serializer::new(String::new());
        let slug = match self {
            Self::Exercise(setup) => {
                for (control, value) in setup.settings.iter().filter(|(c, value)| **value != c.default_value()) {
                    query.append_pair(control.name, &value.to_text());
                }
                // Always named, so that a link draws the same should the default ever change.
                query.append_pair("seed", &setup.seed.to_string());
                if setup.runs_at_once {
                    query.append_pair("run", "1");
                }
                setup.exercise.slug
            }
            Self::Benchmark { runs_at_once } => {
                if *runs_at_once {
                    query.append_pair("run", "1");
                }
                "benchmark"
            }
        };
        let query = query.finish();
        let separator = if query.is_empty() { "" } else { "?" };
        write!(f, "#/{slug}{separator}{query}")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::exercises::controls::Value;

    fn experiment(fragment: &str) -> (Setup, Vec<String>) {
        let (place, notices) = Place::parse(fragment);
        let Place::Exercise(experiment) = place else { panic!("{fragment} is not an experiment") };
        (experiment, notices.into_iter().map(|notice| notice.0).collect())
    }

    #[test]
    fn an_empty_fragment_is_the_first_exercise_at_its_defaults() {
        for fragment in ["", "#", "#/", "/"] {
            assert_eq!(Place::parse(fragment), (Place::of(catalogue::EXERCISES[0]), vec![]), "{fragment}");
        }
    }

    #[test]
    fn a_link_sets_controls_and_seed() {
        let (experiment, notices) = experiment("#/async-basics?download=800&blocking=off&seed=42&run=1");
        assert_eq!(notices, [""; 0]);
        assert_eq!(experiment.settings.number("download"), 800.0);
        assert!(!experiment.settings.is_on("blocking"));
        assert_eq!((experiment.seed, experiment.runs_at_once), (42, true));
    }

    #[test]
    fn what_stands_at_its_default_is_left_out() {
        assert_eq!(Place::of(&crate::exercises::async_basics::EXERCISE).to_string(), "#/async-basics?seed=7");
    }

    #[test]
    fn settings_worth_a_look_are_sound() {
        for exercise in catalogue::all() {
            for preset in exercise.presets {
                assert_eq!(experiment(&format!("#/{}?{}", exercise.slug, preset.query)).1, [""; 0], "{}", preset.label);
            }
        }
    }

    #[test]
    fn what_is_not_so_is_named_and_replaced_by_the_nearest() {
        let (experiment, notices) = experiment("#/async-basic?download=99999&load=fast&nope=1&blocking=maybe&seed=-1");
        assert_eq!(experiment.exercise.slug, "async-basics");
        assert_eq!(experiment.settings.number("download"), 2_000.0);
        assert_eq!(experiment.settings.number("load"), 200.0);
        assert!(experiment.settings.is_on("blocking"));
        assert_eq!(experiment.seed, DEFAULT_SEED);
        let expected = [
            "There is no exercise `async-basic`: this is `async-basics`.",
            "Download: 99999 is out of range: use 0 to 2,000 ms. It is 2000 now.",
            "Data set: `fast` is not a number: use 0 to 2,000 ms. It is 200 now.",
            "This exercise has no control `nope`: it was left out.",
            "Blocking demo: `maybe` is neither `on` nor `off`. It is on now.",
            "Seed: `-1` is not a seed: use a whole number from 0 to 999,999. It is 7 now.",
        ];
        assert_eq!(notices, expected);
    }

    #[test]
    fn a_notice_stays_short_whatever_the_link_holds() {
        let (_, notices) = experiment(&format!("#/{}?{}=1", "x".repeat(9_000), "ü".repeat(9_000)));
        assert!(notices.iter().all(|notice| notice.chars().count() < 200), "{notices:?}");
    }

    #[test]
    fn the_benchmark_has_a_place_of_its_own() {
        let place = Place::Benchmark { runs_at_once: true };
        assert_eq!(place.to_string(), "#/benchmark?run=1");
        assert_eq!(Place::parse("#/benchmark?run=1"), (place, vec![]));
    }

    proptest! {
        #[test]
        fn an_experiment_reads_back_from_its_link(
            download in 0..2_000_000u32, scale in 100..5_000u32, blocking: bool, seed in 0..=MAX_SEED, runs_at_once: bool,
        ) {
            let exercise = &crate::exercises::async_basics::EXERCISE;
            let mut settings = Settings::defaults(exercise.controls);
            settings.set("download", Value::Number(f64::from(download) / 1e3));
            settings.set("scale", Value::Number(f64::from(scale) / 1e3));
            settings.set("blocking", Value::Switch(blocking));
            let place = Place::Exercise(Setup { exercise, settings, seed, runs_at_once });
            prop_assert_eq!(Place::parse(&place.to_string()), (place, vec![]));
        }

        #[test]
        fn no_fragment_panics_and_its_place_reads_back(fragment in r"#?/?(async-basics|\PC*)?\??(\PC|&|=|%|download|seed)*") {
            let (place, _) = Place::parse(&fragment);
            prop_assert_eq!(Place::parse(&place.to_string()), (place, vec![]));
        }
    }
}
