//! A source file as the page shows it: lines of coloured tokens, and its functions.
//!
//! `tools/site` writes each file with a control character before each token that has a colour. Nothing here interprets
//! the text as HTML.

use std::ops::RangeInclusive;

use crate::figures::node::{Element, Node, element};

/// Ends a class, as `tools/site` writes it.
const END: char = '\u{1}';

/// The classes of the style sheet, by the characters that begin them, from `\u{2}` on.
const CLASSES: [&str; 6] = ["c", "s", "n", "f", "t", "k"];

/// A source file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceCode {
    /// The first 16 hexadecimal digits of the SHA-256 of the whole file, of which the beginning may be shown.
    pub hash: String,
    /// Its lines, from line 1 on.
    pub lines: Vec<Vec<Token>>,
    /// Its functions, in the order in which they begin.
    pub functions: Vec<Function>,
}

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Its class in the style sheet, if it has one.
    pub class: Option<&'static str>,
    /// Its text.
    pub text: String,
}

impl From<&Token> for Node {
    fn from(token: &Token) -> Self {
        match token.class {
            Some(class) => element("i").class(class).text(token.text.clone()).into(),
            None => Self::Text(token.text.clone().into()),
        }
    }
}

/// A line as an element, with its number.
#[must_use]
pub fn line(number: u32, tokens: &[Token]) -> Element {
    let text = element("span").class("text").children(tokens);
    // An empty line has a height, and is copied.
    let text = if tokens.is_empty() { text.text("\n") } else { text };
    element("span").class("line").attr("data-line", number.to_string()).child(text)
}

/// A function in a source file. Lines are numbered from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// The line of its name.
    pub head: u32,
    /// Its lines, including the comments and attributes above it.
    pub lines: RangeInclusive<u32>,
}

impl SourceCode {
    /// Reads a file as `tools/site` writes it: the hash on the first line, then the text with its marks.
    #[must_use]
    pub fn parse(file: &str) -> Self {
        let (hash, marked) = file.split_once('\n').unwrap_or((file, ""));
        let lines = tokens_by_line(marked);
        let texts: Vec<String> =
            lines.iter().map(|line| line.iter().map(|token| token.text.as_str()).collect()).collect();
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        Self { hash: hash.to_owned(), functions: functions_in(&texts), lines }
    }

    /// The function with this name.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Function> {
        self.functions.iter().find(|function| function.name == name)
    }

    /// The functions around a line, the innermost first.
    pub fn functions_around(&self, line: u32) -> impl Iterator<Item = &Function> {
        self.functions.iter().rev().filter(move |function| function.lines.contains(&line))
    }

    /// The function to show first: the first one that the same exercise in the other language has as well, or that has the
    /// name of one of these parts (`blocked_loop_broken` also has that of `blocked_loop`). If there is none, the first.
    #[must_use]
    pub fn first_function(&self, other: &Self, parts: &[&str]) -> Option<&Function> {
        let is_shared = |name: &str| other.function(name).is_some();
        let is_part = |name: &str| parts.iter().any(|part| name.starts_with(part));
        let is_wanted = |function: &&Function| is_shared(&function.name) || is_part(&function.name);
        self.functions.iter().find(is_wanted).or(self.functions.first())
    }
}

/// The tokens of each line. A mark belongs to the text that follows it, which may have several lines.
fn tokens_by_line(marked: &str) -> Vec<Vec<Token>> {
    let is_mark = |c: char| ('\u{1}'..='\u{7}').contains(&c);
    let mut lines = vec![Vec::new()];
    let mut rest = marked;
    while !rest.is_empty() {
        let mark = rest.chars().next().filter(|c| is_mark(*c));
        let text = &rest[mark.map_or(0, char::len_utf8)..];
        let end = text.find(is_mark).unwrap_or(text.len());
        let class = mark.filter(|mark| *mark != END).map(|mark| CLASSES[mark as usize - 2]);
        for (index, text) in text[..end].split('\n').enumerate() {
            if index > 0 {
                lines.push(Vec::new());
            }
            if let Some(line) = lines.last_mut().filter(|_| !text.is_empty()) {
                line.push(Token { class, text: text.to_owned() });
            }
        }
        rest = &text[end..];
    }
    lines
}

/// The functions of a formatted Rust or Python file, found by `fn` or `def` and by the indentation of what follows.
#[must_use]
pub fn functions_in(lines: &[&str]) -> Vec<Function> {
    let name = |line: &str| function_name(line).map(str::to_owned);
    let heads = lines.iter().enumerate().filter_map(|(index, line)| Some((index, name(line)?)));
    heads.map(|(head, name)| Function { name, head: number(head), lines: extent(lines, head) }).collect()
}

/// The number of the line at an index.
fn number(index: usize) -> u32 {
    index as u32 + 1
}

