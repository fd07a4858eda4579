//! Highlights the sources that the page shows, so that the page carries no highlighter.
//!
//! Trunk runs it after each build. Every lesson and every script of the guide becomes a file of the site: the plain
//! text, in which one control character before a token names its class and another ends it. The page reads it as text
//! and never as HTML. The classes are few, so that the style sheet can colour them in both schemes.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use syntect::parsing::{ParseState, ParsingError, ScopeError, ScopeStack, SyntaxReference, SyntaxSet};

/// Where a lesson ends and its entry in the catalogue begins. The reader sees the lesson.
const END_OF_LESSON: &str = "// The entry in the catalogue.";

/// Ends a class; the page knows it as `END` of `src/ui/components/sources.rs`.
const END: char = '\u{1}';

/// The character that begins a class; the page knows them as `CLASSES` of `src/ui/components/sources.rs`.
const COMMENT: char = '\u{2}';
const STRING: char = '\u{3}';
const NUMBER: char = '\u{4}';
const FUNCTION: char = '\u{5}';
const TYPE: char = '\u{6}';
const KEYWORD: char = '\u{7}';

/// The class of a token by the beginning of its innermost scope that has one. Operators have none.
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

/// Why the sources could not be highlighted.
#[derive(Debug, thiserror::Error)]
enum HighlightError {
    #[error("`{path}` could not be read or written: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("there is no syntax for `.{extension}`")]
    NoSyntax { extension: &'static str },
    #[error("a syntax is broken: {0}")]
    Parsing(#[from] ParsingError),
    #[error("a syntax is broken: {0}")]
    Scope(#[from] ScopeError),
}

fn main() -> ExitCode {
    let Some(site) = std::env::var_os("TRUNK_STAGING_DIR") else {
        eprintln!("highlight: trunk runs this; by hand, name the folder of the site: TRUNK_STAGING_DIR=dist");
        return ExitCode::FAILURE;
    };
    match highlight_all(&Path::new(&site).join("sources")) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("highlight: {error}");
            ExitCode::FAILURE
        }
    }
}

fn highlight_all(target: &Path) -> Result<(), HighlightError> {
    let syntaxes = SyntaxSet::load_defaults_newlines();
    for (folder, extension) in [("src/exercises", "rs"), ("static/python", "py")] {
        let syntax = syntaxes.find_syntax_by_extension(extension).ok_or(HighlightError::NoSyntax { extension })?;
        for path in files(Path::new(folder), extension)? {
            let source = fs::read_to_string(&path).map_err(|source| file_error(&path, source))?;
            let lesson = source.split(END_OF_LESSON).next().unwrap_or_default().trim_end();
            write(&target.join(&path), &highlight(lesson, syntax, &syntaxes)?)?;
        }
    }
    Ok(())
}

fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, HighlightError> {
    let entries =
        fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>());
    let mut paths = entries.map_err(|source| file_error(folder, source))?;
    paths.retain(|path| path.extension().is_some_and(|it| it == extension));
    Ok(paths)
}

fn write(path: &Path, text: &str) -> Result<(), HighlightError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).and_then(|()| fs::write(path, text)).map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: io::Error) -> HighlightError {
    HighlightError::File { path: path.to_owned(), source }
}

fn highlight(source: &str, syntax: &SyntaxReference, syntaxes: &SyntaxSet) -> Result<String, HighlightError> {
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

/// Text with classes; neighbours of one class share a mark.
#[derive(Default)]
struct Marked {
    text: String,
    class: Option<char>,
}

impl Marked {
    fn push(&mut self, token: &str, class: Option<char>) {
        // Blanks have no colour: they never end a class.
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

    fn marked(source: &str, extension: &str) -> String {
        let syntaxes = SyntaxSet::load_defaults_newlines();
        let syntax = syntaxes.find_syntax_by_extension(extension).unwrap();
        highlight(source, syntax, &syntaxes).unwrap()
    }

    #[test]
    fn without_its_marks_a_source_is_as_it_was() {
        let source = include_str!("main.rs");
        let marked: String = marked(source, "rs").chars().filter(|c| !('\u{1}'..='\u{7}').contains(c)).collect();
        assert_eq!(marked, source);
    }

    #[test]
    fn tokens_have_the_marks_of_their_classes() {
        assert_eq!(marked("// why\n", "rs"), "\u{2}// why\n\u{1}");
        assert_eq!(marked("\"text\"", "rs"), "\u{3}\"text\"\u{1}");
        assert!(marked("await task", "py").starts_with("\u{7}await "));
    }
}
