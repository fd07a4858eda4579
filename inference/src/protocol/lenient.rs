//! Reads fields as servers write them. What the specification calls optional may be absent or null. Numbers may be
//! written as text, as Protocol Buffers do with 64-bit integers in JSON, and versions as numbers.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// A field that may be null: that is the same as leaving it out.
pub(super) fn or_default<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// A text or a number, as text. Null is the empty text.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Ok(optional_text(deserializer)?.unwrap_or_default())
}

/// A text or a number, as text, or null.
pub(super) fn optional_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<Text>::deserialize(deserializer)?.map(|Text(text)| text))
}

/// A list of texts or numbers, as texts. Null is the empty list.
pub(super) fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let texts: Vec<Text> = or_default(deserializer)?;
    Ok(texts.into_iter().map(|Text(text)| text).collect())
}

/// The sizes in a model's metadata. A dimension that is null may have any size, as -1.
pub(super) fn sizes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<i64>, D::Error> {
    let sizes: Vec<Option<Whole>> = or_default(deserializer)?;
    Ok(sizes.into_iter().map(|size| size.map_or(-1, |Whole(size)| size)).collect())
}

/// The shape of a tensor.
pub(super) fn shape<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<usize>, D::Error> {
    let sizes = Vec::<Whole>::deserialize(deserializer)?;
    let as_size = |Whole(size)| usize::try_from(size).map_err(|_| D::Error::custom(format!("a shape contains {size}")));
    sizes.into_iter().map(as_size).collect()
}

/// A text, or a number as text.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl Visitor<'_> for TextVisitor {
            type Value = Text;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text or a number")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(text.to_owned()))
            }

            fn visit_i64<E>(self, number: i64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }

            fn visit_f64<E>(self, number: f64) -> Result<Text, E> {
                Ok(Text(number.to_string()))
            }
        }

        deserializer.deserialize_any(TextVisitor)
    }
}

/// A whole number, however it is written: `2`, `"2"` or `2.0`.
struct Whole(i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct WholeVisitor;

        impl Visitor<'_> for WholeVisitor {
            type Value = Whole;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a whole number")
            }

            fn visit_i64<E>(self, number: i64) -> Result<Whole, E> {
                Ok(Whole(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Whole, E> {
                i64::try_from(number).map(Whole).map_err(|_| E::custom(format!("{number} is too large")))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Whole, E> {
                let whole = number as i64;
                // A number that does not fit was changed by the conversion.
                if whole as f64 == number {
                    Ok(Whole(whole))
                } else {
                    Err(E::custom(format!("{number} is not a size")))
                }
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Whole, E> {
                text.trim().parse().map(Whole).map_err(|_| E::custom(format!("`{text}` is not a size")))
            }
        }

        deserializer.deserialize_any(WholeVisitor)
    }
}

/// JSON in which the literals `NaN` and `Infinity`, which Python's `json` writes but JSON does not have, are texts.
/// `None` if there are none.
pub(super) fn with_quoted_literals(json: &[u8]) -> Option<Vec<u8>> {
    const LITERALS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];
    let (mut quoted, mut rest) = (Vec::new(), json);
    let mut has_literal = false;
    let mut is_in_text = false;
    while let Some((&byte, after)) = rest.split_first() {
        let literal = LITERALS.into_iter().find(|literal| !is_in_text && rest.starts_with(literal));
        if let Some(literal) = literal {
            has_literal = true;
            quoted.push(b'"');
            quoted.extend_from_slice(literal);
            quoted.push(b'"');
            rest = &rest[literal.len()..];
            continue;
        }
        quoted.push(byte);
        rest = after;
        match byte {
            b'"' => is_in_text = !is_in_text,
            b'\\' if is_in_text => {
                // The next character belongs to the text, even if it is a quotation mark.
                if let Some((&escaped, after)) = rest.split_first() {
                    quoted.push(escaped);
                    rest = after;
                }
            }
            _ => {}
        }
    }
    has_literal.then_some(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_that_json_does_not_have_become_texts() {
        for (json, expected) in [
            (r#"[NaN, -Infinity,Infinity]"#, Some(r#"["NaN", "-Infinity","Infinity"]"#)),
            (r#"{"NaN": "a \" NaN", "b": NaN}"#, Some(r#"{"NaN": "a \" NaN", "b": "NaN"}"#)),
            (r#"{"a": "NaN", "b\\": 1}"#, None),
            ("[1, 2]", None),
            ("\"\\", None),
            ("", None),
        ] {
            let quoted = with_quoted_literals(json.as_bytes()).map(|it| String::from_utf8(it).expect("it is UTF-8"));
            assert_eq!(quoted.as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn whole_numbers_are_read_however_they_are_written() {
        let read = |json: &str| serde_json::from_str::<Whole>(json).map(|Whole(number)| number).ok();
        for (json, expected) in [
            ("2", Some(2)),
            ("-1", Some(-1)),
            ("\"-1\"", Some(-1)),
            ("\" 64 \"", Some(64)),
            ("2.0", Some(2)),
            ("2.5", None),
            ("1e30", None),
            ("18446744073709551615", None),
            ("\"many\"", None),
            ("true", None),
        ] {
            assert_eq!(read(json), expected, "{json}");
        }
    }
}
