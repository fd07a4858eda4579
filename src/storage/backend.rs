//! What keeps the files of one folder.

use futures::future::LocalBoxFuture;

use crate::storage::{FileName, StorageError, StorageEstimate, StorageKind, WriteGuard};

/// What a backend is about to answer.
pub type BackendFuture<'a, T> = LocalBoxFuture<'a, Result<T, StorageError>>;

/// A file as a backend finds it: its name, and its size in bytes unless its first write was never finished.
pub type FolderEntry = (FileName, Option<u64>);

/// Where a write puts its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    /// They become the whole content.
    Replace,
    /// They follow what is there, if there is something.
    Append,
}

/// Keeps the files of one folder.
///
/// Whoever changes a file hands over its turn. The backend keeps that until the change is over, even if its future was
/// dropped: then the file is as it was before, or as it should become, and the next change begins after that.
pub trait Backend {
    /// What it is.
    fn kind(&self) -> StorageKind;

    /// The content: that before a change or that after it, never a part.
    fn read<'a>(&'a self, name: &'a FileName) -> BackendFuture<'a, Vec<u8>>;

    /// Writes, so that all of it is there or nothing.
    fn write<'a>(&'a self, guard: WriteGuard, bytes: &'a [u8], mode: WriteMode) -> BackendFuture<'a, ()>;

    /// Takes a file away. One whose first write was never finished goes, too, but is told as not found.
    fn delete(&self, guard: WriteGuard) -> BackendFuture<'_, ()>;

    /// The size of the content in bytes.
    fn size<'a>(&'a self, name: &'a FileName) -> BackendFuture<'a, u64>;

    /// What is in the folder, in any order.
    fn list(&self) -> BackendFuture<'_, Vec<FolderEntry>>;

    /// How much room there is, if that is known.
    fn estimate(&self) -> LocalBoxFuture<'_, Option<StorageEstimate>>;
}
