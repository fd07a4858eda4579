//! [`ControlKind`]: the kinds of values that controls accept, and how each is read from text.

use std::sync::Arc;

use crate::measure::units::count;
use crate::python::program_files::{MOST_SOURCE_BYTES, ProgramFiles};

/// The kind of value that a control accepts.
#[derive(Clone, Copy, Debug)]
pub enum ControlKind {
    /// A number.
    Number {
        /// The unit, such as `ms`; empty for a plain number.
        unit: &'static str,
        /// The smallest value.
        min: f64,
        /// The largest value.
        max: f64,
        /// The step of the slider.
        step: f64,
        /// The default value.
        default: f64,
    },
    /// A whole number.
    Count {
        /// The smallest value.
        min: u32,
        /// The largest value.
        max: u32,
        /// The default value.
        default: u32,
    },
    /// One of a few options.
    Choice {
        /// The options; the first is the default.
        options: &'static [Choice],
    },
    /// On or off.
    Switch {
        /// The default state.
        default: bool,
    },
    /// A line of text.
    Text {
        /// The default text.
        default: &'static str,
        /// Returns the reason why a text is not accepted, without a full stop; `None` if it is.
        refuse: fn(&str) -> Option<String>,
    },
    /// A reader's program. It is not part of links.
    Program {
        /// The text of the main file by default.
        default: &'static str,
    },
    /// What the reader types into a console. Like a program, it is not part of links, and saved without keys.
    Command,
}

/// An option of a [`ControlKind::Choice`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    /// Its name in links.
    pub value: &'static str,
    /// Its label on the page.
    pub label: &'static str,
}

/// The value of a control.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// The value of a [`ControlKind::Number`] or a [`ControlKind::Count`].
    Number(f64),
    /// The value of a [`ControlKind::Choice`].
    Choice(&'static str),
    /// The value of a [`ControlKind::Switch`].
    Switch(bool),
    /// The value of a [`ControlKind::Command`].
    Command(String),
    /// The value of a [`ControlKind::Text`]. It may come from a link: show it as text only.
    Text(String),
    /// The value of a [`ControlKind::Program`].
    Program(Arc<ProgramFiles>),
}

/// The reason why a control does not accept a text.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidValue {
    /// A number is expected, and the text is empty.
    #[error("enter a number: use {range}")]
    Missing {
        /// The accepted values.
        range: String,
    },
    /// The text is not a number.
    #[error("`{text}` is not a number: use {range}")]
    NotANumber {
        /// The text that was given.
        text: String,
        /// The accepted values.
        range: String,
    },
    /// The number is not a whole number.
    #[error("{text} is not a whole number: use {range}")]
    NotWhole {
        /// The text that was given.
        text: String,
        /// The accepted values.
        range: String,
    },
    /// The number is outside the allowed range.
    #[error("{text} is out of range: use {range}")]
    OutOfRange {
        /// The text that was given.
        text: String,
        /// The accepted values.
        range: String,
    },
    /// The text is not one of the options.
    #[error("`{text}` is not an option: use {range}")]
    NotOffered {
        /// The text that was given.
        text: String,
        /// The options.
        range: String,
    },
    /// The text cannot be used.
    #[error("{why}")]
    Unusable {
        /// The reason.
        why: String,
    },
    /// The text is neither `on` nor `off`.
    #[error("`{text}` is neither `on` nor `off`")]
    NotASwitch {
        /// The text that was given.
        text: String,
    },
}

impl Choice {
    /// An option that appears as `value` in links and as `label` on the page.
    #[must_use]
    pub const fn new(value: &'static str, label: &'static str) -> Self {
        Self { value, label }
    }
}

/// The longest text that a link or a field may contain, in characters.
const LONGEST_TEXT: usize = 4_000;

impl ControlKind {
    /// The default value.
    #[must_use]
    pub fn default_value(&self) -> Value {
        match *self {
            Self::Number { default, .. } => Value::Number(default),
            Self::Count { default, .. } => Value::Number(default.into()),
            Self::Choice { options } => Value::Choice(options.first().map_or("", |option| option.value)),
            Self::Switch { default } => Value::Switch(default),
            Self::Text { default, .. } => Value::Text(default.to_owned()),
            Self::Program { default } => Value::Program(Arc::new(ProgramFiles::of_one_file(default))),
            Self::Command => Value::Command(String::new()),
        }
    }

    /// The smallest and the largest number, if it accepts numbers.
    fn limits(&self) -> Option<(f64, f64)> {
        match *self {
            Self::Number { min, max, .. } => Some((min, max)),
            Self::Count { min, max, .. } => Some((min.into(), max.into())),
            Self::Choice { .. } | Self::Switch { .. } | Self::Text { .. } | Self::Program { .. } | Self::Command => {
                None
            }
        }
    }

