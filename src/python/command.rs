//! [`Command`]: what the reader types into the console, as in a terminal in the folder of the program.

use super::packages::{Package, provider};
use super::program_files::{BadFiles, ProgramFile, ProgramFiles, is_python, split};
use crate::measure::units::shortened;

/// The main file of a run of pytest. It is not one of the reader's files.
const RUNS_PYTEST: &str = "run_pytest.py";

/// Its text. It imports pytest so that the page provides that package.
const PYTEST: &str =
    "import sys\n\nimport pytest\nfrom interleave import testing\n\nsys.exit(testing.main(sys.argv[1:]))\n";

/// The command that the page types for the button *Run tests*.
pub const ALL_TESTS: &str = "pytest tests/ -v";

/// A command with its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// `python FILE …`: runs a file. The arguments are as they were typed.
    Python {
        /// The path of the file.
        file: String,
        /// The rest of the line.
        arguments: String,
    },
    /// `pytest …`: runs tests.
    Pytest {
        /// The rest of the line.
        arguments: String,
    },
    /// `pip install …`.
    PipInstall {
        /// The names of the packages.
        packages: Vec<String>,
    },
    /// `ls …`.
    List {
        /// The folder; empty for the folder of the program.
        folder: String,
    },
    /// `cat FILE`.
    Show {
        /// The path of the file.
        file: String,
    },
}

/// The reason why a command cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// A quote is not closed.
    #[error(transparent)]
    Quote(#[from] super::program_files::UnclosedQuote),
    /// Nothing was typed.
    #[error("there is no command")]
    Empty,
    /// The console has no such command.
    #[error("`{}` is not a command of this console", shortened(name, 60))]
    Unknown {
        /// What was typed first.
        name: String,
    },
    /// A file or a folder is missing.
    #[error("there is no file `{}`", shortened(name, 60))]
    NoFile {
        /// What was typed.
        name: String,
    },
    /// The file is not Python.
    #[error("`{}` is not a Python file", shortened(name, 60))]
    NotPython {
        /// What was typed.
        name: String,
    },
    /// The file is not text.
    #[error("`{}` is not text", shortened(name, 60))]
    NotText {
        /// What was typed.
        name: String,
    },
    /// The command needs something after it.
    #[error("`{command}` needs {what}")]
    Incomplete {
        /// The command.
        command: &'static str,
        /// What is missing.
        what: &'static str,
        /// What to type, as advice.
        example: &'static str,
    },
    /// The interpreter has no options here.
    #[error("`python` has no option `{}` here", shortened(option, 60))]
    Option {
        /// What was typed.
        option: String,
    },
    /// A file of packages cannot be read.
    #[error("`pip install` takes names of packages only")]
    NotAName,
    /// The files and arguments cannot be run.
    #[error(transparent)]
    Files(#[from] BadFiles),
}

impl CommandError {
    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Quote(_) => "Close the quote, or write a backslash before it.",
            Self::Empty | Self::Unknown { .. } => {
                "It has: python FILE, pytest, pip install NAME, ls, cat FILE. For example: pytest tests/ -v"
            }
            Self::NoFile { .. } => "`ls` lists the files.",
            Self::NotPython { .. } => "Type the name of a file that ends with `.py`.",
            Self::NotText { .. } => "Only text can be shown.",
            Self::Incomplete { example, .. } => example,
            Self::Option { .. } => "Type the file directly after `python`, or use: python -m pytest",
            Self::NotAName => "For example: pip install aiofiles aiohttp",
            Self::Files(error) => error.advice(),
        }
    }
}

