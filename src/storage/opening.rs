//! Opening folders in a browser: a folder is always opened in the same storage, and all its users share its write
//! locks.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use crate::runtime::Run;
use crate::storage::indexed_db::IndexedDb;
use crate::storage::opfs::Opfs;
use crate::storage::{FileName, InMemory, Storage, StorageError, StorageKind, WriteLocks};

/// The time limit for opening a storage. One that takes longer does not respond later either.
const OPENS_WITHIN: Duration = Duration::from_secs(5);

/// The time limit for opening the database of what the page saves by itself. It is shorter, because nobody waits for a run.
const DATABASE_OPENS_WITHIN: Duration = Duration::from_secs(3);

thread_local! {
    /// The write locks of each folder that was opened, and its files if they are in memory.
    static OPENED: RefCell<Opened> = RefCell::default();
    /// The kind of storage of each folder, once it is known: a folder must not move while the page is open.
    static KINDS: RefCell<BTreeMap<&'static str, StorageKind>> = RefCell::default();
}

type Opened = BTreeMap<(StorageKind, &'static str), (WriteLocks, InMemory)>;

/// Opens a folder in the same storage as before, or else in the best storage that the browser has.
pub(super) async fn open(run: &Run, folder: &'static str) -> Storage {
    let known = KINDS.with_borrow(|kinds| kinds.get(folder).copied());
    for kind in known.into_iter().chain([StorageKind::PrivateFileSystem, StorageKind::IndexedDb]) {
        if let Ok(Ok(storage)) = run.timeout(OPENS_WITHIN, open_kind(kind, folder)).await {
            KINDS.with_borrow_mut(|kinds| kinds.insert(folder, kind));
            return storage;
        }
    }
    in_memory(folder)
}

/// Opens a folder in the database. It is in memory if the browser stores nothing for the page, or does not respond in time at
/// the first call. An error later: the folder must not move.
pub(super) async fn open_database(folder: &'static str) -> Result<Storage, StorageError> {
    let known = KINDS.with_borrow(|kinds| kinds.get(folder).copied());
    let opened = match known {
        Some(StorageKind::Memory) => return Ok(in_memory(folder)),
        _ => Run::for_page().timeout(DATABASE_OPENS_WITHIN, open_kind(StorageKind::IndexedDb, folder)).await,
    };
    let (kind, storage) = match (opened, known) {
        (Ok(Ok(storage)), _) => (StorageKind::IndexedDb, storage),
        (Ok(Err(error)), Some(_)) => return Err(error),
        (Err(_), Some(_)) => return Err(StorageError::NoResponse),
        (_, None) => (StorageKind::Memory, in_memory(folder)),
    };
    KINDS.with_borrow_mut(|kinds| kinds.insert(folder, kind));
    Ok(storage)
}

pub(super) async fn open_kind(kind: StorageKind, folder: &'static str) -> Result<Storage, StorageError> {
    debug_assert!(FileName::parse(folder).is_ok(), "`{folder}` must be a file name");
    let storage = match kind {
        StorageKind::PrivateFileSystem => Storage::new(Opfs::open(folder).await?),
        StorageKind::IndexedDb => Storage::new(IndexedDb::open(folder).await?),
        StorageKind::Memory => return Ok(in_memory(folder)),
    };
    Ok(Storage { locks: opened(kind, folder).0, ..storage })
}

fn in_memory(folder: &'static str) -> Storage {
    let (locks, memory) = opened(StorageKind::Memory, folder);
    Storage { locks, ..Storage::new(memory) }
}

fn opened(kind: StorageKind, folder: &'static str) -> (WriteLocks, InMemory) {
    OPENED.with_borrow_mut(|opened| opened.entry((kind, folder)).or_default().clone())
}
