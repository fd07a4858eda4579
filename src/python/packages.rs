//! [`Package`]: a library that programs can import, and that is loaded when one does.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// A package of this copy of the site.
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
    /// The address of its wheel, relative to the site.
    pub path: String,
    /// The size of the wheel in bytes.
    pub bytes: usize,
}

/// The packages for a program that imports these modules, with the packages that they need, sorted by name.
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

/// The package that has this module.
#[must_use]
pub fn provider<'a>(packages: &'a [Package], module: &str) -> Option<&'a Package> {
    packages.iter().find(|package| package.modules.iter().any(|it| it == module))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, modules: &[&str], needs: &[&str]) -> Package {
        let texts = |list: &[&str]| list.iter().map(|it| (*it).to_owned()).collect();
        let (modules, needs) = (texts(modules), texts(needs));
        Package { name: name.to_owned(), version: "1".to_owned(), modules, needs, path: String::new(), bytes: 1 }
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
    }
}
