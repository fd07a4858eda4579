//! Files: the browser's private file system, and what stands in where there is none.
//!
//! - [`Storage`]: a folder of files, behind one small interface.
//! - [`backend`]: what keeps them: `opfs` (the private file system), `indexed_db`, or [`memory`].
//! - [`kind`]: which of these it is, told on the page.
//! - [`name`]: what a file may be called. There are no folders inside a folder.
//! - [`write_locks`]: changes of the same file one after the other.
//! - [`Source`]: a file that is read piece by piece, such as one that the reader chose.
//! - `folder_lock`: a folder for one tab at a time.
//! - `opening`: where a folder is stored in this browser, and who else has it open.
//! - `web`: what the browser's two storages have in common.
//!
//! Every write is whole: a reader sees the content before it or after it. Dropping the future of a write stops it, and
//! leaves the old content unless the new was already being put in its place.

pub mod backend;
#[cfg(target_arch = "wasm32")]
mod browser_file;
mod error;
#[cfg(target_arch = "wasm32")]
mod folder_lock;
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

/// A file that is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredFile {
    /// What it is called.
    pub name: FileName,
    /// How large its content is.
    pub size_bytes: u64,
}

/// A folder that other tabs leave to this one, as far as they ask for it. Dropping it lets the next one in.
#[derive(Debug)]
#[must_use = "dropping it lets the next one in"]
pub struct FolderLock {
    #[cfg(target_arch = "wasm32")]
    _held: Option<folder_lock::WebLock>,
}

/// How much a browser lets this site keep, all its folders and caches together. Browsers tell it roughly on purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StorageEstimate {
    /// How much there may be.
    pub quota_bytes: u64,
    /// How much of it is used.
    pub used_bytes: u64,
}

impl Storage {
    /// A folder, which is made if need be; its name must be a [`FileName`]. It is kept in the best way that the browser
    /// offers: see [`kind`](Self::kind). On a run's virtual clock it is in memory, empty, and its own.
    #[cfg_attr(not(target_arch = "wasm32"), expect(unused_variables, reason = "only a browser keeps folders"))]
    pub async fn open(run: &Run, folder: &'static str) -> Self {
        #[cfg(target_arch = "wasm32")]
        if run.is_in_browser() {
            return opening::open(run, folder).await;
        }
        Self::new(InMemory::default())
    }

    /// Waits until no other tab has the folder for itself. On a run's virtual clock, and where the browser has no locks,
    /// nobody waits.
    #[cfg_attr(not(target_arch = "wasm32"), expect(unused_variables, reason = "only a browser has tabs"))]
    pub async fn lock(run: &Run, folder: &'static str) -> FolderLock {
        FolderLock {
            #[cfg(target_arch = "wasm32")]
            _held: if run.is_in_browser() { folder_lock::acquire(folder).await } else { None },
        }
    }

    /// A folder that is kept in a certain way, or not at all.
    ///
    /// # Errors
    ///
    /// Why the browser does not offer that.
    #[cfg(target_arch = "wasm32")]
    pub async fn open_kind(kind: StorageKind, folder: &'static str) -> Result<Self, StorageError> {
        opening::open_kind(kind, folder).await
    }

    /// A folder that is kept by this.
    #[must_use]
    pub fn new(backend: impl Backend + 'static) -> Self {
        Self { backend: Rc::new(backend), locks: WriteLocks::default() }
    }

    /// Where its files are kept.
    #[must_use]
    pub fn kind(&self) -> StorageKind {
        self.backend.kind()
    }

    /// The whole content of a file.
    ///
    /// # Errors
    ///
    /// Why there is none, by cause.
    pub async fn read(&self, name: &str) -> Result<Vec<u8>, StorageError> {
        self.backend.read(&parse(name)?).await
    }

    /// Puts a content in the place of what a file held, or makes the file. Of two writes to the same name the one that
    /// was polled first happens first.
    ///
    /// # Errors
    ///
    /// Why the content is not there. The file is as it was before.
    pub async fn write(&self, name: &str, bytes: &[u8]) -> Result<(), StorageError> {
        let guard = self.locks.acquire(parse(name)?).await;
        self.backend.write(guard, bytes, WriteMode::Replace).await
    }

    /// Adds to the end of a file, or makes it.
    ///
    /// # Errors
    ///
    /// Why nothing was added. The file is as it was before.
    pub async fn append(&self, name: &str, bytes: &[u8]) -> Result<(), StorageError> {
        let guard = self.locks.acquire(parse(name)?).await;
        self.backend.write(guard, bytes, WriteMode::Append).await
    }

    /// Deletes a file.
    ///
    /// # Errors
    ///
    /// Why it is still there, or that it never was.
    pub async fn delete(&self, name: &str) -> Result<(), StorageError> {
        let guard = self.locks.acquire(parse(name)?).await;
        self.backend.delete(guard).await
    }

    /// Deletes every file of the folder. Changes that were asked for before come first.
    ///
    /// # Errors
    ///
    /// Why one of the files is still there; the others are gone.
    pub async fn delete_all(&self) -> Result<(), StorageError> {
        let found = self.backend.list().await?.into_iter().map(|(name, _)| name);
        let names: BTreeSet<_> = found.chain(self.locks.names()).collect();
        let deletions = names.into_iter().map(async |name| {
            let guard = self.locks.acquire(name).await;
            self.backend.delete(guard).await
        });
        let mut ends = join_all(deletions).await.into_iter();
        // Somebody else may have been quicker.
        let failed = ends.find(|end| !matches!(end, Ok(()) | Err(StorageError::NotFound { .. })));
        failed.unwrap_or(Ok(()))
    }

    /// What is stored, by name.
    ///
    /// # Errors
    ///
    /// Why the folder cannot be looked into.
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
    /// Why there is none, by cause.
    pub async fn size(&self, name: &str) -> Result<u64, StorageError> {
        self.backend.size(&parse(name)?).await
    }

    /// How much room there is, if the browser tells.
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
