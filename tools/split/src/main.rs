//! Takes the code that is marked with `lazy!` out of the page's wasm file, so that the first load is without it.
//!
//! Trunk runs it after each build and has by then made the page of one wasm file. In a release build this makes the
//! page's wasm and JavaScript again, from what the linker left: split into parts, bound to JavaScript, made small. They
//! come to lie in one folder, which bears the hash of all of them: they find each other by relative addresses, and never
//! find a part of another build. A debug build is left as it is; `build.rs` marks nothing there.

mod border;
mod site;

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;

use border::BorderError;
use site::SiteError;

/// The binary of the page.
const NAME: &str = "interleave";

/// The script that fetches the parts, beside the page's own.
const LOADER: &str = "parts.js";

/// What is in the names of all that wasm-streams, on which Leptos builds, offers to scripts. Without it what it can do
/// goes, too.
const IDLE: &str = "intounderlying";

/// What wasm-opt does to the part that is always loaded: it is to be small.
const FOR_SIZE: &str = "-Oz";

/// What it does to the others. They call the main part through the table, by a function for each callee; that is put
/// into its callers, which are quicker by it and compressed no bigger.
const FOR_SPEED: &str = "-O3";

/// What it may count on in every part, and how hard it tries.
const WASM_OPT: [&str; 9] = [
    "--converge",
    "--one-caller-inline-max-function-size=20",
    "--enable-bulk-memory",
    "--enable-nontrapping-float-to-int",
    "--enable-sign-ext",
    "--enable-mutable-globals",
    "--enable-reference-types",
    "--enable-multivalue",
    "--enable-simd",
];

