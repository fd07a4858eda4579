//! The whole experiment in a link: `#/async-basics?download=800&seed=7`.
//!
//! Everything stands in the fragment, so any static host serves every link. Controls at their defaults are left out.
//! Besides the controls, by their names, a link may hold
//!
//! - `seed`: of the random numbers;
//! - `run=1`: it runs at once;
//! - `hide=load,seed`: names of controls that are not shown, or `all`, for teaching;
//! - `was=12nz4.ut8`: the sender's result, see [`Sent`].
//!
//! A link may come from anywhere: what is unknown in it is named and replaced by what is nearest, and nothing panics.

use std::borrow::Cow;
use std::fmt;

use form_urlencoded::Serializer;

use crate::exercises::catalogue;
use crate::exercises::controls::Settings;
use crate::exercises::exercise::Exercise;
use crate::measure::units;
use crate::share::sent::Sent;

/// The seed of a link that names none.
pub const DEFAULT_SEED: u64 = 7;

/// The greatest seed that a link may hold: what fits into a number field, and is read aloud over a table.
pub const MAX_SEED: u64 = 999_999;

/// The word of `hide` for every control.
const ALL: &str = "all";

/// Where a link leads.
#[derive(Clone, Debug, PartialEq)]
pub enum Destination {
    /// The first page.
    Home,
    /// The guide.
    Guide,
    /// The runs that are kept.
    Runs,
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
    /// The names of the controls that the link hides, `seed` among them.
    pub hidden: Vec<&'static str>,
    /// The sender's result, if the link brings it along.
    pub sent: Option<Sent>,
}

impl PartialEq for Setup {
    fn eq(&self, other: &Self) -> bool {
        let key = |it: &Self| (it.exercise.slug, it.seed, it.runs_at_once, it.hidden.clone(), it.sent.clone());
        key(self) == key(other) && self.settings == other.settings
    }
}

/// What a link said that is not so, and what stands in its place. It holds text from the link: show it as text only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice(pub String);

impl Destination {
    /// The exercise at its defaults.
    #[must_use]
    pub fn from_exercise(exercise: &'static Exercise) -> Self {
        Self::Exercise(Setup::new(exercise))
    }

    /// Reads a fragment, with or without its `#`, and tells what was replaced in it.
    #[must_use]
    pub fn parse(fragment: &str) -> (Self, Vec<Notice>) {
        let fragment = fragment.strip_prefix('#').unwrap_or(fragment);
        let (path, query) = fragment.split_once('?').unwrap_or((fragment, ""));
        let slug = path.trim_matches('/');
        let mut notices = Vec::new();
        let runs_at_once = || form_urlencoded::parse(query.as_bytes()).any(|(name, text)| name == "run" && text == "1");
        match slug {
            "" => return (Self::Home, notices),
            "guide" => return (Self::Guide, notices),
            "runs" => return (Self::Runs, notices),
            "benchmark" => return (Self::Benchmark { runs_at_once: runs_at_once() }, notices),
            _ => {}
        }
        let exercise = catalogue::find(slug).unwrap_or_else(|| {
            let nearest = catalogue::nearest(slug);
            let slug = shortened(slug);
            notices.push(Notice(format!("There is no exercise `{slug}`: this is `{}`.", nearest.slug)));
            nearest
        });
        let setup = Setup::parse(exercise, query, &mut notices);
        (Self::Exercise(setup), notices)
    }
}

impl Setup {
    /// The exercise at its defaults.
    #[must_use]
    pub fn new(exercise: &'static Exercise) -> Self {
        Self {
            exercise,
            settings: Settings::defaults(exercise.controls),
            seed: DEFAULT_SEED,
            runs_at_once: false,
            hidden: Vec::new(),
            sent: None,
        }
    }

    fn parse(exercise: &'static Exercise, query: &str, notices: &mut Vec<Notice>) -> Self {
        let mut setup = Self::new(exercise);
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
        if setup.sent.as_ref().is_some_and(|sent| !sent.fits(exercise, &setup.settings)) {
            setup.sent = None;
            notices.push(Notice(
                "The sender's result is of other parts than this exercise has: it was left out.".to_owned(),
            ));
        }
        setup
    }

    /// Hides a control.
    fn hide(&mut self, name: &str) -> Result<(), Notice> {
        let names = self.exercise.controls.iter().map(|control| control.name).chain(["seed"]);
        let meant: Vec<_> = names.filter(|it| *it == name || name == ALL).collect();
        if meant.is_empty() {
            let name = shortened(name);
            return Err(Notice(format!("This exercise has no control `{name}` that could be hidden.")));
        }
        self.hidden.extend(meant);
        self.hidden.sort_unstable();
        self.hidden.dedup();
        Ok(())
    }

