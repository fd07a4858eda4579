//! Makes the scripts that wasm-bindgen writes smaller, with esbuild: without its spaces and comments, they are a sixth smaller
//! after compression.

use std::path::Path;

use crate::error::SiteError;
use crate::files;
use crate::tool;

/// One file at a time: the imports between the scripts stay as they are.
const FLAGS: [&str; 3] = ["--minify", "--target=es2022", "--log-level=error"];

/// The content of a file, which is minified if it is a script. Without esbuild, which comes with the editor's packages, it
/// stays as it is.
///
/// # Errors
///
/// If it cannot be read.
pub fn read(path: &Path) -> Result<Vec<u8>, SiteError> {
    if path.extension().is_none_or(|extension| extension != "js") {
        return files::read(path);
    }
    match tool::run("esbuild", |esbuild| esbuild.args(FLAGS).arg(path)) {
        Ok(script) => Ok(script),
        Err(error) => {
            eprintln!("site: `{}` is larger than it could be in this copy: {error}", path.display());
            files::read(path)
        }
    }
}
