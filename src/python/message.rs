//! The messages of the sandbox. `static/sandbox/worker.js` describes them.
//!
//! A program can reach the port (`import js`), so a message may contain anything. Text that is too long is cut; a
//! malformed message ends the run with an error.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::measure::units::shortened;

/// The maximum size of all columns in a message, in bytes. Pieces are sent every 50 ms.
pub const MOST_BYTES: usize = 64 << 20;

/// The maximum number of characters of a message that is shown whole.
const MOST_CHARS: usize = 20_000;

/// The part of a record that was made since the previous piece. `Piece` in `static/python/interleave/columns.py` describes
/// each field.
#[derive(Clone, Debug, Default, PartialEq)]
#[allow(missing_docs, reason = "described in Python")]
pub struct Piece {
    pub start_s: f64,
    pub event_at_s: Vec<f64>,
    pub event_task: Vec<u32>,
    pub event_kind: Vec<u8>,
    pub event_wait: Vec<u32>,
    pub task_name: Vec<u32>,
    pub task_number: Vec<u32>,
    pub task_parent: Vec<u32>,
    pub beat_due_us: Vec<f64>,
    pub beat_late_us: Vec<f64>,
    pub more: String,
}

/// An import of a program that will fail, because the module is not in this copy of the site.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct MissingImport {
    /// The module's top-level name.
    pub module: String,
    /// The file with the import.
    pub path: String,
    /// The line, counted from 1.
    pub line: u32,
    /// True if the program catches the error.
    pub is_optional: bool,
    /// The suggested alternative, as a sentence.
    pub instead: String,
}

impl MissingImport {
    /// The import and what to do instead, in sentences.
    #[must_use]
    pub fn sentence(&self) -> String {
        let place = format!("Line {} of {}", self.line, shortened(&self.path, 100));
        let caught = if self.is_optional { " (the program has code for this case)" } else { "" };
        format!("{place}{caught}: {}", shortened(&self.instead, 500))
    }
}

/// A message of a program that uses the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NetworkMessage {
    /// May the program send requests to this host?
    Connect {
        /// The number of the question, which the answer has, too.
        number: u32,
        /// The name or address.
        host: String,
        /// The port.
        port: u16,
    },
    /// It sends a request.
    Request(ProgramRequest),
    /// It does not wait for an answer any more.
    Abort {
        /// The number of the question or request.
        number: u32,
    },
}

/// A request that a program sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramRequest {
    /// Its number, which the answers have, too.
    pub number: u32,
    /// The method, such as `GET`.
    pub method: String,
    /// The address.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

/// The maximum size of a request's body, in bytes. The package has the same limit.
pub const MOST_BODY_BYTES: usize = 16 << 20;

/// A package that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RefusedPackage {
    /// Its name.
    pub name: String,
    /// The reason, as a sentence without its full stop.
    pub why: String,
}

/// A wheel as the sandbox has read it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum InspectedWheel {
    /// It can be used.
    Good {
        /// The name of the package.
        name: String,
        /// Its version.
        version: String,
        /// Its top-level modules.
        modules: Vec<String>,
        /// The packages that it needs.
        needs: Vec<String>,
    },
    /// It cannot be used.
    Refused {
        /// The reason, as a sentence without its full stop.
        why: String,
    },
}

impl InspectedWheel {
    /// True if its names can be parts of a path: a program may have sent them.
    #[must_use]
    pub fn is_plausible(&self) -> bool {
        let Self::Good { name, version, modules, needs } = self else { return true };
        let is_module = |module: &String| !module.is_empty() && module.chars().all(|c| c.is_alphanumeric() || c == '_');
        is_package_name(name)
            && is_version(version)
            && modules.iter().all(is_module)
            && needs.iter().all(|it| is_package_name(it))
    }
}

/// True for a name in the form that package indexes compare.
#[must_use]
pub fn is_package_name(name: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    name.len() <= 100 && name.split('-').all(is_part)
}

/// True for a version, which begins with a digit.
#[must_use]
pub fn is_version(version: &str) -> bool {
    let is_usual = |b: u8| b.is_ascii_alphanumeric() || b"._+!-".contains(&b);
    version.len() <= 60 && version.starts_with(|c: char| c.is_ascii_digit()) && version.bytes().all(is_usual)
}

/// The maximum length of the JSON about a wheel, in UTF-16 units.
pub const LONGEST_WHEEL: u32 = 100_000;

/// A task at one moment of a run, with its local variables. `seen` in `static/python/interleave/look.py` describes the
/// fields.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SeenTask {
    /// Its number in the record, counted from 1.
    pub task: usize,
    /// Its name.
    pub name: String,
    /// The file of the line on which it waits.
    pub path: Option<String>,
    /// The line, counted from 1.
    pub line: Option<u32>,
    /// The awaited thing, in words; empty if the task is ready.
    #[serde(rename = "for")]
    pub awaited: String,
    /// Its local variables, as texts.
    pub locals: BTreeMap<String, String>,
}

/// The maximum length of the JSON of a look, in UTF-16 units. The package has a lower limit.
pub const LONGEST_LOOK: u32 = 1_100_000;