    fn take(&mut self, name: &str, text: &str) -> Result<(), Notice> {
        match name {
            "seed" => {
                self.seed =
                    parse_seed(text).map_err(|reason| Notice(format!("Seed: {reason}. It is {DEFAULT_SEED} now.")))?
            }
            "run" => self.runs_at_once = text == "1",
            "hide" => return text.split(',').try_for_each(|name| self.hide(name)),
            "was" => self.sent = Some(text.parse().map_err(|error| Notice(format!("{error}: it was left out.")))?),
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
impl fmt::Display for Destination {
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
                if !setup.hidden.is_empty() {
                    // One more than the controls, since the seed is none of them.
                    let are_all = setup.hidden.len() == setup.exercise.controls.len() + 1;
                    query.append_pair("hide", &if are_all { ALL.to_owned() } else { setup.hidden.join(",") });
                }
                if let Some(sent) = &setup.sent {
                    query.append_pair("was", &sent.to_string());
                }
                setup.exercise.slug
            }
            Self::Home => "",
            Self::Guide => "guide",
            Self::Runs => "runs",
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
    use std::rc::Rc;

    use proptest::prelude::*;

    use super::*;
    use crate::exercises::controls::Value;
    use crate::exercises::site::Site;
    use crate::runtime::Run;
    use crate::runtime::virtual_time::block_on;

    fn experiment(fragment: &str) -> (Setup, Vec<String>) {
        let (place, notices) = Destination::parse(fragment);
        let Destination::Exercise(experiment) = place else { panic!("{fragment} is not an experiment") };
        (experiment, notices.into_iter().map(|notice| notice.0).collect())
    }

    #[test]
    fn an_empty_fragment_is_the_first_page() {
        for fragment in ["", "#", "#/", "/"] {
            assert_eq!(Destination::parse(fragment), (Destination::Home, vec![]), "{fragment}");
        }
    }

    #[test]
    fn every_page_reads_back_from_its_link() {
        for place in [Destination::Home, Destination::Guide, Destination::Runs] {
            assert_eq!(Destination::parse(&place.to_string()), (place, vec![]));
        }
    }

    #[test]
    fn what_shows_a_validation_is_a_link_that_says_nothing_wrong() {
        let exercise = &crate::exercises::validate_async::EXERCISE;
        let run = Run::on_virtual_clock(7);
        let site = Rc::new(Site::at_hand([]));
        let lesson = (exercise.run)(run.clone(), site, Settings::defaults(exercise.controls));
        let report = block_on(&run, lesson).expect("it ends").expect("it cannot fail");
        for validation in report.validations {
            let (shown, notices) = experiment(&format!("#/{}", validation.shown_by));
            assert!(validation.shown_by.starts_with(shown.exercise.slug), "{}", validation.shown_by);
            assert_eq!(notices, [""; 0], "{}", validation.shown_by);
        }
    }

    #[test]
    fn a_link_hides_controls_and_brings_a_result() {
        let link = "#/async-basics?seed=7&hide=download%2Cseed&was=12nz4.ut8.-.a";
        let (setup, notices) = experiment(link);
        assert_eq!(notices, [""; 0]);
        assert_eq!(setup.hidden, ["download", "seed"]);
        assert_eq!(setup.sent.as_ref().map(|sent| sent.parts_us().len()), Some(4));
        assert_eq!(Destination::Exercise(setup).to_string(), link);

        let all = experiment("#/async-basics?hide=all").0;
        assert_eq!(all.hidden.len(), all.exercise.controls.len() + 1);
        assert_eq!(Destination::Exercise(all).to_string(), "#/async-basics?seed=7&hide=all");
    }

    #[test]
    fn what_cannot_be_hidden_or_compared_is_named() {
        let (setup, notices) = experiment("#/async-basics?hide=load,nope&was=1.2.3");
        assert_eq!((setup.hidden, setup.sent), (vec!["load"], None));
        let expected = [
            "This exercise has no control `nope` that could be hidden.",
            "The sender's result is of other parts than this exercise has: it was left out.",
        ];
        assert_eq!(notices, expected);
        let (_, notices) = experiment("#/async-basics?was=<script>");
        assert_eq!(notices, ["The result that this link brings along cannot be read: it was left out."]);
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
        assert_eq!(
            Destination::from_exercise(&crate::exercises::async_basics::EXERCISE).to_string(),
            "#/async-basics?seed=7"
        );
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
    fn every_link_of_the_guide_leads_where_it_says() {
        use crate::exercises::guide::{CHAPTERS, CONCEPTS};
        let of_items = CHAPTERS.iter().flat_map(|chapter| chapter.items).flat_map(|item| item.links);
        for link in of_items.chain(CONCEPTS.iter().map(|concept| &concept.link)) {
            assert_eq!(Destination::parse(link.fragment).1, [], "{}", link.label);
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
        let place = Destination::Benchmark { runs_at_once: true };
        assert_eq!(place.to_string(), "#/benchmark?run=1");
        assert_eq!(Destination::parse("#/benchmark?run=1"), (place, vec![]));
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
            let place = Destination::Exercise(Setup { settings, seed, runs_at_once, ..Setup::new(exercise) });
            prop_assert_eq!(Destination::parse(&place.to_string()), (place, vec![]));
        }

        #[test]
        fn no_fragment_panics_and_its_place_reads_back(fragment in r"#?/?(async-basics|\PC*)?\??(\PC|&|=|%|download|seed|hide=|was=)*") {
            let (place, _) = Destination::parse(&fragment);
            prop_assert_eq!(Destination::parse(&place.to_string()), (place, vec![]));
        }
    }
}
