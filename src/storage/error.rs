//! Why a file could not be read or changed, by cause.

use crate::runtime::TaskError;
use crate::storage::{BadName, FileName, StorageKind};

/// Why the storage did not do what it was asked to. Whatever was stored before is still there, but for `Cleared`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// No file has this name.
    #[error("there is no file `{name}`")]
    NotFound {
        /// What was asked for.
        name: FileName,
    },
    /// No file can have this name.
    #[error("`{name}` is no name for a file: {why}")]
    BadName {
        /// What was asked for.
        name: String,
        /// What is wrong with it.
        why: BadName,
    },
    /// The browser gives this site no more room.
    #[error("there is no room left for `{name}`")]
    Full {
        /// What should have been written.
        name: FileName,
    },
    /// Another page has the file under its hands, or changes it again and again.
    #[error("`{name}` is in use by another page")]
    InUse {
        /// What was asked for.
        name: FileName,
    },
    /// It was there and is no more: somebody cleared this site's data.
    #[error("the storage is gone: this site's data were cleared or blocked while it was in use")]
    Cleared,
    /// The browser or its owner does not want this page to keep files.
    #[error("the browser does not let this page keep files")]
    NotAllowed,
    /// This browser, or this window, has no such storage.
    #[error("this browser has no {kind} for this page")]
    Unsupported {
        /// What was asked for.
        kind: StorageKind,
    },
    /// Anything else that a browser may say.
    #[error("the browser's storage failed: {why}")]
    Other {
        /// What the browser says.
        why: String,
    },
}

impl TaskError for StorageError {}

impl StorageError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "Write it first, or choose a file from the list of what is stored.",
            Self::BadName { .. } => "Choose a name without slashes and control characters that is not too long.",
            Self::Full { .. } => {
                "Delete files that are no longer needed, or write smaller ones. What was stored before is still there."
            }
            Self::InUse { .. } => "Close the other tabs of this site, then run again.",
            Self::Cleared => "Run again: a new folder is made. What was in the old one is lost.",
            Self::NotAllowed => "Allow this site to keep data in the browser's settings, then reload.",
            Self::Unsupported { .. } => "Open the page in another window or browser: private windows may have less.",
            Self::Other { .. } => "Run again; if that does not help, reload the page.",
        }
    }
}
