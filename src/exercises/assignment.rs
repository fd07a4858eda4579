//! [`Assignment`]: a part of the guide that the reader writes. `static/assignments` contains them; `tools/site` puts the
//! files of each into one file, which the page reads when the reader opens the assignment. A teacher makes another one by
//! adding a file [`DESCRIPTION`] to a program.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::measure::test_result::TestResult;
use crate::measure::units::shortened;
use crate::python::program_files::{BadFiles, ProgramFile, ProgramFiles};

/// The number of parts of the guide that can be written.
pub const PARTS: usize = 9;

/// The file that makes a program an assignment.
pub const DESCRIPTION: &str = "assignment.json";

/// The description of a new assignment.
pub const NEW_DESCRIPTION: &str = r#"{
  "title": "My assignment",
  "statement": [
    "What to write, in a paragraph. Code is between backticks: `main`.",
    "What it gets and what it returns, in another one."
  ],
  "writes": ["main.py"],
  "hints": ["A hint that is general.", "A hint that is more specific."],
  "solution": { "main.py": "print('the solution')\n" }
}
"#;

/// The limits of a description, which may come from a link: paragraphs and hints, and the characters of each.
const MOST_TEXTS: usize = 50;
const MOST_CHARS: usize = 2_000;

/// A part of the guide that the reader writes, or an assignment of a teacher.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Assignment {
    /// The slug of the exercise that shows the same part, if there is one.
    pub slug: String,
    /// The number of the part in the guide; 0 for an assignment of a teacher.
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

/// What a teacher writes about an assignment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Description {
    title: String,
    statement: Vec<String>,
    #[serde(default)]
    writes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    hints: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    solution: BTreeMap<String, String>,
}

/// The reason why a description cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{DESCRIPTION}` is not a description of an assignment: {why}")]
pub struct BadDescription {
    why: String,
}

impl Description {
    fn parse(text: &str) -> Result<Self, BadDescription> {
        let cut = |texts: Vec<String>| {
            let texts = texts.into_iter().take(MOST_TEXTS);
            texts.map(|text| shortened(&text, MOST_CHARS).into_owned()).collect()
        };
        let read: Self = serde_json::from_str(text)
            .map_err(|error| BadDescription { why: shortened(&error.to_string(), 200).into_owned() })?;
        Ok(Self {
            title: shortened(&read.title, 200).into_owned(),
            statement: cut(read.statement),
            hints: cut(read.hints),
            ..read
        })
    }
}

/// The same program, whose description has neither hints nor a solution. `None` if it has no valid description.
#[must_use]
pub fn without_help(program: &ProgramFiles) -> Option<ProgramFiles> {
    let text = program.get(DESCRIPTION)?.content.text()?;
    let description = Description { hints: Vec::new(), solution: BTreeMap::new(), ..Description::parse(text).ok()? };
    let text = serde_json::to_string_pretty(&description).ok()?;
    program.with(ProgramFile::text(DESCRIPTION, &text)).ok()
}

impl Assignment {
    /// The assignment that a program describes itself, for a teacher's own. `None` if it has no description.
    ///
    /// # Errors
    ///
    /// If the description cannot be read.
    #[must_use]
    pub fn described_by(program: &ProgramFiles) -> Option<Result<Self, BadDescription>> {
        let text = program.get(DESCRIPTION)?.content.text().unwrap_or_default();
        Some(Description::parse(text).map(|it| Self::new(it, program)))
    }

    fn new(description: Description, program: &ProgramFiles) -> Self {
        let Description { title, statement, writes, hints, solution } = description;
        let main = program.main().name.to_string();
        let is_test = |file: &&ProgramFile| file.name.starts_with("tests/");
        let texts = program.files().iter().filter(is_test).filter_map(|file| Some((&*file.name, file.content.text()?)));
        let tests = texts.map(|(path, text)| (path.to_owned(), text.to_owned())).collect();
        // The reader has opened the program already.
        let starter = BTreeMap::new();
        let writes = if writes.is_empty() { vec![main.clone()] } else { writes };
        Self { slug: format!("own {title}"), part: 0, title, statement, main, writes, hints, starter, tests, solution }
    }

    /// The title with the part of the guide, if it has one.
    #[must_use]
    pub fn heading(&self) -> String {
        match self.part {
            0 => self.title.clone(),
            part => format!("Part {part}: {}", self.title),
        }
    }

    /// The name of a file with all of its files, without the ending.
    #[must_use]
    pub fn file_name(&self) -> &str {
        if self.part == 0 { "assignment" } else { &self.slug }
    }

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
        let (heading, main) = (self.heading(), &self.main);
        let statement = self.statement.join("\n\n");
        let solution = if has_seen_solution { "seen" } else { "not seen" };
        let student = match student.trim() {
            "" => String::new(),
            // One line, whatever was typed or pasted.
            student => format!("Student: {}\n\n", student.replace(char::is_control, " ")),
        };
        format!(
            "# {heading}\n\n{student}{statement}\n\n\
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

    const DESCRIBED: &str =
        r#"{"title": "Mine", "statement": ["Write it."], "hints": ["A hint."], "solution": {"main.py": "2"}}"#;

    fn described(text: &str) -> ProgramFiles {
        let files = [("main.py", "1"), ("tests/test_main.py", "assert"), (DESCRIPTION, text)];
        ProgramFiles::new(files.map(|(name, text)| ProgramFile::text(name, text)).into(), "").expect("valid")
    }

    #[test]
    fn a_program_with_a_description_is_an_assignment() {
        assert_eq!(Assignment::described_by(&ProgramFiles::of_one_file("1")), None);
        let own = Assignment::described_by(&described(DESCRIBED)).expect("described").expect("valid");
        assert_eq!((own.heading(), own.first_file(), own.file_name()), ("Mine".to_owned(), "main.py", "assignment"));
        assert_eq!(own.solution(), [("main.py", "2")]);
        let passed = result("tests/test_main.py::test_it", TestOutcome::Passed);
        assert!(own.is_passed_by(&described(DESCRIBED), &[passed]));
        assert!(own.readme("", 0, false).starts_with("# Mine\n\nWrite it.\n"));
        assert!(Assignment::described_by(&described(NEW_DESCRIPTION)).is_some_and(|it| it.is_ok()));
    }

    #[test]
    fn a_bad_description_is_named() {
        for text in ["", "[]", "{\"title\": 1}", "{\"title\": \"a\"}"] {
            let error = Assignment::described_by(&described(text)).expect("described").expect_err("it is not valid");
            assert!(
                error.to_string().starts_with("`assignment.json` is not a description of an assignment: "),
                "{error}"
            );
        }
        let long =
            serde_json::json!({ "title": "x".repeat(9_000), "statement": vec!["y".repeat(9_000); 90] }).to_string();
        let own = Assignment::described_by(&described(&long)).expect("described").expect("valid");
        assert!(own.title.chars().count() <= 201 && own.statement.len() == MOST_TEXTS);
    }

    #[test]
    fn hints_and_solution_can_be_left_out() {
        let without = without_help(&described(DESCRIBED)).expect("described");
        let own = Assignment::described_by(&without).expect("described").expect("valid");
        assert_eq!((own.title.as_str(), own.hints.len(), own.solution().len()), ("Mine", 0, 0));
        assert_eq!(without_help(&ProgramFiles::of_one_file("1")), None);
        assert_eq!(without_help(&described("{")), None);
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
