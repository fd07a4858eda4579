//! Decimal numbers as people read and type them: `400`, `1.5`, `-3`, to three places after the point.
//!
//! The standard library's reading and writing of floats is exact for every number there is, and brings code and tables
//! of some 25 KB, a good part of what the whole page may weigh. Nobody here needs exponents, infinity or 17 digits.

/// Places after the point, at most.
const MOST_PLACES: usize = 3;

/// Digits before the point, at most: more than anything that is typed here.
const MOST_DIGITS: usize = 12;

/// Reads a number. None for anything that is not a sign, some digits, and a point with at most three more.
#[must_use]
pub fn parse(text: &str) -> Option<f64> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1.0, digits),
        None => (1.0, text),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.len() + fraction.len() == 0 || whole.len() > MOST_DIGITS || fraction.len() > MOST_PLACES {
        return None;
    }
    let zeros = std::iter::repeat_n('0', MOST_PLACES - fraction.len());
    let mut thousandths = 0u64;
    for digit in whole.chars().chain(fraction.chars()).chain(zeros) {
        thousandths = thousandths * 10 + u64::from(digit.to_digit(10)?);
    }
    // Both are whole numbers below 2^53, so their quotient is the float nearest to the decimal. Adding zero makes -0 a 0.
    Some(sign * (thousandths as f64 / 1e3) + 0.0)
}

/// Writes a number, rounded to three places, without zeros at the end; [`parse`] reads it again.
#[must_use]
pub fn shortest(number: f64) -> String {
    let text = fixed(number, MOST_PLACES);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Writes a number, rounded to so many places, at most three: `fixed(1.25, 1)` is `1.3`. What is not finite is `–`.
#[must_use]
pub fn fixed(number: f64, places: usize) -> String {
    if !number.is_finite() {
        return "–".to_owned();
    }
    let places = places.min(MOST_PLACES);
    let unit = 10u64.pow(places as u32);
    let rounded = (number.abs() * unit as f64).round() as u64;
    let sign = if number < 0.0 && rounded > 0 { "-" } else { "" };
    let whole = rounded / unit;
    if places == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{:0places$}", rounded % unit) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_read_as_people_type_them() {
        for (text, number) in
            [("400", 400.0), ("1.5", 1.5), (".25", 0.25), ("3.", 3.0), ("-0", 0.0), ("-2.125", -2.125)]
        {
            assert_eq!(parse(text), Some(number), "{text}");
        }
    }

    #[test]
    fn what_no_control_needs_is_not_read() {
        for text in ["", "-", ".", "--1", "+1", "1e3", "1.2345", "1.2.3", "1234567890123", "١", "inf", "NaN"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_written_without_needless_digits() {
        for (number, text) in [(400.0, "400"), (0.1, "0.1"), (1.25, "1.25"), (-0.0, "0"), (-3.5, "-3.5"), (0.0004, "0")]
        {
            assert_eq!(shortest(number), text);
        }
    }

    #[test]
    fn numbers_are_rounded_to_the_places_asked_for() {
        for (number, places, text) in
            [(1.25, 1, "1.3"), (0.949, 2, "0.95"), (99.6, 0, "100"), (-0.04, 1, "0.0"), (2.0, 3, "2.000")]
        {
            assert_eq!(fixed(number, places), text);
        }
        assert_eq!(fixed(f64::NAN, 1), "–");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_as_the_standard_library_reads_it(thousandths in -5_000_000_000i64..5_000_000_000) {
            let number = thousandths as f64 / 1e3;
            let text = shortest(number);
            prop_assert_eq!(parse(&text), Some(number));
            prop_assert_eq!(parse(&text), text.parse().ok());
        }
    }
}
