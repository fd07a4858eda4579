//! Names for content: equal content has the same name on every machine and with every compiler.
//!
//! SHA-256 (FIPS 180-4) over the parts, each after its length, so that moving a byte from one part to the next changes the
//! hash.

use sha2::{Digest, Sha256};

/// Takes parts of content one after the other.
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

    /// The first 64 bits as 16 hexadecimal digits: for file names. The service worker knows names with a hash by this form.
    #[must_use]
    pub fn name(self) -> String {
        self.key()[..16].to_owned()
    }

    /// The whole hash as 64 hexadecimal digits: for a cache, where two contents must never be confused.
    #[must_use]
    pub fn key(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_never_changes() {
        // What `printf '\003\0\0\0\0\0\0\0abc' | sha256sum` prints.
        let expected = "ce91dc5eec0139adf091900d225971d6ad246a845bad791b5693a9d0d55dd391";
        let key = ContentHash::default().with("abc").key();
        assert_eq!(key, expected);
        assert_eq!(ContentHash::default().with("abc").name(), expected[..16]);
    }

    #[test]
    fn it_matters_where_a_part_ends() {
        let hash = |parts: [&str; 2]| ContentHash::default().with(parts[0]).with(parts[1]).name();
        assert_ne!(hash(["ab", "c"]), hash(["a", "bc"]));
    }
}
