//! Files: the browser's private file system, and its fallbacks.
//!
//! - [`Storage`]: a folder of files, behind one small interface.
//! - [`backend`]: where they are stored: `opfs` (the private file system), `indexed_db`, or [`memory`].
//! - [`kind`]: which of these it is, with a text for the page.
//! - [`name`]: valid file names. There are no folders inside a folder.
//! - [`write_locks`]: one lock per file, so that changes of the same file happen one after the other.
//! - [`Source`]: a file that is read piece by piece, such as one that the user chose.
//! - `tab_lock`: something that one tab at a time may change, and that another can take over.
//! - `opening`: chooses the storage of a folder in this browser, and shares it among its users.
//! - `time_limit`: for work that may never end, because a browser's database does not answer.
//! - `web`: what the two kinds of browser storage share.
//!
//! Every write is atomic: a reader sees the content before or after it. Dropping the future of a write stops it and
//! leaves the old content, unless the browser was already replacing it.

pub mod backend;
#[cfg(target_arch = "wasm32")]
mod browser_file;
pub mod encoding;
mod error;
#[cfg(target_arch = "wasm32")]
mod indexed_db;
pub mod kind;
pub mod memory;
pub mod name;
#[cfg(target_arch = "wasm32")]
mod opening;
#[cfg(target_arch = "wasm32")]
mod opfs;
mod source;
#[cfg(target_arch = "wasm32")]
pub mod tab_lock;
#[cfg(target_arch = "wasm32")]
pub mod time_limit;
#[cfg(target_arch = "wasm32")]
mod web;
pub mod write_locks;

use std::collections::BTreeSet;
use std::fmt;
use std::rc::Rc;

use futures::future::join_all;

pub use error::StorageError;
pub use kind::StorageKind;
pub use memory::InMemory;
pub use name::{BadName, FileName};
pub use source::{PIECE_BYTES, Pieces, Source, SourceError};
pub use write_locks::{WriteGuard, WriteLocks};

use crate::runtime::Run;
use crate::storage::backend::{Backend, WriteMode};

/// A folder of files. Clones are handles to the same one.
///
/// ```
/// use interleave::runtime::{Run, virtual_time};
/// use interleave::storage::Storage;
///
/// let run = Run::on_virtual_clock(7);
/// let content = virtual_time::block_on(&run, async {
///     let storage = Storage::open(&run, "example").await;
///     storage.write("notes.txt", b"one").await?;
///     storage.append("notes.txt", b", two").await?;
///     storage.read("notes.txt").await
/// })?;
/// assert_eq!(content.as_deref(), Ok(&b"one, two"[..]));
/// # Ok::<(), virtual_time::Stalled>(())
/// ```
#[derive(Clone)]
pub struct Storage {
    backend: Rc<dyn Backend>,
    locks: WriteLocks,
}

/// A stored file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// The file's name.
    pub name: FileName,
    /// The size of its content.
    pub size_bytes: u64,
}

/// The lock of a folder: other tabs that ask for it have to wait. Dropping it releases the lock.
#[derive(Debug)]
#[must_use = "dropping it releases the lock"]
pub struct FolderLock {
    #[cfg(target_arch = "wasm32")]
    _lock: Option<tab_lock::TabLock>,
}

/// The space that a browser gives this site for all its folders and caches. Browsers report it roughly, on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageEstimate {
    /// The maximum, in bytes.
    pub quota_bytes: u64,
    /// The number of bytes in use.
    pub used_bytes: u64,
}

impl Storage {
    /// Opens a folder, or creates it. Its name must be a valid [`FileName`]. It is stored in the best way that the
    /// browser has: see [`kind`](Self::kind). On a run's virtual clock, each call gives a new, empty folder in memory.
    #[cfg_attr(not(target_arch = "wasm32"), expect(unused_variables, reason = "only a browser stores folders"))]
    pub async fn open(run: &Run, folder: &'static str) -> Self {
        #[cfg(target_arch = "wasm32")]
        if run.is_in_browser() {
            return opening::open(run, folder).await;
        }
        Self::new(InMemory::default())
    }

    /// Waits until no other tab holds the folder's lock, and takes it. On a run's virtual clock, and in a browser
    /// without locks, this does not wait.
    #[cfg_attr(not(target_arch = "wasm32"), expect(unused_variables, reason = "only a browser has tabs"))]
    pub async fn lock(run: &Run, folder: &'static str) -> FolderLock {
        FolderLock {
            #[cfg(target_arch = "wasm32")]
            _lock: if run.is_in_browser() {
                tab_lock::TabLock::request(folder, tab_lock::IfTaken::Wait, || {}).await
            } else {
                None
            },
        }
    }

