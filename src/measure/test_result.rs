//! The results of tests that a reader's program has run with pytest.

use serde::{Deserialize, Serialize};

/// A test and its result. Its texts come from the program, so they must be shown as text only, never as HTML.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    /// The file, the name and the parameters, as pytest writes them: `tests/test_async_basics.py::test_gather`.
    pub id: String,
    /// The result.
    pub outcome: TestOutcome,
    /// The reason why it failed or was skipped; empty if it passed.
    pub message: String,
    /// The line of the program that the reason is about.
    pub place: Option<TestPlace>,
}

/// A line of the program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestPlace {
    /// The path of the file.
    pub path: String,
    /// The line, counted from 1.
    pub line: u32,
}

/// The result of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TestOutcome {
    /// It did what it expects.
    Passed,
    /// It did not, or it could not be prepared or cleaned up.
    Failed,
    /// It was not run.
    Skipped,
}

impl TestOutcome {
    /// The outcome in words, with a sign.
    #[must_use]
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Passed => "✓ passed",
            Self::Failed => "✕ failed",
            Self::Skipped => "– skipped",
        }
    }
}

impl TestResult {
    /// The name without its file.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.split_once("::").map_or(&self.id, |(_, name)| name)
    }

    /// The file that contains it.
    #[must_use]
    pub fn file(&self) -> &str {
        self.id.split_once("::").map_or(&self.id, |(file, _)| file)
    }

    /// True if it failed.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.outcome == TestOutcome::Failed
    }
}

/// The results in a sentence, such as "All 6 tests passed." or "2 of 6 tests failed."
#[must_use]
pub fn verdict(results: &[TestResult]) -> String {
    let count_of = |outcome| results.iter().filter(|it| it.outcome == outcome).count();
    let (all, failed, skipped) = (results.len(), count_of(TestOutcome::Failed), count_of(TestOutcome::Skipped));
    match (all, failed, skipped) {
        (0, ..) => "No test has run.".to_owned(),
        (1, 0, 0) => "The test passed.".to_owned(),
        (1, 1, 0) => "The test failed.".to_owned(),
        (_, 0, 0) => format!("All {all} tests passed."),
        (_, 0, _) => format!("{} of {all} tests passed, {skipped} skipped.", all - skipped),
        _ => format!("{failed} of {all} tests failed."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(id: &str, outcome: TestOutcome) -> TestResult {
        TestResult { id: id.to_owned(), outcome, message: String::new(), place: None }
    }

    #[test]
    fn an_id_has_a_file_and_a_name() {
        let in_class = result("tests/test_a.py::TestLoad::test_one[2-b]", TestOutcome::Passed);
        assert_eq!((in_class.file(), in_class.name()), ("tests/test_a.py", "TestLoad::test_one[2-b]"));
        let file = result("tests/test_a.py", TestOutcome::Failed);
        assert_eq!((file.file(), file.name()), ("tests/test_a.py", "tests/test_a.py"));
    }

    #[test]
    fn the_verdict_counts_what_failed() {
        use TestOutcome::{Failed, Passed, Skipped};
        for (outcomes, expected) in [
            (&[][..], "No test has run."),
            (&[Passed], "The test passed."),
            (&[Failed], "The test failed."),
            (&[Passed, Passed], "All 2 tests passed."),
            (&[Passed, Failed, Skipped], "1 of 3 tests failed."),
            (&[Passed, Skipped], "1 of 2 tests passed, 1 skipped."),
            (&[Skipped], "0 of 1 tests passed, 1 skipped."),
        ] {
            let results: Vec<_> = outcomes.iter().map(|outcome| result("a", *outcome)).collect();
            assert_eq!(verdict(&results), expected);
        }
    }
}
