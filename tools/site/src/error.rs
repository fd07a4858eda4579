//! What can go wrong while the site is built.

use std::io;
use std::path::{Path, PathBuf};

use syntect::parsing::{ParsingError, ScopeError};

/// Why there is no site. Trunk shows it and ends the build.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The environment of a trunk hook is missing.
    #[error("trunk runs this after a build: use `make site`")]
    NoTrunk,
    /// A build for tests was about to replace the one for publishing.
    #[error("a build for tests must not be in `dist/`: use `trunk build --release --dist target/test-site`")]
    TestBuildInDist,
    /// The file system refused.
    #[error("`{path}` could not be read or written: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A tool is not installed.
    #[error("`{tool}` could not be started ({source}): run `tools/setup build`")]
    NoTool {
        /// The program.
        tool: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// A tool ended with an error.
    #[error("`{tool}` failed: {message}")]
    Tool {
        /// The program.
        tool: &'static str,
        /// What it printed.
        message: String,
    },
    /// The code that is marked as lazy could not be separated.
    #[error("the page's wasm could not be split: {0}")]
    Split(String),
    /// A file that we change does not have the form that we know.
    #[error("`{place}` has no `{what}`: was it written by another version of its tool?")]
    Missing {
        /// Where we looked.
        place: String,
        /// What we looked for.
        what: String,
    },
    /// The highlighter does not know a language.
    #[error("there is no syntax for `.{extension}` files")]
    NoSyntax {
        /// The end of the file's name.
        extension: &'static str,
    },
    /// A syntax definition of the highlighter is broken.
    #[error("a source could not be highlighted: {0}")]
    Parsing(#[from] ParsingError),
    /// A syntax definition of the highlighter is broken.
    #[error("a source could not be highlighted: {0}")]
    Scope(#[from] ScopeError),
}

impl SiteError {
    /// The error of a file operation.
    pub fn file(path: impl AsRef<Path>, source: io::Error) -> Self {
        Self::File { path: path.as_ref().to_owned(), source }
    }

    /// The error of a place that has not got what it should have.
    pub fn missing(place: &str, what: &str) -> Self {
        Self::Missing { place: place.to_owned(), what: what.to_owned() }
    }
}
