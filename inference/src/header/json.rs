//! The little of JSON that a header needs: objects, arrays of whole numbers, and strings.
//!
//! What a key means is left to `header`, which calls for the values one after the other, so nothing here recurses.
//! There are no floats, whose parser is as large as all of this.
//!
//! Grammar: <https://www.rfc-editor.org/rfc/rfc8259>.

use std::cmp::Ordering;
use std::str::Chars;

use super::{HeaderError, LENGTH_BYTES};

pub(super) type Parsed<T> = Result<T, HeaderError>;

/// Reads values one after the other from the text of a header.
pub(super) struct Parser<'a> {
    rest: Chars<'a>,
    /// At which byte of the file the text ends.
    end: usize,
}

/// A key and the byte it begins at.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) at: usize,
}

impl<'a> Parser<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.chars(), end: LENGTH_BYTES + text.len() }
    }

    pub(super) fn end(&mut self) -> Parsed<()> {
        let at = self.next_at();
        if self.peek().is_none() { Ok(()) } else { unexpected(at, "the end of the header") }
    }

    /// Where the next thing begins, past any space.
    pub(super) fn next_at(&mut self) -> usize {
        while let Some(' ' | '\t' | '\n' | '\r') = self.peek() {
            self.rest.next();
        }
        self.at()
    }

    /// Takes the mark and the space before it, if the mark is next.
    fn takes(&mut self, mark: char) -> bool {
        self.next_at();
        let is_next = self.peek() == Some(mark);
        if is_next {
            self.rest.next();
        }
        is_next
    }

    fn take(&mut self, mark: char) -> Parsed<()> {
        if self.takes(mark) {
            return Ok(());
        }
        let expected = match mark {
            '{' => "`{`",
            '[' => "`[`",
            ':' => "`:`",
            '"' => "a string in quotes",
            _ => "a comma or a closing bracket",
        };
        unexpected(self.at(), expected)
    }

    /// Items in brackets, with commas between them.
    fn list(&mut self, [open, close]: [char; 2], item: &mut dyn FnMut(&mut Self) -> Parsed<()>) -> Parsed<()> {
        self.take(open)?;
        let mut ends = self.takes(close);
        while !ends {
            item(self)?;
            ends = self.takes(close);
            if !ends {
                self.take(',')?;
            }
        }
        Ok(())
    }

    /// An object whose keys all differ; `value` takes what follows a key.
    pub(super) fn object(&mut self, value: &mut dyn FnMut(&mut Self, &Key) -> Parsed<()>) -> Parsed<()> {
        let mut keys = Vec::new();
        self.list(['{', '}'], &mut |parser| {
            let key = Key { at: parser.next_at(), name: parser.string()? };
            parser.take(':')?;
            value(parser, &key)?;
            keys.push(key);
            Ok(())
        })?;
        check_unique(keys)
    }

    pub(super) fn numbers(&mut self) -> Parsed<Vec<usize>> {
        let mut numbers = Vec::new();
        self.list(['[', ']'], &mut |parser| {
            numbers.push(parser.number()?);
            Ok(())
        })?;
        Ok(numbers)
    }

    /// A whole number from 0. In JSON no digit follows a leading zero.
    fn number(&mut self) -> Parsed<usize> {
        let at = self.next_at();
        let Some(mut number) = self.digit(10) else {
            return unexpected(at, "a whole number");
        };
        while number > 0
            && let Some(digit) = self.digit(10)
        {
            let longer = number.checked_mul(10).and_then(|number| number.checked_add(digit));
            number = longer.map_or_else(|| unexpected(at, "a smaller number"), Ok)?;
        }
        Ok(number)
    }

    fn at(&self) -> usize {
        self.end - self.rest.as_str().len()
    }

    fn peek(&self) -> Option<char> {
        self.rest.clone().next()
    }

    fn digit(&mut self, radix: u32) -> Option<usize> {
        let digit = self.peek()?.to_digit(radix)?;
        self.rest.next();
        Some(digit as usize)
    }

    pub(super) fn string(&mut self) -> Parsed<String> {
        self.take('"')?;
        let mut string = String::new();
        loop {
            let at = self.at();
            match self.rest.next() {
                Some('"') => return Ok(string),
                Some('\\') => string.push(self.escaped(at)?),
                Some(plain) if plain >= ' ' => string.push(plain),
                _ => return unexpected(at, "the rest of a string"),
            }
        }
    }

    /// The character for which an escape stands that begins at `at`.
    fn escaped(&mut self, at: usize) -> Parsed<char> {
        let character = match self.rest.next() {
            Some(mark @ ('"' | '\\' | '/')) => Some(mark),
            Some('b') => Some('\u{8}'),
            Some('f') => Some('\u{c}'),
            Some('n') => Some('\n'),
            Some('r') => Some('\r'),
            Some('t') => Some('\t'),
            Some('u') => self.utf16(),
            _ => None,
        };
        character.map_or_else(|| unexpected(at, "an escape that stands for a character"), Ok)
    }

    /// Four hexadecimal digits, or twice four for a character that is a pair of surrogates in UTF-16.
    fn utf16(&mut self) -> Option<char> {
        let first = self.unit()?;
        let is_half = (0xd800..0xdc00).contains(&first);
        let second = if is_half && self.rest.next() == Some('\\') && self.rest.next() == Some('u') {
            Some(self.unit()?)
        } else {
            None
        };
        char::decode_utf16([first].into_iter().chain(second)).next()?.ok()
    }

    fn unit(&mut self) -> Option<u16> {
        let mut unit = 0;
        for _ in 0..4 {
            unit = unit * 16 + self.digit(16)? as u16;
        }
        Some(unit)
    }
}

pub(super) fn unexpected<T>(at: usize, expected: &'static str) -> Parsed<T> {
    Err(HeaderError::Unexpected { at, expected })
}

fn check_unique(mut keys: Vec<Key>) -> Parsed<()> {
    let order = order(keys.len(), &|a, b| keys[a].cmp(&keys[b]));
    match order.array_windows().find(|[first, second]| keys[*first].name == keys[*second].name) {
        Some(&[_, second]) => {
            let Key { at, name } = keys.swap_remove(second);
            Err(HeaderError::Twice { at, key: name })
        }
        None => Ok(()),
    }
}

/// The indices below `count` in order: one sort for all that is sorted here, because each type would add its own.
pub(super) fn order(count: usize, compare: &dyn Fn(usize, usize) -> Ordering) -> Vec<usize> {
    let mut order: Vec<_> = (0..count).collect();
    order.sort_unstable_by(|&a, &b| compare(a, b));
    order
}
