//! Adds compiled modules to Python's standard library and to our package, so that Python starts in half the time:
//! `bytecode.mjs` says how. It runs Pyodide in Node.js, which comes with npm.

use std::path::Path;

use crate::cache::Cache;
use crate::error::SiteError;
use crate::files;
use crate::hash::ContentHash;
use crate::tool;

/// The program, and its place.
const PROGRAM: &str = include_str!("bytecode.mjs");
const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bytecode.mjs");

/// The standard library and our package, both as a zip.
#[derive(Debug, PartialEq, Eq)]
pub struct Modules {
    /// The library of this Pyodide.
    pub library: Vec<u8>,
    /// The package `interleave`.
    pub package: Vec<u8>,
}

impl Modules {
    /// The same with compiled modules. `pyodide` is the folder of the npm package, and `work` one for temporary files.
    ///
    /// # Errors
    ///
    /// If Node.js is missing or cannot run the program.
    pub fn compiled(&self, pyodide: &Path, work: &Path, cache: &Cache) -> Result<Self, SiteError> {
        let key = ContentHash::default().with(PROGRAM).with(files::read(&pyodide.join("package.json"))?);
        let key = key.with(&self.library).with(&self.package).key();
        let output = cache.get_or_make(&key, || {
            let package = work.join("interleave.zip");
            files::write(&package, &self.package)?;
            let output = tool::run("node", |node| node.arg(PLACE).args([pyodide, &package]))?;
            Self::from_output(&output).map(|_| output)
        })?;
        Self::from_output(&output)
    }

    /// Reads what the program writes.
    fn from_output(output: &[u8]) -> Result<Self, SiteError> {
        let modules = output.split_first_chunk().and_then(|(size, rest)| {
            let (library, package) = rest.split_at_checked(u32::from_le_bytes(*size) as usize)?;
            Some(Self { library: library.to_vec(), package: package.to_vec() })
        });
        modules.ok_or_else(|| SiteError::missing("the output of bytecode.mjs", "zip"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_consists_of_the_library_and_the_package() {
        let modules = Modules::from_output(b"\x03\0\0\0abcde").unwrap();
        assert_eq!(modules, Modules { library: b"abc".to_vec(), package: b"de".to_vec() });
    }

    #[test]
    fn output_that_ends_too_early_is_refused() {
        assert!(Modules::from_output(b"\x03\0\0\0ab").is_err());
        assert!(Modules::from_output(b"").is_err());
    }
}
