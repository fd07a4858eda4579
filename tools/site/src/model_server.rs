//! The model server's program as trunk has built it: a script and its wasm. The service worker and the sandbox of readers'
//! programs use it, each as one script.

use std::path::{Path, PathBuf};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::error::SiteError;
use crate::files;

/// Trunk's name for the program: its script is `NAME.js`, its wasm `NAME_bg.wasm`.
pub const NAME: &str = "model_server";

/// The end of the module.
const START: &str = "export function start() {
  wasm_bindgen.initSync({ module: Uint8Array.from(atob(MODEL_SERVER_WASM), (byte) => byte.charCodeAt(0)) });
  return wasm_bindgen;
}
";

/// The program's wasm.
pub fn wasm(site: &Path) -> PathBuf {
    site.join(format!("{NAME}_bg.wasm"))
}

fn script(site: &Path) -> PathBuf {
    site.join(NAME).with_extension("js")
}

/// The script with the wasm as text. Base64 makes it a third larger before compression, and decodes faster than more
/// compact encodings.
///
/// # Errors
///
/// If trunk's files are missing.
pub fn program(site: &Path) -> Result<String, SiteError> {
    let wasm = BASE64_STANDARD.encode(files::read(&wasm(site))?);
    Ok(format!("{}\nconst MODEL_SERVER_WASM = \"{wasm}\";\n", files::read_text(&script(site))?))
}

/// The program as a module. It exports `start`, which returns what the program exports.
///
/// # Errors
///
/// If trunk's files are missing.
pub fn module(site: &Path) -> Result<String, SiteError> {
    Ok(program(site)? + START)
}

/// Removes trunk's files.
///
/// # Errors
///
/// If they cannot be removed.
pub fn remove(site: &Path) -> Result<(), SiteError> {
    files::remove(&script(site))?;
    files::remove(&wasm(site))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_script_and_wasm() {
        let site = tempfile::tempdir().unwrap();
        files::write(&site.path().join("model_server.js"), "let a;").unwrap();
        files::write(&site.path().join("model_server_bg.wasm"), b"\0asm").unwrap();
        let expected = "let a;\nconst MODEL_SERVER_WASM = \"AGFzbQ==\";\n";
        assert_eq!(program(site.path()).unwrap(), expected);
        assert!(module(site.path()).unwrap().starts_with(&format!("{expected}export function start()")));
        remove(site.path()).unwrap();
        assert!(files::all(site.path()).unwrap().is_empty());
    }
}
