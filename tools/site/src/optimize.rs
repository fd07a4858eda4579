//! Makes the wasm modules of a published site smaller and faster with wasm-opt. All of its flags are in this file.
//!
//! wasm-opt uses one core for each module, because the one from npm can use only one. As many modules as there are
//! cores are optimized at the same time.

use std::ffi::OsStr;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::cache::Cache;
use crate::chunks::MIN_BYTES;
use crate::error::SiteError;
use crate::files;
use crate::hash::ContentHash;
use crate::tool;

/// The goal of the optimization of a module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// For modules in the first load.
    Size,
    /// For modules that are fetched later. They call the main module through the table, by a small function for each
    /// callee. `-O3` inlines these functions, which makes calls faster and the compressed file no larger.
    Speed,
}

impl Goal {
    fn level(self) -> &'static str {
        match self {
            Self::Size => "-Oz",
            Self::Speed => "-O3",
        }
    }
}

/// The wasm features that the modules may use, and a limit for inlining that makes them smaller.
///
/// `--converge` is left out: it doubles the time and saves 1 KB.
const FLAGS: [&str; 8] = [
    "--one-caller-inline-max-function-size=20",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-simd",
];

/// Optimizes these modules in place. Smaller ones than [`MIN_BYTES`] stay as they are: the wasm-opt from npm takes 0.8 s
/// even for the smallest, and they have 4 % of the page's bytes. Modules that an earlier build has optimized come from the cache.
///
/// # Errors
///
/// If wasm-opt is missing or fails, or a file cannot be read or written.
pub fn all(modules: impl Iterator<Item = (PathBuf, Goal)>, cache: &Cache) -> Result<(), SiteError> {
    let size = |path: &Path| path.metadata().map_or(0, |it| it.len());
    let mut modules: Vec<_> = modules.filter(|(path, _)| size(path) >= MIN_BYTES).collect();
    // They are taken from the end: the largest takes the longest time, so it is started first.
    modules.sort_by_key(|(path, _)| size(path));
    let version = run([OsStr::new("--version")])?;
    let waiting = Mutex::new(modules);
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let work = || {
        while let Some((module, goal)) = next() {
            one(&module, goal, &version, cache)?;
        }
        Ok(())
    };
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("a worker does not panic"))
    })
}

fn one(module: &Path, goal: Goal, version: &[u8], cache: &Cache) -> Result<(), SiteError> {
    let level = goal.level();
    let input = files::read(module)?;
    let key = FLAGS.iter().fold(ContentHash::default().with(version).with(level), ContentHash::with);
    let optimized = cache.get_or_make(&key.with(&input).key(), || {
        let flags = [level].into_iter().chain(FLAGS).map(OsStr::new);
        run(flags.chain([module.as_os_str(), OsStr::new("-o"), module.as_os_str()]))?;
        files::read(module)
    })?;
    files::write(module, optimized)
}

fn run<'a>(arguments: impl IntoIterator<Item = &'a OsStr>) -> Result<Vec<u8>, SiteError> {
    tool::run("wasm-opt", |command| command.args(arguments).env("BINARYEN_CORES", "1"))
}
