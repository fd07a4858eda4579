//! The whole experiment in a link: `#/async-basics?download=800&seed=7`.
//!
//! Everything is in the fragment, so any static host can serve every link. Controls at their defaults are left out, unless
//! an earlier release had another default.
//! Besides the values of controls, by their names, a link can contain
//!
//! - `seed`: the seed of the random numbers;
//! - `run=1`: the experiment starts immediately;
//! - `hide=load,seed`: the controls to hide, by name, or `all`, for teaching;
//! - `was=12nz4.ut8`: the sender's result, see [`Sent`];
//! - `embed=1`: the small form of the page, for a frame in another page;
//! - `predict=1`: the reader predicts the result before the first run, see [`Question`](crate::exercises::question::Question); `predict=0` is the default.
//! - `program=1.…`: the reader's program, see [`program_link`](crate::share::program_link). It is unpacked by the page of
//!   the program. `program=site.async_basics` is a program of the site.
//!
//! An exercise also has an address of its own, `async-basics/?download=800&seed=7`, where the site has HTML pages: see
//! [`Setup::page_address`].
//!
//! A link can come from anywhere: each part that is not valid is replaced by the nearest valid one, with a [`Notice`].
//! No link causes a panic.

use std::borrow::Cow;
use std::fmt;

use form_urlencoded::Serializer;

use crate::exercises::catalogue;
use crate::exercises::control_kind::ControlKind;
use crate::exercises::controls::{Control, Settings, Value};
use crate::exercises::exercise::Exercise;
use crate::measure::units;
use crate::share::link_repair;
use crate::share::sent::Sent;

/// The seed of a link without one.
pub const DEFAULT_SEED: u64 = 7;

/// The largest seed: it fits into a number field, and people can read it to each other.
pub const MAX_SEED: u64 = 999_999;

/// The beginning of a `program` that is one of the site's, before the name of its script.
pub const SITE_PROGRAM: &str = "site.";

/// The value of `hide` for all controls.
const ALL: &str = "all";

/// The page that a link opens, with its settings.
#[derive(Clone, Debug, PartialEq)]
pub enum Destination {
    /// The first page.
    Home,
    /// The guide.
    Guide,
    /// The saved runs.
    Runs,
    /// An exercise.
    Exercise(Setup),
    /// The benchmark.
    Benchmark {
        /// True if it runs immediately.
        runs_at_once: bool,
    },
}

/// An exercise with its settings.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The exercise.
    pub exercise: &'static Exercise,
    /// The values of its controls.
    pub settings: Settings,
    /// The seed of its random numbers, at most [`MAX_SEED`].
    pub seed: u64,
    /// True if it runs immediately.
    pub runs_at_once: bool,
    /// The names of the hidden controls, including `seed`.
    pub hidden: Vec<&'static str>,
    /// The sender's result, if the link contains it.
    pub sent: Option<Sent>,
    /// True for the small form of the page, for a frame in another page.
    pub is_embedded: bool,
    /// True if the reader is asked to predict the result of the first run.
    pub predicts: bool,
    /// The reader's program as the link contains it.
    pub packed: Option<String>,
}

impl PartialEq for Setup {
    fn eq(&self, other: &Self) -> bool {
        let key = |it: &Self| {
            let switches = (it.runs_at_once, it.is_embedded, it.predicts);
            (it.exercise.slug, it.seed, switches, it.hidden.clone(), it.sent.clone(), it.packed.clone())
        };
        key(self) == key(other) && self.settings == other.settings
    }
}

/// A message about a part of a link that is not valid, and its replacement. It contains text from the link: show it as
/// text only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice(pub String);

impl Destination {
    /// The exercise with its default settings.
    #[must_use]
    pub fn from_exercise(exercise: &'static Exercise) -> Self {
        Self::Exercise(Setup::new(exercise))
    }

