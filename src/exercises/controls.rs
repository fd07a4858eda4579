//! What a reader can set: controls, what they accept, and the settings of one experiment.

use std::time::Duration;

use crate::measure::decimal;
use crate::measure::units::count;

/// One thing that a reader can set.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Control {
    /// Its name in links: lower case, with hyphens.
    pub name: &'static str,
    /// Its label on the page.
    pub label: &'static str,
    /// What it does, in one sentence.
    pub help: &'static str,
    /// What it accepts.
    pub kind: Kind,
}

/// What a control accepts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// A number, to three places after the point.
    Number {
        /// The unit that stands behind it, such as `ms`; empty for a plain number.
        unit: &'static str,
        /// The least value.
        min: f64,
        /// The greatest value.
        max: f64,
        /// What one step of the slider changes.
        step: f64,
        /// The value at first.
        default: f64,
    },
    /// A whole number.
    Count {
        /// The least value.
        min: u32,
        /// The greatest value.
        max: u32,
        /// The value at first.
        default: u32,
    },
    /// One of a few.
    Choice {
        /// What can be chosen; the first is the one at first.
        options: &'static [Choice],
    },
    /// On or off.
    Switch {
        /// The state at first.
        default: bool,
    },
}

/// One of the few that a [`Kind::Choice`] offers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Its name in links.
    pub value: &'static str,
    /// Its label on the page.
    pub label: &'static str,
}

/// What a control is set to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// Of a [`Kind::Number`] or a [`Kind::Count`].
    Number(f64),
    /// Of a [`Kind::Choice`].
    Choice(&'static str),
    /// Of a [`Kind::Switch`].
    Switch(bool),
}

/// Why a control does not take a text.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// There is no text.
    #[error("a number is missing: use {range}")]
    Missing {
        /// What is accepted.
        range: String,
    },
    /// It is no number.
    #[error("`{text}` is not a number: use {range}")]
    NotANumber {
        /// What was given.
        text: String,
        /// What is accepted.
        range: String,
    },
    /// It is a number with a fraction where things are counted.
    #[error("{text} is not a whole number: use {range}")]
    NotWhole {
        /// What was given.
        text: String,
        /// What is accepted.
        range: String,
    },
    /// It is a number, but not one of the allowed.
    #[error("{text} is out of range: use {range}")]
    OutOfRange {
        /// What was given.
        text: String,
        /// What is accepted.
        range: String,
    },
    /// It is not among those that can be chosen.
    #[error("`{text}` cannot be chosen: use {range}")]
    NotOffered {
        /// What was given.
        text: String,
        /// What can be chosen.
        range: String,
    },
    /// It is neither on nor off.
    #[error("`{text}` is neither `on` nor `off`")]
    NotASwitch {
        /// What was given.
        text: String,
    },
}

impl Choice {
    /// One that is `value` in links and `label` on the page.
    #[must_use]
    pub const fn of(value: &'static str, label: &'static str) -> Self {
        Self { value, label }
    }
}

impl Control {
    /// A control for a time in milliseconds, from 0 to 2 s.
    #[must_use]
    pub const fn millis(name: &'static str, label: &'static str, help: &'static str, default: f64) -> Self {
        Self { name, label, help, kind: Kind::Number { unit: "ms", min: 0.0, max: 2_000.0, step: 50.0, default } }
    }

    /// A control for a whole number from 0 on.
    #[must_use]
    pub const fn count(name: &'static str, label: &'static str, help: &'static str, max: u32, default: u32) -> Self {
        Self { name, label, help, kind: Kind::Count { min: 0, max, default } }
    }

    /// A control for one of a few; the first is the one at first.
    #[must_use]
    pub const fn choice(
        name: &'static str,
        label: &'static str,
        help: &'static str,
        options: &'static [Choice],
    ) -> Self {
        Self { name, label, help, kind: Kind::Choice { options } }
    }

    /// The value at first.
    #[must_use]
    pub fn default_value(&self) -> Value {
        match self.kind {
            Kind::Number { default, .. } => Value::Number(default),
            Kind::Count { default, .. } => Value::Number(default.into()),
            Kind::Choice { options } => Value::Choice(options.first().map_or("", |option| option.value)),
            Kind::Switch { default } => Value::Switch(default),
        }
    }

    /// The least and the greatest number, if it takes one.
    fn limits(&self) -> Option<(f64, f64)> {
        match self.kind {
            Kind::Number { min, max, .. } => Some((min, max)),
            Kind::Count { min, max, .. } => Some((min.into(), max.into())),
            Kind::Choice { .. } | Kind::Switch { .. } => None,
        }
    }

