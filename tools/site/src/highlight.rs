//! Marks the tokens of the sources that the page shows, so that the page needs no highlighter.
//!
//! Each exercise and each Python script of the guide becomes a file of the site: the hash of the source on the first
//! line, then the plain text, in which a control character before a token stands for its class, and another one ends the
//! class. The page reads it as text and never as HTML. There are only a few classes, so that the style sheet can colour
//! them in both schemes.

use std::path::Path;
use std::sync::LazyLock;

use syntect::parsing::{ParseState, ScopeStack, SyntaxReference, SyntaxSet};

use crate::cache::Cache;
use crate::error::SiteError;
use crate::files;
use crate::hash::{self, ContentHash};

/// The lines at which the exercise's entry in the catalogue and the tests start. The page shows the source above them.
const ENDS: [&str; 2] = ["\n// The entry in the catalogue.", "\n#[cfg(test)]\nmod tests {"];

/// The package with which the page runs readers' programs. It is not for reading.
const PACKAGE: &str = "interleave/";

/// Part of the cache's keys: increase it when the marks change.
const VERSION: &str = "1";

/// The character that ends a class. `END` in `src/figures/code.rs` is the same.
const END: char = '\u{1}';

/// The characters that start a class. `CLASSES` in `src/figures/code.rs` has the same order.
const COMMENT: char = '\u{2}';
const STRING: char = '\u{3}';
const NUMBER: char = '\u{4}';
const FUNCTION: char = '\u{5}';
const TYPE: char = '\u{6}';
const KEYWORD: char = '\u{7}';

/// The classes of tokens, by the start of a scope's name. The innermost scope with a class counts. Operators have no
/// class.
const CLASSES: [(&str, Option<char>); 15] = [
    ("comment", Some(COMMENT)),
    ("string", Some(STRING)),
    ("constant.character.escape", Some(STRING)),
    ("constant", Some(NUMBER)),
    ("entity.name.function", Some(FUNCTION)),
    ("support.function", Some(FUNCTION)),
    ("variable.function", Some(FUNCTION)),
    ("support.macro", Some(FUNCTION)),
    ("entity.name", Some(TYPE)),
    ("support.type", Some(TYPE)),
    ("storage.type", Some(KEYWORD)),
    ("storage.modifier", Some(KEYWORD)),
    ("keyword.operator", None),
    ("keyword", Some(KEYWORD)),
    ("variable.language", Some(KEYWORD)),
];

/// Writes the marked sources into the site.
///
/// # Errors
///
/// If a file cannot be read or written, or its language is not known.
pub fn write_all(site: &Path, cache: &Cache) -> Result<(), SiteError> {
    for (folder, extension) in [("src/exercises", "rs"), ("static/python", "py")] {
        for file in files::all(Path::new(folder))?.iter().filter(|file| is_shown(file, extension)) {
            let path = Path::new(folder).join(file);
            let source = files::read_text(&path)?;
            let shown = beginning(&source);
            let key = ContentHash::default().with(VERSION).with(extension).with(shown).key();
            let marked = cache.get_or_make(&key, || Ok(mark(shown, extension)?.into_bytes()))?;
            let hash = hash::of_source(&source);
            files::write(&site.join("sources").join(path), [hash.as_bytes(), b"\n", &marked].concat())?;
        }
    }
    Ok(())
}

/// True if a file is in this language, does not consist of tests, and is not part of our Python package.
fn is_shown(file: &str, extension: &str) -> bool {
    let name = file.strip_suffix(extension).filter(|name| name.ends_with('.'));
    name.is_some_and(|name| !name.ends_with("tests.") && !name.starts_with(PACKAGE))
}

/// The part of a source that the page shows.
fn beginning(source: &str) -> &str {
    let end = ENDS.iter().filter_map(|end| source.find(end)).min().unwrap_or(source.len());
    source[..end].trim_end()
}

fn mark(source: &str, extension: &'static str) -> Result<String, SiteError> {
    // They are loaded only when needed, because loading takes a second in a debug build.
    static SYNTAXES: LazyLock<SyntaxSet> = LazyLock::new(SyntaxSet::load_defaults_newlines);
    let syntax = SYNTAXES.find_syntax_by_extension(extension).ok_or(SiteError::NoSyntax { extension })?;
    mark_tokens(source, syntax, &SYNTAXES)
}

fn mark_tokens(source: &str, syntax: &SyntaxReference, syntaxes: &SyntaxSet) -> Result<String, SiteError> {
    let mut state = ParseState::new(syntax);
    let mut scopes = ScopeStack::new();
    let mut marked = Marked::default();
    for line in source.split_inclusive('\n') {
        let mut from = 0;
        for (at, change) in state.parse_line(line, syntaxes)? {
            marked.push(&line[from..at], class(&scopes));
            scopes.apply(&change)?;
            from = at;
        }
        marked.push(&line[from..], class(&scopes));
    }
    Ok(marked.finish())
}

fn class(scopes: &ScopeStack) -> Option<char> {
    let of_scope =
        |scope: String| CLASSES.iter().find(|(prefix, _)| scope.starts_with(prefix)).map(|(_, class)| *class);
    scopes.as_slice().iter().rev().find_map(|scope| of_scope(scope.build_string())).flatten()
}

/// Text with marks. Adjacent tokens of the same class share a mark.
#[derive(Default)]
struct Marked {
    text: String,
    class: Option<char>,
}

impl Marked {
    fn push(&mut self, token: &str, class: Option<char>) {
        // Whitespace has no colour, so it does not end a class.
        if !token.trim().is_empty() && class != self.class {
            self.close();
            self.text.extend(class);
            self.class = class;
        }
        self.text += token;
    }

    fn close(&mut self) {
        if self.class.take().is_some() {
            self.text.push(END);
        }
    }

    fn finish(mut self) -> String {
        self.close();
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_unchanged_except_for_its_marks() {
        let source = include_str!("main.rs");
        let marked: String = mark(source, "rs").unwrap().chars().filter(|c| !('\u{1}'..='\u{7}').contains(c)).collect();
        assert_eq!(marked, source);
    }

    #[test]
    fn the_entry_in_the_catalogue_and_the_tests_are_not_shown() {
        assert_eq!(beginning("fn a() {}\n\n// The entry in the catalogue.\nx\n#[cfg(test)]\nmod tests {"), "fn a() {}");
        assert_eq!(beginning("fn a() {}\n\n#[cfg(test)]\nmod tests {"), "fn a() {}");
        assert_eq!(beginning("fn a() {}\n"), "fn a() {}");
    }

    #[test]
    fn tokens_have_the_marks_of_their_classes() {
        assert_eq!(mark("// why\n", "rs").unwrap(), "\u{2}// why\n\u{1}");
        assert_eq!(mark("\"text\"", "rs").unwrap(), "\u{3}\"text\"\u{1}");
        assert!(mark("await task", "py").unwrap().starts_with("\u{7}await "));
    }
}
