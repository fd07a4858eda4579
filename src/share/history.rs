//! Finished runs, saved across visits in a folder of the browser's storage.
//!
//! A run has up to three files with the same name: `ID.run` is the exported run, `ID.link` the link to its settings,
//! and `ID.pin` exists if the run is pinned, with the quantities measured in it and in its repeats. So the list can be
//! made without reading runs, two tabs do not overwrite each other's runs, and an interrupted write leaves at worst a
//! run without a link.
//!
//! The files are in the browser's database, separate from the files of the exercise on file I/O.

use std::fmt;

use crate::share::saved::SavedRun;
use crate::storage::{Storage, StorageError, StorageKind};

/// The largest number of saved runs.
pub const MAX_RUNS: usize = 200;

/// The identity of a run: the time of its end, its duration and its exercise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId {
    /// The time of its end, in milliseconds since 1970.
    pub finished_at_ms: u64,
    /// Its duration, in microseconds.
    pub wall_us: u64,
    /// The slug of its exercise.
    pub slug: String,
}

impl RunId {
    /// The identity of this run.
    #[must_use]
    pub fn from_run(run: &SavedRun) -> Self {
        let slug = run.experiment.exercise().slug.to_owned();
        Self { finished_at_ms: run.finished_at_ms, wall_us: run.ending.at_us(), slug }
    }

    fn parse(stem: &str) -> Option<Self> {
        let mut parts = stem.splitn(3, '-');
        let mut number = || parts.next()?.parse().ok();
        let (finished_at_ms, wall_us) = (number()?, number()?);
        Some(Self { finished_at_ms, wall_us, slug: parts.next()?.to_owned() })
    }

    fn file(&self, kind: &str) -> String {
        format!("{self}.{kind}")
    }
}

/// The name of its files. For a few centuries, the alphabetical order of names is the chronological order.
impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:013}-{}-{}", self.finished_at_ms, self.wall_us, self.slug)
    }
}

/// A saved run in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Its identity.
    pub id: RunId,
    /// The size of its file.
    pub size_bytes: u64,
    /// True if it is pinned: it is not deleted to make room, and it is the baseline of later runs of its exercise.
    pub is_pinned: bool,
}

/// The reason a run could not be saved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaveError {
    /// No run can be deleted to make room.
    #[error("all {MAX_RUNS} saved runs are pinned")]
    AllPinned,
    /// The storage failed, or is still full after all unpinned runs were deleted.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl SaveError {
    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::AllPinned => "Unpin or delete some of them, then run again.",
            Self::Storage(error) => error.advice(),
        }
    }
}

/// The saved runs. Clones share them.
#[derive(Clone, Debug)]
pub struct History {
    storage: Storage,
}

impl History {
    /// The runs in this folder, which contains nothing else.
    #[must_use]
    pub fn over(storage: Storage) -> Self {
        Self { storage }
    }

    /// The runs in this browser. They are in memory if it does not store anything for the page.
    ///
    /// # Errors
    ///
    /// If the database was opened before, but cannot be opened now.
    #[cfg(target_arch = "wasm32")]
    pub async fn open() -> Result<Self, StorageError> {
        Storage::open_database("runs").await.map(Self::over)
    }

    /// True if the runs are still there on the next visit.
    #[must_use]
    pub fn is_persistent(&self) -> bool {
        self.storage.kind() != StorageKind::Memory
    }

    /// Saves a run, and returns the number of older runs that were deleted to make room. While there are [`MAX_RUNS`]
    /// runs or the storage is full, the oldest unpinned run is deleted.
    ///
    /// # Errors
    ///
    /// The reason it is not saved. Pinned runs are not affected.
    pub async fn save(&self, id: &RunId, run: &[u8], link: &str) -> Result<usize, SaveError> {
        let mut deleted = 0;
        while self.list().await?.len() >= MAX_RUNS {
            if !self.delete_oldest().await? {
                return Err(SaveError::AllPinned);
            }
            deleted += 1;
        }
        loop {
            match self.write(id, run, link).await {
                Err(StorageError::Full { .. }) if self.delete_oldest_except(id).await? => deleted += 1,
                Err(error) => {
                    // Deletes what has been written. If that fails too, the first error is the one to report.
                    let _ = self.delete(id).await;
                    return Err(error.into());
                }
                Ok(()) => return Ok(deleted),
            }
        }
    }

    async fn write(&self, id: &RunId, run: &[u8], link: &str) -> Result<(), StorageError> {
        self.storage.write(&id.file("run"), run).await?;
        self.storage.write(&id.file("link"), link.as_bytes()).await
    }

    /// All saved runs, the newest first.
    ///
    /// # Errors
    ///
    /// The reason the storage cannot be listed.
    pub async fn list(&self) -> Result<Vec<HistoryEntry>, StorageError> {
        let files = self.storage.list().await?;
        let exists = |name: &str| files.binary_search_by(|file| file.name.as_str().cmp(name)).is_ok();
        let entries = files.iter().filter_map(|file| {
            let id = RunId::parse(file.name.as_str().strip_suffix(".run")?)?;
            Some(HistoryEntry { is_pinned: exists(&id.file("pin")), size_bytes: file.size_bytes, id })
        });
        let mut entries: Vec<_> = entries.collect();
        entries.sort_by(|a, b| b.id.cmp(&a.id));
        Ok(entries)
    }

