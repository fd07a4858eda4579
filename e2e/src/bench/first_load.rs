//! The number of bytes that the first visit of the site loads, compressed as by a good host.
//!
//! The files are not guessed from the HTML: they are those that the browser requested from the server.

use std::io;
use std::path::{Path, PathBuf};

use brotli::enc::BrotliEncoderParams;

use crate::server::LoggedRequest;

/// The names of the parts of the page's code begin so. The page loads them when it is mounted and can be used, or later.
const PARTS: [&str; 2] = ["split_", "chunk"];
/// The extensions of HTML, CSS, JavaScript and wasm. Data and pictures do not count.
const COUNTED: [&str; 5] = ["html", "css", "js", "mjs", "wasm"];
/// The highest quality, which hosts use for files that they compress once.
const QUALITY: i32 = 11;

/// The files of the first load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstLoad {
    /// In the order of the requests.
    pub files: Vec<LoadedFile>,
}

/// A file of the first load.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadedFile {
    /// The path, relative to the site.
    pub path: String,
    /// The size on the disk.
    pub plain_bytes: u64,
    /// The compressed size.
    pub brotli_bytes: u64,
}

/// The reason there are no sizes.
#[derive(Debug, thiserror::Error)]
pub enum FirstLoadError {
    /// A file that the browser requested cannot be read.
    #[error("`{}` cannot be read", path.display())]
    NotRead {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The browser requested no file that counts.
    #[error("the browser loaded no HTML, CSS, JavaScript or wasm from the site")]
    Nothing,
}

impl FirstLoad {
    /// The sum of the sizes on the disk.
    #[must_use]
    pub fn plain_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.plain_bytes).sum()
    }

    /// The sum of the compressed sizes.
    #[must_use]
    pub fn brotli_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.brotli_bytes).sum()
    }
}

/// The sizes of the files among `requests` that count, for a site in `folder` that is served under `base`.
///
/// # Errors
///
/// If a file cannot be read, or none counts.
pub fn first_load(folder: &Path, base: &str, requests: &[LoggedRequest]) -> Result<FirstLoad, FirstLoadError> {
    let files = counted(base, requests).into_iter().map(|path| size(folder, path)).collect::<Result<Vec<_>, _>>()?;
    if files.is_empty() { Err(FirstLoadError::Nothing) } else { Ok(FirstLoad { files }) }
}

/// The paths that count, each once. A request for the folder counts as `index.html`.
fn counted(base: &str, requests: &[LoggedRequest]) -> Vec<String> {
    let mut paths = Vec::new();
    for path in requests.iter().filter_map(|request| request.path.strip_prefix(base)) {
        let path = if path.is_empty() { "index.html" } else { path };
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_part = PARTS.iter().any(|start| name.starts_with(start));
        let counts = name.rsplit_once('.').is_some_and(|(_, extension)| COUNTED.contains(&extension));
        if counts && !is_part && !paths.iter().any(|known| known == path) {
            paths.push(path.to_owned());
        }
    }
    paths
}

fn size(folder: &Path, path: String) -> Result<LoadedFile, FirstLoadError> {
    let whole = folder.join(&path);
    let not_read = |source| FirstLoadError::NotRead { path: whole.clone(), source };
    let bytes = std::fs::read(&whole).map_err(not_read)?;
    let brotli_bytes = compressed_size(&bytes).map_err(not_read)?;
    Ok(LoadedFile { path, plain_bytes: bytes.len() as u64, brotli_bytes })
}

fn compressed_size(mut bytes: &[u8]) -> io::Result<u64> {
    let parameters = BrotliEncoderParams { quality: QUALITY, size_hint: bytes.len(), ..BrotliEncoderParams::default() };
    let length = brotli::BrotliCompress(&mut bytes, &mut io::sink(), &parameters)?;
    Ok(length as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::Outcome;

    fn request(path: &str) -> LoggedRequest {
        LoggedRequest { method: "GET".to_owned(), path: path.to_owned(), outcome: Outcome::Answered(200) }
    }

    fn requests() -> Vec<LoggedRequest> {
        ["/s/", "/s/app.js", "/s/data/digits.csv", "/s/app.js", "/s/icon.svg", "/s/app/split_runs.wasm", "/favicon.ico"]
            .map(request)
            .into()
    }

    #[test]
    fn code_counts_once_and_data_and_later_parts_do_not() {
        assert_eq!(counted("/s/", &requests()), ["index.html", "app.js"]);
    }

    #[test]
    fn sizes_are_summed() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("index.html"), "<p>".repeat(1000)).unwrap();
        std::fs::write(folder.path().join("app.js"), "go();").unwrap();
        let load = first_load(folder.path(), "/s/", &requests()).unwrap();
        assert_eq!(load.plain_bytes(), 3005);
        assert!(load.files[0].brotli_bytes < 40, "{load:?}");
        assert_eq!(load.brotli_bytes(), load.files[0].brotli_bytes + load.files[1].brotli_bytes);
    }

    #[test]
    fn the_error_names_a_missing_file() {
        let folder = tempfile::tempdir().unwrap();
        let error = first_load(folder.path(), "/s/", &requests()).unwrap_err();
        assert!(error.to_string().contains("index.html"), "{error}");
    }

    #[test]
    fn loading_nothing_is_an_error() {
        let error = first_load(Path::new("."), "/s/", &[]).unwrap_err();
        assert!(matches!(error, FirstLoadError::Nothing));
    }
}
