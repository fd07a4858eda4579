//! The parts that pages are made of.

pub(super) mod checks;
pub(super) mod connection;
pub(super) mod controls;
pub(super) mod demo;
pub(super) mod differences;
pub(super) mod export;
pub(super) mod failures;
pub(super) mod files;
pub(super) mod lab_bar;
pub(super) mod log;
pub(super) mod metrics;
pub(super) mod open_file;
pub(super) mod origin;
pub(super) mod own_files;
pub(super) mod pulse;
pub(super) mod repeat;
pub(super) mod report;
pub(super) mod run_all;
pub(super) mod run_bar;
pub(super) mod share;
pub(super) mod sources;
pub(super) mod table;
pub(super) mod tasks;
pub(super) mod validations;
pub(super) mod warnings;