impl Command {
    /// The command in a line.
    ///
    /// # Errors
    ///
    /// If the line has no command that the console knows.
    pub fn parse(line: &str) -> Result<Self, CommandError> {
        let words = split(line)?;
        let [name, rest @ ..] = &words[..] else { return Err(CommandError::Empty) };
        let file = |command, example| match rest.first() {
            Some(file) => Ok(inside(file)),
            None => Err(CommandError::Incomplete { command, what: "the name of a file", example }),
        };
        // The arguments keep their quotes: the program's own arguments are split in the same way.
        match (name.as_str(), rest) {
            ("python" | "python3", [module, runner, ..]) if module == "-m" && runner == "pytest" => {
                Ok(Self::Pytest { arguments: after(line, 3).to_owned() })
            }
            ("python" | "python3", [module, runner, ..]) if module == "-m" && runner == "pip" => {
                Self::parse(after(line, 2))
            }
            ("python" | "python3", [option, ..]) if option.starts_with('-') => {
                Err(CommandError::Option { option: option.clone() })
            }
            ("python" | "python3", _) => {
                let file = file("python", "For example: python scripts/async_basics.py")?;
                Ok(Self::Python { file, arguments: after(line, 2).to_owned() })
            }
            ("pytest", _) => Ok(Self::Pytest { arguments: after(line, 1).to_owned() }),
            ("pip" | "pip3", [install, packages @ ..]) if install == "install" => {
                if packages.iter().any(|it| matches!(&**it, "-r" | "--requirement" | "-e" | "--editable")) {
                    return Err(CommandError::NotAName);
                }
                let packages: Vec<_> = packages.iter().filter(|it| !it.starts_with('-')).cloned().collect();
                if packages.is_empty() {
                    let example = "For example: pip install aiofiles aiohttp";
                    return Err(CommandError::Incomplete {
                        command: "pip install",
                        what: "the name of a package",
                        example,
                    });
                }
                Ok(Self::PipInstall { packages })
            }
            ("ls", _) => Ok(Self::List {
                folder: rest.iter().find(|it| !it.starts_with('-')).map_or(String::new(), |it| inside(it)),
            }),
            ("cat", _) => Ok(Self::Show { file: file("cat", "For example: cat scripts/async_basics.py")? }),
            _ => Err(CommandError::Unknown { name: name.clone() }),
        }
    }

    /// True for a command that Python runs.
    #[must_use]
    pub fn runs_python(&self) -> bool {
        matches!(self, Self::Python { .. } | Self::Pytest { .. })
    }

    /// True for a command that runs tests.
    #[must_use]
    pub fn is_pytest(&self) -> bool {
        matches!(self, Self::Pytest { .. })
    }

    /// True for a command that runs all tests of the folder `tests`, and not only some of them.
    #[must_use]
    pub fn runs_all_tests(&self) -> bool {
        let Self::Pytest { arguments } = self else { return false };
        let selects_nothing = |word: &str| {
            matches!(word, "tests" | "tests/" | "./tests" | "." | "-v" | "-vv" | "-q" | "-s")
                || word.starts_with("--cov")
        };
        arguments.split_whitespace().all(selects_nothing)
    }

    /// The program that Python runs for this command, in the folder with these files.
    ///
    /// # Errors
    ///
    /// If the file is missing or not Python, or if the arguments are too long.
    pub fn program(&self, files: &ProgramFiles) -> Result<ProgramFiles, CommandError> {
        match self {
            Self::Python { file, arguments } => {
                let found = find(files, file)?;
                if !is_python(&found.name) {
                    return Err(CommandError::NotPython { name: file.clone() });
                }
                Ok(files.with_main(&found.name)?.with_arguments(arguments)?)
            }
            Self::Pytest { arguments } => {
                let main = ProgramFile::text(RUNS_PYTEST, PYTEST);
                Ok(files.with(main)?.with_main(RUNS_PYTEST)?.with_arguments(arguments)?)
            }
            Self::PipInstall { .. } | Self::List { .. } | Self::Show { .. } => Ok(files.clone()),
        }
    }
}

/// The names in a folder of the program, sorted; those of folders end with `/`.
///
/// # Errors
///
/// If there is no such folder.
pub fn list(files: &ProgramFiles, folder: &str) -> Result<Vec<String>, CommandError> {
    let folder = folder.trim_end_matches('/');
    let rest = |name: &str| match folder {
        "" => Some(name.to_owned()),
        _ => name.strip_prefix(folder)?.strip_prefix('/').map(str::to_owned),
    };
    let first = |path: String| path.split_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or(path);
    let mut names: Vec<String> = files.files().iter().filter_map(|file| rest(&file.name)).map(first).collect();
    names.sort_unstable();
    names.dedup();
    if names.is_empty() {
        return Ok(vec![find(files, folder)?.name.to_string()]);
    }
    Ok(names)
}

