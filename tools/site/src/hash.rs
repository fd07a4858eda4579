//! Names for content: equal content has the same name on every machine and with every compiler.
//!
//! The hash is SHA-256 (FIPS 180-4) over the parts. The length of each part comes before it, so that moving a byte from
//! one part to the next changes the hash.

use sha2::{Digest, Sha256};

/// A hash of several parts of content.
#[derive(Default)]
pub struct ContentHash(Sha256);

impl ContentHash {
    /// Adds a part.
    #[must_use]
    pub fn with(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.0.update((part.len() as u64).to_le_bytes());
        self.0.update(part);
        self
    }

    /// The first 64 bits as 16 hexadecimal digits, for file names. The service worker recognises names with a hash by
    /// this form.
    #[must_use]
    pub fn name(self) -> String {
        self.key()[..16].to_owned()
    }

    /// The whole hash as 64 hexadecimal digits, for a cache, in which two contents must never have the same key.
    #[must_use]
    pub fn key(self) -> String {
        hex(&self.0.finalize())
    }
}

/// The hash of a source file by which a run refers to it: the first 16 hexadecimal digits of its SHA-256. The page's
/// `build.rs` computes the same.
#[must_use]
pub fn of_source(source: &str) -> String {
    hex(&sha_256(source)[..8])
}

/// The SHA-256 of content as it is.
#[must_use]
pub fn sha_256(content: impl AsRef<[u8]>) -> [u8; 32] {
    Sha256::digest(content).into()
}

/// Bytes as hexadecimal digits.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_source_is_the_beginning_of_its_sha_256() {
        // The output of `printf abc | sha256sum`.
        assert_eq!(of_source("abc"), "ba7816bf8f01cfea");
    }

    #[test]
    fn a_name_never_changes() {
        // The output of `printf '\003\0\0\0\0\0\0\0abc' | sha256sum`.
        let expected = "ce91dc5eec0139adf091900d225971d6ad246a845bad791b5693a9d0d55dd391";
        let key = ContentHash::default().with("abc").key();
        assert_eq!(key, expected);
        assert_eq!(ContentHash::default().with("abc").name(), expected[..16]);
    }

    #[test]
    fn the_hash_depends_on_the_ends_of_the_parts() {
        let hash = |parts: [&str; 2]| ContentHash::default().with(parts[0]).with(parts[1]).name();
        assert_ne!(hash(["ab", "c"]), hash(["a", "bc"]));
    }
}