    /// Reads a fragment, with or without its `#`, and returns a notice for each part that was replaced.
    #[must_use]
    pub fn parse(fragment: &str) -> (Self, Vec<Notice>) {
        let fragment = link_repair::decoded(fragment.strip_prefix('#').unwrap_or(fragment));
        let (slug, query) = link_repair::path_and_query(&fragment);
        let mut notices = Vec::new();
        let runs_at_once = || link_repair::pairs(query).iter().any(|(name, text)| name == "run" && text == "1");
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
            notices.push(Notice(format!("There is no exercise `{slug}`: showing `{}` instead.", nearest.slug)));
            nearest
        });
        let setup = Setup::parse(exercise, query, &mut notices);
        (Self::Exercise(setup), notices)
    }
}

impl Setup {
    /// The exercise with its default settings.
    #[must_use]
    pub fn new(exercise: &'static Exercise) -> Self {
        Self {
            exercise,
            settings: Settings::defaults(exercise.controls),
            seed: DEFAULT_SEED,
            runs_at_once: false,
            hidden: Vec::new(),
            sent: None,
            is_embedded: false,
            predicts: false,
            packed: None,
        }
    }

    /// The address of the exercise's own HTML page with these settings, relative to the site.
    ///
    /// The query is sent to the host of the site. If the settings contain a text that somebody has typed, such as the
    /// address of an endpoint, they are in the fragment instead, which no host receives.
    #[must_use]
    pub fn page_address(&self) -> String {
        let link = Destination::Exercise(self.clone()).to_string();
        let slug = self.exercise.slug;
        let is_typed = |control: &Control| matches!(control.kind, ControlKind::Text { .. });
        let has_text = self.settings.iter().any(|(it, value)| is_typed(it) && *value != it.default_value());
        match link.split_once('?') {
            Some((_, query)) if !has_text => format!("{slug}/?{query}"),
            _ => format!("{slug}/{link}"),
        }
    }

    /// The settings that are not at their defaults, and the seed, in a few words. Long values are shortened. It may
    /// contain text from a link: show it as text only.
    #[must_use]
    pub fn in_words(&self) -> String {
        const VALUE_CHARS: usize = 30;
        let defaults = Settings::defaults(self.exercise.controls);
        let changed = self.settings.iter().filter(|(control, value)| {
            defaults.get(control.name) != Some(*value) && self.settings.is_offered(control.name)
        });
        let words = changed.map(|(control, value)| {
            let unit = if let ControlKind::Number { unit, .. } = control.kind { unit } else { "" };
            let text = value.to_text();
            format!("{} {} {unit}", control.label, units::shortened(&text, VALUE_CHARS)).trim().to_owned()
        });
        let words: Vec<_> = words.collect();
        let settings = if words.is_empty() { "defaults".to_owned() } else { words.join(", ") };
        format!("{settings}; seed {}", self.seed)
    }

    fn parse(exercise: &'static Exercise, query: &str, notices: &mut Vec<Notice>) -> Self {
        let mut setup = Self::new(exercise);
        let pairs = link_repair::pairs(query);
        if !pairs.is_empty() {
            setup.use_former_defaults();
        }
        for (n, (name, text)) in pairs.iter().enumerate() {
            let is_last = n + 1 == pairs.len();
            let text = match setup.is_text(name) {
                true => text,
                false if is_last => link_repair::without_punctuation(link_repair::without_quoted_equals(text)),
                false => link_repair::without_quoted_equals(text),
            };
            if let Err(notice) = setup.apply(name, text) {
                notices.push(notice);
            }
        }
        if let Some(conflict) = (exercise.conflict)(&setup.settings) {
            let label = exercise.controls.iter().find(|it| it.name == conflict.control).map_or("", |it| it.label);
            notices.push(Notice(format!("{label}: {}. Using {} instead.", conflict.why, conflict.nearest.to_text())));
            setup.settings.set(conflict.control, conflict.nearest);
        }
        if setup.sent.as_ref().is_some_and(|sent| !sent.fits(exercise, &setup.settings)) {
            setup.sent = None;
            notices.push(Notice("The sender's result does not match this exercise, so it was ignored.".to_owned()));
        }
        setup
    }

