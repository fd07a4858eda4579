//! The files that a lesson finds: the site's own, and those of the reader.
//!
//! On the page every read of the site is a real request. What has been read once can be had again without waiting, for
//! the run on the virtual clock that gives the ideal.

use std::cell::RefCell;
use std::rc::Rc;

use crate::endpoint::site_file::{self, SiteFileError};
use crate::storage::Source;

/// A file that has been read: its path and its content.
type File = (&'static str, Rc<[u8]>);

/// The files under `static/`, and what the reader chose.
#[derive(Debug)]
pub struct Site {
    base: Option<String>,
    files: RefCell<Vec<File>>,
    own: RefCell<Vec<Source>>,
}

impl Site {
    /// The files that a web server has under this address, which ends with a slash and may be relative to the page.
    #[must_use]
    pub fn served_from(base: impl Into<String>) -> Self {
        Self { base: Some(base.into()), files: RefCell::default(), own: RefCell::default() }
    }

    /// Files that are at hand, each with its path. Nothing is ever asked for.
    #[must_use]
    pub fn in_memory(files: impl IntoIterator<Item = File>) -> Self {
        Self { base: None, files: RefCell::new(files.into_iter().collect()), own: RefCell::default() }
    }

    /// What has been read from this one so far, at hand.
    #[must_use]
    pub fn already_read(&self) -> Self {
        Self { base: None, files: self.files.clone(), own: RefCell::default() }
    }

    /// Puts files of the reader's own in the place of those that were chosen before.
    pub fn set_own_files(&self, own: Vec<Source>) {
        self.own.replace(own);
    }

    /// The files of the reader's own, in the order in which they were chosen.
    #[must_use]
    pub fn own_files(&self) -> Vec<Source> {
        self.own.borrow().clone()
    }

    /// Reads a file, by its path below `static/`.
    ///
    /// # Errors
    ///
    /// What the request came to, by cause.
    pub async fn read(&self, path: &'static str) -> Result<Rc<[u8]>, SiteFileError> {
        match &self.base {
            Some(base) => {
                let bytes: Rc<[u8]> = site_file::read(&format!("{base}{path}")).await?.into();
                let mut files = self.files.borrow_mut();
                files.retain(|(known, _)| *known != path);
                files.push((path, Rc::clone(&bytes)));
                Ok(bytes)
            }
            None => {
                let files = self.files.borrow();
                let found = files.iter().find(|(known, _)| *known == path).map(|(_, bytes)| Rc::clone(bytes));
                found.ok_or_else(|| SiteFileError::unreachable(path))
            }
        }
    }
}
