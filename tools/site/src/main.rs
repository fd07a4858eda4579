//! Turns trunk's output into the site that is served. Trunk runs this once after each build, as its only post-build
//! hook.
//!
//! - [`highlight`]: the sources that the page shows, with their tokens marked.
//! - [`split`]: moves the code that is marked with `lazy!` out of the page's wasm, in release builds.
//!   [`chunks`] joins the smallest of the resulting modules in one file.
//! - [`optimize`]: makes every wasm module smaller and faster with wasm-opt, in builds that are published.
//! - [`page`]: puts the page's new code into the site, and its address into `index.html`.
//! - [`style`]: makes the style sheet smaller.
//! - [`policy`]: writes the Content-Security-Policy and the script that says why the page does not start, and moves all
//!   other inline scripts into files.
//! - [`python`]: adds Pyodide, the [`sandbox`] and the [`editor`] for readers' programs.
//!   [`bytecode`] makes Python start faster.
//! - [`assignments`]: joins the files of each assignment.
//! - [`trace`]: adds the recorder for programs that run elsewhere.
//! - [`pages`]: writes the frame that is painted first, and an HTML page for each exercise.
//! - [`home`]: the first page in it, [`links`]: the links between pages, and [`pictures`]: the pictures of exercises.
//! - [`bundle`]: bundles the service worker's program in one script. [`release`] lists the files that the worker
//!   caches.
//!
//! [`build`] has the settings of the build, [`cache`] stores results whose input has not changed, [`hash`] names files
//! by their content, [`files`] reads and writes files, [`tool`] runs other programs, and [`error`] has the errors.

mod assignments;
mod build;
mod bundle;
mod bytecode;
mod cache;
mod chunks;
mod editor;
mod error;
mod files;
mod hash;
mod highlight;
mod home;
mod links;
mod minify;
mod model_server;
mod optimize;
mod page;
mod pages;
mod pictures;
mod policy;
mod python;
mod release;
mod sandbox;
mod split;
mod style;
mod tool;
mod trace;
mod wheels;

use std::path::Path;
use std::process::ExitCode;
use std::thread;

use build::{Build, Kind};
use cache::Cache;
use error::SiteError;
use pages::SiteUrl;

fn main() -> ExitCode {
    match Build::from_env().and_then(|build| finish(&build)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("site: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Finishes the site in trunk's staging folder.
///
/// Highlighting does not depend on the rest, so it runs at the same time. The policy is written after the last inline
/// script has been added to `index.html`. The other pages are made from the result. The service worker comes last,
/// because it lists all other files.
fn finish(build: &Build) -> Result<(), SiteError> {
    let cache = Cache::open(&build.work.join("cache"))?;
    thread::scope(|scope| {
        let sources = scope.spawn(|| highlight::write_all(&build.site, &cache));
        if build.kind != Kind::Debug {
            let code = split::split_and_bind(build)?;
            if build.kind == Kind::Published {
                let server = (model_server::wasm(&build.site), optimize::Goal::Size);
                optimize::all(code.modules().chain([server]), &cache)?;
            }
            page::put(&code, &build.site)?;
            style::shrink_all(&build.site)?;
        }
        sources.join().expect("highlighting does not panic")
    })?;
    policy::protect(&build.site, build.kind)?;
    python::put(&build.site, &python::Sources::from_env(build), &cache)?;
    trace::put(&build.site, Path::new(""))?;
    assignments::put(&build.site, Path::new(""))?;
    pictures::write(&build.site)?;
    pages::write_all(&build.site, SiteUrl::from_env()?.as_ref())?;
    bundle::put(&build.site, build.kind)?;
    cache.remove_unused()
}
