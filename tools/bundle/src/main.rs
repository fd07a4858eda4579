//! Makes one script of the service worker's program: the glue and the wasm in it, under a name that bears their hash. And
//! tells the worker which files make the release.
//!
//! Trunk runs it after each build, when all else is in its place. Trunk names a worker's files without a hash and leaves the wasm to be fetched when the
//! worker starts, which can be long after it was installed: by then the host may have another release. A browser keeps
//! the scripts that a service worker imports, all of one moment, and looks for new ones by itself, so the wasm travels
//! in a script.

mod release;

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use release::Release;

/// What trunk calls the program: its glue is `NAME.js`, its wasm `NAME_bg.wasm`.
const NAME: &str = "model_server";

/// The script that imports the program.
const WORKER: &str = "service-worker.js";

/// What wasm-opt may count on, and that the result is to be small.
const WASM_OPT: [&str; 8] = [
    "-Oz",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-simd",
];

/// Why there is no bundle.
#[derive(Debug, thiserror::Error)]
enum BundleError {
    #[error("`{path}` could not be read or written: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("`wasm-opt` could not be started ({0}): run `tools/setup build`")]
    NoTool(#[source] io::Error),
    #[error("`wasm-opt` failed: {0}")]
    Tool(String),
    #[error("`{WORKER}` does not import `{NAME}.js`")]
    NotImported,
    #[error("the release's files could not be listed: {0}")]
    NotListed(#[source] io::Error),
    #[error("`{WORKER}` has no place for the release")]
    NoPlace,
}

fn main() -> ExitCode {
    let Some(site) = std::env::var_os("TRUNK_STAGING_DIR") else {
        eprintln!("bundle: trunk runs this, for a site of its own making");
        return ExitCode::FAILURE;
    };
    let is_release = std::env::var_os("TRUNK_PROFILE").is_some_and(|profile| profile == "release");
    match bundle(Path::new(&site), is_release) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bundle: {error}");
            ExitCode::FAILURE
        }
    }
}

fn bundle(site: &Path, is_release: bool) -> Result<(), BundleError> {
    let (glue, wasm, worker) =
        (site.join(NAME).with_extension("js"), site.join(format!("{NAME}_bg.wasm")), site.join(WORKER));
    if is_release {
        optimize(&wasm)?;
    }
    let program = program(&read_text(&glue)?, &fs::read(&wasm).map_err(|source| file_error(&wasm, source))?);
    let name = name_of(&program);
    write(&site.join(&name), &program)?;
    [glue, wasm].iter().try_for_each(|file| fs::remove_file(file).map_err(|source| file_error(file, source)))?;
    let script = importing(&read_text(&worker)?, &name)?;
    // A debug build is made anew all the time, and nobody wants it without its server.
    let script = if is_release { keeping(site, &script)? } else { script };
    write(&worker, &script)
}

/// Base64 costs a third of the size before compression, and is quicker to read than anything smaller.
fn program(glue: &str, wasm: &[u8]) -> String {
    format!("{glue}\nconst MODEL_SERVER_WASM = \"{}\";\n", BASE64_STANDARD.encode(wasm))
}

fn name_of(program: &str) -> String {
    let mut hasher = DefaultHasher::new();
    program.hash(&mut hasher);
    format!("{NAME}-{:016x}.js", hasher.finish())
}

/// The worker's script with the program's name in it.
fn importing(worker: &str, name: &str) -> Result<String, BundleError> {
    let import = |name: &str| format!("importScripts(\"{name}\")");
    let old = import(&format!("{NAME}.js"));
    if worker.contains(&old) { Ok(worker.replace(&old, &import(name))) } else { Err(BundleError::NotImported) }
}

/// The worker's script with the release in it.
fn keeping(site: &Path, worker: &str) -> Result<String, BundleError> {
    let release = Release::of(site).map_err(BundleError::NotListed)?;
    release.told_to(worker).ok_or(BundleError::NoPlace)
}

fn optimize(wasm: &Path) -> Result<(), BundleError> {
    let output = Command::new("wasm-opt").args(WASM_OPT).arg(wasm).arg("-o").arg(wasm).output();
    let output = output.map_err(BundleError::NoTool)?;
    if output.status.success() {
        return Ok(());
    }
    Err(BundleError::Tool(String::from_utf8_lossy(&output.stderr).trim().to_owned()))
}

fn read_text(path: &Path) -> Result<String, BundleError> {
    fs::read_to_string(path).map_err(|source| file_error(path, source))
}

fn write(path: &Path, text: &str) -> Result<(), BundleError> {
    fs::write(path, text).map_err(|source| file_error(path, source))
}

fn file_error(path: &Path, source: io::Error) -> BundleError {
    BundleError::File { path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_holds_glue_and_wasm() {
        assert_eq!(program("let a;", b"\0asm"), "let a;\nconst MODEL_SERVER_WASM = \"AGFzbQ==\";\n");
    }

    #[test]
    fn its_name_changes_with_it() {
        assert_eq!(name_of("a"), name_of("a"));
        assert_ne!(name_of("a"), name_of("b"));
    }

    #[test]
    fn the_worker_of_the_site_imports_it() {
        let worker = include_str!("../../../model-server/service-worker.js");
        let told = importing(worker, "model_server-ff.js").unwrap();
        assert!(told.contains("importScripts(\"model_server-ff.js\");"));
        assert!(importing(&told, "model_server-ff.js").is_err());
    }
}
