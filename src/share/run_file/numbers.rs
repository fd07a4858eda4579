//! Long lists of whole numbers. A run of a million tasks has sixteen million of them. Read one by one through serde, they
//! took a third of the time of opening it.

use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::RecordError;

/// The text of a list in a file, or the index of a list that was cut out.
#[derive(Clone, Copy)]
pub(super) struct NumbersText<'a>(&'a str);

impl<'de: 'a, 'a> Deserialize<'de> for NumbersText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|json| Self(json.get()))
    }
}

impl<'a> NumbersText<'a> {
    /// The numbers of the list, or of that one of the `lists` whose index is here instead. `of` is its name, for errors.
    pub(super) fn numbers<T>(self, of: &'static str, lists: &[&'a str]) -> Numbers<'a, T> {
        let json = self.0.parse().ok().and_then(|index: usize| lists.get(index)).unwrap_or(&self.0);
        let items = json.strip_prefix('[').and_then(|json| json.strip_suffix(']'));
        // Any other value is refused when its first number is read.
        Numbers { items: items.unwrap_or("not a list").trim_ascii().as_bytes(), of, number: PhantomData }
    }
}

/// The rest of a list of numbers that a `T` can have.
pub(super) struct Numbers<'a, T> {
    /// Valid JSON, separated by commas.
    items: &'a [u8],
    of: &'static str,
    number: PhantomData<T>,
}

/// Numbers with no more digits cannot overflow. For others `str::parse` checks it, which is slow in wasm.
const SAFE_DIGITS: usize = 19;

impl<T: TryFrom<u64>> Numbers<'_, T> {
    /// The next number; `None` after the last one.
    ///
    /// # Errors
    ///
    /// [`RecordError::NotNumbers`] if the next item is something else.
    pub(super) fn take(&mut self) -> Result<Option<T>, RecordError> {
        if self.is_over() {
            return Ok(None);
        }
        let (mut number, mut digits) = (0_u64, 0);
        let mut end = self.items.len();
        for (at, byte) in self.items.iter().enumerate() {
            match byte {
                b'0'..=b'9' => {
                    number = number.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                    digits += 1;
                }
                b',' => {
                    end = at;
                    break;
                }
                b' ' | b'\n' | b'\r' | b'\t' => {}
                _ => return Err(self.not_numbers()),
            }
        }
        if digits > SAFE_DIGITS {
            let text = str::from_utf8(&self.items[..end]).unwrap_or_default();
            number = text.trim().parse().map_err(|_| self.not_numbers())?;
        }
        self.items = self.items.get(end + 1..).unwrap_or_default();
        T::try_from(number).map(Some).map_err(|_| self.not_numbers())
    }

    /// True after the last number.
    pub(super) fn is_over(&self) -> bool {
        self.items.is_empty()
    }

    fn not_numbers(&self) -> RecordError {
        RecordError::NotNumbers { of: self.of }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read<T: TryFrom<u64>>(json: &str) -> Result<Vec<T>, RecordError> {
        let text: NumbersText = serde_json::from_str(json).expect("it is JSON");
        let mut numbers = text.numbers("numbers", &[]);
        std::iter::from_fn(|| numbers.take().transpose()).collect()
    }

    proptest! {
        #[test]
        fn lists_are_read_as_by_serde(numbers in prop::collection::vec(any::<u64>(), 0..20), is_pretty: bool) {
            let write = if is_pretty { serde_json::to_string_pretty } else { serde_json::to_string };
            prop_assert_eq!(read(&write(&numbers).unwrap()), Ok(numbers));
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let refusal = Err(RecordError::NotNumbers { of: "numbers" });
        for json in
            ["[1.5]", "[-1]", "[1e3]", "[\"1\"]", "[null]", "[[1]]", "{}", "7", "\"\"", "[18446744073709551616]"]
        {
            assert_eq!(read::<u64>(json), refusal, "{json}");
        }
        assert_eq!(read::<u32>("[4294967295]"), Ok(vec![u32::MAX]));
        assert_eq!(read::<u32>("[4294967296]"), Err(RecordError::NotNumbers { of: "numbers" }));
    }
}
