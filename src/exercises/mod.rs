//! The lessons: one file for each script of the guide, and the catalogue that lists them.
//!
//! To add one, write its file after the pattern of [`async_basics`] (the lesson's functions first, its entry last) and
//! add one line to [`catalogue`].

/// What every lesson needs, so that its first lines are about the lesson.
mod prelude {
    pub(super) use crate::endpoint::FetchError;
    pub(super) use crate::exercises::controls::{Control, Kind, Settings};
    pub(super) use crate::exercises::exercise::{Bar, Comparison, Exercise, Failure};
    pub(super) use crate::exercises::site::Site;
    pub(super) use crate::measure::report::{Column, Digit, Report, Table};
    pub(super) use crate::measure::{Level, units};
    pub(super) use crate::runtime::{Run, TaskError};
}

pub mod async_basics;
pub mod catalogue;
pub mod compared;
pub mod controls;
pub mod exercise;
pub mod experiment;
pub mod site;
