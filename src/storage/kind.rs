//! The kinds of storage.

use std::fmt;

/// The kinds of storage, from the preferred kind to the one that always works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum StorageKind {
    /// The browser's private file system for this site, OPFS.
    PrivateFileSystem,
    /// The browser's database.
    IndexedDb,
    /// The page's own memory.
    Memory,
}

impl StorageKind {
    /// A text for the page: which kind is used, why, and what that means for the user.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::PrivateFileSystem => {
                "Files are stored in the browser's private file system for this site. They stay on this machine until you \
                 delete them."
            }
            Self::IndexedDb => {
                "This browser has no writable private file system for this page, so files are stored in its database, \
                 IndexedDB. They stay on this machine until you delete them. The times are those of the database."
            }
            Self::Memory => {
                "This browser does not allow the page to store files, as in some private windows, so they are kept \
                only in memory and are lost when the page is closed or reloaded. The measured times are only for \
                copying in memory."
            }
        }
    }
}

impl fmt::Display for StorageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrivateFileSystem => "private file system",
            Self::IndexedDb => "IndexedDB",
            Self::Memory => "memory",
        })
    }
}
