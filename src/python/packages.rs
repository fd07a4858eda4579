//! [`Package`]: a library that programs can import, and that is loaded when one does.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::Deserialize;

/// A package of this copy of the site, or one that the reader has opened.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Package {
    /// Its name, in the form that package indexes compare: `typing-extensions`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The top-level modules that it has.
    pub modules: Vec<String>,
    /// The names of the packages that it needs.
    pub needs: Vec<String>,
    /// The place of its wheel.
    #[serde(rename = "path")]
    pub file: PackageFile,
    /// The size of the wheel in bytes.
    pub bytes: usize,
}

/// Its name and version.
impl fmt::Display for Package {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// The place of a package's wheel.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub enum PackageFile {
    /// Its address, relative to the site.
    Site(String),
    /// It is one of the reader's [own wheels](super::own_wheels).
    Saved,
}

impl From<String> for PackageFile {
    fn from(path: String) -> Self {
        Self::Site(path)
    }
}

/// True if a Python file imports a module, as far as the beginnings of its lines show.
#[must_use]
pub fn imports(source: &str, module: &str) -> bool {
    let mut lines = source.lines().map(str::trim_start);
    lines.any(|line| {
        let rest = line.strip_prefix("import ").or_else(|| line.strip_prefix("from "));
        rest.is_some_and(|rest| rest.split([',', ' ', '.']).any(|word| word == module))
    })
}

/// The packages for a program that imports these modules, with the packages that they need, sorted by name. A later package
/// replaces an earlier one with the same name.
#[must_use]
pub fn needed<'a>(packages: &'a [Package], modules: &[&str]) -> Vec<&'a Package> {
    let by_name: BTreeMap<&str, &Package> = packages.iter().map(|package| (&*package.name, package)).collect();
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = modules.iter().filter_map(|module| Some(&*provider(packages, module)?.name)).collect();
    while let Some(name) = open.pop() {
        if let Some((name, package)) = by_name.get_key_value(name)
            && found.insert(*name)
        {
            open.extend(package.needs.iter().map(|need| &**need));
        }
    }
    found.into_iter().map(|name| by_name[name]).collect()
}

/// The package that has this module: the last one.
#[must_use]
pub fn provider<'a>(packages: &'a [Package], module: &str) -> Option<&'a Package> {
    packages.iter().rfind(|package| package.modules.iter().any(|it| it == module))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, modules: &[&str], needs: &[&str]) -> Package {
        let texts = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
        let (modules, needs) = (texts(modules), texts(needs));
        Package { name: name.to_owned(), version: "1".to_owned(), modules, needs, file: PackageFile::Saved, bytes: 1 }
    }

    fn names(packages: &[Package], modules: &[&str]) -> Vec<String> {
        needed(packages, modules).iter().map(|package| package.name.clone()).collect()
    }

    #[test]
    fn a_package_brings_the_packages_that_it_needs() {
        let packages = [
            package("aiohttp", &["aiohttp"], &["yarl", "attrs"]),
            package("attrs", &["attr", "attrs"], &[]),
            package("tqdm", &["tqdm"], &[]),
            // They need each other.
            package("yarl", &["yarl"], &["idna", "aiohttp"]),
        ];
        // One that is not in this copy is left out: the import then says what is missing.
        assert_eq!(names(&packages, &["aiohttp"]), ["aiohttp", "attrs", "yarl"]);
        assert_eq!(names(&packages, &["attr", "numpy"]), ["attrs"]);
        assert_eq!(names(&packages, &["numpy"]), [""; 0]);
        let own = Package { version: "2".to_owned(), ..package("tqdm", &["tqdm"], &[]) };
        let packages = [&packages[..], &[own]].concat();
        assert_eq!(needed(&packages, &["tqdm"])[0].version, "2");
    }

    #[test]
    fn imports_are_recognized_by_their_lines() {
        let source =
            "import asyncio, numpy as np\n\nasync def main():\n    from pandas.io import json\n# import torch\n";
        for module in ["numpy", "asyncio", "pandas"] {
            assert!(imports(source, module), "{module}");
        }
        for module in ["torch", "num", "main"] {
            assert!(!imports(source, module), "{module}");
        }
    }

    #[test]
    fn the_manifest_has_the_address_of_a_wheel() {
        let json =
            r#"{"name": "a", "version": "1", "modules": ["a"], "needs": [], "path": "python/a.zip", "bytes": 7}"#;
        let package: Package = serde_json::from_str(json).expect("it is as tools/site writes it");
        assert_eq!(package.file, PackageFile::Site("python/a.zip".to_owned()));
    }
}
