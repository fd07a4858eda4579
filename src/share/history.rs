//! Finished runs, kept across visits in a folder of the browser's storage.
//!
//! A run is up to three files of one name: `ID.run` is the run as it is exported, `ID.link` the link to its settings, and
//! `ID.pin` says that it is pinned, with what was measured of it and runs alike. So the list needs no run to be read, two
//! tabs at once do not write over each other's, and what is left of a write that was cut short is a run without its link.
//!
//! They are in the browser's database, apart from the folder of files that belongs to the lesson about files.

use std::fmt;

use crate::share::saved::SavedRun;
use crate::storage::{Storage, StorageError, StorageKind};

/// So many runs are kept.
pub const MAX_RUNS: usize = 200;

/// How a run is called: when it ended, which exercise, how long it took.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RunId {
    /// When it ended, in milliseconds since 1970.
    pub finished_at_ms: u64,
    /// How long it took, in microseconds.
    pub wall_us: u64,
    /// The exercise.
    pub slug: String,
}

impl RunId {
    /// The name of a run.
    #[must_use]
    pub fn from_run(run: &SavedRun) -> Self {
        let slug = run.exercise.slug.to_owned();
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

/// The name of its files. Names in the order of the alphabet are in the order of time, for some centuries.
impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:013}-{}-{}", self.finished_at_ms, self.wall_us, self.slug)
    }
}

/// A run that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// How it is called.
    pub id: RunId,
    /// How large it is.
    pub size_bytes: u64,
    /// Whether it stays when older runs have to go, and lies under the next runs of its exercise.
    pub is_pinned: bool,
}

/// Why a run is not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SaveError {
    /// Nothing may go.
    #[error("all {MAX_RUNS} runs that are kept are pinned")]
    AllPinned,
    /// The storage does not take it, though nothing is left that may go.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl SaveError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::AllPinned => "Unpin or delete some of them, then run again.",
            Self::Storage(error) => error.advice(),
        }
    }
}

/// The runs that are kept. Clones are handles to the same ones.
#[derive(Clone, Debug)]
pub struct History {
    storage: Storage,
}

impl History {
    /// Those in this folder, which holds nothing else.
    #[must_use]
    pub fn over(storage: Storage) -> Self {
        Self { storage }
    }

    /// Those of this browser; in memory where it keeps nothing for the page.
    #[cfg(target_arch = "wasm32")]
    pub async fn open() -> Self {
        const FOLDER: &str = "runs";
        match Storage::open_kind(StorageKind::IndexedDb, FOLDER).await {
            Ok(storage) => Self::over(storage),
            Err(_) => {
                Self::over(Storage::open_kind(StorageKind::Memory, FOLDER).await.expect("memory is always there"))
            }
        }
    }

    /// Whether they are still there after the page is left.
    #[must_use]
    pub fn lasts(&self) -> bool {
        self.storage.kind() != StorageKind::Memory
    }

