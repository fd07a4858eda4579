//! The exercises: one file for each script of the guide, and the catalogue that lists them.
//!
//! To add an exercise, write its file in the form of [`async_basics`] (first its functions, last its entry), declare it
//! below, and add one line to the [`catalogue`].

/// The imports that every exercise needs.
mod prelude {
    pub(super) use crate::exercises::controls::{Choice, Control, ControlKind, Settings, Value};
    pub(super) use crate::exercises::exercise::{Bar, Comparison, Conflict, Exercise, Failure, code};
    pub(super) use crate::exercises::loading::LoadError;
    pub(super) use crate::exercises::question::{Question, from_to};
    pub(super) use crate::exercises::site::Site;
    pub(super) use crate::lazy::lazy;
    pub(super) use crate::measure::digit::Digit;
    pub(super) use crate::measure::durations::Durations;
    pub(super) use crate::measure::report::{Check, Column, Distribution, Headline, Report, Section, Table};
    pub(super) use crate::measure::spans::Span;
    pub(super) use crate::measure::{Level, Outcome, units};
    pub(super) use crate::runtime::{Rng, Run, TaskError};
}

pub mod advanced;
pub mod assignment;
pub mod async_api_calls;
pub mod async_basics;
pub mod async_error_handling;
pub mod async_file_io;
pub mod async_ml_pipeline;
pub mod async_multiple;
pub mod catalogue;
pub mod common_issues;
pub mod compared;
pub mod concurrency_comparison;
pub mod control_kind;
pub mod controls;
pub mod csv_rows;
pub mod exercise;
pub mod experiment;
pub mod guide;
pub mod loading;
pub mod program;
pub mod properties;
pub mod question;
pub mod site;
pub mod summary;
#[cfg(test)]
mod test_support;
pub mod validate_async;
