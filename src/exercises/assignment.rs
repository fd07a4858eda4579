//! [`Assignment`]: a part of the guide that the reader writes. `static/assignments` contains them; `tools/site` puts the
//! files of each into one file, which the page reads when the reader opens the assignment.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::measure::test_result::TestResult;
use crate::python::program_files::{BadFiles, ProgramFile, ProgramFiles};

/// A part of the guide that the reader writes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Assignment {
    /// The slug of the exercise that shows the same part.
    pub slug: String,
    /// The number of the part in the guide.
    pub part: u8,
    /// The title.
    pub title: String,
    /// What is to be written, in paragraphs. Code is between backticks.
    pub statement: Vec<String>,
    /// The file that Run runs.
    main: String,
    /// The files that the reader writes.
    writes: Vec<String>,
    /// Hints, from the most general one to the most specific one.
    pub hints: Vec<String>,
    /// The files at the beginning, by path.
    starter: BTreeMap<String, String>,
    /// The files of the tests, by path.
    tests: BTreeMap<String, String>,
    /// One way to write the files, by path.
    solution: BTreeMap<String, String>,
}

impl Assignment {
    /// The program that the reader starts with: first the main file, then the other files to write, then the rest.
    ///
    /// # Errors
    ///
    /// If the assignment has no main file, or its files are too large.
    pub fn starter(&self) -> Result<ProgramFiles, BadFiles> {
        self.program(&self.starter)
    }

    /// The file that the reader writes first.
    #[must_use]
    pub fn first_file(&self) -> &str {
        self.writes.first().unwrap_or(&self.main)
    }

    /// A text for the reader's files outside of the page: what to install, what to run, and the help that was used.
    /// `student` is a name or number, or empty.
    #[must_use]
    pub fn readme(&self, student: &str, hints: usize, has_seen_solution: bool) -> String {
        let Self { part, title, main, .. } = self;
        let statement = self.statement.join("\n\n");
        let solution = if has_seen_solution { "seen" } else { "not seen" };
        let student = match student.trim() {
            "" => String::new(),
            // One line, whatever was typed or pasted.
            student => format!("Student: {}\n\n", student.replace(char::is_control, " ")),
        };
        format!(
            "# Part {part}: {title}\n\n{student}{statement}\n\n\
             ## Run it\n\nWith Python 3.11 or later, in this folder:\n\n\
             ```bash\npip install pytest pytest-asyncio pytest-cov aiofiles aiohttp\npython {main}\npytest tests/ -v\n\
             pytest tests/ --cov=scripts --cov-report=term-missing\n```\n\n\
             `interleave_trace.py` records what the tests run, and is loaded by `conftest.py`. Times on a real clock differ from those \
             on the page.\n\n\
             ## Help used\n\nHints: {hints} of {}. Solution: {solution}.\n",
            self.hints.len()
        )
    }

    /// The files that the reader writes, as we wrote them.
    #[must_use]
    pub fn solution(&self) -> Vec<(&str, &str)> {
        self.writes.iter().filter_map(|path| Some((&**path, &**self.solution.get(path)?))).collect()
    }

    /// True if a program has passed this assignment: it has all tests as they were, and none of them failed.
    #[must_use]
    pub fn is_passed_by(&self, program: &ProgramFiles, results: &[TestResult]) -> bool {
        let is_as_given = |(path, text): (&String, &String)| {
            program.get(path).is_some_and(|file| file.content.text() == Some(&**text))
        };
        let has_run = |path: &String| results.iter().any(|result| result.file() == path);
        let test_files = self.tests.keys().filter(|path| is_test_file(path));
        self.tests.iter().all(is_as_given)
            && test_files.into_iter().all(has_run)
            && results.iter().all(|result| !result.has_failed())
    }