    /// The exported run.
    ///
    /// # Errors
    ///
    /// The reason it cannot be read: for example, another tab has deleted it.
    pub async fn read(&self, id: &RunId) -> Result<Vec<u8>, StorageError> {
        self.storage.read(&id.file("run")).await
    }

    /// The link to its settings. If the link was never written, it is the link to the exercise.
    pub async fn link(&self, id: &RunId) -> String {
        let link = self.storage.read(&id.file("link")).await.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        link.unwrap_or_else(|| format!("#/{}", id.slug))
    }

    /// Pins a run, with the quantities measured in it.
    ///
    /// # Errors
    ///
    /// The reason it is not pinned: for example, the run is not saved.
    pub async fn pin(&self, id: &RunId, measured: &[u8]) -> Result<(), StorageError> {
        self.storage.size(&id.file("run")).await?;
        self.storage.write(&id.file("pin"), measured).await
    }

    /// Unpins a run.
    ///
    /// # Errors
    ///
    /// The reason it is still pinned.
    pub async fn unpin(&self, id: &RunId) -> Result<(), StorageError> {
        ignore_not_found(self.storage.delete(&id.file("pin")).await)
    }

    /// The newest pinned run of an exercise, with the quantities measured in it.
    pub async fn pinned(&self, slug: &str) -> Option<(RunId, Vec<u8>)> {
        let entries = self.list().await.ok()?;
        let newest = entries.into_iter().find(|it| it.is_pinned && it.id.slug == slug)?.id;
        let measured = self.storage.read(&newest.file("pin")).await.ok()?;
        Some((newest, measured))
    }

    /// The newest run of an exercise, as it was exported, if it is at most this large.
    pub async fn newest(&self, slug: &str, most_bytes: u64) -> Option<Vec<u8>> {
        let newest = self.list().await.ok()?.into_iter().find(|it| it.id.slug == slug)?;
        if newest.size_bytes > most_bytes {
            return None;
        }
        self.read(&newest.id).await.ok()
    }

    /// Deletes a run.
    ///
    /// # Errors
    ///
    /// The reason it was not deleted.
    pub async fn delete(&self, id: &RunId) -> Result<(), StorageError> {
        for kind in ["run", "link", "pin"] {
            ignore_not_found(self.storage.delete(&id.file(kind)).await)?;
        }
        Ok(())
    }

    /// Deletes all runs, including pinned ones.
    ///
    /// # Errors
    ///
    /// The reason some were not deleted.
    pub async fn delete_all(&self) -> Result<(), StorageError> {
        self.storage.delete_all().await
    }

    /// Deletes the oldest unpinned run. Returns false if there is none.
    async fn delete_oldest(&self) -> Result<bool, StorageError> {
        self.delete_oldest_if(|_| true).await
    }

    async fn delete_oldest_except(&self, id: &RunId) -> Result<bool, StorageError> {
        self.delete_oldest_if(|saved| saved != id).await
    }

    async fn delete_oldest_if(&self, can_delete: impl Fn(&RunId) -> bool) -> Result<bool, StorageError> {
        let entries = self.list().await?;
        let oldest = entries.iter().rev().find(|it| !it.is_pinned && can_delete(&it.id));
        let Some(oldest) = oldest else { return Ok(false) };
        self.delete(&oldest.id).await?;
        Ok(true)
    }
}

