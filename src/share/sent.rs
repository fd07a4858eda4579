//! A result in a link: the duration of each part, in a few characters.

use std::fmt;
use std::str::FromStr;

use crate::exercises::compared::Compared;
use crate::exercises::controls::Settings;
use crate::exercises::exercise::Exercise;

/// The base in which times are written.
const RADIX: u64 = 36;

/// The separator between two times.
const SEPARATOR: char = '.';

/// The text for a part that did not succeed.
const NONE: &str = "-";

/// The largest number of parts in a link.
const MAX_PARTS: usize = 64;

/// The longest duration of a part, in microseconds: about eleven days.
const MAX_US: u64 = 1_000_000_000_000;

/// The duration of each part of a run, in the order of the exercise's bars.
///
/// ```
/// use interleave::share::sent::Sent;
///
/// let sent: Sent = "12nz4.-.ut8".parse().unwrap();
/// assert_eq!(sent.parts_us(), [Some(1_804_000), None, Some(39_932)]);
/// assert_eq!(sent.to_string(), "12nz4.-.ut8");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    parts_us: Vec<Option<u64>>,
}

/// The text is not a valid result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The result in this link cannot be read")]
pub struct BadResult;

impl Sent {
    /// The durations of the parts that were run. `None` if no part succeeded, or if the result does not fit into a link.
    #[must_use]
    pub fn from_compared(compared: &[Compared]) -> Option<Self> {
        let parts_us: Vec<_> = compared.iter().flat_map(|it| &it.bars).map(|bar| bar.measured_us).collect();
        let fits = parts_us.len() <= MAX_PARTS && parts_us.iter().flatten().all(|us| *us <= MAX_US);
        (fits && parts_us.iter().any(Option::is_some)).then_some(Self { parts_us })
    }

    /// The duration of each part, in microseconds; `None` for a part that did not succeed.
    #[must_use]
    pub fn parts_us(&self) -> &[Option<u64>] {
        &self.parts_us
    }

    /// The duration of the part with this root task, in microseconds, if it succeeded. `settings` are those of the
    /// link.
    #[must_use]
    pub fn part_us(&self, exercise: &Exercise, settings: &Settings, task: &str) -> Option<u64> {
        let index = parts(exercise, settings).position(|it| it == task)?;
        *self.parts_us.get(index)?
    }

    /// True if it has as many parts as the exercise with these settings. If not, the link was made by another version.
    #[must_use]
    pub fn fits(&self, exercise: &Exercise, settings: &Settings) -> bool {
        self.parts_us.len() == parts(exercise, settings).count()
    }
}

/// The root tasks that an exercise compares with these settings.
fn parts(exercise: &Exercise, settings: &Settings) -> impl Iterator<Item = &'static str> {
    let bars = exercise.comparisons.iter().flat_map(|comparison| comparison.bars);
    bars.filter(|bar| (bar.is_active)(settings)).map(|bar| bar.task)
}

impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, us) in self.parts_us.iter().enumerate() {
            if n > 0 {
                write!(f, "{SEPARATOR}")?;
            }
            match us {
                None => f.write_str(NONE)?,
                Some(us) => f.write_str(&digits(*us))?,
            }
        }
        Ok(())
    }
}

fn digits(mut number: u64) -> String {
    let mut digits = Vec::new();
    loop {
        digits.extend(char::from_digit((number % RADIX) as u32, RADIX as u32));
        number /= RADIX;
        if number == 0 {
            return digits.into_iter().rev().collect();
        }
    }
}

impl FromStr for Sent {
    type Err = BadResult;

    fn from_str(text: &str) -> Result<Self, BadResult> {
        let part = |text: &str| match text {
            NONE => Ok(None),
            // `from_str_radix` also accepts a sign and capital letters.
            _ if !text.chars().all(|c| c.is_ascii_digit() || c.is_ascii_lowercase()) => Err(BadResult),
            _ => u64::from_str_radix(text, RADIX as u32).ok().filter(|us| *us <= MAX_US).map(Some).ok_or(BadResult),
        };
        let parts_us = text.split(SEPARATOR).take(MAX_PARTS + 1).map(part).collect::<Result<Vec<_>, _>>()?;
        let is_result = parts_us.len() <= MAX_PARTS && parts_us.iter().any(Option::is_some);
        is_result.then_some(Self { parts_us }).ok_or(BadResult)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_result_can_be_read_from_its_text(parts_us in prop::collection::vec(prop::option::of(0..=MAX_US), 1..=MAX_PARTS)) {
            prop_assume!(parts_us.iter().any(Option::is_some));
            let sent = Sent { parts_us };
            prop_assert_eq!(sent.to_string().parse(), Ok(sent));
        }

        #[test]
        fn no_text_panics_and_every_accepted_text_is_a_result(text in r"([0-9a-z.+-]|\PC){0,80}") {
            if let Ok(sent) = text.parse::<Sent>() {
                prop_assert_eq!(sent.to_string().parse(), Ok(sent));
            }
        }
    }

    #[test]
    fn texts_that_are_not_results_are_refused() {
        for text in ["", ".", "-", "-.-", "1.", "+1", "1A", "zzzzzzzzzzzzz", "1.ü", &"1.".repeat(100)] {
            assert_eq!(text.parse::<Sent>(), Err(BadResult), "{text}");
        }
    }

    #[test]
    fn a_part_is_found_by_its_task() {
        let exercise = &crate::exercises::async_basics::EXERCISE;
        let mut settings = Settings::defaults(exercise.controls);
        let sent: Sent = "a.b.c.d".parse().expect("it is a result");
        assert!(sent.fits(exercise, &settings));
        assert_eq!(sent.part_us(exercise, &settings, "concurrent_execution"), Some(11));
        assert_eq!(sent.part_us(exercise, &settings, "nothing"), None);
        settings.set("blocking", crate::exercises::controls::Value::Switch(false));
        assert!(!sent.fits(exercise, &settings));
    }
}
