//! The errors of the build.

use std::io;
use std::path::{Path, PathBuf};

use syntect::parsing::{ParsingError, ScopeError};

/// The reason there is no site. Trunk shows it and ends the build.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The environment of a trunk hook is missing.
    #[error("trunk runs this after a build: use `make site`")]
    NoTrunk,
    /// A build for tests would replace the one for publishing.
    #[error("a build for tests must not be in `dist/`: use `trunk build --release --dist target/test-site`")]
    TestBuildInDist,
    /// The address of the published site is not one.
    #[error("`SITE_URL` is `{0}`: set it to the full address of the site, such as `https://example.org/interleave/`")]
    SiteUrl(String),
    /// A file operation failed.
    #[error("`{path}` could not be read or written: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A tool is not installed.
    #[error("`{tool}` could not be started ({source}): run `tools/setup build`")]
    NoTool {
        /// The program.
        tool: &'static str,
        /// The system's error.
        source: io::Error,
    },
    /// A tool ended with an error.
    #[error("`{tool}` failed: {message}")]
    Tool {
        /// The program.
        tool: &'static str,
        /// The tool's error output.
        message: String,
    },
    /// The code that is marked as lazy could not be separated.
    #[error("the page's wasm could not be split: {0}")]
    Split(String),
    /// A file that this program changes has an unexpected form.
    #[error(
        "`{place}` has no `{what}`: check that `tools/versions` has the version of its tool that this program supports"
    )]
    Missing {
        /// The file or folder.
        place: String,
        /// The missing text or file.
        what: String,
    },
    /// A package could not be put into a zip.
    #[error("a zip could not be written: {0}")]
    Zip(#[from] zip::result::ZipError),
    /// An exercise has no ideal, and its recorded run cannot be read.
    #[error("there is no picture of `{exercise}`: export a run of it as JSON to `tools/site/recorded/{exercise}.json`")]
    NoPicture {
        /// Its slug.
        exercise: &'static str,
    },
    /// The highlighter does not know a language.
    #[error("there is no syntax for `.{extension}` files")]
    NoSyntax {
        /// The file's extension.
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

    /// The error of a file or folder in which something is missing.
    pub fn missing(place: &str, what: &str) -> Self {
        Self::Missing { place: place.to_owned(), what: what.to_owned() }
    }
}
