//! The arguments of a program, as a shell splits them.

/// A quote was not closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the arguments have a quote that is not closed")]
pub struct UnclosedQuote;

/// Splits a line into arguments as a shell does: at white space, with quotes and backslashes. Nothing is expanded, and
/// `#` begins no comment.
///
/// # Errors
///
/// If a quote is not closed, or if the line ends with a backslash.
pub fn split(line: &str) -> Result<Vec<String>, UnclosedQuote> {
    let mut arguments = Vec::new();
    let mut current: Option<String> = None;
    let mut characters = line.chars();
    while let Some(character) = characters.next() {
        match character {
            _ if character.is_whitespace() => arguments.extend(current.take()),
            '\'' => {
                let argument = current.get_or_insert_default();
                loop {
                    match characters.next().ok_or(UnclosedQuote)? {
                        '\'' => break,
                        other => argument.push(other),
                    }
                }
            }
            '"' => quoted(&mut characters, current.get_or_insert_default())?,
            '\\' => current.get_or_insert_default().push(characters.next().ok_or(UnclosedQuote)?),
            other => current.get_or_insert_default().push(other),
        }
    }
    arguments.extend(current);
    Ok(arguments)
}

/// The rest of a text in double quotes, in which a backslash protects a quote or another backslash.
fn quoted(characters: &mut std::str::Chars, argument: &mut String) -> Result<(), UnclosedQuote> {
    loop {
        match characters.next().ok_or(UnclosedQuote)? {
            '"' => return Ok(()),
            '\\' => match characters.next().ok_or(UnclosedQuote)? {
                protected @ ('"' | '\\' | '$' | '`') => argument.push(protected),
                other => argument.extend(['\\', other]),
            },
            other => argument.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The expected values are those of `shlex.split` of Python.
    #[test]
    fn arguments_are_split_as_a_shell_does() {
        for (line, expected) in [
            ("", &[][..]),
            ("  ", &[]),
            ("--scale 5", &["--scale", "5"]),
            ("a\tb\n c", &["a", "b", "c"]),
            ("--name 'two words' x", &["--name", "two words", "x"]),
            (r#"--name="two words""#, &["--name=two words"]),
            (r"two\ words", &["two words"]),
            (r#""a \"quoted\" b" 'c\d'"#, &["a \"quoted\" b", "c\\d"]),
            (r#""\n""#, &["\\n"]),
            ("'' \"\"", &["", ""]),
            ("#no-comment $HOME *", &["#no-comment", "$HOME", "*"]),
        ] {
            assert_eq!(split(line).as_deref(), Ok(&expected.iter().map(ToString::to_string).collect::<Vec<_>>()[..]));
        }
    }

    #[test]
    fn an_unclosed_quote_is_an_error() {
        for line in ["'", "a \"b", r#""\""#, "\\", "a 'b\" c"] {
            assert_eq!(split(line), Err(UnclosedQuote), "{line}");
        }
    }

    proptest! {
        #[test]
        fn quoted_arguments_can_be_split_again(arguments in proptest::collection::vec("[a-z '\"\\\\$]{0,6}", 0..5)) {
            let quoted = |it: &String| format!("'{}'", it.replace('\'', r"'\''"));
            let line = arguments.iter().map(quoted).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(split(&line), Ok(arguments));
        }

        #[test]
        fn no_line_panics(line in ".*") {
            let _ = split(&line);
        }
    }
}
