//! Adds compiled modules to Python's zips, so that Python starts and imports in half the time: `bytecode.mjs` says how. It
//! runs Pyodide in Node.js, which comes with npm.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::cache::Cache;
use crate::error::SiteError;
use crate::files;
use crate::hash::ContentHash;
use crate::tool;

/// The program, and its place.
const PROGRAM: &str = include_str!("bytecode.mjs");
const PLACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/bytecode.mjs");

/// The standard library, in the folder of the npm package.
pub const LIBRARY: &str = "python_stdlib.zip";

/// Compiles with the Pyodide in a folder.
#[derive(Clone, Copy, Debug)]
pub struct Compiler<'a> {
    /// The folder of the npm package.
    pub pyodide: &'a Path,
    /// A folder for temporary files.
    pub work: &'a Path,
    /// The results of earlier builds.
    pub cache: &'a Cache,
}

impl Compiler<'_> {
    /// The standard library and our package, whose zip is given, with compiled modules.
    ///
    /// # Errors
    ///
    /// If Node.js is missing or cannot run the program.
    pub fn library(&self, package: &[u8]) -> Result<[Vec<u8>; 2], SiteError> {
        let library = files::read(&self.pyodide.join(LIBRARY))?;
        let zips = self.compiled("library", &[package], &library)?;
        zips.try_into().map_err(|_| unexpected())
    }

    /// The wheels with compiled modules.
    ///
    /// # Errors
    ///
    /// If Node.js is missing or cannot run the program.
    pub fn wheels(&self, wheels: &[&[u8]]) -> Result<Vec<Vec<u8>>, SiteError> {
        let zips = self.compiled("wheels", wheels, &[])?;
        if zips.len() == wheels.len() { Ok(zips) } else { Err(unexpected()) }
    }

    /// The output of the program for these zips. It also depends on `other`.
    fn compiled(&self, what: &str, zips: &[&[u8]], other: &[u8]) -> Result<Vec<Vec<u8>>, SiteError> {
        let key = ContentHash::default().with(PROGRAM).with(files::read(&self.pyodide.join("package.json"))?);
        let key = zips.iter().fold(key.with(what).with(other), |key, zip| key.with(zip)).key();
        let output = self.cache.get_or_make(&key, || {
            let paths: Vec<PathBuf> = (0..zips.len()).map(|n| self.work.join(format!("{what}-{n}.zip"))).collect();
            for (path, zip) in paths.iter().zip(zips) {
                files::write(path, zip)?;
            }
            let arguments: Vec<OsString> = [PLACE.into(), self.pyodide.into(), what.into()].into_iter().collect();
            let output = tool::run("node", |node| node.args(&arguments).args(&paths))?;
            parts(&output).map(|_| output)
        })?;
        parts(&output)
    }
}

/// Reads what the program writes.
fn parts(mut output: &[u8]) -> Result<Vec<Vec<u8>>, SiteError> {
    let mut parts = Vec::new();
    while !output.is_empty() {
        let (size, rest) = output.split_first_chunk().ok_or_else(unexpected)?;
        let (part, rest) = rest.split_at_checked(u32::from_le_bytes(*size) as usize).ok_or_else(unexpected)?;
        parts.push(part.to_vec());
        output = rest;
    }
    Ok(parts)
}

fn unexpected() -> SiteError {
    SiteError::missing("the output of bytecode.mjs", "zip")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_consists_of_zips_after_their_sizes() {
        assert_eq!(parts(b"\x03\0\0\0abc\x02\0\0\0de").unwrap(), [b"abc".to_vec(), b"de".to_vec()]);
        assert!(parts(b"").unwrap().is_empty());
    }

    #[test]
    fn output_that_ends_too_early_is_refused() {
        assert!(parts(b"\x03\0\0\0ab").is_err());
        assert!(parts(b"\x03\0").is_err());
    }
}
