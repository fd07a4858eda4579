//! Marks the tokens of the sources that the page shows, so that the page needs no highlighter.
//!
//! Each exercise and each Python script of the guide becomes a file of the site: the plain text, in which a control
//! character before a token stands for its class, and another one ends the class. The page reads it as text and never
//! as HTML. There are only a few classes, so that the style sheet can colour them in both schemes.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use syntect::parsing::{ParseState, ScopeStack, SyntaxReference, SyntaxSet};

use crate::cache::Cache;
use crate::error::SiteError;
use crate::files;
use crate::hash::ContentHash;

/// The line at which the exercise's entry in the catalogue starts. The page shows the source above it.
const END_OF_EXERCISE: &str = "// The entry in the catalogue.";

/// Part of the cache's keys: increase it when the marks change.
const VERSION: &str = "1";

/// The character that ends a class. `END` in `src/ui/components/sources.rs` is the same.
const END: char = '\u{1}';

/// The characters that start a class. `CLASSES` in `src/ui/components/sources.rs` has the same order.
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
        for path in sources(Path::new(folder), extension)? {
            let source = files::read_text(&path)?;
            let shown = source.split(END_OF_EXERCISE).next().unwrap_or_default().trim_end();
            let key = ContentHash::default().with(VERSION).with(extension).with(shown).key();
            let marked = cache.get_or_make(&key, || Ok(mark(shown, extension)?.into_bytes()))?;
            files::write(&site.join("sources").join(path), marked)?;
        }
    }
    Ok(())
}

fn sources(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, SiteError> {
    let mut paths = files::entries(folder)?;
    paths.retain(|path| path.extension().is_some_and(|it| it == extension));
    Ok(paths)
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
    fn tokens_have_the_marks_of_their_classes() {
        assert_eq!(mark("// why\n", "rs").unwrap(), "\u{2}// why\n\u{1}");
        assert_eq!(mark("\"text\"", "rs").unwrap(), "\u{3}\"text\"\u{1}");
        assert!(mark("await task", "py").unwrap().starts_with("\u{7}await "));
    }
}
