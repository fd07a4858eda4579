//! Puts what the page needs for readers' Python programs into the site: Pyodide, the sandbox, our Python package and the
//! editor.
//!
//! They are not in the first load, and most of them stay the same from release to release. So each file has its hash in
//! its name, and the service worker caches it when it is used, apart from the releases. A manifest lists the files with
//! their sizes, and `index.html` has its address. `tools/setup` may not have been able to fetch Pyodide or the editor;
//! then the manifest says that this copy has none.

use std::env;
use std::io::{Cursor, Write};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::build::{Build, Kind};
use crate::bytecode::{Compiler, LIBRARY};
use crate::cache::Cache;
use crate::editor;
use crate::error::SiteError;
use crate::files;
use crate::hash;
use crate::model_server;
use crate::sandbox;
use crate::wheels::{self, Wheel};

/// The folder in the site.
pub const FOLDER: &str = "python/";

/// The start of the manifest's path.
pub const MANIFEST: &str = "python/manifest-";

/// The address of the manifest is written before this tag of `index.html`.
const BEFORE: &str = "<title>";

/// The files of the npm package: those that are needed as they are, the standard library, and the description.
const LOCK: &str = "pyodide-lock.json";
const PACKAGE: &str = "package.json";
const PYODIDE: [&str; 4] = ["pyodide.asm.wasm", "pyodide.asm.mjs", "pyodide.mjs", LOCK];

/// Files in `static/`, which trunk has copied into the site, and which it should not have in this form.
const SOURCES: [&str; 4] = ["static/sandbox", "static/editor", "static/python/interleave", WHEELS];

/// The folder for the wheels of people who host a copy of the site.
const WHEELS: &str = "static/wheels";

/// The places of the input.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The folder with `static/`.
    pub repository: PathBuf,
    /// The npm package `pyodide`, if it is installed.
    pub pyodide: Option<PathBuf>,
    /// The wheels that programs can import, if they are installed.
    pub wheels: Option<PathBuf>,
    /// The packages of the editor, if they are installed.
    pub editor_modules: Option<PathBuf>,
    /// A folder for intermediate files, if Python's modules are to be compiled. Debug builds do without, because our
    /// package may change often in them.
    pub work: Option<PathBuf>,
}

impl Sources {
    /// Reads the environment, which `tools/env` sets.
    pub fn from_env(build: &Build) -> Self {
        let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|it| it.is_dir());
        let [pyodide, wheels, editor_modules] = ["PYODIDE_FOLDER", "WHEELS_FOLDER", "EDITOR_MODULES"].map(folder);
        let work = (build.kind != Kind::Debug).then(|| build.work.clone());
        Self { repository: PathBuf::new(), pyodide, wheels, editor_modules, work }
    }
}

/// The files for Python and its editor in this site. The page reads this.
#[derive(Debug, Serialize)]
struct Manifest {
    /// `None` if this copy of the site has no Python.
    python: Option<Python>,
    /// The module of the editor. `None` if this copy of the site has no editor.
    editor: Option<File>,
}

#[derive(Debug, Serialize)]
struct Python {
    /// The version of Python, such as `3.14.2`.
    version: String,
    /// The version of Pyodide.
    pyodide: String,
    /// The address of the document that starts the sandbox.
    sandbox: String,
    /// The files that the page sends into the sandbox.
    files: Vec<File>,
    /// The libraries that programs can import.
    packages: Vec<Package>,
    /// The model server, for programs on the virtual clock.
    model_server: File,
}

#[derive(Debug, Serialize)]
struct Package {
    name: String,
    version: String,
    /// The top-level modules that it has.
    modules: Vec<String>,
    /// The names of the packages that it needs.
    needs: Vec<String>,
    /// The address of its wheel, relative to the site.
    path: String,
    bytes: usize,
}

#[derive(Debug, Serialize)]
struct File {
    /// The name by which the sandbox knows it.
    name: String,
    /// The address, relative to the site.
    path: String,
    bytes: usize,
    /// In hexadecimal digits.
    sha256: String,
}

/// Puts the files and the manifest into the site, and removes their sources from it.
///
/// # Errors
///
/// If a file cannot be read or written, or the editor cannot be bundled.
pub fn put(site: &Path, sources: &Sources, cache: &Cache) -> Result<(), SiteError> {
    for folder in SOURCES {
        files::remove_folder(&site.join(folder))?;
    }
    let python = sources.pyodide.as_ref().map(|pyodide| put_python(site, sources, pyodide, cache)).transpose()?;
    let editor = sources.editor_modules.as_ref().map(|modules| {
        let bundle = editor::bundle(&sources.repository.join("static/editor"), modules, cache)?;
        put_file(site, "editor.js", &bundle)
    });
    let manifest = Manifest { python, editor: editor.transpose()? };
    let manifest = serde_json::to_vec(&manifest).expect("a manifest consists of texts and numbers");
    let address = put_file(site, "manifest.json", &manifest)?.path;
    let index = site.join("index.html");
    files::write(&index, with_address(&files::read_text(&index)?, &address)?)
}

