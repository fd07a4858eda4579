//! Joins small parts of the page's code in one file.
//!
//! Code that several parts share, but the page does not, is a chunk: there is one for each set of parts, and most have
//! less than 2 KB. The first run of an exercise needs 70 of them. Starting that many requests blocks a phone for 0.7 s, and
//! compressed one by one they take three times the bytes.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::error::SiteError;
use crate::files;

/// The file: one module after the other. The extension makes hosts compress it.
const JOINED: &str = "chunks.wasm";

/// The start of the names of chunks.
const CHUNK: &str = "chunk_";

/// Larger modules stay files of their own, and are optimized.
pub const MIN_BYTES: u64 = 9_000;

/// The functions that the loader calls for a joined module: it is fetched with all others, once.
const LOAD: &str = "
let joined;
async function joinedChunk(from, to) {
    const request = () => bytes(fetch(new URL(\"./chunks.wasm\", import.meta.url)));
    joined ??= request().catch((error) => { joined = undefined; throw error; });
    return new Uint8Array(await joined, from, to - from);
}
";

/// Joins the small chunks among `parts`, which are in `folder`, and deletes them. Returns the other parts, and the
/// loader that takes the joined ones from their file.
///
/// # Errors
///
/// If a file cannot be read, written or deleted, or if the loader does not fetch a chunk as expected.
pub fn join(parts: Vec<PathBuf>, loader: &str, folder: &Path) -> Result<(Vec<PathBuf>, String), SiteError> {
    let (mut joined, mut loader, mut others) = (Vec::new(), loader.to_owned(), Vec::new());
    for part in parts {
        let name = part.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let module = files::read(&part)?;
        if !name.starts_with(CHUNK) || module.len() as u64 >= MIN_BYTES {
            others.push(part);
            continue;
        }
        let fetch = format!("fetch(new URL(\"./{name}\", import.meta.url))");
        if !loader.contains(&fetch) {
            return Err(SiteError::missing("the loader of the parts", &fetch));
        }
        let from = joined.len();
        joined.extend(module);
        loader = loader.replace(&fetch, &format!("joinedChunk({from}, {})", joined.len()));
        files::remove(&part)?;
    }
    if !joined.is_empty() {
        files::write(&folder.join(JOINED), joined)?;
        // Writing to a text does not fail.
        let _ = loader.write_str(LOAD);
    }
    Ok((others, loader))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_chunks_are_one_file_and_everything_else_stays() {
        let folder = tempfile::tempdir().unwrap();
        let large = "x".repeat(MIN_BYTES as usize);
        let content =
            [("chunk_1.wasm", "one"), ("chunk_2.wasm", &large), ("split_a.wasm", "a"), ("chunk_3.wasm", "three")];
        let parts = content.map(|(name, text)| {
            let path = folder.path().join(name);
            files::write(&path, text).unwrap();
            path
        });
        let fetch = |name: &str| format!("const src = fetch(new URL(\"./{name}\", import.meta.url));\n");
        let loader: String = content.iter().map(|(name, _)| fetch(name)).collect();
        let (others, loader) = join(parts.to_vec(), &loader, folder.path()).unwrap();
        assert_eq!(others, [parts[1].clone(), parts[2].clone()]);
        assert_eq!(files::read_text(&folder.path().join(JOINED)).unwrap(), "onethree");
        assert_eq!(files::all(folder.path()).unwrap(), ["chunk_2.wasm", JOINED, "split_a.wasm"]);
        assert!(loader.contains("const src = joinedChunk(0, 3);") && loader.contains("const src = joinedChunk(3, 8);"));
        assert!(loader.contains(&fetch("chunk_2.wasm")) && loader.contains("async function joinedChunk"));
    }

    #[test]
    fn a_loader_of_an_unexpected_form_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let chunk = folder.path().join("chunk_1.wasm");
        files::write(&chunk, "one").unwrap();
        assert!(join(vec![chunk], "import(\"./chunk_1.wasm\")", folder.path()).is_err());
    }
}
