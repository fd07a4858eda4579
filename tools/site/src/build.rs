//! The settings of the build, which trunk and `tools/test` pass in environment variables.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::SiteError;

/// The page's binary.
pub const PAGE: &str = "interleave";

/// The environment variable that `tools/test` sets to `tests`.
const PURPOSE: &str = "SITE_FOR";

/// The purpose of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// For publishing: as small and fast as wasm-opt can make it.
    Published,
    /// For tests only: the same code in the same parts, without wasm-opt.
    Test,
    /// For development: the compiler's output, not split and not optimized.
    Debug,
}

/// One build by trunk.
#[derive(Debug)]
pub struct Build {
    /// The folder that will be served.
    pub site: PathBuf,
    /// The page's wasm after linking, in a release build.
    pub linked: PathBuf,
    /// A folder for intermediate files and the cache.
    pub work: PathBuf,
    /// The purpose of the site.
    pub kind: Kind,
}

impl Build {
    /// Reads the environment of a trunk hook.
    ///
    /// # Errors
    ///
    /// If trunk did not start this, or if a build for tests would replace the one for publishing.
    pub fn from_env() -> Result<Self, SiteError> {
        let site = env::var_os("TRUNK_STAGING_DIR").map(PathBuf::from).ok_or(SiteError::NoTrunk)?;
        let is = |name: &str, value: &str| env::var_os(name).is_some_and(|it| it == value);
        let kind = kind(is("TRUNK_PROFILE", "release"), is(PURPOSE, "tests"));
        if kind == Kind::Test && env::var_os("TRUNK_DIST_DIR").is_some_and(|dist| is_published(Path::new(&dist))) {
            return Err(SiteError::TestBuildInDist);
        }
        let target = target_folder()?;
        let linked = target.join("wasm32-unknown-unknown/release").join(PAGE).with_extension("wasm");
        Ok(Self { site, linked, work: target.join("site"), kind })
    }
}

fn kind(is_release: bool, is_for_tests: bool) -> Kind {
    match (is_release, is_for_tests) {
        (false, _) => Kind::Debug,
        (true, true) => Kind::Test,
        (true, false) => Kind::Published,
    }
}

/// True for the folder in which `make site` puts the site for a host.
fn is_published(dist: &Path) -> bool {
    dist.file_name().is_some_and(|name| name == "dist")
}

/// Cargo's target folder. This program is in its subfolder `PROFILE/`, and the page was built in it too.
fn target_folder() -> Result<PathBuf, SiteError> {
    let program = env::current_exe().map_err(|source| SiteError::file("the running program", source))?;
    Ok(program.ancestors().nth(2).unwrap_or(Path::new("target")).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_release_build_can_be_published() {
        assert_eq!(kind(true, false), Kind::Published);
        assert_eq!(kind(true, true), Kind::Test);
        assert_eq!((kind(false, false), kind(false, true)), (Kind::Debug, Kind::Debug));
    }

    #[test]
    fn a_build_for_tests_has_its_own_folder() {
        assert!(is_published(Path::new("/somewhere/dist")));
        assert!(!is_published(Path::new("/somewhere/target/test-site")));
    }
}