fn put_python(site: &Path, sources: &Sources, pyodide: &Path, cache: &Cache) -> Result<Python, SiteError> {
    let scripts = sources.repository.join("static/sandbox");
    let script = |name: &str| files::read_text(&scripts.join(name));
    let outer = sandbox::outer_html(&script("outer.js")?, &script("frame.js")?)?;
    let [library, package] = modules(sources, pyodide, cache)?;
    let mut contents =
        vec![("worker.js", script("worker.js")?.into_bytes()), (LIBRARY, library), ("interleave.zip", package)];
    for name in PYODIDE {
        contents.push((name, files::read(&pyodide.join(name))?));
    }
    let Lock { info } = described(pyodide, LOCK)?;
    let NpmPackage { version } = described(pyodide, PACKAGE)?;
    let files = contents.iter().map(|(name, content)| put_file(site, name, content));
    Ok(Python {
        version: info.python,
        pyodide: version,
        sandbox: put_file(site, "outer.html", outer.as_bytes())?.path,
        files: files.collect::<Result<_, _>>()?,
        packages: put_packages(site, sources, pyodide, cache)?,
        model_server: put_file(site, "model-server.mjs", model_server::module(site)?.as_bytes())?,
    })
}

fn put_packages(site: &Path, sources: &Sources, pyodide: &Path, cache: &Cache) -> Result<Vec<Package>, SiteError> {
    let own = sources.repository.join(WHEELS);
    let folders: Vec<&Path> = sources.wheels.as_deref().into_iter().chain([&*own]).collect();
    let wheels = wheels::in_folders(&folders)?;
    let plain: Vec<&[u8]> = wheels.iter().map(|wheel| &*wheel.content).collect();
    let compiled = sources.work.as_ref().and_then(|work| {
        let compiled = Compiler { pyodide, work, cache }.wheels(&plain);
        compiled.inspect_err(|error| eprintln!("site: packages are slower to import in this copy: {error}")).ok()
    });
    let contents = compiled.unwrap_or_else(|| plain.iter().map(|content| content.to_vec()).collect());
    let packages = wheels.iter().zip(contents).map(|(wheel, content)| {
        let Wheel { name, version, modules, needs, .. } = wheel.clone();
        let File { path, bytes, .. } = put_file(site, &format!("{name}.zip"), &content)?;
        Ok(Package { name, version, modules, needs, path, bytes })
    });
    packages.collect()
}

/// The standard library and our package.
fn modules(sources: &Sources, pyodide: &Path, cache: &Cache) -> Result<[Vec<u8>; 2], SiteError> {
    let package = zipped(&sources.repository.join("static/python"), "interleave")?;
    if let Some(work) = &sources.work {
        match (Compiler { pyodide, work, cache }).library(&package) {
            Ok(modules) => return Ok(modules),
            Err(error) => {
                eprintln!(
                    "site: Python takes twice the time to start in this copy, because it was not compiled: {error}"
                );
            }
        }
    }
    Ok([files::read(&pyodide.join(LIBRARY))?, package])
}

/// Pyodide's list of packages.
#[derive(Deserialize)]
struct Lock {
    info: Info,
}

#[derive(Deserialize)]
struct Info {
    /// The version of Python.
    python: String,
}

/// The description of the npm package.
#[derive(Deserialize)]
struct NpmPackage {
    version: String,
}

fn described<T: DeserializeOwned>(pyodide: &Path, name: &str) -> Result<T, SiteError> {
    serde_json::from_slice(&files::read(&pyodide.join(name))?).map_err(|_| SiteError::missing(name, "version"))
}

/// Writes a file into the site, with its hash in its name.
fn put_file(site: &Path, name: &str, content: &[u8]) -> Result<File, SiteError> {
    let sha256 = hash::hex(&hash::sha_256(content));
    let (stem, extension) = name.split_once('.').expect("the name has an extension");
    // Some hosts know `.js` only, and would not compress the file.
    let extension = extension.replace("mjs", "js");
    let path = format!("{FOLDER}{stem}-{}.{extension}", &sha256[..16]);
    files::write(&site.join(&path), content)?;
    Ok(File { name: name.to_owned(), path, bytes: content.len(), sha256 })
}

/// The Python files of a package in `folder`, as a zip from which Python can import it. Without the package, it is empty.
fn zipped(folder: &Path, package: &str) -> Result<Vec<u8>, SiteError> {
    let sources = folder.join(package);
    let names = if sources.is_dir() { files::all(&sources)? } else { Vec::new() };
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for name in names.iter().filter(|name| name.ends_with(".py")) {
        let content = files::read(&sources.join(name))?;
        // The time of a file is always the same, so the zip depends on the contents only.
        zip.start_file(format!("{package}/{name}"), SimpleFileOptions::default())?;
        zip.write_all(&content).map_err(|source| SiteError::file(&sources, source))?;
    }
    Ok(zip.finish()?.into_inner())
}

