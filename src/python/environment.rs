//! [`Environment`]: the environment variables of a reader's program, such as keys. They are in memory only: links, run
//! files and saved programs do not contain them.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::fmt;
use std::fmt::Write as _;

use super::keys::{PLACEHOLDER, is_key};

/// The maximum size of what is typed, in bytes.
pub const MOST_BYTES: usize = 20_000;

/// The reason why what was typed cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadEnvironment {
    /// A line has no name, or no equals sign.
    #[error("line {line} is not `NAME=value`")]
    NoVariable {
        /// The line, counted from 1.
        line: usize,
    },
    /// It has more than [`MOST_BYTES`].
    #[error("the environment is longer than 20 KB")]
    TooLong,
}

impl BadEnvironment {
    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NoVariable { .. } => "Write one variable per line.",
            Self::TooLong => "Put long texts into a data file.",
        }
    }
}

/// Environment variables, in the order in which they were typed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    variables: Vec<(String, String)>,
    /// The values that look like keys, each as it is and as it is written in JSON; the longest first.
    keys: Vec<(String, String)>,
}

/// Without the values, which must not be part of a message.
impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.variables.iter().map(|(name, _)| name)).finish()
    }
}

impl Environment {
    /// Reads lines such as `NAME=value`, as in a `.env` file: `export` before the name and quotes around the value are
    /// left out, empty lines and lines that begin with `#` are ignored, and nothing is expanded.
    ///
    /// # Errors
    ///
    /// The first line that is not a variable.
    pub fn parse(text: &str) -> Result<Self, BadEnvironment> {
        if text.len() > MOST_BYTES {
            return Err(BadEnvironment::TooLong);
        }
        let lines = text.lines().map(str::trim).enumerate();
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let variables = lines.map(|(n, line)| variable(line).ok_or(BadEnvironment::NoVariable { line: n + 1 }));
        let variables: Vec<(String, String)> = variables.collect::<Result<_, _>>()?;
        let keys = variables.iter().filter(|(name, value)| is_key(name, value));
        let mut keys: Vec<_> = keys.map(|(_, value)| (value.clone(), in_json(value))).collect();
        // A longer key may contain a shorter one.
        keys.sort_by_key(|(value, _)| Reverse(value.len()));
        Ok(Self { variables, keys })
    }

    /// Names and values. If a name is there twice, the last value counts.
    pub fn variables(&self) -> impl Iterator<Item = (&str, &str)> {
        self.variables.iter().map(|(name, value)| (&**name, &**value))
    }

    /// A text of the program, with a placeholder in place of each value that looks like a key.
    #[must_use]
    pub fn hide<'a>(&self, text: &'a str) -> Cow<'a, str> {
        replaced(text, self.keys.iter().map(|(value, _)| value))
    }

    /// The same for JSON that was written by Python's `json.dumps`.
    #[must_use]
    pub fn hide_in_json<'a>(&self, json: &'a str) -> Cow<'a, str> {
        replaced(json, self.keys.iter().map(|(_, written)| written))
    }
}

fn replaced<'a, 'k>(text: &'a str, keys: impl Iterator<Item = &'k String>) -> Cow<'a, str> {
    keys.fold(Cow::Borrowed(text), |text, key| match text.contains(&**key) {
        true => Cow::Owned(text.replace(&**key, PLACEHOLDER)),
        false => text,
    })
}

/// The name and the value of a variable.
fn variable(line: &str) -> Option<(String, String)> {
    let (name, value) = line.split_once('=')?;
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    let is_name = !name.is_empty() && !name.contains(char::is_whitespace) && !line.contains('\0');
    let value = value.trim();
    let quoted = ['"', '\''].into_iter().find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote));
    is_name.then(|| (name.to_owned(), quoted.unwrap_or(value).to_owned()))
}

/// A text of one line as Python's `json.dumps` writes it, without the quotes around it.
fn in_json(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    for unit in text.encode_utf16() {
        match u8::try_from(unit).map(char::from) {
            Ok('\t') => written += "\\t",
            Ok(special @ ('"' | '\\')) => written.extend(['\\', special]),
            Ok(plain @ ' '..='\x7f') => written.push(plain),
            // Writing to a string never fails.
            _ => drop(write!(written, "\\u{unit:04x}")),
        }
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(text: &str) -> Vec<(String, String)> {
        Environment::parse(text).expect("valid").variables().map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
    }

    #[test]
    fn it_is_read_like_a_dotenv_file() {
        for (text, name, value) in [
            ("A=1", "A", "1"),
            ("  A = 1 2  ", "A", "1 2"),
            ("export A=1", "A", "1"),
            ("A=\"x y\"", "A", "x y"),
            ("A='x'", "A", "x"),
            ("A='", "A", "'"),
            ("A=b=c", "A", "b=c"),
            ("A=", "A", ""),
            ("# none\n\nA=$HOME#1", "A", "$HOME#1"),
        ] {
            assert_eq!(variables(text), [(name.to_owned(), value.to_owned())], "{text}");
        }
        assert_eq!(variables("A=1\r\nB=2\r\n").len(), 2);
        assert!(variables("").is_empty());
    }

    #[test]
    fn a_line_that_is_not_a_variable_is_named() {
        for (text, line) in [("A", 1), ("A=1\n\n=2", 3), ("A B=1", 1), ("A=\0", 1)] {
            assert_eq!(Environment::parse(text), Err(BadEnvironment::NoVariable { line }), "{text:?}");
        }
        assert_eq!(Environment::parse(&format!("A={}", "x".repeat(MOST_BYTES))), Err(BadEnvironment::TooLong));
    }

    #[test]
    fn keys_are_hidden_in_what_the_program_says() {
        let environment =
            Environment::parse("MODEL=mistral-7b\nAPI_KEY=ab12\nDB_PASSWORD=\"ü\\ab12\"\n").expect("valid");
        assert_eq!(environment.hide("mistral-7b ab12 ü\\ab12"), "mistral-7b KEY-REMOVED KEY-REMOVED");
        assert_eq!(environment.hide_in_json(r#"["\u00fc\\ab12"]"#), r#"["KEY-REMOVED"]"#);
        assert_eq!(environment.hide("nothing"), "nothing");
        assert_eq!(format!("{environment:?}"), r#"{"MODEL", "API_KEY", "DB_PASSWORD"}"#);
    }

    #[test]
    fn short_and_empty_values_are_not_hidden_everywhere() {
        let environment = Environment::parse("API_KEY=\nTOKEN=on\n").expect("valid");
        assert_eq!(environment.hide("on and on"), "on and on");
    }
}
