//! The files that an exercise can read: the site's own, and the reader's.
//!
//! On the page every read of a site's file is a real request. The ideal is computed on the virtual clock, where no
//! request can be sent. So files stay in memory once read, and reads that find nothing are noted in `missing`, so that
//! the caller can fetch them and try again.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use crate::endpoint::site_file::{self, SiteFileError};
use crate::storage::Source;

/// The files under `static/` that exercises read.
pub const FILES: [&str; 5] = [
    "data/digits.csv",
    "models/logistic-regression.safetensors",
    "models/mlp-16.safetensors",
    "models/mlp-64.safetensors",
    "models/mlp-64-32.safetensors",
];

/// A file that has been read: its path and its content.
type File = (&'static str, Rc<[u8]>);

/// The files under `static/`, and the files that the reader chose.
#[derive(Debug, Default)]
pub struct Site {
    base: Option<String>,
    files: RefCell<Vec<File>>,
    own: RefCell<Vec<Source>>,
    missing: RefCell<BTreeSet<&'static str>>,
}

impl Site {
    /// The files below this address, which ends with a slash and may be relative to the page.
    #[must_use]
    pub fn served_from(base: impl Into<String>) -> Self {
        Self { base: Some(base.into()), ..Self::default() }
    }

    /// Files in memory, each with its path. No request is ever sent.
    #[must_use]
    pub fn in_memory(files: impl IntoIterator<Item = File>) -> Self {
        Self { files: RefCell::new(files.into_iter().collect()), ..Self::default() }
    }

    /// A site with only the files read so far, for the virtual clock. It sends no requests and has none of the reader's
    /// own files.
    #[must_use]
    pub fn with_read_files_only(&self) -> Self {
        Self { files: self.files.clone(), ..Self::default() }
    }

    /// The requested files that are not in memory.
    #[must_use]
    pub fn missing(&self) -> BTreeSet<&'static str> {
        self.missing.borrow().clone()
    }

    /// Replaces the reader's own files.
    pub fn set_own_files(&self, own: Vec<Source>) {
        self.own.replace(own);
    }

    /// The reader's own files, in the order in which they were chosen.
    #[must_use]
    pub fn own_files(&self) -> Vec<Source> {
        self.own.borrow().clone()
    }

    /// Reads a file, by its path below `static/`.
    ///
    /// # Errors
    ///
    /// The cause, if the request fails.
    pub async fn read(&self, path: &'static str) -> Result<Rc<[u8]>, SiteFileError> {
        match &self.base {
            Some(base) => {
                let bytes: Rc<[u8]> = site_file::read(&format!("{base}{path}")).await?.into();
                let mut files = self.files.borrow_mut();
                files.retain(|(read, _)| *read != path);
                files.push((path, Rc::clone(&bytes)));
                Ok(bytes)
            }
            None => {
                let files = self.files.borrow();
                let found = files.iter().find(|(read, _)| *read == path).map(|(_, bytes)| Rc::clone(bytes));
                found.ok_or_else(|| {
                    self.missing.borrow_mut().insert(path);
                    SiteFileError::unreachable(path)
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[test]
    fn missing_lists_files_that_were_read_but_are_not_in_memory() {
        let site = Site::in_memory([("c", Rc::from([1_u8]))]);
        for (path, is_there) in [("c", true), ("b", false), ("a", false), ("b", false)] {
            assert_eq!(site.read(path).now_or_never().map(|read| read.is_ok()), Some(is_there), "{path}");
        }
        assert_eq!(site.missing().into_iter().collect::<Vec<_>>(), ["a", "b"]);
    }
}