/// A file that is already deleted, perhaps by another tab, counts as success.
fn ignore_not_found(result: Result<(), StorageError>) -> Result<(), StorageError> {
    match result {
        Err(StorageError::NotFound { .. }) => Ok(()),
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::{Run, virtual_time};
    use crate::storage::InMemory;

    fn block_on(future: impl Future<Output = ()>) {
        virtual_time::block_on(&Run::on_virtual_clock(7), future).expect("memory answers at once");
    }

    fn id(n: u64) -> RunId {
        RunId { finished_at_ms: 1_700_000_000_000 + n, wall_us: n, slug: "async-basics".to_owned() }
    }

    fn empty() -> History {
        History::over(Storage::new(InMemory::default()))
    }

    async fn save(history: &History, n: u64) -> Result<usize, SaveError> {
        history.save(&id(n), &[b'x'; 100], &format!("#/async-basics?seed={n}")).await
    }

    #[test]
    fn the_newest_run_of_an_exercise_is_found_if_it_is_small() {
        block_on(async {
            let history = empty();
            assert_eq!(history.newest("async-basics", 1_000).await, None);
            for (n, slug, size) in [(1, "async-basics", 10), (2, "async-basics", 20), (3, "advanced", 30)] {
                let id = RunId { slug: slug.to_owned(), ..id(n) };
                history.save(&id, &vec![b'x'; size], "#/").await.expect("there is room");
            }
            assert_eq!(history.newest("async-basics", 1_000).await, Some(vec![b'x'; 20]));
            assert_eq!(
                history.newest("async-basics", 19).await,
                None,
                "it is too large, and the older one is not asked for"
            );
            assert_eq!(history.newest("common-issues", 1_000).await, None);
        });
    }

    async fn numbers(history: &History) -> Vec<u64> {
        history.list().await.expect("memory can be read").iter().map(|entry| entry.id.wall_us).collect()
    }

    #[test]
    fn a_saved_run_can_be_read_with_its_link() {
        block_on(async {
            let history = empty();
            save(&history, 1).await.expect("there is room");
            save(&history, 2).await.expect("there is room");
            assert_eq!(numbers(&history).await, [2, 1], "the newest first");
            assert_eq!(history.read(&id(1)).await, Ok(vec![b'x'; 100]));
            assert_eq!(history.link(&id(2)).await, "#/async-basics?seed=2");
            assert_eq!(history.link(&id(3)).await, "#/async-basics");
            assert_eq!(history.delete(&id(1)).await, Ok(()));
            assert_eq!(history.delete(&id(1)).await, Ok(()), "deleting it again is no error");
            assert_eq!(numbers(&history).await, [2]);
        });
    }

    #[test]
    fn the_newest_pinned_run_of_an_exercise_is_found_with_its_quantities() {
        block_on(async {
            let history = empty();
            assert_eq!(history.pinned("async-basics").await, None);
            for n in 0..3 {
                save(&history, n).await.expect("there is room");
            }
            history.pin(&id(0), b"first").await.expect("it is saved");
            history.pin(&id(1), b"second").await.expect("it is saved");
            assert_eq!(history.pinned("async-basics").await, Some((id(1), b"second".to_vec())));
            assert_eq!(history.pinned("async-multiple").await, None);
            history.unpin(&id(1)).await.expect("it was pinned");
            assert_eq!(history.pinned("async-basics").await, Some((id(0), b"first".to_vec())));
            assert!(history.pin(&id(9), b"").await.is_err(), "it is not saved");
            history.delete(&id(0)).await.expect("it is saved");
            assert_eq!(history.pinned("async-basics").await, None);
        });
    }

    #[test]
    fn over_the_limit_the_oldest_unpinned_runs_are_deleted() {
        block_on(async {
            let history = empty();
            for n in 0..MAX_RUNS as u64 {
                assert_eq!(save(&history, n).await, Ok(0));
            }
            assert_eq!(numbers(&history).await.len(), MAX_RUNS);
            history.pin(&id(0), b"{}").await.expect("there is room");
            assert_eq!(save(&history, 1_000).await, Ok(1));
            let entries = history.list().await.expect("memory can be read");
            assert_eq!(entries.len(), MAX_RUNS);
            assert!(entries.iter().any(|entry| entry.id == id(0) && entry.is_pinned));
            assert!(!entries.iter().any(|entry| entry.id == id(1)));
        });
    }

    #[test]
    fn when_all_runs_are_pinned_a_new_run_is_not_saved() {
        block_on(async {
            let history = empty();
            for n in 0..MAX_RUNS as u64 {
                save(&history, n).await.expect("there is room");
                history.pin(&id(n), b"{}").await.expect("there is room");
            }
            assert_eq!(save(&history, 1_000).await, Err(SaveError::AllPinned));
            assert_eq!(numbers(&history).await.len(), MAX_RUNS);
            history.unpin(&id(7)).await.expect("it was pinned");
            assert_eq!(save(&history, 1_000).await, Ok(1));
        });
    }

    #[test]
    fn when_the_storage_is_full_older_runs_are_deleted() {
        block_on(async {
            let history = History::over(Storage::new(InMemory::with_quota(500)));
            for n in 0..3 {
                assert_eq!(save(&history, n).await, Ok(0));
            }
            history.pin(&id(0), b"").await.expect("it needs no space");
            assert_eq!(save(&history, 3).await, Ok(0));
            assert_eq!(save(&history, 4).await, Ok(1));
            assert_eq!(numbers(&history).await, [4, 3, 2, 0]);
            // A run that is larger than the storage: all unpinned runs were deleted, and no part of it is left.
            let large = history.save(&id(9), &[b'x'; 1_000], "#/").await;
            assert!(matches!(large, Err(SaveError::Storage(StorageError::Full { .. }))), "{large:?}");
            assert_eq!(numbers(&history).await, [0], "the pinned run is still there");
        });
    }

    #[test]
    fn other_files_are_not_listed_as_runs() {
        block_on(async {
            let storage = Storage::new(InMemory::default());
            for name in ["notes.txt", "1-2.run", "a-2-b.run", "-.run", "1-2-async-basics.link"] {
                storage.write(name, b"x").await.expect("there is room");
            }
            assert_eq!(numbers(&History::over(storage)).await, [0; 0]);
        });
    }
}
