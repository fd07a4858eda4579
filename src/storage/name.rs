//! Valid file names. They make sure that nothing is ever stored outside a folder.

use std::fmt;
use std::rc::Rc;

/// The maximum length of a name in bytes. File systems allow 255, and browsers may need some of them.
pub const MOST_BYTES: usize = 200;

/// The name of a file in a folder. It is never a path.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName(Rc<str>);

/// The reason why a text is not a valid file name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// The text is empty.
    #[error("it is empty")]
    Empty,
    /// The text is a path to another folder.
    #[error("it contains `{found}`")]
    Separator {
        /// `/` or `\`.
        found: char,
    },
    /// `.` and `..` are folders.
    #[error("it is a folder")]
    Dots,
    /// The text has a control character, which would be invisible in a list.
    #[error("it has a control character, U+{:04X}", u32::from(*found))]
    Control {
        /// The character.
        found: char,
    },
    /// The text is longer than file systems allow.
    #[error("it has {found} bytes, more than {MOST_BYTES}")]
    TooLong {
        /// The number of bytes.
        found: usize,
    },
}

impl FileName {
    /// Uses a text as a name, literally: `%2F` is three characters, not a slash.
    ///
    /// # Errors
    ///
    /// If the text is not a valid file name.
    ///
    /// ```
    /// use interleave::storage::{BadName, FileName};
    ///
    /// assert_eq!(FileName::parse("digits.csv")?.as_str(), "digits.csv");
    /// assert_eq!(FileName::parse("../digits.csv"), Err(BadName::Separator { found: '/' }));
    /// # Ok::<(), BadName>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, BadName> {
        if text.is_empty() {
            return Err(BadName::Empty);
        }
        if text.len() > MOST_BYTES {
            return Err(BadName::TooLong { found: text.len() });
        }
        if matches!(text, "." | "..") {
            return Err(BadName::Dots);
        }
        if let Some(found) = text.chars().find(|c| matches!(c, '/' | '\\')) {
            return Err(BadName::Separator { found });
        }
        match text.chars().find(|c| c.is_control()) {
            Some(found) => Err(BadName::Control { found }),
            None => Ok(Self(text.into())),
        }
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn valid_names_are_used_literally() {
        for text in
            ["a", "predictions.csv", "Zähler 7.txt", "数字.csv", "a%2Fb", "..a", "a..", "...", " ", "🦀", "CON", "~"]
        {
            assert_eq!(FileName::parse(text).as_ref().map(FileName::as_str), Ok(text));
        }
        assert!(FileName::parse(&"x".repeat(MOST_BYTES)).is_ok());
    }

    #[test]
    fn invalid_names_are_refused_with_the_reason() {
        let long = "é".repeat(101);
        for (text, expected) in [
            ("", "it is empty"),
            (".", "it is a folder"),
            ("..", "it is a folder"),
            ("../a", "it contains `/`"),
            ("/etc/passwd", "it contains `/`"),
            ("a/", "it contains `/`"),
            ("a\\b", "it contains `\\`"),
            ("a\0", "it has a control character, U+0000"),
            ("a\nb", "it has a control character, U+000A"),
            (&long, "it has 202 bytes, more than 200"),
        ] {
            assert_eq!(FileName::parse(text).expect_err(text).to_string(), expected);
        }
    }

    proptest! {
        #[test]
        fn no_name_leads_out_of_its_folder(text in r"[./\\a\x00]{0,6}|.{0,300}") {
            let Ok(name) = FileName::parse(&text) else { return Ok(()) };
            prop_assert_eq!(name.as_str(), &text);
            let path = std::path::Path::new(name.as_str());
            prop_assert_eq!(path.components().count(), 1);
            prop_assert!(matches!(path.components().next(), Some(std::path::Component::Normal(_))));
        }
    }
}
