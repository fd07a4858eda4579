//! The hashes of the exercises' source files, so that a recorded line refers to exactly one content of its file.

include!(concat!(env!("OUT_DIR"), "/source_hashes.rs"));

/// The first 16 hexadecimal digits of the SHA-256 of a source file, for the exercises' files.
pub(crate) fn hash_of(path: &str) -> Option<&'static str> {
    let index = HASHES.binary_search_by_key(&path, |(path, _)| path).ok()?;
    Some(HASHES[index].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exercises_have_hashes_and_other_files_have_none() {
        let hash = hash_of("src/exercises/async_basics.rs").expect("it is an exercise");
        assert!(hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
        assert!(hash_of("src/exercises/async_ml_pipeline/plan.rs").is_some());
        assert_eq!(hash_of("src/runtime/run.rs"), None);
    }
}
