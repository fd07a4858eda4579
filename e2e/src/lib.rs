//! Drives the built site in real browsers.
//!
//! - [`server`] serves the build as a static host does, and badly where a test asks for it.
//! - [`endpoint`] is a model server on another origin, good or bad, that shares no code with the page.
//! - [`browser`] starts a browser and the driver that steers it.
//! - [`page`] is the exercise page as a user sees it: buttons, controls, status, results.
//! - [`fixture`] sets all three up for a test.
//! - [`suite`] runs the tests, in browsers that they share.
//! - [`mod@bench`] turns the times that the benchmark page measures into a table and into budgets that are met or missed.
//!
//! `tests/site` tests what people rely on, and `src/bin/bench.rs` measures. Both need a release build of the page in `dist/`, by
//! `trunk build --release`, or in the folder that the environment variable `DIST` names; then use `cargo test -p e2e` and
//! `cargo run -p e2e --bin bench`. They need Chromium (or Chrome) and its chromedriver; many tests run in every engine that the
//! environment variable `ENGINES` names, which are `chromium`, `firefox` and `webkit` if it is not set. `tools/setup test`
//! installs them.

pub mod bench;
pub mod browser;
pub mod endpoint;
pub mod fixture;
mod host;
pub mod page;
pub mod server;
pub mod suite;
