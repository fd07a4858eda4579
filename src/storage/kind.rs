//! Where files are kept.

use std::fmt;

/// Where files are kept, from the best to what is always there.
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
    /// Why it is this one and what that means, for the page.
    #[must_use]
    pub fn sentence(self) -> &'static str {
        match self {
            Self::PrivateFileSystem => {
                "Files are kept in the browser's private file system for this site. They stay on this machine until you \
                 delete them."
            }
            Self::IndexedDb => {
                "This browser has no private file system for this page that it could write to, so its database \
                 IndexedDB stands in. Files stay on this machine until you delete them; times are the database's."
            }
            Self::Memory => {
                "This browser lets the page keep no files, as some private windows do, so memory stands in. Files are \
                 gone when the page is closed or reloaded; times are those of copying."
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