    /// Reads a value from text that was typed or comes from a link.
    ///
    /// # Errors
    ///
    /// An [`InvalidValue`] that names the given text and the accepted values.
    pub fn parse(&self, text: &str) -> Result<Value, InvalidValue> {
        let typed = text;
        let text = text.trim();
        match *self {
            Self::Number { .. } | Self::Count { .. } => self.parse_number(text),
            Self::Choice { options } => match options.iter().find(|option| option.value == text) {
                Some(option) => Ok(Value::Choice(option.value)),
                None => Err(InvalidValue::NotOffered { text: text.to_owned(), range: self.range() }),
            },
            Self::Switch { .. } => match text {
                "on" => Ok(Value::Switch(true)),
                "off" => Ok(Value::Switch(false)),
                _ => Err(InvalidValue::NotASwitch { text: text.to_owned() }),
            },
            // The other checks of a program are not part of the first load, and one file needs none of them.
            Self::Program { .. } if typed.len() > MOST_SOURCE_BYTES => {
                Err(InvalidValue::Unusable { why: format!("the program is too large: use {}", self.range()) })
            }
            Self::Program { .. } => Ok(Value::Program(Arc::new(ProgramFiles::of_one_file(typed)))),
            Self::Command => Ok(Value::Command(text.to_owned())),
            Self::Text { refuse, .. } => {
                let is_long = typed.chars().nth(LONGEST_TEXT).is_some();
                let too_long = || is_long.then(|| format!("the text is too long: use {}", self.range()));
                match too_long().or_else(|| refuse(text)) {
                    Some(why) => Err(InvalidValue::Unusable { why }),
                    // A space at the end is kept, because the user may be in the middle of typing.
                    None => Ok(Value::Text(typed.to_owned())),
                }
            }
        }
    }

    fn parse_number(&self, text: &str) -> Result<Value, InvalidValue> {
        let range = self.range();
        if text.is_empty() {
            return Err(InvalidValue::Missing { range });
        }
        let text_owned = text.to_owned();
        let Some(number) = parse_decimal(text) else {
            return Err(InvalidValue::NotANumber { text: text_owned, range });
        };
        if !self.limits().is_some_and(|(min, max)| (min..=max).contains(&number)) {
            return Err(InvalidValue::OutOfRange { text: text_owned, range });
        }
        if matches!(self, Self::Count { .. }) && number.fract() != 0.0 {
            return Err(InvalidValue::NotWhole { text: text_owned, range });
        }
        Ok(Value::Number(number))
    }

    /// The nearest allowed value to a refused text: for a number the nearer limit, otherwise the default.
    #[must_use]
    pub fn nearest(&self, text: &str) -> Value {
        let (Some((min, max)), Some(number)) = (self.limits(), parse_decimal(text.trim())) else {
            return self.default_value();
        };
        let number = number.clamp(min, max);
        Value::Number(if matches!(self, Self::Count { .. }) { number.round() } else { number })
    }

    /// The accepted values in words, such as `0 to 5,000 ms`.
    #[must_use]
    pub fn range(&self) -> String {
        match *self {
            Self::Number { min, max, unit, .. } => {
                let range = format!("{} to {}", number_in_words(min), number_in_words(max));
                if unit.is_empty() { range } else { format!("{range} {unit}") }
            }
            Self::Count { min, max, .. } => format!("{} to {}", count(min.into()), count(max.into())),
            Self::Choice { options } => {
                let names: Vec<_> = options.iter().map(|option| format!("`{}`", option.value)).collect();
                names.join(", ")
            }
            Self::Switch { .. } => "`on` or `off`".to_owned(),
            Self::Command => "a command".to_owned(),
            Self::Text { .. } => format!("at most {} characters", count(LONGEST_TEXT as u64)),
            Self::Program { .. } => "at most 1 MB".to_owned(),
        }
    }
}

/// Reads a decimal number such as `400`, `1.5` or `-3`. Links and fields take no exponents, `inf` or `NaN`.
fn parse_decimal(text: &str) -> Option<f64> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'-' | b'.'));
    // Adding zero turns -0 into 0.
    text.parse::<f64>().ok().filter(|_| is_plain).map(|number| number + 0.0)
}

fn number_in_words(number: f64) -> String {
    if number.fract() == 0.0 && number >= 0.0 { count(number as u64) } else { number.to_string() }
}

