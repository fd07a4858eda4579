//! Files in memory: for the virtual clock, for tests, and for browsers that store nothing for the page.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use crate::storage::backend::{Backend, BackendFuture, FolderEntry, WriteMode};
use crate::storage::{FileName, StorageError, StorageEstimate, StorageKind, WriteGuard};

/// A folder in memory. Clones are handles to the same one.
#[derive(Clone, Debug, Default)]
pub struct InMemory(Rc<MemoryFiles>);

#[derive(Debug, Default)]
struct MemoryFiles {
    files: RefCell<BTreeMap<FileName, Vec<u8>>>,
    quota_bytes: Option<u64>,
    is_cleared: Cell<bool>,
}

impl InMemory {
    /// A folder whose files may have at most `quota_bytes` in total, like the quota of a browser.
    #[must_use]
    pub fn with_quota(quota_bytes: u64) -> Self {
        Self(Rc::new(MemoryFiles { quota_bytes: Some(quota_bytes), ..MemoryFiles::default() }))
    }

    /// Removes the folder and its files, as happens when the user clears the site's data.
    pub fn clear(&self) {
        self.0.is_cleared.set(true);
        self.0.files.borrow_mut().clear();
    }

    fn read_file<T>(&self, name: &FileName, read: impl Fn(&Vec<u8>) -> T) -> Result<T, StorageError> {
        self.check()?;
        let files = self.0.files.borrow();
        files.get(name).map(read).ok_or_else(|| StorageError::NotFound { name: name.clone() })
    }

    fn put(&self, name: &FileName, bytes: &[u8], mode: WriteMode) -> Result<(), StorageError> {
        self.check()?;
        let mut files = self.0.files.borrow_mut();
        let used_bytes = used(&files);
        let old = files.get(name).map_or(&[][..], Vec::as_slice);
        let prefix = if mode == WriteMode::Append { old } else { &[] };
        let wanted_bytes = used_bytes - old.len() as u64 + (prefix.len() + bytes.len()) as u64;
        let full = || StorageError::Full { name: name.clone() };
        if self.0.quota_bytes.is_some_and(|quota_bytes| wanted_bytes > quota_bytes) {
            return Err(full());
        }
        let mut content = Vec::new();
        // If the page is out of memory, this must be an error, not a panic.
        content.try_reserve_exact(prefix.len() + bytes.len()).map_err(|_| full())?;
        content.extend_from_slice(prefix);
        content.extend_from_slice(bytes);
        files.insert(name.clone(), content);
        Ok(())
    }

    fn remove(&self, name: &FileName) -> Result<(), StorageError> {
        self.check()?;
        let found = self.0.files.borrow_mut().remove(name);
        found.map(drop).ok_or_else(|| StorageError::NotFound { name: name.clone() })
    }

    fn check(&self) -> Result<(), StorageError> {
        if self.0.is_cleared.get() { Err(StorageError::Cleared) } else { Ok(()) }
    }
}

fn used(files: &BTreeMap<FileName, Vec<u8>>) -> u64 {
    files.values().map(|content| content.len() as u64).sum()
}

impl Backend for InMemory {
    fn kind(&self) -> StorageKind {
        StorageKind::Memory
    }

    fn read<'a>(&'a self, name: &'a FileName) -> BackendFuture<'a, Vec<u8>> {
        async { self.read_file(name, Vec::clone) }.boxed_local()
    }

    fn write<'a>(&'a self, guard: WriteGuard, bytes: &'a [u8], mode: WriteMode) -> BackendFuture<'a, ()> {
        async move { self.put(guard.name(), bytes, mode) }.boxed_local()
    }

    fn delete(&self, guard: WriteGuard) -> BackendFuture<'_, ()> {
        async move { self.remove(guard.name()) }.boxed_local()
    }

    fn size<'a>(&'a self, name: &'a FileName) -> BackendFuture<'a, u64> {
        async { self.read_file(name, |content| content.len() as u64) }.boxed_local()
    }

    fn list(&self) -> BackendFuture<'_, Vec<FolderEntry>> {
        async {
            self.check()?;
            let files = self.0.files.borrow();
            Ok(files.iter().map(|(name, content)| (name.clone(), Some(content.len() as u64))).collect())
        }
        .boxed_local()
    }

    fn estimate(&self) -> LocalBoxFuture<'_, Option<StorageEstimate>> {
        async {
            let quota_bytes = self.0.quota_bytes?;
            Some(StorageEstimate { quota_bytes, used_bytes: used(&self.0.files.borrow()) })
        }
        .boxed_local()
    }
}