    fn program(&self, files: &BTreeMap<String, String>) -> Result<ProgramFiles, BadFiles> {
        let mut files: Vec<_> =
            files.iter().chain(&self.tests).map(|(name, text)| ProgramFile::text(name, text)).collect();
        let rank = |file: &ProgramFile| match self.writes.iter().position(|path| **path == *file.name) {
            _ if *file.name == *self.main => (0, 0),
            Some(nth) => (1, nth),
            None => (2, 0),
        };
        files.sort_by_key(rank);
        ProgramFiles::new(files, "")
    }
}

/// The part of the guide in a text that [`Assignment::readme`] has made.
#[must_use]
pub fn part_of_readme(text: &str) -> Option<u8> {
    text.strip_prefix("# Part ")?.split_once(':')?.0.parse().ok()
}

/// True for a file in which pytest looks for tests.
fn is_test_file(path: &str) -> bool {
    path.rsplit('/').next().is_some_and(|name| name.starts_with("test_"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::test_result::TestOutcome;

    fn assignment() -> Assignment {
        let json = serde_json::json!({
            "slug": "async-basics", "part": 1, "title": "Async basics", "statement": ["Write `main`."],
            "main": "scripts/b.py", "writes": ["scripts/b.py", "scripts/c.py"], "clock": "virtual", "hints": ["Await it."],
            "starter": { "scripts/a.py": "given", "scripts/b.py": "gap b", "scripts/c.py": "gap c" },
            "tests": { "conftest.py": "path", "tests/test_b.py": "asserts" },
            "solution": { "scripts/a.py": "given", "scripts/b.py": "b", "scripts/c.py": "c" },
        });
        serde_json::from_value(json).expect("an assignment")
    }

    fn result(id: &str, outcome: TestOutcome) -> TestResult {
        TestResult { id: id.to_owned(), outcome, message: String::new(), place: None }
    }

    #[test]
    fn the_files_to_write_are_first() {
        let program = assignment().starter().expect("valid");
        let names: Vec<_> = program.files().iter().map(|file| file.name.to_string()).collect();
        assert_eq!(names, ["scripts/b.py", "scripts/c.py", "scripts/a.py", "conftest.py", "tests/test_b.py"]);
        assert_eq!(assignment().solution(), [("scripts/b.py", "b"), ("scripts/c.py", "c")]);
    }

    #[test]
    fn the_readme_says_what_to_run_and_what_help_was_used() {
        let text = assignment().readme("", 1, true);
        assert!(text.starts_with("# Part 1: Async basics\n\nWrite `main`.\n"), "{text}");
        assert!(text.contains("\npython scripts/b.py\npytest tests/ -v\n"), "{text}");
        assert!(text.ends_with("Hints: 1 of 1. Solution: seen.\n"), "{text}");
        assert_eq!(part_of_readme(&text), Some(1));
        let text = assignment().readme(" Ada\n# Part 9: ", 0, false);
        assert!(text.starts_with("# Part 1: Async basics\n\nStudent: Ada # Part 9:\n\nWrite `main`.\n"), "{text}");
        assert_eq!(part_of_readme("# My program: it works"), None);
    }

    #[test]
    fn all_tests_must_pass_and_must_be_unchanged() {
        let (assignment, passed) = (assignment(), result("tests/test_b.py::test_one", TestOutcome::Passed));
        let program = assignment.starter().expect("valid");
        assert!(assignment.is_passed_by(&program, std::slice::from_ref(&passed)));
        assert!(!assignment.is_passed_by(&program, &[]), "nothing was tested");
        let failed = result("tests/test_b.py::test_two", TestOutcome::Failed);
        assert!(!assignment.is_passed_by(&program, &[passed.clone(), failed]));
        let other = result("tests/test_mine.py::test_one", TestOutcome::Passed);
        assert!(!assignment.is_passed_by(&program, &[other]), "only the reader's own tests were run");
        let changed = program.with(ProgramFile::text("tests/test_b.py", "pass")).expect("valid");
        assert!(!assignment.is_passed_by(&changed, std::slice::from_ref(&passed)));
        assert!(!assignment.is_passed_by(&program.without("conftest.py"), &[passed]));
    }
}