/// The text of a file.
///
/// # Errors
///
/// If there is no such file, or if it is not text.
pub fn show<'a>(files: &'a ProgramFiles, name: &str) -> Result<&'a str, CommandError> {
    find(files, name)?.content.text().ok_or_else(|| CommandError::NotText { name: name.to_owned() })
}

/// A sentence about each package that the reader wants to install.
#[must_use]
pub fn pip_install(wanted: &[String], packages: &[Package]) -> Vec<String> {
    let sentence = |wanted: &String| {
        let name = wanted.split(['=', '<', '>', '~', '!', '[']).next().unwrap_or(wanted);
        let module = name.replace('-', "_");
        let found = packages.iter().find(|package| package.name.eq_ignore_ascii_case(name));
        match found.or_else(|| provider(packages, &module)) {
            Some(package) => format!("{} {} is already there: just import it.", package.name, package.version),
            None => format!(
                "{} is not in this copy of the site, and the page does not download packages. If you have its wheel, open it \
                 with “Open…”.",
                shortened(name, 60)
            ),
        }
    };
    wanted.iter().map(sentence).collect()
}

fn find<'a>(files: &'a ProgramFiles, name: &str) -> Result<&'a ProgramFile, CommandError> {
    files.get(name).ok_or_else(|| CommandError::NoFile { name: name.to_owned() })
}

/// The path without `./` at its beginning.
fn inside(path: &str) -> String {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("./") {
        path = rest;
    }
    if path == "." { String::new() } else { path.to_owned() }
}