fn with_address(html: &str, address: &str) -> Result<String, SiteError> {
    if !html.contains(BEFORE) {
        return Err(SiteError::missing("index.html", BEFORE));
    }
    Ok(html.replacen(BEFORE, &format!("<meta name=\"python-manifest\" content=\"{address}\">{BEFORE}"), 1))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use tempfile::TempDir;

    use super::*;

    const REPOSITORY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

    /// A site with an index, to which a package `pyodide` with this content was added if it is not `None`.
    fn site(pyodide: Option<&str>) -> TempDir {
        let [site, package] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        files::write(&site.path().join("index.html"), "<head><title>Interleave</title>").unwrap();
        for name in ["static/sandbox/worker.js", "model_server.js", "model_server_bg.wasm"] {
            files::write(&site.path().join(name), "").unwrap();
        }
        for name in PYODIDE.into_iter().chain([LIBRARY]) {
            files::write(&package.path().join(name), pyodide.unwrap_or_default()).unwrap();
        }
        files::write(&package.path().join(LOCK), r#"{"info":{"python":"3.14.2"}}"#).unwrap();
        files::write(&package.path().join(PACKAGE), r#"{"version":"314.0.7"}"#).unwrap();
        let pyodide = pyodide.map(|_| package.path().to_owned());
        let sources =
            Sources { repository: REPOSITORY.into(), pyodide, wheels: None, editor_modules: None, work: None };
        put(site.path(), &sources, &Cache::open(&package.path().join("cache")).unwrap()).unwrap();
        site
    }

    fn manifest(site: &TempDir) -> Value {
        let index = files::read_text(&site.path().join("index.html")).unwrap();
        let address =
            index.split_once("<meta name=\"python-manifest\" content=\"").unwrap().1.split_once('"').unwrap().0;
        serde_json::from_slice(&files::read(&site.path().join(address)).unwrap()).unwrap()
    }

    #[test]
    fn the_manifest_has_the_address_size_and_checksum_of_each_file() {
        let site = site(Some("abc"));
        let python = &manifest(&site)["python"];
        assert_eq!((&python["version"], &python["pyodide"]), (&"3.14.2".into(), &"314.0.7".into()));
        let file = python["files"].as_array().unwrap().iter().find(|it| it["name"] == "pyodide.asm.mjs").unwrap();
        // The output of `printf abc | sha256sum`.
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(file["path"], "python/pyodide-ba7816bf8f01cfea.asm.js");
        assert_eq!((&file["bytes"], &file["sha256"]), (&3.into(), &sha256.into()));
    }

    #[test]
    fn every_file_of_the_manifest_is_in_the_site() {
        let site = site(Some("abc"));
        let python = &manifest(&site)["python"];
        let paths = python["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| &file["path"])
            .chain([&python["sandbox"], &python["model_server"]["path"]]);
        let mut paths: Vec<_> = paths.map(|path| path.as_str().unwrap().to_owned()).collect();
        let mut there = files::all(site.path()).unwrap();
        there.retain(|file| file.starts_with(FOLDER) && !file.starts_with(MANIFEST));
        paths.sort();
        assert_eq!(there, paths);
    }

    #[test]
    fn a_site_without_pyodide_says_so() {
        let site = site(None);
        assert_eq!(manifest(&site), serde_json::json!({ "python": null, "editor": null }));
        let there = files::all(site.path()).unwrap();
        assert_eq!(there.iter().filter(|file| file.starts_with(FOLDER)).count(), 1);
    }

    #[test]
    fn the_names_of_files_change_with_their_contents_only() {
        let names = |content| {
            let mut names = files::all(site(Some(content)).path()).unwrap();
            names.retain(|name| name.contains("pyodide-") || name.contains("outer-"));
            names
        };
        assert_eq!(names("1"), names("1"));
        assert_ne!(names("1"), names("2"));
    }

    #[test]
    fn a_package_is_zipped_without_other_files_and_always_the_same() {
        let folder = tempfile::tempdir().unwrap();
        for (file, text) in [("a.py", "x = 1"), ("in/b.py", ""), ("a.pyc", ""), ("__pycache__/a.pyc", "")] {
            files::write(&folder.path().join("interleave").join(file), text).unwrap();
        }
        let zip = zipped(folder.path(), "interleave").unwrap();
        assert_eq!(zip, zipped(folder.path(), "interleave").unwrap());
        let archive = zip::ZipArchive::new(Cursor::new(zip)).unwrap();
        let mut names: Vec<_> = archive.file_names().map(|name| name.unwrap().into_owned()).collect();
        names.sort_unstable();
        assert_eq!(names, ["interleave/a.py", "interleave/in/b.py"]);
    }

    #[test]
    fn a_missing_package_is_an_empty_zip() {
        let folder = tempfile::tempdir().unwrap();
        let zip = zipped(folder.path(), "interleave").unwrap();
        assert_eq!(zip::ZipArchive::new(Cursor::new(zip)).unwrap().len(), 0);
    }
}
