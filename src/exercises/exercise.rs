//! [`Exercise`]: the form that every lesson fills in. Menu, links, controls, charts and tests are made from it.

use std::rc::Rc;

use futures::future::LocalBoxFuture;

use crate::exercises::controls::{Control, Settings};
use crate::exercises::site::Site;
use crate::measure::report::Report;
use crate::runtime::Run;

/// A lesson with all that the page needs to show and run it.
#[derive(Debug)]
pub struct Exercise {
    /// Its name in links: the guide's script name with hyphens.
    pub slug: &'static str,
    /// The part of the guide that it is from.
    pub part: u8,
    /// Its title.
    pub title: &'static str,
    /// Its name in the list, where there is little room.
    pub short_title: &'static str,
    /// What one learns from it, in one sentence.
    pub teaches: &'static str,
    /// What the reader can set.
    pub controls: &'static [Control],
    /// What is set side by side when it has run.
    pub comparisons: &'static [Comparison],
    /// The path of its source in the repository: the file that it is compiled from.
    pub rust: &'static str,
    /// The path of the same lesson in Python.
    pub python: &'static str,
    /// Runs it. Dropping the future stops it.
    pub run: fn(Run, Rc<Site>, Settings) -> Lesson,
}

/// A lesson as it runs: what it found, or why it could not run to its end.
pub type Lesson = LocalBoxFuture<'static, Result<Report, Failure>>;

/// Root tasks of a lesson that are set side by side. The first is the baseline.
#[derive(Debug)]
pub struct Comparison {
    /// What is compared, in a few words.
    pub title: &'static str,
    /// The switch without which it is not run.
    pub needs: Option<&'static str>,
    /// The names of the root tasks, each with its label.
    pub bars: &'static [Bar],
}

/// One bar of a comparison.
#[derive(Debug)]
pub struct Bar {
    /// The name of the root task.
    pub task: &'static str,
    /// Its label.
    pub label: &'static str,
}

/// Why a lesson could not run to its end, for the reader.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What happened.
    pub message: String,
    /// What to do.
    pub advice: &'static str,
}