    /// Saves a run and returns the number of older runs that were deleted to make room: while there are [`MAX_RUNS`] or
    /// the storage is full, the oldest unpinned run is deleted.
    ///
    /// # Errors
    ///
    /// Why it is not kept. What was pinned is still there.
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
                Err(StorageError::Full { .. }) if self.delete_oldest_but(id).await? => deleted += 1,
                Err(error) => {
                    // Half of a run is none.
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

    /// All runs that are kept, the newest first.
    ///
    /// # Errors
    ///
    /// Why the storage cannot be looked into.
    pub async fn list(&self) -> Result<Vec<HistoryEntry>, StorageError> {
        let files = self.storage.list().await?;
        let is_there = |name: &str| files.binary_search_by(|file| file.name.as_str().cmp(name)).is_ok();
        let kept = files.iter().filter_map(|file| {
            let id = RunId::parse(file.name.as_str().strip_suffix(".run")?)?;
            Some(HistoryEntry { is_pinned: is_there(&id.file("pin")), size_bytes: file.size_bytes, id })
        });
        let mut kept: Vec<_> = kept.collect();
        kept.sort_by(|a, b| b.id.cmp(&a.id));
        Ok(kept)
    }

    /// The run as it was exported.
    ///
    /// # Errors
    ///
    /// Why it cannot be read: another tab may have deleted it.
    pub async fn read(&self, id: &RunId) -> Result<Vec<u8>, StorageError> {
        self.storage.read(&id.file("run")).await
    }

    /// The link to its settings. A run whose link was never written leads to its exercise.
    pub async fn link(&self, id: &RunId) -> String {
        let link = self.storage.read(&id.file("link")).await.ok().and_then(|bytes| String::from_utf8(bytes).ok());
        link.unwrap_or_else(|| format!("#/{}", id.slug))
    }

    /// Pins a run, with what was measured of it.
    ///
    /// # Errors
    ///
    /// Why it is as it was: it may not be kept.
    pub async fn pin(&self, id: &RunId, measured: &[u8]) -> Result<(), StorageError> {
        self.storage.size(&id.file("run")).await?;
        self.storage.write(&id.file("pin"), measured).await
    }

    /// Lets a run go that was pinned.
    ///
    /// # Errors
    ///
    /// Why it is as it was.
    pub async fn unpin(&self, id: &RunId) -> Result<(), StorageError> {
        unless_gone(self.storage.delete(&id.file("pin")).await)
    }

    /// The newest run of an exercise that is pinned, with what was measured of it.
    pub async fn pinned(&self, slug: &str) -> Option<(RunId, Vec<u8>)> {
        let kept = self.list().await.ok()?;
        let newest = kept.into_iter().find(|it| it.is_pinned && it.id.slug == slug)?.id;
        let measured = self.storage.read(&newest.file("pin")).await.ok()?;
        Some((newest, measured))
    }

    /// Deletes a run.
    ///
    /// # Errors
    ///
    /// Why it is still there.
    pub async fn delete(&self, id: &RunId) -> Result<(), StorageError> {
        for kind in ["run", "link", "pin"] {
            unless_gone(self.storage.delete(&id.file(kind)).await)?;
        }
        Ok(())
    }

    /// Deletes all runs, those that are pinned, too.
    ///
    /// # Errors
    ///
    /// Why some are still there.
    pub async fn delete_all(&self) -> Result<(), StorageError> {
        self.storage.delete_all().await
    }

    /// Deletes the oldest run that is not pinned. False when there is none.
    async fn delete_oldest(&self) -> Result<bool, StorageError> {
        self.delete_last(|_| true).await
    }

    async fn delete_oldest_but(&self, id: &RunId) -> Result<bool, StorageError> {
        self.delete_last(|kept| kept != id).await
    }

    async fn delete_last(&self, may_go: impl Fn(&RunId) -> bool) -> Result<bool, StorageError> {
        let kept = self.list().await?;
        let Some(oldest) = kept.iter().rev().find(|it| !it.is_pinned && may_go(&it.id)) else { return Ok(false) };
        self.delete(&oldest.id).await?;
        Ok(true)
    }
}

/// What somebody else has deleted already is gone, which is what was wanted.
fn unless_gone(end: Result<(), StorageError>) -> Result<(), StorageError> {
    match end {
        Err(StorageError::NotFound { .. }) => Ok(()),
        end => end,
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

    async fn numbers(history: &History) -> Vec<u64> {
        history.list().await.expect("memory can be read").iter().map(|kept| kept.id.wall_us).collect()
    }

    #[test]
    fn a_run_is_found_again_with_its_link() {
        block_on(async {
            let history = empty();
            save(&history, 1).await.expect("there is room");
            save(&history, 2).await.expect("there is room");
            assert_eq!(numbers(&history).await, [2, 1], "the newest first");
            assert_eq!(history.read(&id(1)).await, Ok(vec![b'x'; 100]));
            assert_eq!(history.link(&id(2)).await, "#/async-basics?seed=2");
            assert_eq!(history.link(&id(3)).await, "#/async-basics");
            assert_eq!(history.delete(&id(1)).await, Ok(()));
            assert_eq!(history.delete(&id(1)).await, Ok(()), "what is gone is gone");
            assert_eq!(numbers(&history).await, [2]);
        });
    }

    #[test]
    fn the_newest_pinned_run_of_an_exercise_is_found_with_what_was_measured() {
        block_on(async {
            let history = empty();
            assert_eq!(history.pinned("async-basics").await, None);
            for n in 0..3 {
                save(&history, n).await.expect("there is room");
            }
            history.pin(&id(0), b"first").await.expect("it is kept");
            history.pin(&id(1), b"second").await.expect("it is kept");
            assert_eq!(history.pinned("async-basics").await, Some((id(1), b"second".to_vec())));
            assert_eq!(history.pinned("async-multiple").await, None);
            history.unpin(&id(1)).await.expect("it was pinned");
            assert_eq!(history.pinned("async-basics").await, Some((id(0), b"first".to_vec())));
            assert!(history.pin(&id(9), b"").await.is_err(), "it is not kept");
            history.delete(&id(0)).await.expect("it is kept");
            assert_eq!(history.pinned("async-basics").await, None);
        });
    }

    #[test]
    fn of_more_than_two_hundred_the_oldest_unpinned_go_first() {
        block_on(async {
            let history = empty();
            for n in 0..MAX_RUNS as u64 {
                assert_eq!(save(&history, n).await, Ok(0));
            }
            assert_eq!(numbers(&history).await.len(), MAX_RUNS);
            history.pin(&id(0), b"{}").await.expect("there is room");
            assert_eq!(save(&history, 1_000).await, Ok(1));
            let kept = history.list().await.expect("memory can be read");
            assert_eq!(kept.len(), MAX_RUNS);
            assert!(kept.iter().any(|kept| kept.id == id(0) && kept.is_pinned));
            assert!(!kept.iter().any(|kept| kept.id == id(1)));
        });
    }

    #[test]
    fn when_all_are_pinned_a_new_run_is_not_kept_and_none_goes() {
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
    fn when_the_storage_is_full_older_runs_make_room() {
        block_on(async {
            let history = History::over(Storage::new(InMemory::with_quota(500)));
            for n in 0..3 {
                assert_eq!(save(&history, n).await, Ok(0));
            }
            history.pin(&id(0), b"").await.expect("it takes nothing");
            assert_eq!(save(&history, 3).await, Ok(0));
            assert_eq!(save(&history, 4).await, Ok(1));
            assert_eq!(numbers(&history).await, [4, 3, 2, 0]);
            // One that is larger than all: whatever may go has gone, and nothing of it is left.
            let large = history.save(&id(9), &[b'x'; 1_000], "#/").await;
            assert!(matches!(large, Err(SaveError::Storage(StorageError::Full { .. }))), "{large:?}");
            assert_eq!(numbers(&history).await, [0], "what is pinned stays");
        });
    }

    #[test]
    fn files_of_another_kind_are_no_runs() {
        block_on(async {
            let storage = Storage::new(InMemory::default());
            for name in ["notes.txt", "1-2.run", "a-2-b.run", "-.run", "1-2-async-basics.link"] {
                storage.write(name, b"x").await.expect("there is room");
            }
            assert_eq!(numbers(&History::over(storage)).await, [0; 0]);
        });
    }
}
