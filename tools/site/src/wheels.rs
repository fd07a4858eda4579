//! The wheels of the site: libraries that programs can import.
//!
//! `tools/setup` fetches those of `tools/wheels.txt`. People who host a copy of the site can add more to `static/wheels`: pure
//! ones, or those that are built for Pyodide.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::path::Path;

use zip::ZipArchive;

use crate::error::SiteError;
use crate::files;

/// A wheel, and what its metadata says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wheel {
    /// The name of the package, in the form that package indexes compare.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its top-level modules.
    pub modules: Vec<String>,
    /// The packages that it needs, some of them perhaps only with other versions of Python.
    pub needs: Vec<String>,
    /// The archive.
    pub content: Vec<u8>,
}

/// What packages need in the page, besides what their metadata says: `static/python/interleave/network.py` reads the requests
/// of clients with `h11`, and pytest finds its plugins where they are, without an import.
const ALSO_NEEDS: [(&str, &str); 3] = [("aiohttp", "h11"), ("pytest", "pytest-asyncio"), ("pytest", "pytest-cov")];

/// The wheels in these folders, by name. If two have the same name, the one in the later folder counts.
///
/// # Errors
///
/// If a file cannot be read, or is not a wheel.
pub fn in_folders(folders: &[&Path]) -> Result<Vec<Wheel>, SiteError> {
    let mut wheels: Vec<Wheel> = Vec::new();
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        for path in files::entries(folder)?.into_iter().filter(|path| path.extension().is_some_and(|it| it == "whl")) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let wheel =
                Wheel::read(files::read(&path)?).ok_or_else(|| SiteError::missing(&name, "METADATA of a wheel"))?;
            wheels.retain(|other| other.name != wheel.name);
            wheels.push(wheel);
        }
    }
    wheels.sort_by(|a, b| a.name.cmp(&b.name));
    let names: BTreeSet<String> = wheels.iter().map(|wheel| wheel.name.clone()).collect();
    for wheel in &mut wheels {
        wheel.needs.retain(|need| names.contains(need));
    }
    Ok(wheels)
}

impl Wheel {
    /// `None` if it is not a wheel.
    fn read(content: Vec<u8>) -> Option<Self> {
        let mut archive = ZipArchive::new(Cursor::new(&content)).ok()?;
        let files: Vec<String> =
            archive.file_names().map(|name| Some(name.ok()?.into_owned())).collect::<Option<_>>()?;
        let metadata =
            files.iter().find(|name| name.ends_with(".dist-info/METADATA") && name.matches('/').count() == 1)?;
        let mut text = String::new();
        archive.by_name(metadata).ok()?.read_to_string(&mut text).ok()?;
        let headers = text.split("\n\n").next().unwrap_or_default();
        let all = |name: &'static str| headers.lines().filter_map(move |line| line.strip_prefix(name)).map(str::trim);
        let name = normalized(all("Name:").next()?);
        let mut needs: BTreeSet<String> = all("Requires-Dist:").filter_map(required).collect();
        needs.extend(ALSO_NEEDS.iter().filter(|(of, _)| *of == name).map(|(_, need)| (*need).to_owned()));
        let modules: BTreeSet<String> = files.iter().filter_map(|file| top_level_module(file)).collect();
        Some(Self {
            name,
            version: all("Version:").next()?.to_owned(),
            modules: modules.into_iter().collect(),
            needs: needs.into_iter().collect(),
            content,
        })
    }
}

/// The name of a package as indexes compare it: <https://packaging.python.org/en/latest/specifications/name-normalization/>.
fn normalized(name: &str) -> String {
    let parts = name.split(['-', '_', '.']).filter(|part| !part.is_empty());
    parts.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
}

/// The name in a requirement such as `yarl<2.0,>=1.17; python_version < "3.13"`. `None` if it is an extra.
fn required(requirement: &str) -> Option<String> {
    let (package, condition) = requirement.split_once(';').unwrap_or((requirement, ""));
    let end = package.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c)).unwrap_or(package.len());
    (!condition.contains("extra")).then(|| normalized(&package[..end]))
}

/// The module to which a file of a wheel belongs.
fn top_level_module(file: &str) -> Option<String> {
    let module = match file.split_once('/') {
        Some((folder, _)) => folder,
        None if file.ends_with(".py") || file.ends_with(".so") => file.split('.').next()?,
        None => return None,
    };
    let is_name = module.chars().all(|c| c.is_alphanumeric() || c == '_');
    is_name.then(|| module.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn wheel(metadata: &str, others: &[&str]) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        for name in others.iter().chain(&["a-1.dist-info/METADATA"]) {
            zip.start_file(*name, SimpleFileOptions::default()).unwrap();
            if name.ends_with("METADATA") {
                zip.write_all(metadata.as_bytes()).unwrap();
            }
        }
        zip.finish().unwrap().into_inner()
    }

    #[test]
    fn a_wheel_is_read_by_its_metadata() {
        let metadata = "Metadata-Version: 2.1\nName: Typing_Inspection\nVersion: 0.4\n\
            Requires-Dist: typing-extensions>=4.12.0\nRequires-Dist: idna (>=2) ; python_version < '3.13'\n\
            Requires-Dist: brotli; extra == 'speedups'\n\nName: not this one\n";
        let content =
            wheel(metadata, &["typing_inspection/__init__.py", "single.py", "_native.cpython-314.so", "a.txt"]);
        let wheel = Wheel::read(content).unwrap();
        assert_eq!((&*wheel.name, &*wheel.version), ("typing-inspection", "0.4"));
        assert_eq!(wheel.needs, ["idna", "typing-extensions"]);
        assert_eq!(wheel.modules, ["_native", "single", "typing_inspection"]);
    }

    #[test]
    fn a_later_folder_replaces_wheels_and_needs_that_are_not_there_are_left_out() {
        let [first, second] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let metadata = |name: &str, version: &str| format!("Name: {name}\nVersion: {version}\nRequires-Dist: b\n\n");
        files::write(&first.path().join("a-1.whl"), wheel(&metadata("a", "1"), &[])).unwrap();
        files::write(&first.path().join("readme.txt"), "").unwrap();
        files::write(&second.path().join("a-2.whl"), wheel(&metadata("a", "2"), &[])).unwrap();
        let wheels = in_folders(&[first.path(), second.path(), Path::new("/no/such/folder")]).unwrap();
        assert_eq!(wheels.iter().map(|wheel| &*wheel.version).collect::<Vec<_>>(), ["2"]);
        assert!(wheels[0].needs.is_empty());
    }

    #[test]
    fn a_file_that_is_not_a_wheel_is_named() {
        let folder = tempfile::tempdir().unwrap();
        files::write(&folder.path().join("broken.whl"), "no zip").unwrap();
        assert!(in_folders(&[folder.path()]).unwrap_err().to_string().contains("broken.whl"));
    }
}
