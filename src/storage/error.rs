//! The reasons why a file could not be read or changed.

use crate::runtime::TaskError;
use crate::storage::{BadName, FileName, StorageKind};

/// The reason why a storage operation failed. Stored files are unchanged, except after `Cleared`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StorageError {
    /// No file has this name.
    #[error("there is no file `{name}`")]
    NotFound {
        /// The requested file.
        name: FileName,
    },
    /// The name is not a valid file name.
    #[error("`{name}` is not a valid file name: {why}")]
    BadName {
        /// The requested file.
        name: String,
        /// The reason.
        why: BadName,
    },
    /// The browser gives this site no more space.
    #[error("there is no space left for `{name}`")]
    Full {
        /// The file that was written to.
        name: FileName,
    },
    /// Another page is using the file, or keeps changing it.
    #[error("`{name}` is in use by another page")]
    InUse {
        /// The requested file.
        name: FileName,
    },
    /// The folder no longer exists because this site's data were cleared or blocked.
    #[error("the stored files are gone: this site's data was cleared or blocked during use")]
    Cleared,
    /// The browser or the user does not allow this page to store files.
    #[error("the browser does not allow this page to store files")]
    NotAllowed,
    /// This browser, or this window, does not have this kind of storage.
    #[error("this browser has no {kind} for this page")]
    Unsupported {
        /// The requested file.
        kind: StorageKind,
    },
    /// The browser's storage took too long.
    #[error("the browser's storage does not respond")]
    NoResponse,
    /// Any other error of the browser.
    #[error("the browser's storage failed: {why}")]
    Other {
        /// The browser's message.
        why: String,
    },
}

impl TaskError for StorageError {}

impl StorageError {
    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "Write the file first, or choose one from the list of stored files.",
            Self::BadName { .. } => "Choose a shorter name, without slashes or control characters.",
            Self::Full { .. } => {
                "Delete files that are no longer needed, or write smaller ones. The stored files are unchanged."
            }
            Self::InUse { .. } => "Close the other tabs of this site, then run again.",
            Self::Cleared => "Run again to create a new folder. The files of the old one are lost.",
            Self::NotAllowed => "Allow this site to store data in the browser's settings, then reload the page.",
            Self::Unsupported { .. } => "Open the page in another browser, or in a window that is not private.",
            Self::NoResponse => "Close the other tabs of this site, then reload the page.",
            Self::Other { .. } => "Run again; if that does not help, reload the page.",
        }
    }
}
