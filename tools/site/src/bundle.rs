//! Bundles the service worker's program in one script: JavaScript and wasm together, with their hash in its name. It
//! also writes the list of the release's files into the service worker's script.
//!
//! Trunk names a worker's files without a hash, and a worker would fetch its wasm when it starts. That can be long
//! after the worker was installed, and the host may have another release then. A browser stores all scripts that a
//! service worker imports when it installs the worker, and looks for new ones by itself. So the wasm is in a script.

use std::path::Path;

use crate::build::Kind;
use crate::error::SiteError;
use crate::files;
use crate::hash::ContentHash;
use crate::model_server::{self, NAME};
use crate::release::Release;

/// The script that imports the program.
const WORKER: &str = "service-worker.js";

/// Bundles the program. Nothing may be added to the site afterwards.
///
/// # Errors
///
/// If the program or the worker's script is missing or has an unexpected form.
pub fn put(site: &Path, kind: Kind) -> Result<(), SiteError> {
    let worker = site.join(WORKER);
    let program = model_server::program(site)?;
    let name = format!("{NAME}-{}.js", ContentHash::default().with(&program).name());
    files::write(&site.join(&name), program)?;
    model_server::remove(site)?;
    let text = with_import(&files::read_text(&worker)?, &name)?;
    let text = match kind {
        // A debug build changes often, and is not needed offline.
        Kind::Debug => text,
        Kind::Published | Kind::Test => {
            Release::from_site(site)?.written_into(&text).ok_or_else(|| SiteError::missing(WORKER, "RELEASE"))?
        }
    };
    files::write(&worker, text)
}

/// The worker's script, which imports the program by its new name.
fn with_import(worker: &str, name: &str) -> Result<String, SiteError> {
    let import = |name: &str| format!("importScripts(\"{name}\")");
    let old = import(&format!("{NAME}.js"));
    if worker.contains(&old) { Ok(worker.replace(&old, &import(name))) } else { Err(SiteError::missing(WORKER, &old)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_site_has_the_program_under_a_name_that_changes_with_it() {
        let name_with = |wasm: &str| {
            let site = tempfile::tempdir().unwrap();
            for (file, text) in [("model_server.js", "let a;"), ("model_server_bg.wasm", wasm)] {
                files::write(&site.path().join(file), text).unwrap();
            }
            let worker = include_str!("../../../model-server/service-worker.js");
            files::write(&site.path().join(WORKER), worker).unwrap();
            put(site.path(), Kind::Published).unwrap();
            let [name, worker] = files::all(site.path()).unwrap().try_into().unwrap();
            assert!(
                files::read_text(&site.path().join(worker)).unwrap().contains(&format!("importScripts(\"{name}\");"))
            );
            name
        };
        assert_eq!(name_with("1"), name_with("1"));
        assert_ne!(name_with("1"), name_with("2"));
    }

    #[test]
    fn a_worker_that_imports_something_else_is_refused() {
        let error = with_import("importScripts(\"other.js\");", "model_server-ff.js").unwrap_err();
        assert!(error.to_string().contains("service-worker.js"), "{error}");
    }
}