impl Value {
    /// The value as in a link; [`ControlKind::parse`] reads it again. Of a program, this is the main file only.
    #[must_use]
    pub fn to_text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Choice(value) => (*value).to_owned(),
            Self::Switch(true) => "on".to_owned(),
            Self::Switch(false) => "off".to_owned(),
            Self::Text(text) | Self::Command(text) => text.clone(),
            Self::Program(program) => program.main_text().to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DELAY: ControlKind = ControlKind::Number { unit: "ms", min: 0.0, max: 5_000.0, step: 50.0, default: 400.0 };
    const TASKS: ControlKind = ControlKind::Count { min: 0, max: 10_000, default: 20 };
    const BACKOFF: ControlKind =
        ControlKind::Choice { options: &[Choice::new("exponential", "Exponential"), Choice::new("linear", "Linear")] };
    const DEMO: ControlKind = ControlKind::Switch { default: true };
    const NAME: ControlKind =
        ControlKind::Text { default: "mlp-64", refuse: |text| text.is_empty().then(|| "a name is missing".to_owned()) };

    #[test]
    fn decimals_are_read_in_the_forms_that_people_type() {
        for (text, number) in
            [("400", 400.0), ("1.5", 1.5), (".25", 0.25), ("3.", 3.0), ("-0", 0.0), ("-2.125", -2.125)]
        {
            assert_eq!(parse_decimal(text), Some(number), "{text}");
        }
        for text in ["", "-", ".", "--1", "+1", "1e3", "1.2.3", "١", "inf", "NaN"] {
            assert_eq!(parse_decimal(text), None, "{text}");
        }
    }

    #[test]
    fn a_number_out_of_range_is_refused_with_the_range() {
        let refusal = DELAY.parse("9999").expect_err("it is too large");
        assert_eq!(refusal.to_string(), "9999 is out of range: use 0 to 5,000 ms");
    }

    #[test]
    fn a_text_that_is_not_a_number_is_refused() {
        assert_eq!(DELAY.parse(" ").expect_err("it is empty").to_string(), "enter a number: use 0 to 5,000 ms");
        for text in ["fast", "NaN", "inf", "1e3", "0x10", "4 00"] {
            let refusal = DELAY.parse(text).expect_err("it is not a number");
            assert!(matches!(refusal, InvalidValue::NotANumber { .. }), "{text}: {refusal}");
        }
    }

    #[test]
    fn a_count_must_be_a_whole_number() {
        assert_eq!(TASKS.parse("0"), Ok(Value::Number(0.0)));
        let refusal = TASKS.parse("2.5").expect_err("there are no half tasks");
        assert_eq!(refusal.to_string(), "2.5 is not a whole number: use 0 to 10,000");
        assert_eq!((TASKS.nearest("2.4"), TASKS.nearest("99999")), (Value::Number(2.0), Value::Number(10_000.0)));
    }

    #[test]
    fn an_unknown_option_is_refused_with_a_list_of_the_options() {
        let refusal = BACKOFF.parse("quadratic").expect_err("it is not an option");
        assert_eq!(refusal.to_string(), "`quadratic` is not an option: use `exponential`, `linear`");
        assert_eq!(BACKOFF.nearest("quadratic"), Value::Choice("exponential"));
        assert_eq!(BACKOFF.parse("linear"), Ok(Value::Choice("linear")));
    }

    #[test]
    fn a_text_is_not_changed() {
        assert_eq!(NAME.parse(" <b> "), Ok(Value::Text(" <b> ".to_owned())));
        assert_eq!(NAME.parse(" ").expect_err("it is empty").to_string(), "a name is missing");
        let refusal = NAME.parse(&"ü".repeat(4_001)).expect_err("it is too long").to_string();
        assert_eq!(refusal, "the text is too long: use at most 4,000 characters");
    }

    #[test]
    fn the_nearest_value_is_the_nearer_limit_or_the_default() {
        for (text, nearest) in [("9999", 5_000.0), ("-3", 0.0), ("inf", 400.0), ("fast", 400.0), ("", 400.0)] {
            assert_eq!(DELAY.nearest(text), Value::Number(nearest), "{text}");
        }
        assert_eq!(DEMO.nearest("maybe"), Value::Switch(true));
    }

    proptest! {
        #[test]
        fn a_value_can_be_read_from_its_own_text(thousandths in 0..5_000_000u32, is_on: bool) {
            let number = f64::from(thousandths) / 1e3;
            prop_assert_eq!(DELAY.parse(&Value::Number(number).to_text()), Ok(Value::Number(number)));
            prop_assert_eq!(DEMO.parse(&Value::Switch(is_on).to_text()), Ok(Value::Switch(is_on)));
        }

        #[test]
        fn no_text_panics_and_the_nearest_value_is_always_accepted(text in ".*") {
            for control in [DELAY, TASKS, BACKOFF, DEMO, NAME] {
                let nearest = control.nearest(&text);
                prop_assert_eq!(control.parse(&nearest.to_text()), Ok(nearest));
            }
        }
    }
}