    /// Opens a folder of the browser's database. It is in memory, for as long as the page is open, if the browser stores
    /// nothing for the page, or does not respond within a few seconds.
    ///
    /// # Errors
    ///
    /// If it was opened before, but cannot be opened now.
    #[cfg(target_arch = "wasm32")]
    pub async fn open_database(folder: &'static str) -> Result<Self, StorageError> {
        opening::open_database(folder).await
    }

    /// Opens a folder of the browser's database, or one in memory if the database cannot be opened now.
    #[cfg(target_arch = "wasm32")]
    pub async fn open_database_or_memory(folder: &'static str) -> Self {
        match Self::open_database(folder).await {
            Ok(storage) => storage,
            Err(_) => Self::open_kind(StorageKind::Memory, folder).await.expect("memory is always available"),
        }
    }

    /// Opens a folder in one kind of storage only.
    ///
    /// # Errors
    ///
    /// If the browser does not have this kind of storage.
    #[cfg(target_arch = "wasm32")]
    pub async fn open_kind(kind: StorageKind, folder: &'static str) -> Result<Self, StorageError> {
        opening::open_kind(kind, folder).await
    }

    /// A folder that is stored by `backend`.
    #[must_use]
    pub fn new(backend: impl Backend + 'static) -> Self {
        Self { backend: Rc::new(backend), locks: WriteLocks::default() }
    }

    /// The kind of storage that its files are in.
    #[must_use]
    pub fn kind(&self) -> StorageKind {
        self.backend.kind()
    }

    /// The whole content of a file.
    ///
    /// # Errors
    ///
    /// If there is no such file, or it cannot be read.
    pub async fn read(&self, name: &str) -> Result<Vec<u8>, StorageError> {
        self.backend.read(&parse(name)?).await
    }

    /// Replaces the content of a file, or creates the file. Of two writes to the same name, the one that was polled
    /// first happens first.
    ///
    /// # Errors
    ///
    /// If nothing was written. The file is unchanged.
    pub async fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StorageError> {
        let guard = self.locks.acquire(parse(name)?).await;
        self.backend.write(guard, bytes, WriteMode::Replace).await
    }

    /// Appends to a file, or creates it.
    ///
    /// # Errors
    ///
    /// If nothing was appended. The file is unchanged.
    pub async fn append(&self, name: &str, bytes: &[u8]) -> Result<(), StorageError> {
        let guard = self.locks.acquire(parse(name)?).await;
        self.backend.write(guard, bytes, WriteMode::Append).await
    }

    /// Deletes a file.
    ///
    /// # Errors
    ///
    /// If there is no such file, or it cannot be deleted.
    pub async fn delete(&self, name: &str) -> Result<(), StorageError> {
        let guard = self.locks.acquire(parse(name)?).await;
        self.backend.delete(guard).await
    }

    /// Deletes every file of the folder, after the changes that were requested before.
    ///
    /// # Errors
    ///
    /// If a file cannot be deleted. The others are deleted.
    pub async fn delete_all(&self) -> Result<(), StorageError> {
        let found = self.backend.list().await?.into_iter().map(|(name, _)| name);
        let names: BTreeSet<_> = found.chain(self.locks.names()).collect();
        let deletions = names.into_iter().map(async |name| {
            let guard = self.locks.acquire(name).await;
            self.backend.delete(guard).await
        });
        let mut ends = join_all(deletions).await.into_iter();
        // Another caller may have deleted the file first.
        let failed = ends.find(|end| !matches!(end, Ok(()) | Err(StorageError::NotFound { .. })));
        failed.unwrap_or(Ok(()))
    }

    /// The stored files, sorted by name.
    ///
    /// # Errors
    ///
    /// If the folder cannot be read.
    pub async fn list(&self) -> Result<Vec<StoredFile>, StorageError> {
        let found = self.backend.list().await?;
        let finished = found.into_iter().filter_map(|(name, size)| Some(StoredFile { name, size_bytes: size? }));
        let mut list: Vec<_> = finished.collect();
        list.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(list)
    }

    /// The size of a file's content in bytes.
    ///
    /// # Errors
    ///
    /// If there is no such file, or it cannot be read.
    pub async fn size(&self, name: &str) -> Result<u64, StorageError> {
        self.backend.size(&parse(name)?).await
    }

    /// The estimate of used and available space, if the browser gives one.
    pub async fn estimate(&self) -> Option<StorageEstimate> {
        self.backend.estimate().await
    }
}

impl fmt::Debug for Storage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Storage").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

fn parse(name: &str) -> Result<FileName, StorageError> {
    FileName::parse(name).map_err(|why| StorageError::BadName { name: name.to_owned(), why })
}
