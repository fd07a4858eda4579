//! Bundles the page's editor: `static/editor/editor.js` and the packages that it imports become one module.

use std::path::Path;

use crate::cache::Cache;
use crate::error::SiteError;
use crate::files;
use crate::hash::ContentHash;
use crate::tool;

/// The entry, and the versions of its packages and of esbuild.
const ENTRY: &str = "editor.js";
const ARCHIVES: &str = "archives.js";
const LOCK: &str = "package-lock.json";

const FLAGS: [&str; 5] = ["--bundle", "--minify", "--format=esm", "--target=es2022", "--log-level=warning"];

/// The bundle of the editor in `folder`, with the packages that `tools/setup` has installed in `modules`.
///
/// # Errors
///
/// If a file cannot be read, or esbuild is missing or fails.
pub fn bundle(folder: &Path, modules: &Path, cache: &Cache) -> Result<Vec<u8>, SiteError> {
    let entry = folder.join(ENTRY);
    let key = FLAGS.iter().fold(ContentHash::default(), ContentHash::with);
    let inputs = [ENTRY, ARCHIVES, LOCK].iter().map(|name| files::read(&folder.join(name)));
    let key = inputs.collect::<Result<Vec<_>, _>>()?.iter().fold(key, ContentHash::with).key();
    cache.get_or_make(&key, || {
        // esbuild looks for packages that are not in a folder above the entry in this variable.
        tool::run("esbuild", |esbuild| esbuild.args(FLAGS).arg(&entry).env("NODE_PATH", modules))
    })
}
