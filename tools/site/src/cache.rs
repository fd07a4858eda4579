//! Results that are used again as long as their input stays the same.
//!
//! An entry's key is the hash of everything that the result depends on, so an entry never becomes wrong. One that no build
//! has used for a week is deleted.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::error::SiteError;
use crate::files;

/// After this time without use an entry is deleted.
const UNUSED_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// A folder with one file for each result.
#[derive(Debug)]
pub struct Cache {
    folder: PathBuf,
}

impl Cache {
    /// Opens the cache in a folder, which is made if there is none.
    pub fn open(folder: &Path) -> Result<Self, SiteError> {
        fs::create_dir_all(folder).map_err(|source| SiteError::file(folder, source))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// The result for this key: the one in the cache, or else the one that `make` returns, which is then kept.
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
        // A build that is interrupted must leave no half entry, and two builds may run at the same time.
        let partial = self.folder.join(format!("{key}.{}", std::process::id()));
        files::write(&partial, &content)?;
        fs::rename(&partial, &path).map_err(|source| SiteError::file(&path, source))?;
        Ok(content)
    }

    /// Deletes what has not been used for a week.
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

/// An entry's time of modification is the time of its last use. If the system does not let us set it, the entry is only
/// made again sooner.
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
        assert_eq!(cache.get_or_make("a", || panic!("it is there")).unwrap(), b"first");
        assert_eq!(cache.get_or_make("b", || bytes("second")).unwrap(), b"second");
    }

    #[test]
    fn a_failure_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        assert!(cache.get_or_make("a", || Err(SiteError::NoTrunk)).is_err());
        assert_eq!(cache.get_or_make("a", || bytes("later")).unwrap(), b"later");
    }

    #[test]
    fn what_was_not_used_for_a_week_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::open(folder.path()).unwrap();
        let long_ago = SystemTime::now() - 2 * UNUSED_FOR;
        for key in ["unused", "used"] {
            cache.get_or_make(key, || bytes(key)).unwrap();
            File::options().write(true).open(folder.path().join(key)).unwrap().set_modified(long_ago).unwrap();
        }
        cache.get_or_make("used", || panic!("it is there")).unwrap();
        cache.remove_unused().unwrap();
        assert_eq!(files::all(folder.path()).unwrap(), ["used"]);
    }
}
