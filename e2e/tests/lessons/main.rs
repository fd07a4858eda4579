//! What a person can rely on in the lessons on many tasks, on files, on errors and on common issues, in a real browser,
//! with the built site under a sub-path.
//!
//! Needs a release build in `dist/`, or in the folder that the environment variable `DIST` names.

mod common_issues;
mod errors;
mod files;
mod many_tasks;
mod own_files;
mod page;
