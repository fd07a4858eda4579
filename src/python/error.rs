//! The reason why a program cannot run, apart from its own errors.

use super::recording::PieceError;
use crate::endpoint::http::HttpError;
use crate::endpoint::site_file::SiteFileError;

/// The reason why a program cannot run, apart from its own errors. It may contain text from the sandbox: show it as text
/// only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PythonError {
    /// The site was built without Python.
    #[error("this copy of the site has no Python")]
    NotInThisCopy,
    /// The list of files, or a file, is not that of this release.
    #[error("the files for Python do not match this page")]
    BadManifest,
    /// A file could not be read.
    #[error(transparent)]
    File(#[from] SiteFileError),
    /// The sandbox or the interpreter did not start, or has ended by itself.
    #[error("Python {what}: {why}")]
    Failed {
        /// The failure, as the end of a sentence.
        what: &'static str,
        /// The reason that it gave.
        why: String,
    },
    /// The sandbox did not answer in time.
    #[error("Python did not start within {seconds} s")]
    Silent {
        /// The time limit.
        seconds: u64,
    },
    /// A package of the site cannot be used.
    #[error("the package `{name}` cannot be used: {why}")]
    BadPackage {
        /// Its name.
        name: String,
        /// The reason.
        why: String,
    },
    /// One of the reader's own wheels cannot be read.
    #[error("the package `{name}` cannot be read: {why}")]
    NoWheel {
        /// Its name.
        name: String,
        /// The reason.
        why: String,
    },
    /// The sandbox sent something that our own package does not send.
    #[error("the program sent an invalid message: {0}")]
    Impossible(#[from] PieceError),
}

impl From<HttpError> for PythonError {
    fn from(error: HttpError) -> Self {
        Self::File(error.into())
    }
}

impl PythonError {
    /// The reason that the sandbox gave. `place` is where it failed, in the words of `static/sandbox/worker.js`.
    #[cfg(target_arch = "wasm32")]
    pub(super) fn failed(place: &str, why: &str) -> Self {
        let what = match place {
            "sandbox" | "load" => "could not be started",
            "interpreter" => "has ended with an error",
            "package" => "could not run the program",
            _ => "rejected a message from the page",
        };
        Self::Failed { what, why: crate::measure::units::shortened(why, 500).into_owned() }
    }

    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NotInThisCopy => {
                "Use a copy that was built with npm installed; `tools/setup` fetches Python from there."
            }
            Self::BadManifest | Self::BadPackage { .. } => {
                "Reload the page. If that does not help, deploy the site again."
            }
            Self::File(error) => error.advice(),
            Self::NoWheel { .. } => "Open its wheel again.",
            Self::Failed { .. } => "Run again: each run can use a fresh interpreter.",
            Self::Silent { .. } => "Run again. On a slow machine, close other pages first.",
            Self::Impossible(_) => "The record is incomplete. Run again without `import js`.",
        }
    }
}