    /// Reads a value from text as it stands in a link or was typed.
    ///
    /// # Errors
    ///
    /// A [`Refusal`] that names what was given and what is accepted.
    pub fn parse(&self, text: &str) -> Result<Value, Refusal> {
        let text = text.trim();
        match self.kind {
            Kind::Number { .. } | Kind::Count { .. } => self.parse_number(text),
            Kind::Choice { options } => match options.iter().find(|option| option.value == text) {
                Some(option) => Ok(Value::Choice(option.value)),
                None => Err(Refusal::NotOffered { text: text.to_owned(), range: self.range() }),
            },
            Kind::Switch { .. } => match text {
                "on" => Ok(Value::Switch(true)),
                "off" => Ok(Value::Switch(false)),
                _ => Err(Refusal::NotASwitch { text: text.to_owned() }),
            },
        }
    }

    fn parse_number(&self, text: &str) -> Result<Value, Refusal> {
        let range = self.range();
        if text.is_empty() {
            return Err(Refusal::Missing { range });
        }
        let text_owned = text.to_owned();
        let Some(number) = decimal::parse(text) else {
            return Err(Refusal::NotANumber { text: text_owned, range });
        };
        if !self.limits().is_some_and(|(min, max)| (min..=max).contains(&number)) {
            return Err(Refusal::OutOfRange { text: text_owned, range });
        }
        if matches!(self.kind, Kind::Count { .. }) && number.fract() != 0.0 {
            return Err(Refusal::NotWhole { text: text_owned, range });
        }
        Ok(Value::Number(number))
    }

    /// The allowed value nearest to a text that was refused: the nearer limit for a number, else the default.
    #[must_use]
    pub fn nearest(&self, text: &str) -> Value {
        let (Some((min, max)), Some(number)) = (self.limits(), decimal::parse(text.trim())) else {
            return self.default_value();
        };
        // `clamp` would bring in the writing of floats for its panic.
        let number = number.max(min).min(max);
        Value::Number(if matches!(self.kind, Kind::Count { .. }) { number.round() } else { number })
    }

    /// What it accepts, in words: `0 to 5,000 ms`.
    #[must_use]
    pub fn range(&self) -> String {
        match self.kind {
            Kind::Number { min, max, unit, .. } => {
                let range = format!("{} to {}", number_in_words(min), number_in_words(max));
                if unit.is_empty() { range } else { format!("{range} {unit}") }
            }
            Kind::Count { min, max, .. } => format!("{} to {}", count(min.into()), count(max.into())),
            Kind::Choice { options } => {
                let names: Vec<_> = options.iter().map(|option| format!("`{}`", option.value)).collect();
                names.join(", ")
            }
            Kind::Switch { .. } => "`on` or `off`".to_owned(),
        }
    }
}

fn number_in_words(number: f64) -> String {
    if number.fract() == 0.0 && number >= 0.0 { count(number as u64) } else { decimal::shortest(number) }
}

impl Value {
    /// The value as it stands in a link; [`Control::parse`] reads it again.
    #[must_use]
    pub fn to_text(self) -> String {
        match self {
            Self::Number(number) => decimal::shortest(number),
            Self::Choice(value) => value.to_owned(),
            Self::Switch(true) => "on".to_owned(),
            Self::Switch(false) => "off".to_owned(),
        }
    }
}

/// What the controls of one exercise are set to.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    controls: &'static [Control],
    values: Vec<Value>,
}

impl Settings {
    /// Every control at its default.
    #[must_use]
    pub fn defaults(controls: &'static [Control]) -> Self {
        Self { controls, values: controls.iter().map(Control::default_value).collect() }
    }

    /// Each control with its value, in the order of the page.
    pub fn iter(&self) -> impl Iterator<Item = (&'static Control, Value)> {
        self.controls.iter().zip(self.values.iter().copied())
    }

    /// Sets a control. A name that the exercise does not have changes nothing.
    pub fn set(&mut self, name: &str, value: Value) {
        if let Some(index) = self.controls.iter().position(|control| control.name == name) {
            self.values[index] = value;
        }
    }

