//! [`ProgramFiles`]: the files of a reader's program and its arguments.
//!
//! They come from the editor, from files of the reader, from run files and from links. So names and sizes are checked
//! here, and nowhere else.

mod arguments;
mod json;

use std::sync::Arc;

pub use arguments::{UnclosedQuote, split};

use crate::measure::units::{count, shortened, size};

/// The name of a main file that has no other name.
pub const DEFAULT_MAIN: &str = "main.py";

/// The ending of Python files.
const PYTHON: &str = ".py";

/// The maximum size of all Python files together, in bytes.
pub const MOST_SOURCE_BYTES: usize = 1_000_000;

/// The maximum size of all other files together, in bytes.
pub const MOST_DATA_BYTES: usize = 8_000_000;

/// The maximum number of files.
pub const MOST_FILES: usize = 100;

/// The maximum length of a name with its folders, in bytes.
pub const MOST_NAME_BYTES: usize = 200;

/// The maximum length of the arguments, in bytes.
pub const MOST_ARGUMENTS_BYTES: usize = 10_000;

/// The files of a program, the main file first, and its arguments. Clones share the contents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramFiles {
    files: Vec<ProgramFile>,
    arguments: Arc<str>,
}

/// A file of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramFile {
    /// Its path inside the program's folder, with `/` between folders.
    pub name: Arc<str>,
    /// Its content.
    pub content: Content,
}

/// The content of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Text, which the editor shows.
    Text(Arc<str>),
    /// Anything else.
    Bytes(Arc<[u8]>),
}

/// The reason why something cannot be a program. It may contain text from a file or a link: show it as text only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFiles {
    /// There is no file.
    #[error("a program needs at least one file")]
    Empty,
    /// The first file is not Python.
    #[error("`{}` is not a Python file", shortened(name, 60))]
    MainNotPython {
        /// Its name.
        name: String,
    },
    /// A name that is not a path inside the program's folder.
    #[error("`{}` cannot be the name of a file: {why}", shortened(name, 60))]
    BadName {
        /// The name.
        name: String,
        /// The reason.
        why: &'static str,
    },
    /// Two files have the same name, or a file has the name of a folder.
    #[error("there is another file or folder `{}`", shortened(name, 60))]
    Duplicate {
        /// The name.
        name: String,
    },
    /// There are too many files.
    #[error("there are {} files, but the maximum is {}", count(*found as u64), count(MOST_FILES as u64))]
    TooMany {
        /// The number of files.
        found: usize,
    },
    /// The Python files are too large.
    #[error(
        "the Python files are {} in total, but the maximum is {}",
        size(*found as u64),
        size(MOST_SOURCE_BYTES as u64)
    )]
    SourceTooLarge {
        /// In bytes.
        found: usize,
    },
    /// The other files are too large.
    #[error("the data files are {} in total, but the maximum is {}", size(*found as u64), size(MOST_DATA_BYTES as u64))]
    DataTooLarge {
        /// In bytes.
        found: usize,
    },
    /// The arguments are too long.
    #[error("the arguments are longer than {} bytes", count(MOST_ARGUMENTS_BYTES as u64))]
    ArgumentsTooLong,
    /// The arguments cannot be split.
    #[error(transparent)]
    Arguments(#[from] UnclosedQuote),
    /// The file must be text, but is not.
    #[error("`{}` is not UTF-8 text", shortened(name, 60))]
    NotText {
        /// Its name.
        name: String,
    },
}

impl BadFiles {
    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Empty | Self::MainNotPython { .. } => "Open a file whose name ends with `.py`.",
            Self::BadName { .. } => "Use a name such as `score.py` or `data/scores.csv`.",
            Self::Duplicate { .. } => "Choose another name.",
            Self::TooMany { .. } => "Remove files that the program does not need.",
            Self::SourceTooLarge { .. } => "Move long tables of values into data files.",
            Self::DataTooLarge { .. } => "Keep only a part of the data, such as the first lines of each file.",
            Self::ArgumentsTooLong => "Put long values into a data file.",
            Self::Arguments(_) => "Close the quote, or write a backslash before it.",
            Self::NotText { .. } => "Save it as UTF-8 in your editor, and open it again.",
        }
    }
}

