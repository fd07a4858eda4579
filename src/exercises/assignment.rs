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