/// Reads the JSON of a look. `None` if it is malformed.
#[must_use]
pub fn seen_tasks(json: &str) -> Option<Vec<SeenTask>> {
    const NAME_CHARS: usize = 100;
    const VALUE_CHARS: usize = 210;
    let cut = |text: &str, chars| shortened(text, chars).into_owned();
    let mut tasks: Vec<SeenTask> = serde_json::from_str(json).ok()?;
    for task in &mut tasks {
        task.name = cut(&task.name, NAME_CHARS);
        task.awaited = cut(&task.awaited, VALUE_CHARS);
        task.path = task.path.as_ref().map(|path| cut(path, NAME_CHARS));
        let locals = task.locals.iter().map(|(name, value)| (cut(name, NAME_CHARS), cut(value, VALUE_CHARS)));
        task.locals = locals.collect();
    }
    Some(tasks)
}

/// The way a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It ran to its end.
    Finished,
    /// `sys.exit` with a code that is not 0.
    Exited,
    /// An error.
    Failed,
    /// The reader stopped it.
    Stopped,
    /// Every task waits, and nothing is left that could wake one.
    Deadlocked,
    /// A limit of the record, or of the virtual clock.
    Limited,
}

/// How a program ended. `Result` in `static/python/interleave/ending.py` describes the fields.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Ended {
    /// The way it ended.
    pub ending: Ending,
    /// The exit code.
    pub exit_code: f64,
    /// The type of the error; empty for none.
    pub error: String,
    /// The message of the error.
    pub message: String,
    /// The file of the error's line.
    #[serde(default)]
    pub path: Option<String>,
    /// The line, counted from 1.
    #[serde(default)]
    pub line: Option<u32>,
}

impl Ended {
    /// The end in a sentence without its full stop.
    #[must_use]
    pub fn words(&self) -> String {
        let place = match (&self.path, self.line) {
            (Some(path), Some(line)) => format!("line {line} of {}: ", shortened(path, 100)),
            _ => String::new(),
        };
        let message = shortened(self.message.trim_end_matches('.'), MOST_CHARS);
        match self.ending {
            Ending::Finished => "the program has ended".to_owned(),
            Ending::Stopped => "the program was stopped".to_owned(),
            Ending::Exited if message.is_empty() => format!("the program ended with exit code {}", self.exit_code),
            Ending::Exited => format!("the program ended with exit code {}: {message}", self.exit_code),
            // Their messages say it all.
            Ending::Deadlocked | Ending::Limited => message.into_owned(),
            Ending::Failed => {
                let error = shortened(&self.error, 100);
                let colon = if message.is_empty() || error.is_empty() { "" } else { ": " };
                format!("{place}{error}{colon}{message}")
            }
        }
    }

    /// True if the program has used up the memory of its interpreter.
    #[must_use]
    pub fn is_out_of_memory(&self) -> bool {
        self.error == "MemoryError"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(ending: Ending, error: &str, message: &str) -> Ended {
        Ended {
            ending,
            exit_code: 3.0,
            error: error.to_owned(),
            message: message.to_owned(),
            path: Some("main.py".to_owned()),
            line: Some(7),
        }
    }

    #[test]
    fn an_end_is_described_with_its_line_and_error() {
        assert_eq!(ended(Ending::Failed, "ValueError", "no batch").words(), "line 7 of main.py: ValueError: no batch");
        assert_eq!(ended(Ending::Failed, "KeyError", "").words(), "line 7 of main.py: KeyError");
        assert_eq!(ended(Ending::Exited, "", "").words(), "the program ended with exit code 3");
        assert_eq!(ended(Ending::Exited, "", "no file.").words(), "the program ended with exit code 3: no file");
    }

    #[test]
    fn a_look_is_read_and_its_texts_are_cut() {
        let entry = |value: &str| {
            format!(
                r#"[{{"task": 2, "name": "worker 1", "path": "main.py", "line": 7, "for": "a timer",
                     "awaited_by": [1], "locals": {{"batch": "{value}"}}}}]"#
            )
        };
        let tasks = seen_tasks(&entry(&"x".repeat(1_000))).expect("it is as described");
        assert_eq!((tasks[0].task, &*tasks[0].name, tasks[0].line), (2, "worker 1", Some(7)));
        assert!(tasks[0].locals["batch"].chars().count() < 250);
        assert_eq!(seen_tasks(&entry("x")[..40]), None);
    }

    #[test]
    fn the_names_of_a_wheel_can_be_parts_of_a_path() {
        let wheel = |name: &str, version: &str, module: &str| {
            let (name, version) = (name.to_owned(), version.to_owned());
            InspectedWheel::Good { name, version, modules: vec![module.to_owned()], needs: Vec::new() }
        };
        assert!(wheel("typing-extensions", "2.0.1rc1+cpu", "typing_extensions").is_plausible());
        for (name, version, module) in [
            ("..", "1", "a"),
            ("", "1", "a"),
            ("a-", "1", "a"),
            ("A", "1", "a"),
            ("a/b", "1", "a"),
            ("a", "../1", "a"),
            ("a", "", "a"),
            ("a", "1", "a.b"),
            ("a", "1", ""),
        ] {
            assert!(!wheel(name, version, module).is_plausible(), "{name} {version} {module}");
        }
    }

    #[test]
    fn a_long_message_is_cut() {
        let long = "x".repeat(1 << 20);
        assert!(ended(Ending::Failed, &long, &long).words().chars().count() < MOST_CHARS + 300);
    }
}
