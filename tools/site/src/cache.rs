//! A cache of results, which are used again as long as their input stays the same.
//!
//! An entry's key is the hash of everything that the result depends on, so an entry never becomes invalid. An entry
//! that no build has used for a week is deleted.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::SiteError;
use crate::files;

/// An entry is deleted after this time without use.
const UNUSED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A folder with one file for each result.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Opens the cache in a folder. Creates the folder if there is none.
    pub fn open(folder: &Path) -> Result<Self, SiteError> {
        fs::create_dir_all(folder).map_err(|source| SiteError::file(folder, source))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The result for this key: the one in the cache, otherwise the one that `make` returns, which is added to the
    /// cache.
    pub fn get_or_make(
        &self,
        key: &str,
        make: impl FnOnce() -> Result<Vec<u8>, SiteError>,
    ) -> Result<Vec<u8>, SiteError> {
        let path = self.folder.join(key);
        if let Ok(content) = fs::read(&path) {
            mark_as_used(&path);
            return Ok(content);
        }
        let content = make()?;
        // An interrupted build must not leave an incomplete entry, and two builds may run at the same time.
        let partial = self.folder.join(format!("{key}.{}", std::process::id()));
        files::write(&partial, &content)?;
        fs::rename(&partial, &path).map_err(|source| SiteError::file(&path, source))?;
        Ok(content)
    }

    /// Deletes the entries that have not been used for a week.
    pub fn remove_unused(&self) -> Result<(), SiteError> {
        let Some(oldest) = SystemTime::now().checked_sub(UNUSED_FOR) else { return Ok(()) };
        for entry in files::entries(&self.folder)? {
            let used = fs::metadata(&entry).and_then(|it| it.modified()).map_err(|it| SiteError::file(&entry, it))?;
            if used < oldest {
                files::remove(&entry)?;
            }
        }
        Ok(())
    }
}

/// Sets an entry's modification time, which is the time of its last use. If the system does not allow that, the entry
/// is only deleted sooner.
fn mark_as_used(path: &Path) {
    let _ = File::options().write(true).open(path).and_then(|file| file.set_modified(SystemTime::now()));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &str) -> Result<Vec<u8>, SiteError> {
        Ok(text.as_bytes().to_vec())
    }

    #[test]
    fn a_result_is_made_once_for_each_key() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        assert_eq!(cache.get_or_make("a", || bytes("first")).unwrap(), b"first");
        assert_eq!(cache.get_or_make("a", || panic!("it is cached")).unwrap(), b"first");
        assert_eq!(cache.get_or_make("b", || bytes("second")).unwrap(), b"second");
    }

    #[test]
    fn a_failure_is_not_cached() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        assert!(cache.get_or_make("a", || Err(SiteError::NoTrunk)).is_err());
        assert_eq!(cache.get_or_make("a", || bytes("later")).unwrap(), b"later");
    }

    #[test]
    fn entries_that_were_not_used_for_a_week_are_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let long_ago = SystemTime::now() - 2 * UNUSED_FOR;
        for key in ["unused", "used"] {
            cache.get_or_make(key, || bytes(key)).unwrap();
            File::options().write(true).open(folder.path().join(key)).unwrap().set_modified(long_ago).unwrap();
        }
        cache.get_or_make("used", || panic!("it is cached")).unwrap();
        cache.remove_unused().unwrap();
        assert_eq!(files::all(folder.path()).unwrap(), ["used"]);
    }
}
