//! Columns of whole numbers. A run of a million tasks has sixteen million of them. Read one by one through serde, they
//! took a third of the time of opening it.

use serde::de::{Deserialize, Deserializer, Error};
use serde_json::value::RawValue;

/// Reads a list of whole numbers. For `deserialize_with`.
pub(super) fn numbers<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<u64>,
{
    let list = <&RawValue>::deserialize(deserializer)?;
    parse(list.get()).ok_or_else(|| D::Error::custom("expected a list of whole numbers"))
}

/// Numbers with no more digits cannot overflow. For others `str::parse` checks it, which is slow in wasm.
const SAFE_DIGITS: usize = 19;

/// The numbers of a list. The text is valid JSON. `None` if it is something else than a list of numbers that a `T` can
/// have.
fn parse<T: TryFrom<u64>>(json: &str) -> Option<Vec<T>> {
    let items = json.strip_prefix('[')?.strip_suffix(']')?;
    let mut numbers = Vec::new();
    let (mut number, mut digits) = (0_u64, 0);
    let end = |number: u64, digits: usize, at: usize| match digits {
        0 => None,
        1..=SAFE_DIGITS => T::try_from(number).ok(),
        _ => T::try_from(last_item(&items[..at])?.parse().ok()?).ok(),
    };
    for (at, byte) in items.bytes().enumerate() {
        match byte {
            b'0'..=b'9' => {
                number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                digits += 1;
            }
            b',' => {
                numbers.push(end(number, digits, at)?);
                (number, digits) = (0, 0);
            }
            b' ' | b'\n' | b'\r' | b'\t' => {}
            _ => return None,
        }
    }
    if digits > 0 {
        numbers.push(end(number, digits, items.len())?);
    }
    Some(numbers)
}

/// The last item of a list, as text.
fn last_item(items: &str) -> Option<&str> {
    items.rsplit(',').next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn lists_are_read_as_by_serde(numbers in prop::collection::vec(any::<u64>(), 0..20), is_pretty: bool) {
            let write = if is_pretty { serde_json::to_string_pretty } else { serde_json::to_string };
            prop_assert_eq!(parse(&write(&numbers).unwrap()), Some(numbers));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for json in ["[1.5]", "[-1]", "[1e3]", "[\"1\"]", "[null]", "[[1]]", "{}", "7", "[18446744073709551616]"] {
            assert_eq!(parse::<u64>(json), None, "{json}");
        }
        assert_eq!(parse::<u32>("[4294967295]"), Some(vec![u32::MAX]));
        assert_eq!(parse::<u32>("[4294967296]"), None);
    }
}