    /// True if this is the name of a control for text, which may end with punctuation.
    fn is_text(&self, name: &str) -> bool {
        let control = self.exercise.controls.iter().find(|control| control.name == name);
        control.is_some_and(|it| matches!(it.kind, ControlKind::Text { .. } | ControlKind::Program { .. }))
    }

    /// Sets the controls whose default has changed to what a link means that omits them.
    fn use_former_defaults(&mut self) {
        for control in self.exercise.controls {
            if let Some(value) = control.former_default.and_then(|text| control.parse(text).ok()) {
                self.settings.set(control.name, value);
            }
        }
    }

    /// The names of the controls that a link can hide.
    fn hideable(&self) -> impl Iterator<Item = &'static str> {
        self.exercise
            .controls
            .iter()
            .filter(|control| !control.is_always_shown)
            .map(|control| control.name)
            .chain(["seed"])
    }

    /// Hides the control with this name.
    fn hide(&mut self, name: &str) -> Result<(), Notice> {
        let found: Vec<_> = self.hideable().filter(|it| *it == name || name == ALL).collect();
        if found.is_empty() {
            let exists = self.exercise.controls.iter().any(|control| control.name == name);
            let name = shortened(name);
            return Err(Notice(match exists {
                true => format!("A link cannot hide `{name}`, because it shows where requests are sent."),
                false => format!("This exercise has no control `{name}` to hide."),
            }));
        }
        self.hidden.extend(found);
        self.hidden.sort_unstable();
        self.hidden.dedup();
        Ok(())
    }

    /// Applies one pair of the query.
    fn apply(&mut self, name: &str, text: &str) -> Result<(), Notice> {
        match name {
            "seed" => {
                self.seed = parse_seed(text)
                    .map_err(|reason| Notice(format!("Seed: {reason}. Using {DEFAULT_SEED} instead.")))?
            }
            "run" => self.runs_at_once = text == "1",
            "embed" => self.is_embedded = text == "1",
            // An exercise without a question may have a control of this name.
            "predict" if self.exercise.question.is_some() => self.predicts = text == "1",
            "program" if self.exercise.is_readers_program => self.packed = Some(text.to_owned()),
            "hide" => return text.split(',').try_for_each(|name| self.hide(name)),
            "was" => self.sent = Some(text.parse().map_err(|error| Notice(format!("{error}, so it was ignored.")))?),
            _ => {
                let control = self.exercise.controls.iter().find(|control| control.name == name).ok_or_else(|| {
                    let name = shortened(name);
                    Notice(format!("This exercise has no control `{name}`, so it was ignored."))
                })?;
                let (value, refusal) = match control.parse(text) {
                    Ok(value) => (value, None),
                    Err(refusal) => (control.nearest(text), Some(refusal)),
                };
                let used = value.to_text();
                self.settings.set(name, value);
                if let Some(refusal) = refusal {
                    let refusal = shortened(&refusal.to_string()).into_owned();
                    return Err(Notice(format!("{}: {refusal}. Using {used} instead.", control.label)));
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
/// A sentence without its full stop that contains the text and the accepted range.
pub fn parse_seed(text: &str) -> Result<u64, String> {
    let seed: Option<u64> = text.trim().parse().ok().filter(|seed| *seed <= MAX_SEED);
    seed.ok_or_else(|| {
        let largest = units::count(MAX_SEED);
        format!("`{}` is not a seed: use a whole number from 0 to {largest}", shortened(text))
    })
}

/// Shortens text from a link, which can have any length.
fn shortened(text: &str) -> Cow<'_, str> {
    units::shortened(text, 100)
}

/// The fragment, with its `#`.
impl fmt::Display for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut query = Serializer::new(String::new());
        let slug = match self {
            Self::Exercise(setup) => {
                let is_default =
                    |it: &Control, value: &Value| *value == it.default_value() && it.former_default.is_none();
                let is_omitted = |it: &Control, value: &Value| {
                    matches!(it.kind, ControlKind::Program { .. } | ControlKind::Command) || is_default(it, value)
                };
                for (control, value) in setup.settings.iter().filter(|(it, value)| !is_omitted(it, value)) {
                    query.append_pair(control.name, &value.to_text());
                }
                // Always included, so that links keep their seed even if the default changes.
                query.append_pair("seed", &setup.seed.to_string());
                if setup.runs_at_once {
                    query.append_pair("run", "1");
                }
                if !setup.hidden.is_empty() {
                    let are_all = setup.hidden.len() == setup.hideable().count();
                    query.append_pair("hide", &if are_all { ALL.to_owned() } else { setup.hidden.join(",") });
                }
                if setup.is_embedded {
                    query.append_pair("embed", "1");
                }
                if setup.predicts {
                    query.append_pair("predict", "1");
                }
                if let Some(sent) = &setup.sent {
                    query.append_pair("was", &sent.to_string());
                }
                if let Some(packed) = &setup.packed {
                    query.append_pair("program", packed);
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
    use crate::exercises::site::Site;
    use crate::runtime::Run;
    use crate::runtime::virtual_time::block_on;

    fn experiment(fragment: &str) -> (Setup, Vec<String>) {
        let (destination, notices) = Destination::parse(fragment);
        let Destination::Exercise(setup) = destination else { panic!("{fragment} does not open an exercise") };
        (setup, notices.into_iter().map(|notice| notice.0).collect())
    }

    #[test]
    fn an_empty_fragment_opens_the_first_page() {
        for fragment in ["", "#", "#/", "/"] {
            assert_eq!(Destination::parse(fragment), (Destination::Home, vec![]), "{fragment}");
        }
    }

    #[test]
    fn every_page_can_be_read_from_its_link() {
        for destination in [Destination::Home, Destination::Guide, Destination::Runs] {
            assert_eq!(Destination::parse(&destination.to_string()), (destination, vec![]));
        }
    }

    #[test]
    fn every_validation_has_a_valid_link_to_its_experiment() {
        let exercise = &crate::exercises::validate_async::EXERCISE;
        let run = Run::on_virtual_clock(7);
        let site = Rc::new(Site::in_memory([]));
        let future = (exercise.run)(run.clone(), site, Settings::defaults(exercise.controls));
        let report = block_on(&run, future).expect("it ends").expect("it cannot fail");
        for validation in report.validations() {
            let (setup, notices) = experiment(&format!("#/{}", validation.shown_by));
            assert!(validation.shown_by.starts_with(setup.exercise.slug), "{}", validation.shown_by);
            assert_eq!(notices, [""; 0], "{}", validation.shown_by);
        }
    }

    #[test]
    fn a_link_can_hide_controls_and_contain_a_result() {
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
    fn controls_that_do_not_exist_and_results_that_do_not_fit_are_named() {
        let (setup, notices) = experiment("#/async-basics?hide=load,nope&was=1.2.3");
        assert_eq!((setup.hidden, setup.sent), (vec!["load"], None));
        let expected = [
            "This exercise has no control `nope` to hide.",
            "The sender's result does not match this exercise, so it was ignored.",
        ];
        assert_eq!(notices, expected);
        let (_, notices) = experiment("#/async-basics?was=<script>");
        assert_eq!(notices, ["The result in this link cannot be read, so it was ignored."]);
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
    fn a_link_can_open_the_embedded_form() {
        let link = "#/async-basics?seed=7&run=1&embed=1";
        let (setup, notices) = experiment(link);
        assert_eq!((setup.is_embedded, notices.len()), (true, 0));
        assert_eq!(Destination::Exercise(setup).to_string(), link);
        assert!(!experiment("#/async-basics?embed=0").0.is_embedded);
    }

    #[test]
    fn a_link_can_ask_the_reader_to_predict() {
        let link = "#/async-multiple?limit=4&seed=7&predict=1";
        let (setup, notices) = experiment(link);
        assert_eq!((setup.predicts, notices.len()), (true, 0));
        assert_eq!(Destination::Exercise(setup).to_string(), link);
        for without in ["#/async-multiple?limit=4&seed=7", "#/async-multiple?limit=4&seed=7&predict=0"] {
            let (setup, notices) = experiment(without);
            assert_eq!((setup.predicts, notices.len()), (false, 0), "{without}");
            assert_eq!(Destination::Exercise(setup).to_string(), "#/async-multiple?limit=4&seed=7");
        }
        // The pipeline has no question, and a control of this name.
        let (setup, notices) = experiment("#/async-ml-pipeline?predict=1");
        assert_eq!((setup.settings.number("predict"), setup.predicts, notices.len()), (1.0, false, 0));
    }

    #[test]
    fn a_link_can_contain_the_readers_program() {
        let link = "#/program?seed=7&program=1.q1ZKy8xJLVayUoqOVdJRykvMTVWyUkpMSlaqBQA";
        let (setup, notices) = experiment(link);
        assert_eq!((setup.packed.is_some(), notices.len()), (true, 0));
        assert_eq!(Destination::Exercise(setup).to_string(), link);
        assert_eq!(
            experiment("#/async-basics?program=1.abc").1,
            ["This exercise has no control `program`, so it was ignored."]
        );
    }

    #[test]
    fn controls_at_their_defaults_are_left_out() {
        assert_eq!(
            Destination::from_exercise(&crate::exercises::async_basics::EXERCISE).to_string(),
            "#/async-basics?seed=7"
        );
    }

    #[test]
    fn a_setup_in_words_has_what_differs_from_the_defaults() {
        let words = |fragment: &str| match Destination::parse(fragment).0 {
            Destination::Exercise(setup) => setup.in_words(),
            other => panic!("{other:?}"),
        };
        assert_eq!(words("#/async-basics"), "defaults; seed 7");
        assert_eq!(words("#/async-basics?download=800&load=200&seed=8"), "Download 800 ms; seed 8");
        assert_eq!(words("#/async-basics?blocking=off&scale=2"), "Scale 2 ×, Blocking demo off; seed 7");
        let long = format!("#/async-api-calls?models={}", "m".repeat(90));
        assert!(words(&long).len() < 60, "{}", words(&long));
        // Without effect, since the page's own server is used.
        assert_eq!(words("#/async-api-calls?url=https://example.org"), "defaults; seed 7");
    }

    #[test]
    fn an_exercise_has_a_page_of_its_own_with_typed_text_in_the_fragment_only() {
        let address = |fragment: &str| experiment(fragment).0.page_address();
        assert_eq!(address("#/async-basics?seed=7&download=800"), "async-basics/?download=800&seed=7");
        assert_eq!(address("#/async-basics?hide=all&run=1"), "async-basics/?seed=7&run=1&hide=all");
        let typed = "#/async-api-calls?endpoint=own&url=http%3A%2F%2Fexample.org%2Fmine&seed=7";
        let own = experiment(typed).0;
        assert_eq!(own.page_address(), format!("async-api-calls/{}", Destination::Exercise(own)));
    }

    #[test]
    fn presets_are_valid() {
        for exercise in catalogue::all() {
            for preset in exercise.presets {
                assert_eq!(experiment(&format!("#/{}?{}", exercise.slug, preset.query)).1, [""; 0], "{}", preset.label);
            }
        }
    }

    #[test]
    fn links_of_the_guide_are_valid() {
        use crate::exercises::guide::{CHAPTERS, CONCEPTS, VALUES};
        let of_items = CHAPTERS.iter().flat_map(|chapter| chapter.items).flat_map(|item| item.links);
        let of_values = VALUES.iter().map(|it| &it.link);
        for link in of_items.chain(of_values).chain(CONCEPTS.iter().map(|concept| &concept.link)) {
            assert_eq!(Destination::parse(link.fragment).1, [], "{}", link.label);
        }
    }

    #[test]
    fn the_values_of_the_guide_are_those_that_its_links_set() {
        use crate::exercises::guide::VALUES;
        let settings = |slug: &str| {
            let mut links = VALUES.iter().map(|it| experiment(it.link.fragment).0);
            links.find(|it| it.exercise.slug == slug).expect("it has values").settings
        };
        let basics = settings("async-basics");
        let waits = ["download", "load", "preprocess"].map(|name| basics.number(name) * basics.number("scale"));
        assert_eq!(waits, [2_000.0, 1_000.0, 1_500.0]);
        assert_eq!(settings("async-multiple").number("scale"), 1.0);
        assert_eq!(settings("async-ml-pipeline").count("batch-size"), 32);
        assert_eq!(settings("common-issues").number("wait"), 1_000.0);
    }

    #[test]
    fn parts_that_are_not_valid_are_named_and_replaced_by_the_nearest() {
        let (experiment, notices) = experiment("#/async-basic?download=99999&load=fast&nope=1&blocking=maybe&seed=-1");
        assert_eq!(experiment.exercise.slug, "async-basics");
        assert_eq!(experiment.settings.number("download"), 2_000.0);
        assert_eq!(experiment.settings.number("load"), 200.0);
        assert!(experiment.settings.is_on("blocking"));
        assert_eq!(experiment.seed, DEFAULT_SEED);
        let expected = [
            "There is no exercise `async-basic`: showing `async-basics` instead.",
            "Download: 99999 is out of range: use 0 to 2,000 ms. Using 2000 instead.",
            "Data set: `fast` is not a number: use 0 to 2,000 ms. Using 200 instead.",
            "This exercise has no control `nope`, so it was ignored.",
            "Blocking demo: `maybe` is neither `on` nor `off`. Using on instead.",
            "Seed: `-1` is not a seed: use a whole number from 0 to 999,999. Using 7 instead.",
        ];
        assert_eq!(notices, expected);
    }

    #[test]
    fn notices_are_short_even_for_a_long_link() {
        let (_, notices) = experiment(&format!("#/{}?{}=1", "x".repeat(9_000), "ü".repeat(9_000)));
        assert!(notices.iter().all(|notice| notice.chars().count() < 200), "{notices:?}");
    }

    #[test]
    fn the_benchmark_has_its_own_link() {
        let benchmark = Destination::Benchmark { runs_at_once: true };
        assert_eq!(benchmark.to_string(), "#/benchmark?run=1");
        assert_eq!(Destination::parse("#/benchmark?run=1"), (benchmark, vec![]));
    }

    proptest! {
        #[test]
        fn an_experiment_can_be_read_from_its_link(
            download in 0..2_000_000u32, scale in 100..5_000u32, blocking: bool, seed in 0..=MAX_SEED, runs_at_once: bool,
            is_embedded: bool, predicts: bool,
        ) {
            let exercise = &crate::exercises::async_basics::EXERCISE;
            let mut settings = Settings::defaults(exercise.controls);
            settings.set("download", Value::Number(f64::from(download) / 1e3));
            settings.set("scale", Value::Number(f64::from(scale) / 1e3));
            settings.set("blocking", Value::Switch(blocking));
            let setup = Setup { settings, seed, runs_at_once, is_embedded, predicts, ..Setup::new(exercise) };
            let destination = Destination::Exercise(setup);
            prop_assert_eq!(Destination::parse(&destination.to_string()), (destination, vec![]));
        }

        #[test]
        fn no_fragment_panics_and_its_destination_has_a_valid_link(fragment in r"#?/?(async-basics|\PC*)?\??(\PC|&|=|%|download|seed|hide=|was=|embed=|predict=)*") {
            let (destination, _) = Destination::parse(&fragment);
            prop_assert_eq!(Destination::parse(&destination.to_string()), (destination, vec![]));
        }
    }
}