/// The line after this number of words, as a shell splits it.
fn after(line: &str, words: usize) -> &str {
    let is_between = |(at, character): (usize, char)| {
        (character.is_whitespace() && split(&line[..at]).is_ok_and(|before| before.len() == words)).then_some(at)
    };
    line.char_indices().find_map(is_between).map_or("", |at| line[at..].trim())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::python::packages::PackageFile;
    use crate::python::program_files::Content;

    fn files() -> ProgramFiles {
        let files = ["scripts/a.py", "scripts/b.py", "scripts/my file.py", "tests/test_a.py", "data/x.csv"];
        let mut files: Vec<_> = files.map(|name| ProgramFile::text(name, &format!("# {name}\n"))).into();
        files.push(ProgramFile::new("data/raw.bin", Content::Bytes([0, 255].into())));
        ProgramFiles::new(files, "").expect("valid")
    }

    #[track_caller]
    fn ran(line: &str) -> (String, String) {
        let program = Command::parse(line).expect("a command").program(&files()).expect("it can run");
        (program.main().name.to_string(), program.arguments().to_owned())
    }

    #[track_caller]
    fn refused(line: &str) -> String {
        let error = Command::parse(line).and_then(|command| command.program(&files())).expect_err("it is refused");
        assert!(!error.advice().is_empty());
        error.to_string()
    }

    #[test]
    fn python_runs_a_file_with_its_arguments() {
        for (line, file, arguments) in [
            ("python scripts/b.py", "scripts/b.py", ""),
            ("  python3   ./scripts/b.py  --scale '2 3' ", "scripts/b.py", "--scale '2 3'"),
            ("python 'scripts/my file.py' \"a b\" c", "scripts/my file.py", "\"a b\" c"),
        ] {
            assert_eq!(ran(line), (file.to_owned(), arguments.to_owned()));
        }
    }

    #[test]
    fn pytest_runs_beside_the_files() {
        for (line, arguments) in [
            ("pytest tests/ -v", "tests/ -v"),
            ("python -m pytest -k 'a or b'", "-k 'a or b'"),
            ("pytest tests/ --cov=scripts --cov-report=term-missing", "tests/ --cov=scripts --cov-report=term-missing"),
            (ALL_TESTS, "tests/ -v"),
        ] {
            assert_eq!(ran(line), (RUNS_PYTEST.to_owned(), arguments.to_owned()));
        }
    }

    #[test]
    fn only_a_selection_leaves_tests_out() {
        let runs_all = |line: &str| Command::parse(line).is_ok_and(|command| command.runs_all_tests());
        for line in
            [ALL_TESTS, "pytest", "pytest tests/ --cov=scripts --cov-report=term-missing", "python -m pytest -q tests"]
        {
            assert!(runs_all(line), "{line}");
        }
        for line in [
            "pytest -k one",
            "pytest tests/test_a.py",
            "pytest tests/ --deselect tests/test_a.py::test_b",
            "ls",
            "pytest -x",
        ] {
            assert!(!runs_all(line), "{line}");
        }
    }

    #[test]
    fn what_cannot_run_is_refused_in_words() {
        for (line, error) in [
            ("", "there is no command"),
            ("rm -rf /", "`rm` is not a command of this console"),
            ("python", "`python` needs the name of a file"),
            ("python -u scripts/a.py", "`python` has no option `-u` here"),
            ("python -m http.server", "`python` has no option `-m` here"),
            ("pip install -r requirements.txt", "`pip install` takes names of packages only"),
            ("python missing.py", "there is no file `missing.py`"),
            ("python ../x.py", "there is no file `../x.py`"),
            ("python data/x.csv", "`data/x.csv` is not a Python file"),
            ("python 'a.py", "the arguments have a quote that is not closed"),
            ("pip install", "`pip install` needs the name of a package"),
            ("pip install -U", "`pip install` needs the name of a package"),
            ("pip list", "`pip` is not a command of this console"),
            ("cat", "`cat` needs the name of a file"),
        ] {
            assert_eq!(refused(line), error);
        }
    }

    #[test]
    fn files_are_listed_as_in_a_terminal() {
        let listed = |line: &str| match Command::parse(line) {
            Ok(Command::List { folder }) => list(&files(), &folder).map_err(|error| error.to_string()),
            other => panic!("{other:?}"),
        };
        assert_eq!(listed("ls"), Ok(["data/", "scripts/", "tests/"].map(str::to_owned).into()));
        assert_eq!(listed("ls -la ./scripts/"), Ok(["a.py", "b.py", "my file.py"].map(str::to_owned).into()));
        assert_eq!(listed("ls ."), listed("ls"));
        assert_eq!(listed("ls scripts/a.py"), Ok(vec!["scripts/a.py".to_owned()]));
        assert_eq!(listed("ls ../"), Err("there is no file `..`".to_owned()));
    }

    #[test]
    fn a_text_file_is_shown() {
        assert_eq!(show(&files(), "data/x.csv"), Ok("# data/x.csv\n"));
        assert!(matches!(show(&files(), "data/raw.bin"), Err(CommandError::NotText { .. })));
        assert!(matches!(show(&files(), "/etc/passwd"), Err(CommandError::NoFile { .. })));
    }

    #[test]
    fn packages_are_there_or_can_be_opened() {
        let package = |name: &str, module: &str| Package {
            name: name.to_owned(),
            version: "1.2".to_owned(),
            modules: vec![module.to_owned()],
            needs: Vec::new(),
            file: PackageFile::Saved,
            bytes: 1,
        };
        let packages = [package("pytest-asyncio", "pytest_asyncio"), package("aiofiles", "aiofiles")];
        let said = pip_install(&["aiofiles", "pytest-asyncio>=0.23", "torch"].map(str::to_owned), &packages);
        assert_eq!(said[0], "aiofiles 1.2 is already there: just import it.");
        assert_eq!(said[1], "pytest-asyncio 1.2 is already there: just import it.");
        assert!(said[2].starts_with("torch is not in this copy of the site"), "{}", said[2]);
    }

    proptest! {
        #[test]
        fn no_line_panics(line in ".*") {
            let _ = Command::parse(&line).map(|command| command.program(&files()));
        }
    }
}