impl Content {
    /// Text if the bytes are UTF-8 without zero bytes, otherwise the bytes.
    #[must_use]
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        match String::from_utf8(bytes) {
            Ok(text) if !text.contains('\0') => Self::Text(text.into()),
            Ok(text) => Self::Bytes(text.into_bytes().into()),
            Err(error) => Self::Bytes(error.into_bytes().into()),
        }
    }

    /// The size in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.as_bytes().len()
    }

    /// The bytes. Those of text are UTF-8.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    /// The text, if it is one.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bytes(_) => None,
        }
    }
}

impl ProgramFile {
    /// A file with this content.
    #[must_use]
    pub fn new(name: &str, content: Content) -> Self {
        Self { name: name.into(), content }
    }

    /// A text file.
    #[must_use]
    pub fn text(name: &str, text: &str) -> Self {
        Self::new(name, Content::Text(text.into()))
    }

    /// True if its name is that of a Python file.
    #[must_use]
    pub fn is_python(&self) -> bool {
        is_python(&self.name)
    }
}

/// True if this is the name of a Python file.
#[must_use]
pub fn is_python(name: &str) -> bool {
    name.ends_with(PYTHON)
}

impl ProgramFiles {
    /// A program with these files and arguments. The first file is the main file.
    ///
    /// # Errors
    ///
    /// If a name, a size or an argument is not allowed.
    pub fn new(files: Vec<ProgramFile>, arguments: &str) -> Result<Self, BadFiles> {
        let main = files.first().ok_or(BadFiles::Empty)?;
        if !main.is_python() {
            return Err(BadFiles::MainNotPython { name: main.name.to_string() });
        }
        if files.len() > MOST_FILES {
            return Err(BadFiles::TooMany { found: files.len() });
        }
        let program = Self { files, arguments: arguments.into() };
        program.check_sizes()?;
        program.check_names()?;
        program.check_contents()?;
        program.check_arguments()?;
        Ok(program)
    }

    /// A program of one file, whose text has at most [`MOST_SOURCE_BYTES`].
    #[must_use]
    pub fn of_one_file(text: &str) -> Self {
        Self { files: vec![ProgramFile::text(DEFAULT_MAIN, text)], arguments: "".into() }
    }

    /// The files, the main file first.
    #[must_use]
    pub fn files(&self) -> &[ProgramFile] {
        &self.files
    }

    /// The main file.
    #[must_use]
    pub fn main(&self) -> &ProgramFile {
        // There is at least one, see `new`.
        &self.files[0]
    }

    /// The text of the main file.
    #[must_use]
    pub fn main_text(&self) -> &str {
        self.main().content.text().unwrap_or_default()
    }

