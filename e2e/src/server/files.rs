//! From a request's path to a file of the site, and never to one outside it.

use std::path::{Path, PathBuf};

use percent_encoding::percent_decode_str;

/// The site's folder, and the path under which it is served.
#[derive(Debug)]
pub(super) struct Files {
    folder: PathBuf,
    base: String,
}

/// A file's bytes and their type.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct File {
    pub content_type: &'static str,
    pub body: Vec<u8>,
}

impl Files {
    pub fn new(folder: &Path, base: &str) -> Self {
        Self { folder: folder.to_owned(), base: base.to_owned() }
    }

    pub fn base(&self) -> &str {
        &self.base
    }

    /// The path below the base, decoded, with `index.html` in place of a folder. `None` for what a host must not serve.
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

    pub fn read(&self, relative: &str) -> Option<File> {
        let path = self.folder.join(relative);
        let body = std::fs::read(&path).ok()?;
        Some(File { content_type: content_type(&path), body })
    }
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
    fn a_folder_means_its_index() {
        assert_relative("/some/sub-path/", Some("index.html"));
        assert_relative("/some/sub-path/guide/", Some("guide/index.html"));
    }

    #[test]
    fn what_is_not_below_the_base_is_not_served() {
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
    fn wasm_has_the_type_that_streaming_compilation_needs() {
        assert_eq!(content_type(Path::new("a/b_bg.wasm")), "application/wasm");
        assert_eq!(content_type(Path::new("weights.safetensors")), "application/octet-stream");
    }
}
