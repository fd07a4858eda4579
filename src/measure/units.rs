//! Numbers as text: with a unit, and no more digits than the clock supports.

use std::borrow::Cow;

/// A duration in microseconds as text: `0 ms`, `4.2 ms`, `412 ms`, `1.41 s`, `2 min 5 s`.
///
/// ```
/// use interleave::measure::units::span;
///
/// assert_eq!(span(1_412_300), "1.41 s");
/// ```
#[must_use]
pub fn span(us: u64) -> String {
    let ms = us as f64 / 1e3;
    match us {
        0 => "0 ms".to_owned(),
        1..10_000 => format!("{ms:.1} ms"),
        10_000..999_500 => format!("{ms:.0} ms"),
        999_500..59_995_000 => format!("{:.2} s", ms / 1e3),
        _ => {
            let seconds = (ms / 1e3).round() as u64;
            format!("{} min {} s", seconds / 60, seconds % 60)
        }
    }
}

/// A count with thousands separators: `12,345`.
#[must_use]
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun in the singular or plural: `1 task`, `12,345 tasks`.
#[must_use]
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{} {}", count(n), if n == 1 { one } else { many })
}

/// A share from 0 to 1 as a percentage: `97.2 %`.
#[must_use]
pub fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

/// A size in bytes: `812 B`, `54.3 KB`, `1.2 MB`, `10.7 GB`. A KB is 1,000 bytes.
#[must_use]
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} KB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// A text cut after `most_chars` characters, with `…` at the end if it was longer.
#[must_use]
pub fn shortened(text: &str, most_chars: usize) -> Cow<'_, str> {
    match text.char_indices().nth(most_chars) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_have_a_suitable_unit() {
        for (us, text) in [
            (0, "0 ms"),
            (200, "0.2 ms"),
            (4_230, "4.2 ms"),
            (10_000, "10 ms"),
            (412_300, "412 ms"),
            (999_499, "999 ms"),
            (999_500, "1.00 s"),
            (1_412_300, "1.41 s"),
            (59_994_999, "59.99 s"),
            (59_995_000, "1 min 0 s"),
            (125_000_000, "2 min 5 s"),
        ] {
            assert_eq!(span(us), text, "{us} µs");
        }
    }

    #[test]
    fn counts_have_thousands_separators() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(count(n), text);
        }
    }

    #[test]
    fn sizes_have_a_suitable_unit() {
        for (bytes, text) in [(0, "0 B"), (999, "999 B"), (54_321, "54.3 KB"), (1_200_000, "1.2 MB")] {
            assert_eq!(size(bytes), text);
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        assert_eq!(shortened("Zürich", 6), "Zürich");
        assert_eq!(shortened("Zürich", 2), "Zü…");
    }
}
