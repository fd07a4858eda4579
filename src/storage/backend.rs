//! The interface to the storage of one folder's files.

use futures::future::LocalBoxFuture;

use crate::storage::{FileName, StorageError, StorageEstimate, StorageKind, WriteGuard};

/// The future result of an operation of a backend.
pub type BackendFuture<'a, T> = LocalBoxFuture<'a, Result<T, StorageError>>;

/// A file in a folder: its name, and its size in bytes, or `None` if its first write was never finished.
pub type FolderEntry = (FileName, Option<u64>);

/// The effect of a write on the existing content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// They replace the whole content.
    Replace,
    /// They follow the existing content, if any.
    Append,
}

/// Stores the files of one folder.
///
/// The caller of a change passes its write guard. The backend holds the guard until the change is over, even if the
/// future was dropped: then the file has either its old or its new content, and the next change starts after that.
pub trait Backend {
    /// The kind of storage.
    fn kind(&self) -> StorageKind;

    /// The content before or after a concurrent change, never a part of either.
    fn read<'a>(&'a self, name: &'a FileName) -> BackendFuture<'a, Vec<u8>>;

    /// Writes all of the bytes or, on an error, none of them.
    fn write<'a>(&'a self, guard: WriteGuard, bytes: &'a [u8], mode: WriteMode) -> BackendFuture<'a, ()>;

    /// Deletes a file. A file whose first write was never finished is deleted too, but reported as not found.
    fn delete(&self, guard: WriteGuard) -> BackendFuture<'_, ()>;

    /// The size of the content in bytes.
    fn size<'a>(&'a self, name: &'a FileName) -> BackendFuture<'a, u64>;

    /// The files in the folder, in any order.
    fn list(&self) -> BackendFuture<'_, Vec<FolderEntry>>;

    /// The estimate of used and available space, if it is known.
    fn estimate(&self) -> LocalBoxFuture<'_, Option<StorageEstimate>>;
}