    /// The value of a control, if the exercise has it.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Value> {
        self.iter().find(|(control, _)| control.name == name).map(|(_, value)| value)
    }

    /// The number of a control.
    ///
    /// # Panics
    ///
    /// When the lesson asks for a control that its own entry does not list, or for one that is a switch. A test runs
    /// every lesson, so such a slip does not get far.
    #[must_use]
    pub fn number(&self, name: &str) -> f64 {
        match self.get(name) {
            Some(Value::Number(number)) => number,
            _ => panic!("the exercise has no number named `{name}`"),
        }
    }

    /// The number of a control as milliseconds. Panics as [`number`](Self::number) does.
    #[must_use]
    pub fn millis(&self, name: &str) -> Duration {
        Duration::from_secs_f64(self.number(name).max(0.0) / 1e3)
    }

    /// The whole number of a control. Panics as [`number`](Self::number) does.
    #[must_use]
    pub fn count(&self, name: &str) -> u32 {
        self.number(name) as u32
    }

    /// What is chosen.
    ///
    /// # Panics
    ///
    /// Like [`number`](Self::number), for a name that offers no choice.
    #[must_use]
    pub fn choice(&self, name: &str) -> &'static str {
        match self.get(name) {
            Some(Value::Choice(value)) => value,
            _ => panic!("the exercise has no choice named `{name}`"),
        }
    }

    /// Whether a switch is on.
    ///
    /// # Panics
    ///
    /// Like [`number`](Self::number), for a name that is no switch of the exercise.
    #[must_use]
    pub fn is_on(&self, name: &str) -> bool {
        match self.get(name) {
            Some(Value::Switch(is_on)) => is_on,
            _ => panic!("the exercise has no switch named `{name}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DELAY: Control = Control {
        name: "delay",
        label: "Delay",
        help: "",
        kind: Kind::Number { unit: "ms", min: 0.0, max: 5_000.0, step: 50.0, default: 400.0 },
    };
    const TASKS: Control = Control::count("tasks", "Tasks", "", 10_000, 20);
    const BACKOFF: Control = Control::choice(
        "backoff",
        "Backoff",
        "",
        &[Choice::of("exponential", "Exponential"), Choice::of("linear", "Linear")],
    );
    const DEMO: Control = Control { name: "demo", label: "Demo", help: "", kind: Kind::Switch { default: true } };

    #[test]
    fn a_number_outside_the_range_is_refused_with_both() {
        let refusal = DELAY.parse("9999").expect_err("it is too much");
        assert_eq!(refusal.to_string(), "9999 is out of range: use 0 to 5,000 ms");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        assert_eq!(DELAY.parse(" ").expect_err("it is empty").to_string(), "a number is missing: use 0 to 5,000 ms");
        for text in ["fast", "NaN", "inf", "1e3", "0x10", "4 00"] {
            let refusal = DELAY.parse(text).expect_err("it is no number");
            assert!(matches!(refusal, Refusal::NotANumber { .. }), "{text}: {refusal}");
        }
    }

    #[test]
    fn what_is_counted_is_whole() {
        assert_eq!(TASKS.parse("0"), Ok(Value::Number(0.0)));
        let refusal = TASKS.parse("2.5").expect_err("there are no half tasks");
        assert_eq!(refusal.to_string(), "2.5 is not a whole number: use 0 to 10,000");
        assert_eq!((TASKS.nearest("2.4"), TASKS.nearest("99999")), (Value::Number(2.0), Value::Number(10_000.0)));
    }

    #[test]
    fn what_is_not_offered_is_refused_with_what_is() {
        let refusal = BACKOFF.parse("quadratic").expect_err("nobody offers it");
        assert_eq!(refusal.to_string(), "`quadratic` cannot be chosen: use `exponential`, `linear`");
        assert_eq!(BACKOFF.nearest("quadratic"), Value::Choice("exponential"));
        assert_eq!(BACKOFF.parse("linear"), Ok(Value::Choice("linear")));
    }

    #[test]
    fn the_nearest_value_is_the_nearer_limit_or_the_default() {
        for (text, nearest) in [("9999", 5_000.0), ("-3", 0.0), ("inf", 400.0), ("fast", 400.0), ("", 400.0)] {
            assert_eq!(DELAY.nearest(text), Value::Number(nearest), "{text}");
        }
        assert_eq!(DEMO.nearest("maybe"), Value::Switch(true));
    }

    #[test]
    fn settings_begin_at_the_defaults_and_ignore_strangers() {
        static CONTROLS: [Control; 2] = [DELAY, DEMO];
        let mut settings = Settings::defaults(&CONTROLS);
        settings.set("delay", Value::Number(50.0));
        settings.set("stranger", Value::Number(1.0));
        assert_eq!(settings.millis("delay"), Duration::from_millis(50));
        assert!(settings.is_on("demo"));
    }

    proptest! {
        #[test]
        fn a_value_reads_back_from_its_text(thousandths in 0..5_000_000u32, is_on: bool) {
            let number = f64::from(thousandths) / 1e3;
            prop_assert_eq!(DELAY.parse(&Value::Number(number).to_text()), Ok(Value::Number(number)));
            prop_assert_eq!(DEMO.parse(&Value::Switch(is_on).to_text()), Ok(Value::Switch(is_on)));
        }

        #[test]
        fn no_text_panics_and_the_nearest_value_is_always_accepted(text in ".*") {
            for control in [DELAY, TASKS, BACKOFF, DEMO] {
                let nearest = control.nearest(&text);
                prop_assert_eq!(control.parse(&nearest.to_text()), Ok(nearest));
            }
        }
    }
}