    /// The file with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ProgramFile> {
        self.files.iter().find(|file| &*file.name == name)
    }

    /// The arguments as they were typed.
    #[must_use]
    pub fn arguments(&self) -> &str {
        &self.arguments
    }

    /// The same program with another content of a file, which is added if there is none of this name.
    ///
    /// # Errors
    ///
    /// If the name or the size is not allowed.
    pub fn with(&self, file: ProgramFile) -> Result<Self, BadFiles> {
        let mut files = self.files.clone();
        match files.iter_mut().find(|it| it.name == file.name) {
            Some(old) => *old = file,
            None => files.push(file),
        }
        Self::new(files, &self.arguments)
    }

    /// The same program with a new file.
    ///
    /// # Errors
    ///
    /// If there is a file of this name, or if the name or the size is not allowed.
    pub fn with_new(&self, file: ProgramFile) -> Result<Self, BadFiles> {
        if self.get(&file.name).is_some() {
            return Err(BadFiles::Duplicate { name: file.name.to_string() });
        }
        self.with(file)
    }

    /// The same program without a file. The main file stays.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let is_kept = |(n, file): &(usize, &ProgramFile)| *n == 0 || &*file.name != name;
        let files = self.files.iter().enumerate().filter(is_kept).map(|(_, file)| file.clone()).collect();
        Self { files, arguments: self.arguments.clone() }
    }

    /// The same program with another name of a file.
    ///
    /// # Errors
    ///
    /// If the name is taken or not allowed.
    pub fn renamed(&self, from: &str, to: &str) -> Result<Self, BadFiles> {
        let renamed = |file: &ProgramFile| {
            let name = if &*file.name == from { to.into() } else { file.name.clone() };
            ProgramFile { name, content: file.content.clone() }
        };
        Self::new(self.files.iter().map(renamed).collect(), &self.arguments)
    }

    /// The same program with another main file, which must be one of its files.
    ///
    /// # Errors
    ///
    /// If it is not a Python file.
    pub fn with_main(&self, name: &str) -> Result<Self, BadFiles> {
        let mut files = self.files.clone();
        files.sort_by_key(|file| &*file.name != name);
        Self::new(files, &self.arguments)
    }

    /// The same program with other arguments.
    ///
    /// # Errors
    ///
    /// If they are too long or have an unclosed quote.
    pub fn with_arguments(&self, arguments: &str) -> Result<Self, BadFiles> {
        let program = Self { arguments: arguments.into(), ..self.clone() };
        program.check_arguments()?;
        Ok(program)
    }

    fn check_sizes(&self) -> Result<(), BadFiles> {
        let sum = |is_python: bool| {
            self.files.iter().filter(|it| it.is_python() == is_python).map(|it| it.content.size()).sum()
        };
        let (source, data): (usize, usize) = (sum(true), sum(false));
        if source > MOST_SOURCE_BYTES {
            return Err(BadFiles::SourceTooLarge { found: source });
        }
        if data > MOST_DATA_BYTES {
            return Err(BadFiles::DataTooLarge { found: data });
        }
        Ok(())
    }

    fn check_names(&self) -> Result<(), BadFiles> {
        for (n, ProgramFile { name, .. }) in self.files.iter().enumerate() {
            if let Some(why) = refused_name(name) {
                return Err(BadFiles::BadName { name: name.to_string(), why });
            }
            let is_inside = |outer: &str, inner: &str| inner.strip_prefix(outer).is_some_and(|it| it.starts_with('/'));
            let clashes = |other: &ProgramFile| {
                other.name == *name || is_inside(&other.name, name) || is_inside(name, &other.name)
            };
            if self.files[..n].iter().any(clashes) {
                return Err(BadFiles::Duplicate { name: name.to_string() });
            }
        }
        Ok(())
    }

    /// The main file must be text; Python says so about others when it imports them.
    fn check_contents(&self) -> Result<(), BadFiles> {
        let main = self.main();
        match main.content {
            Content::Text(_) => Ok(()),
            Content::Bytes(_) => Err(BadFiles::NotText { name: main.name.to_string() }),
        }
    }

    fn check_arguments(&self) -> Result<(), BadFiles> {
        if self.arguments.len() > MOST_ARGUMENTS_BYTES {
            return Err(BadFiles::ArgumentsTooLong);
        }
        split(&self.arguments)?;
        Ok(())
    }
}

/// The reason why a text is not a path inside the program's folder.
fn refused_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.len() > MOST_NAME_BYTES {
        return Some("it is longer than 200 bytes");
    }
    if name.chars().any(char::is_control) {
        return Some("it has a control character");
    }
    if name.contains('\\') {
        return Some("it contains a backslash");
    }
    if name.starts_with('/') || name.as_bytes().get(1) == Some(&b':') {
        return Some("it is not a path inside the program's folder");
    }
    name.split('/').find_map(|part| match part {
        "" => Some("a part of it is empty"),
        "." | ".." => Some("it is not a path inside the program's folder"),
        part if part.trim() != part => Some("a part of it begins or ends with a space"),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
