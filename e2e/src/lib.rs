//! Drives the built site in real browsers.
//!
//! - [`server`] serves the build as a static host does. Tests can replace files by bad responses.
//! - [`endpoint`] is a model server on another origin, good or bad, that shares no code with the page.
//! - [`browser`] starts a browser and the driver that controls it.
//! - [`page`] is the exercise page as a user sees it: buttons, controls, status, results.
//! - [`fixture`] starts the server and a browser for a test, and opens a page.
//! - [`large_run`] makes runs of many tasks, opens their files and pans the timeline.
//! - [`suite`] runs the tests, in browsers that they share.
//! - `host` has what both servers share: accepting connections and reading requests.
//! - [`mod@bench`] turns the times that the benchmark page measures into tables, and compares them with budgets.
//!
//! `tests/site` contains the tests, and `src/bin/bench.rs` measures. Both need a release build of the page, made by
//! `trunk build --release`, in `dist/` or in the folder that the environment variable `DIST` names. Then use `cargo
//! test -p e2e` and `cargo run -p e2e --bin bench`. Both need Chromium (or Chrome) and its chromedriver. Many tests run
//! in every engine that the environment variable `ENGINES` names: by default `chromium`, `firefox` and `webkit`.
//! `tools/setup test` installs them.

pub mod bench;
pub mod browser;
pub mod endpoint;
pub mod fixture;
mod host;
pub mod large_run;
pub mod page;
pub mod server;
pub mod suite;
