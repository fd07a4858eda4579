//! What a person can rely on in the lessons on many tasks, on errors, on files, on kinds of concurrency, on validation
//! and on common issues, in a real browser, with the built site under a sub-path.
//!
//! Needs a release build in `dist/`, or in the folder that the environment variable `DIST` names.

mod common_issues;
mod concurrency;
mod errors;
mod files;
mod many_tasks;
mod own_files;
mod pipeline;
mod properties;
mod run_all;
mod saved_runs;
mod validate;
