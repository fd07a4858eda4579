//! The header `Retry-After`: a number of seconds, or a date
//! (<https://www.rfc-editor.org/rfc/rfc9110.html#name-retry-after>). Servers also write fractions, units, and the time
//! since 1970.

use std::time::{Duration, UNIX_EPOCH};

/// A number of seconds from here on is a time since 1970: the year 2001.
const FIRST_TIMESTAMP_S: f64 = 1e9;

/// The time that a server asks clients to wait, rounded up to milliseconds, where `now` is the time since 1970. `None` if
/// the value is not valid.
pub(super) fn parse(text: &str, now: Duration) -> Option<Duration> {
    let text = text.trim();
    if let Ok(at) = httpdate::parse_http_date(text) {
        return Some(at.duration_since(UNIX_EPOCH).ok()?.saturating_sub(now));
    }
    // A header that was sent twice arrives as a list.
    let seconds = seconds(text.split(',').next().unwrap_or_default())?;
    let from_now = if seconds >= FIRST_TIMESTAMP_S { (seconds - now.as_secs_f64()).max(0.0) } else { seconds };
    // From a double, so that 1.4 s are not 1.401 s.
    Some(Duration::from_millis((from_now * 1e3 - 1e-6).max(0.0).ceil() as u64))
}

/// A number of seconds that may have a fraction and a unit: `2`, `1.4`, `1.4s`, `1400ms`.
fn seconds(text: &str) -> Option<f64> {
    let text = text.trim().to_ascii_lowercase();
    let units = [("ms", 1e-3), ("seconds", 1.0), ("second", 1.0), ("sec", 1.0), ("s", 1.0)];
    let unit = units.into_iter().find_map(|(unit, in_s)| Some((text.strip_suffix(unit)?, in_s)));
    let (number, in_s) = unit.unwrap_or((&text, 1.0));
    let number = number.trim_end();
    // `parse` also accepts words such as `inf`.
    let is_number = number.starts_with(|c: char| c.is_ascii_digit() || c == '.' || c == '+');
    number.parse::<f64>().ok().filter(|number| is_number && number.is_finite()).map(|number| number * in_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    #[test]
    fn every_form_is_read() {
        for (text, ms) in [
            ("120", Some(120_000)),
            (" 0 ", Some(0)),
            ("1.4", Some(1_400)),
            ("0.0001", Some(1)),
            ("+2", Some(2_000)),
            ("2, 2", Some(2_000)),
            ("30s", Some(30_000)),
            ("1.5 seconds", Some(1_500)),
            ("250ms", Some(250)),
            ("1e2", Some(100_000)),
            ("1700000010", Some(10_000)),
            ("1600000000", Some(0)),
            ("soon", None),
            ("-1", None),
            ("inf", None),
            ("nan", None),
            ("", None),
            ("s", None),
        ] {
            assert_eq!(parse(text, NOW), ms.map(Duration::from_millis), "{text}");
        }
        assert!(parse(&"9".repeat(400), NOW).is_none() && parse(&"9".repeat(30), NOW) > Some(NOW));
    }

    #[test]
    fn dates_are_read() {
        let now = Duration::from_secs(784_111_777 - 30);
        for (text, seconds) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", 30),
            ("Sunday, 06-Nov-94 08:49:37 GMT", 30),
            ("Sun Nov  6 08:49:37 1994", 30),
            ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
        ] {
            assert_eq!(parse(text, now), Some(Duration::from_secs(seconds)), "{text}");
        }
    }
}
