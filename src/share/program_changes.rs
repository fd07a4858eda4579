//! The difference between two programs, line by line.

use similar::{ChangeTag, TextDiff};

use crate::python::program_files::{Content, ProgramFile, ProgramFiles};

/// The number of equal lines that are shown around a change.
const CONTEXT: usize = 2;

/// The maximum number of lines that are returned.
const MOST_LINES: usize = 5_000;

/// A line of the difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedLine {
    /// Its kind.
    pub kind: LineKind,
    /// Its text without the line break.
    pub text: String,
}

/// The kind of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// The name of the file in which the next lines are, or of one that was added or removed.
    File,
    /// Lines are left out before it.
    Gap,
    /// A line of both.
    Same,
    /// A line that was added.
    Added,
    /// A line that was removed.
    Removed,
}

impl LineKind {
    /// The sign before such a line.
    #[must_use]
    pub fn sign(self) -> &'static str {
        match self {
            Self::File => "",
            Self::Gap => "⋯",
            Self::Same => " ",
            Self::Added => "+",
            Self::Removed => "−",
        }
    }
}

/// The lines that differ between two programs, with the lines around them; empty if the programs are the same.
#[must_use]
pub fn changes(before: &ProgramFiles, after: &ProgramFiles) -> Vec<ChangedLine> {
    let mut lines = Vec::new();
    let removed = before.files().iter().filter(|file| after.get(&file.name).is_none());
    lines.extend(removed.map(|file| line(LineKind::File, &format!("{} was removed", file.name))));
    for file in after.files() {
        match before.get(&file.name) {
            None => lines.push(line(LineKind::File, &format!("{} is new", file.name))),
            Some(old) => lines.extend(changes_of(old, file)),
        }
    }
    if before.arguments() != after.arguments() {
        lines.push(line(LineKind::File, "arguments"));
        lines.push(line(LineKind::Removed, before.arguments()));
        lines.push(line(LineKind::Added, after.arguments()));
    }
    lines.truncate(MOST_LINES);
    lines
}

fn changes_of(old: &ProgramFile, new: &ProgramFile) -> Vec<ChangedLine> {
    if old.content == new.content {
        return Vec::new();
    }
    let mut lines = vec![line(LineKind::File, &new.name)];
    let (Content::Text(old), Content::Text(new)) = (&old.content, &new.content) else {
        return lines;
    };
    let diff = TextDiff::from_lines(&**old, &**new);
    for (n, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if n > 0 {
            lines.push(line(LineKind::Gap, ""));
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let kind = match change.tag() {
                ChangeTag::Equal => LineKind::Same,
                ChangeTag::Insert => LineKind::Added,
                ChangeTag::Delete => LineKind::Removed,
            };
            lines.push(line(kind, change.value().trim_end_matches(['\r', '\n'])));
        }
    }
    lines
}

fn line(kind: LineKind, text: &str) -> ChangedLine {
    ChangedLine { kind, text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(files: &[(&str, &str)], arguments: &str) -> ProgramFiles {
        ProgramFiles::new(files.iter().map(|(name, text)| ProgramFile::text(name, text)).collect(), arguments)
            .expect("valid")
    }

    fn shown(before: &ProgramFiles, after: &ProgramFiles) -> Vec<String> {
        changes(before, after).iter().map(|it| format!("{}{}", it.kind.sign(), it.text)).collect()
    }

    #[test]
    fn equal_programs_have_no_changes() {
        let one = program(&[("a.py", "x = 1\n")], "");
        assert_eq!(changes(&one, &one), []);
    }

    #[test]
    fn changed_lines_are_shown_with_the_lines_around_them() {
        let before = program(&[("a.py", "1\n2\n3\n4\n5\n6\n7\n8\n9\n")], "");
        let after = program(&[("a.py", "1\n2\n3\nfour\n5\n6\n7\n8\n9\n10\n")], "--n 3");
        let expected =
            ["a.py", " 2", " 3", "−4", "+four", " 5", " 6", "⋯", " 8", " 9", "+10", "arguments", "−", "+--n 3"];
        assert_eq!(shown(&before, &after), expected);
    }

    #[test]
    fn added_and_removed_files_are_named() {
        let before = program(&[("a.py", ""), ("b.csv", "1\n")], "");
        let after = program(&[("a.py", ""), ("c.csv", "1\n")], "");
        assert_eq!(shown(&before, &after), ["b.csv was removed", "c.csv is new"]);
    }
}