/// The name of the function that begins on a line.
fn function_name(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace();
    let is_before = |word: &&str| matches!(*word, "async" | "const" | "unsafe") || word.starts_with("pub");
    let keyword = words.find(|word| !is_before(word))?;
    let rest = if matches!(keyword, "fn" | "def") { words.next()? } else { return None };
    let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
    Some(&rest[..end]).filter(|name| !name.is_empty())
}

/// The lines of the function whose name is on the line at `head`.
fn extent(lines: &[&str], head: usize) -> RangeInclusive<u32> {
    let indent = indent(lines[head]);
    let is_above = |line: &&&str| {
        let text = line.trim_start();
        self::indent(line) == indent && ["//", "#[", "# ", "@"].iter().any(|start| text.starts_with(start))
    };
    let from = head - lines[..head].iter().rev().take_while(is_above).count();
    let mut to = head;
    for (index, line) in lines.iter().enumerate().skip(head + 1) {
        let text = line.trim_start();
        // The rest of a long signature, and the brace that ends the body, are as far to the left as the name.
        let continues = self::indent(line) == indent && [")", "where", "{", "}"].iter().any(|it| text.starts_with(it));
        match text.is_empty() {
            true => {}
            false if self::indent(line) > indent || continues => to = index,
            false => break,
        }
        if continues && text.starts_with('}') {
            break;
        }
    }
    number(from)..=number(to)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RUST: &str = "//! A file.

/// Waits.
#[must_use]
pub(crate) async fn wait<T>(
    run: &Run,
) -> u32
where
    T: Copy,
{
    let fn_like = 1;

    fn_like
}
impl Plan {
    const fn waits(&self) -> u32 { 1 }

    fn runs(&self) {}
}";

    const PYTHON: &str = "import asyncio

@retried
async def wait(
    seconds,
):
    \"\"\"Waits.\"\"\"

    def inner():
        pass

    await asyncio.sleep(seconds)


class Plan:
    # A comment.
    def runs(self):
        pass
";

    fn found(source: &str) -> Vec<(String, u32, u32, u32)> {
        let lines: Vec<_> = source.lines().collect();
        let functions = functions_in(&lines).into_iter();
        functions.map(|it| (it.name, it.head, *it.lines.start(), *it.lines.end())).collect()
    }

    fn function(name: &str, head: u32, from: u32, to: u32) -> (String, u32, u32, u32) {
        (name.to_owned(), head, from, to)
    }

    #[test]
    fn functions_have_their_names_and_all_their_lines() {
        let rust = [function("wait", 5, 3, 14), function("waits", 16, 16, 16), function("runs", 18, 18, 18)];
        assert_eq!(found(RUST), rust);
        let python = [function("wait", 4, 3, 12), function("inner", 9, 9, 10), function("runs", 17, 16, 18)];
        assert_eq!(found(PYTHON), python);
    }

    #[test]
    fn a_line_is_in_the_functions_around_it() {
        let source = SourceCode::parse(&format!("hash\n{PYTHON}"));
        let around = |line| source.functions_around(line).map(|it| it.name.as_str()).collect::<Vec<_>>();
        assert_eq!([around(10), around(12), around(1)], [vec!["inner", "wait"], vec!["wait"], vec![]]);
        assert_eq!(source.function("runs").map(|it| it.head), Some(17));
    }

    #[test]
    fn the_function_shown_first_is_in_both_languages_or_a_part_if_there_is_one() {
        let [rust, python] = [RUST, PYTHON].map(|it| SourceCode::parse(&format!("hash\n{it}")));
        let only_runs = SourceCode::parse("hash\ndef helper():\n    pass\n\ndef runs():\n    pass");
        let first = |one: &SourceCode, other: &_| one.first_function(other, &[]).map(|it| it.name.clone());
        let of_parts = only_runs.first_function(&SourceCode::default(), &["ru"]);
        assert_eq!(of_parts.map(|it| it.name.as_str()), Some("runs"));
        assert_eq!(first(&rust, &python).as_deref(), Some("wait"));
        assert_eq!(first(&only_runs, &rust).as_deref(), Some("runs"));
        let empty = SourceCode::default();
        assert_eq!(first(&only_runs, &empty).as_deref(), Some("helper"));
        assert_eq!(first(&empty, &rust), None);
    }

    #[test]
    fn a_mark_colours_the_text_up_to_the_next_even_over_several_lines() {
        let source = SourceCode::parse("0123\n\u{7}let \u{1}x = \u{3}\"a\n\nb\"\u{1};\n<b>");
        assert_eq!(source.hash, "0123");
        let token = |class, text: &str| Token { class, text: text.to_owned() };
        let expected = [
            vec![token(Some("k"), "let "), token(None, "x = "), token(Some("s"), "\"a")],
            vec![],
            vec![token(Some("s"), "b\""), token(None, ";")],
            vec![token(None, "<b>")],
        ];
        assert_eq!(source.lines, expected);
    }
}
