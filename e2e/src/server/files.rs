//! The file of the site for a request's path, and never a file outside the site.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use brotli::enc::BrotliEncoderParams;
use percent_encoding::percent_decode_str;

use crate::host::lock;

/// The quality that hosts use if they compress each response.
const QUALITY: i32 = 5;

/// The site's folder, and the path under which it is served.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    base: String,
    /// The files compressed so far, by path. `None` if no files are to be compressed.
    compressed: Option<Mutex<BTreeMap<String, Vec<u8>>>>,
}

/// A file's bytes and their type.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    pub content_type: &'static str,
    pub is_brotli: bool,
    pub body: Vec<u8>,
}

impl File {
    /// A file that is not compressed.
    pub fn plain(content_type: &'static str, body: Vec<u8>) -> Self {
        Self { content_type, is_brotli: false, body }
    }
}

impl Files {
    pub fn new(folder: &Path, base: &str) -> Self {
        Self { folder: folder.to_owned(), base: base.to_owned(), compressed: None }
    }

    /// Compresses the files that become smaller.
    pub fn compressed(self) -> Self {
        Self { compressed: Some(Mutex::default()), ..self }
    }

    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// The path below the base, decoded. A folder stands for its `index.html`. `None` if the path is not below the
    /// base, or leads out of the folder.
    pub fn relative(&self, path: &str) -> Option<String> {
        let below = path.strip_prefix(&self.base)?;
        let decoded = percent_decode_str(below).decode_utf8().ok()?;
        let leads_out = decoded.split('/').any(|segment| segment == "." || segment == "..");
        if leads_out || decoded.starts_with('/') || decoded.contains(['\\', ':', '\0']) {
            return None;
        }
        let is_folder = decoded.is_empty() || decoded.ends_with('/');
        Some(if is_folder { format!("{decoded}index.html") } else { decoded.into_owned() })
    }

    pub fn read(&self, relative: &str, accepts_brotli: bool) -> Option<File> {
        let path = self.folder.join(relative);
        let body = std::fs::read(&path).ok()?;
        let plain = File::plain(content_type(&path), body);
        let compressed = self.compressed.as_ref().filter(|_| accepts_brotli && shrinks(plain.content_type));
        let Some(compressed) = compressed else { return Some(plain) };
        let body = lock(compressed).entry(relative.to_owned()).or_insert_with(|| brotli_of(&plain.body)).clone();
        Some(File { is_brotli: true, body, ..plain })
    }
}

fn shrinks(content_type: &str) -> bool {
    content_type.starts_with("text/")
        || ["application/wasm", "application/json", "image/svg+xml"].contains(&content_type)
}

fn brotli_of(mut bytes: &[u8]) -> Vec<u8> {
    let parameters = BrotliEncoderParams { quality: QUALITY, ..BrotliEncoderParams::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut bytes, &mut compressed, &parameters).expect("memory can be read and written");
    compressed
}

/// The type that a static host gives, by the file's extension.
fn content_type(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("wasm") => "application/wasm",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("csv") => "text/csv; charset=utf-8",
        Some("txt" | "md" | "py") => "text/plain; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_relative(path: &str, expected: Option<&str>) {
        let files = Files::new(Path::new("site"), "/some/sub-path/");
        assert_eq!(files.relative(path).as_deref(), expected, "{path}");
    }

    #[test]
    fn a_path_below_the_base_is_decoded() {
        assert_relative("/some/sub-path/app.js", Some("app.js"));
        assert_relative("/some/sub-path/data/a%20b.csv", Some("data/a b.csv"));
    }

    #[test]
    fn a_folder_stands_for_its_index() {
        assert_relative("/some/sub-path/", Some("index.html"));
        assert_relative("/some/sub-path/guide/", Some("guide/index.html"));
    }

    #[test]
    fn a_path_outside_the_base_is_not_served() {
        assert_relative("/", None);
        assert_relative("/app.js", None);
        assert_relative("/some/sub-path", None);
    }

    #[test]
    fn no_path_leads_out_of_the_folder() {
        assert_relative("/some/sub-path/../secret", None);
        assert_relative("/some/sub-path/a/%2e%2e/%2E%2e/secret", None);
        assert_relative("/some/sub-path//etc/passwd", None);
        assert_relative("/some/sub-path/%2Fetc/passwd", None);
        assert_relative("/some/sub-path/..%5Csecret", None);
        assert_relative("/some/sub-path/a%00.js", None);
        assert_relative("/some/sub-path/%ff", None);
    }

    #[test]
    fn code_is_compressed_if_the_client_accepts_it_and_weights_are_not() {
        let folder = tempfile::tempdir().expect("it can be created");
        let text = "go();".repeat(1000);
        std::fs::write(folder.path().join("app.js"), &text).expect("it can be written");
        std::fs::write(folder.path().join("a.safetensors"), &text).expect("it can be written");
        let plain = Files::new(folder.path(), "/");
        assert_eq!(plain.read("app.js", true).map(|file| file.is_brotli), Some(false));
        let files = plain.compressed();
        let read = |path, accepts| files.read(path, accepts).map(|file| (file.is_brotli, file.body.len() < 100));
        assert_eq!(read("app.js", true), Some((true, true)));
        assert_eq!(read("app.js", false), Some((false, false)));
        assert_eq!(read("a.safetensors", true), Some((false, false)));
    }

    #[test]
    fn wasm_has_the_type_that_streaming_compilation_needs() {
        assert_eq!(content_type(Path::new("a/b_bg.wasm")), "application/wasm");
        assert_eq!(content_type(Path::new("weights.safetensors")), "application/octet-stream");
    }
}
