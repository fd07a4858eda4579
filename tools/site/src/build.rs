//! What trunk and `make` say about the build, in environment variables.

use std::env;
use std::path::{Path, PathBuf};

use crate::error::SiteError;

/// The page's binary.
pub const PAGE: &str = "interleave";

/// Set to `tests` by `tools/test`.
const PURPOSE: &str = "SITE_FOR";

/// What the site is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// To be published: as small and fast as wasm-opt can make it.
    Published,
    /// For tests only: the same code in the same parts, without wasm-opt.
    Test,
    /// To look at while editing: as the compiler left it.
    Debug,
}

/// One build by trunk.
#[derive(Debug)]
pub struct Build {
    /// The folder that will be served.
    pub site: PathBuf,
    /// The page's wasm as the linker left it, in a release build.
    pub linked: PathBuf,
    /// A folder of ours for intermediate files and the cache.
    pub work: PathBuf,
    /// What the site is built for.
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

/// True for the folder that `make site` leaves for a host.
fn is_published(dist: &Path) -> bool {
    dist.file_name().is_some_and(|name| name == "dist")
}

/// Cargo runs this program from `PROFILE/` in the folder where it also built the page.
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
    fn a_build_for_tests_has_a_folder_of_its_own() {
        assert!(is_published(Path::new("/somewhere/dist")));
        assert!(!is_published(Path::new("/somewhere/target/test-site")));
    }
}
