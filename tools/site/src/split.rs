//! Moves the code that is marked with `lazy!` (see `src/lazy.rs`) out of the page's wasm, so that it is not in the
//! first load.
//!
//! Trunk has built the page with one wasm file before. This module builds the page's wasm and JavaScript again from the
//! linker's output: `wasm_split_cli_support` splits it into parts, and wasm-bindgen binds it to JavaScript. A debug
//! build is not split, because `lazy!` marks nothing in it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::build::{Build, PAGE};
use crate::chunks;
use crate::error::SiteError;
use crate::files;
use crate::optimize::Goal;
use crate::tool;

/// The script that fetches the parts, next to the page's own script.
pub const LOADER: &str = "parts.js";

/// The call with which the loader of `wasm_split_cli_support` compiles a part.
const STREAMING: &str = "WebAssembly.instantiateStreaming(";

/// The function that the loader calls instead. Streaming requires the media type `application/wasm`, which some simple
/// hosts do not send. The page's own script, by wasm-bindgen, does not need it either.
const ANY_MEDIA_TYPE: &str = "
async function bytes(request) {
    const response = await request;
    if (!response.ok) throw new Error(`${response.url} answers with HTTP status ${response.status}`);
    return response.arrayBuffer();
}
async function instantiate(source, imports) {
    const found = await source;
    return WebAssembly.instantiate(found instanceof Response ? await bytes(found) : found, imports);
}
";

/// The page's code, split, in a folder with all its scripts.
#[derive(Debug)]
pub struct Code {
    /// The folder. Its files refer to each other by relative addresses.
    pub folder: PathBuf,
    main: PathBuf,
    parts: Vec<PathBuf>,
}

impl Code {
    /// Every wasm module, with the goal of its optimization.
    pub fn modules(&self) -> impl Iterator<Item = (PathBuf, Goal)> {
        let parts = self.parts.iter().map(|part| (part.clone(), Goal::Speed));
        [(self.main.clone(), Goal::Size)].into_iter().chain(parts)
    }
}

/// Splits the linker's output, and binds it to JavaScript.
///
/// # Errors
///
/// If a file is missing or has an unexpected form.
pub fn split_and_bind(build: &Build) -> Result<Code, SiteError> {
    let (folder, unbound) = (build.work.join("code"), build.work.join("main.wasm"));
    files::remove_folder(&folder)?;
    fs::create_dir_all(&folder).map_err(|source| SiteError::file(&folder, source))?;
    let parts = split(&files::read(&build.linked)?, &unbound, &folder)?;
    bind(&unbound, &folder)?;
    let loader = folder.join(LOADER);
    let text = with_any_media_type(&files::read_text(&loader)?)?;
    let (parts, text) = chunks::join(parts, &text, &folder)?;
    files::write(&loader, text)?;
    Ok(Code { main: folder.join(format!("{PAGE}_bg.wasm")), parts, folder })
}

/// Writes the main module to `main`, and the parts and their loader to `folder`. Returns the parts.
fn split(linked: &[u8], main: &Path, folder: &Path) -> Result<Vec<PathBuf>, SiteError> {
    let (main_module, link_name) = (format!("./{PAGE}.js"), format!("./{LOADER}"));
    let mut options = wasm_split_cli_support::Options::new(linked);
    options.output_dir = folder;
    options.main_out_path = main;
    options.main_module = &main_module;
    options.link_name = &link_name;
    let split = wasm_split_cli_support::transform(options).map_err(|error| SiteError::Split(format!("{error:#}")))?;
    Ok(split.split_modules)
}

/// Binds the main module to JavaScript. The parts call the main module through the table of functions, so the exports
/// of the linker stay.
fn bind(main: &Path, folder: &Path) -> Result<(), SiteError> {
    const FLAGS: [&str; 5] = ["--target=web", "--no-typescript", "--keep-lld-exports", "--out-name", PAGE];
    tool::run("wasm-bindgen", |command| command.args(FLAGS).arg("--out-dir").args([folder, main])).map(drop)
}

/// The loader for hosts that send wasm with any media type.
fn with_any_media_type(loader: &str) -> Result<String, SiteError> {
    // The loader of a page without parts fetches nothing.
    if !loader.contains("fetch(") {
        return Ok(loader.to_owned());
    }
    if !loader.contains(STREAMING) {
        return Err(SiteError::missing(LOADER, STREAMING));
    }
    Ok(loader.replace(STREAMING, "instantiate(") + ANY_MEDIA_TYPE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_is_fetched_with_any_media_type() {
        let part = "fetch(a);\nreturn async (imports) => (WebAssembly.instantiateStreaming(src, imports));\n";
        let loader = with_any_media_type(&part.repeat(2)).unwrap();
        assert_eq!(loader.matches("=> (instantiate(src, imports))").count(), 2);
        assert!(loader.ends_with(ANY_MEDIA_TYPE) && !loader.contains(STREAMING));
    }

    #[test]
    fn a_loader_of_an_unexpected_form_is_refused() {
        assert!(with_any_media_type("fetch(a);").is_err());
        assert_eq!(with_any_media_type("let none;").unwrap(), "let none;");
    }
}
