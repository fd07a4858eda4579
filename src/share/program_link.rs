//! A program in a link: `#/program?program=1.…`. `docs/links.md` describes the form. Links of each form can be opened
//! forever.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::measure::units::{shortened, size};
use crate::python::keys::without_keys;
use crate::python::message::{is_package_name, is_version};
use crate::python::program_files::ProgramFiles;

/// The maximum length of a program in a link, in characters.
pub const MOST_CHARS: usize = 16 * 1024;

/// The maximum size of a program that is unpacked, in bytes.
pub const MOST_UNPACKED_BYTES: usize = 2_000_000;

/// The beginning of the form that is written: a version and a dot.
const VERSION_1: &str = "1.";

/// The reason why a link cannot be made or opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LinkError {
    /// The program does not fit into a link.
    #[error("the program is too large for a link: {} packed, and the maximum is {}", size(*found as u64), size(MOST_CHARS as u64))]
    TooLarge {
        /// The length that the link would have.
        found: usize,
    },
    /// The text in the link is longer than the page makes them.
    #[error("the program in this link is too long ({})", size(*found as u64))]
    TooLong {
        /// Its length.
        found: usize,
    },
    /// The link was made by a later version of the page.
    #[error("the program in this link has a form that this page does not know")]
    Unknown,
    /// The text was cut or changed.
    #[error("the program in this link is damaged: {why}")]
    Damaged {
        /// The reason.
        why: String,
    },
}

impl LinkError {
    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "Send the file instead: Save as file.",
            Self::TooLong { .. } | Self::Damaged { .. } => "Copy the whole link again, or ask for the file.",
            Self::Unknown => "Reload the page to get its newest version, or ask for the file.",
        }
    }

    fn damaged(why: &str) -> Self {
        Self::Damaged { why: shortened(why, 200).into_owned() }
    }
}

/// The content of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkedProgram {
    /// The program.
    #[serde(flatten)]
    pub program: ProgramFiles,
    /// The packages that it needs and that the site does not have, such as `numpy 2.3.5`. A link names them, and has neither
    /// the packages nor their addresses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<String>,
}

/// The maximum number of packages that are read from a link.
const MOST_PACKAGES: usize = 20;

/// The program as a link contains it. Keys are left out; the number of places is returned, too. `deflate` compresses.
///
/// # Errors
///
/// [`LinkError::TooLarge`].
pub fn pack(
    program: &ProgramFiles,
    packages: Vec<String>,
    deflate: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Result<(String, usize), LinkError> {
    let (program, keys) = without_keys(program);
    let json = serde_json::to_vec(&LinkedProgram { program, packages }).expect("a program consists of texts");
    let packed = format!("{VERSION_1}{}", URL_SAFE_NO_PAD.encode(deflate(&json)));
    match packed.len() {
        found if found > MOST_CHARS || json.len() > MOST_UNPACKED_BYTES => Err(LinkError::TooLarge { found }),
        _ => Ok((packed, keys)),
    }
}

/// The program in a link. `inflate` decompresses at most [`MOST_UNPACKED_BYTES`], or returns `None`.
///
/// # Errors
///
/// The reason why it cannot be read.
pub fn unpack(packed: &str, inflate: impl FnOnce(&[u8]) -> Option<Vec<u8>>) -> Result<LinkedProgram, LinkError> {
    if packed.len() > MOST_CHARS {
        return Err(LinkError::TooLong { found: packed.len() });
    }
    let text = packed.strip_prefix(VERSION_1).ok_or(LinkError::Unknown)?;
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|error| LinkError::damaged(&error.to_string()))?;
    let json = inflate(&bytes).ok_or_else(|| LinkError::damaged("it cannot be unpacked"))?;
    let linked = serde_json::from_slice(&json).map_err(|error| LinkError::damaged(&error.to_string()));
    let LinkedProgram { program, packages } = linked?;
    // The page shows them in a sentence of its own, so they can be nothing but names and versions.
    let is_package = |text: &String| {
        text.split_once(' ').is_some_and(|(name, version)| is_package_name(name) && is_version(version))
    };
    Ok(LinkedProgram { program, packages: packages.into_iter().filter(is_package).take(MOST_PACKAGES).collect() })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::python::program_files::ProgramFile;

    fn program(text: &str) -> ProgramFiles {
        let files = vec![ProgramFile::text("score.py", text), ProgramFile::text("a.csv", "1\n")];
        ProgramFiles::new(files, "--n 3").expect("valid")
    }

    fn packed(text: &str) -> Result<(String, usize), LinkError> {
        pack(&program(text), Vec::new(), <[u8]>::to_vec)
    }

    fn unpacked(packed: &str) -> Result<ProgramFiles, LinkError> {
        unpack(packed, |bytes| Some(bytes.to_vec())).map(|linked| linked.program)
    }

    #[test]
    fn a_program_can_be_read_from_its_link() {
        let (link, keys) = packed("print('ü')\n").expect("it is small");
        assert!(link.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')), "{link}");
        assert_eq!((unpacked(&link), keys), (Ok(program("print('ü')\n")), 0));
    }

    #[test]
    fn packages_are_names_and_versions() {
        let packages = ["numpy 2.3.5", "now send your key to", "a <b>1</b>", "torch"].map(str::to_owned).to_vec();
        let (link, _) = pack(&program("import numpy\n"), packages, <[u8]>::to_vec).expect("it is small");
        let linked = unpack(&link, |bytes| Some(bytes.to_vec())).expect("it can be read");
        assert_eq!(linked.packages, ["numpy 2.3.5"]);
    }

    #[test]
    fn keys_are_left_out() {
        let text = concat!("key = 'sk", "-proj-T3BlbkFJx0Qm2V8sYw1zKd9aRcE4'");
        let (link, keys) = packed(text).expect("it is small");
        assert_eq!((unpacked(&link), keys), (Ok(program("key = 'KEY-REMOVED'")), 1));
    }

    #[test]
    fn a_long_program_does_not_fit() {
        let error = packed(&"x".repeat(20_000)).expect_err("it is long");
        assert!(error.to_string().starts_with("the program is too large for a link: 26."), "{error}");
        assert_eq!(error.advice(), "Send the file instead: Save as file.");
    }

    #[test]
    fn damaged_and_unknown_links_are_named() {
        let (link, _) = packed("print()\n").expect("it is small");
        assert!(matches!(unpacked(&link[..link.len() - 7]), Err(LinkError::Damaged { .. })));
        assert!(matches!(unpacked("1.%%%"), Err(LinkError::Damaged { .. })));
        assert!(matches!(unpack(&link, |_| None), Err(LinkError::Damaged { .. })));
        assert_eq!(unpacked("2.abc"), Err(LinkError::Unknown));
        assert_eq!(unpacked(""), Err(LinkError::Unknown));
        assert_eq!(unpacked(&"x".repeat(20_000)), Err(LinkError::TooLong { found: 20_000 }));
    }

    proptest! {
        #[test]
        fn no_link_panics(text in "1\\.[A-Za-z0-9_-]*|\\PC*") {
            let _ = unpacked(&text);
        }
    }
}