/// Why the page could not be split.
#[derive(Debug, thiserror::Error)]
enum SplitError {
    #[error("`{path}` could not be read or written: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("the wasm file could not be split: {0}")]
    Split(String),
    #[error("`{tool}` could not be started ({source}): run `tools/setup build`")]
    NoTool { tool: &'static str, source: io::Error },
    #[error("`{tool}` failed: {says}")]
    Tool { tool: &'static str, says: String },
    #[error(transparent)]
    Border(#[from] BorderError),
    #[error(transparent)]
    Site(#[from] SiteError),
}

fn main() -> ExitCode {
    let Some(site) = std::env::var_os("TRUNK_STAGING_DIR") else {
        eprintln!("split: trunk runs this, for a site of its own making");
        return ExitCode::FAILURE;
    };
    if std::env::var_os("TRUNK_PROFILE").is_none_or(|profile| profile != "release") {
        return ExitCode::SUCCESS;
    }
    match split(Path::new(&site)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("split: {error}");
            ExitCode::FAILURE
        }
    }
}

fn split(site: &Path) -> Result<(), SplitError> {
    let target = target_folder()?;
    let linked = target.join("wasm32-unknown-unknown/release").join(NAME).with_extension("wasm");
    let work = target.join("split");
    let code = work.join("code");
    if work.exists() {
        fs::remove_dir_all(&work).map_err(|source| file_error(&work, source))?;
    }
    let (main, parts) = take_apart(&linked, &work, &code)?;
    bind(&main, &code)?;
    let main = code.join(format!("{NAME}_bg.wasm"));
    make_lean(&main, &code.join(format!("{NAME}.js")), &code.join(LOADER))?;
    optimize([(main, FOR_SIZE)].into_iter().chain(parts.into_iter().map(|part| (part, FOR_SPEED))))?;
    Ok(site::put(&code, site, NAME, LOADER)?)
}

/// Takes out of the page's wasm, its script and the one that fetches the parts what none of them needs.
fn make_lean(wasm: &Path, script: &Path, loader: &Path) -> Result<(), SplitError> {
    let fetches = site::lean(&site::fetched_with_any_type(&read(loader)?)?);
    let speaks = site::lean(&border::without_idle_classes(&read(script)?));
    let bytes = fs::read(wasm).map_err(|source| file_error(wasm, source))?;
    let (bytes, speaks) = border::with_short_names(&bytes, &speaks)?;
    write(wasm, &bytes)?;
    write(script, speaks.as_bytes())?;
    write(loader, fetches.as_bytes())
}

fn read(script: &Path) -> Result<String, SplitError> {
    fs::read_to_string(script).map_err(|source| file_error(script, source))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), SplitError> {
    fs::write(path, bytes).map_err(|source| file_error(path, source))
}

/// Cargo runs this from `PROFILE/` in the folder where it also built the page.
fn target_folder() -> Result<PathBuf, SplitError> {
    let program = std::env::current_exe().map_err(|source| file_error(Path::new("split"), source))?;
    Ok(program.ancestors().nth(2).unwrap_or(Path::new("target")).to_owned())
}

/// Splits what the linker left. The part that is always loaded lies in `work` and the others, with the script that
/// fetches them, in `code`.
fn take_apart(linked: &Path, work: &Path, code: &Path) -> Result<(PathBuf, Vec<PathBuf>), SplitError> {
    let wasm = fs::read(linked).map_err(|source| file_error(linked, source))?;
    let wasm = border::without_exports(&wasm, IDLE)?;
    let main = work.join("main.wasm");
    let (main_module, link_name) = (format!("./{NAME}.js"), format!("./{LOADER}"));
    let mut options = wasm_split_cli_support::Options::new(&wasm);
    options.output_dir = code;
    options.main_out_path = &main;
    options.main_module = &main_module;
    options.link_name = &link_name;
    fs::create_dir_all(work).map_err(|source| file_error(work, source))?;
    let split = wasm_split_cli_support::transform(options).map_err(|error| SplitError::Split(format!("{error:#}")))?;
    Ok((main, split.split_modules))
}

/// Only the main part speaks with JavaScript; the others reach it through the table of functions, one of the exports
/// that are kept here.
fn bind(main: &Path, code: &Path) -> Result<(), SplitError> {
    let options = ["--target=web", "--no-typescript", "--keep-lld-exports", "--out-name", NAME, "--out-dir"];
    let folders = [code.as_os_str(), main.as_os_str()];
    finish("wasm-bindgen", start("wasm-bindgen", options.map(OsStr::new).into_iter().chain(folders))?)
}

/// As many at once as there are processors, each on one of them. The main part, which takes longer than the others
/// together, comes first.
fn optimize(modules: impl Iterator<Item = (PathBuf, &'static str)> + Send) -> Result<(), SplitError> {
    let waiting = Mutex::new(modules);
    let next = || waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
    let work = || {
        while let Some((module, level)) = next() {
            let options = [level].into_iter().chain(WASM_OPT).map(OsStr::new);
            let files = [module.as_os_str(), OsStr::new("-o"), module.as_os_str()];
            finish("wasm-opt", start("wasm-opt", options.chain(files))?)?;
        }
        Ok(())
    };
    let processors = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        let workers: Vec<_> = (0..processors).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("it does not panic"))
    })
}

fn start<'a>(tool: &'static str, arguments: impl Iterator<Item = &'a OsStr>) -> Result<Child, SplitError> {
    let mut command = Command::new(tool);
    command.args(arguments).env("BINARYEN_CORES", "1").stdout(Stdio::null()).stderr(Stdio::piped());
    command.spawn().map_err(|source| SplitError::NoTool { tool, source })
}

/// What a tool says is told when it fails: wasm-opt warns of names that it does not know, and they are left out anyway.
fn finish(tool: &'static str, child: Child) -> Result<(), SplitError> {
    let output = child.wait_with_output().map_err(|source| SplitError::NoTool { tool, source })?;
    if output.status.success() {
        return Ok(());
    }
    Err(SplitError::Tool { tool, says: String::from_utf8_lossy(&output.stderr).trim().to_owned() })
}

fn file_error(path: &Path, source: io::Error) -> SplitError {
    SplitError::File { path: path.to_owned(), source }
}
