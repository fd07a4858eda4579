//! The files that the site has for readers' programs. `tools/site/src/python.rs` puts them there, with a manifest.

use futures::StreamExt;
use js_sys::Uint8Array;
use serde::Deserialize;

use super::error::PythonError;
use super::packages::Package;
use crate::endpoint::http::{Browser, HttpError, Request, Transport};
use crate::endpoint::service_worker::keep_for_python;
use crate::endpoint::site_file::{self, SiteFileError};

/// The files for Python and its editor in this copy of the site.
#[derive(Clone, Debug, Deserialize)]
pub struct Manifest {
    /// The interpreter. `None` if the site was built without it.
    pub python: Option<PythonFiles>,
    /// The module of the editor. `None` if the site was built without it.
    pub editor: Option<SiteFile>,
}

/// The files of the interpreter and its sandbox.
#[derive(Clone, Debug, Deserialize)]
pub struct PythonFiles {
    /// The version of Python, such as `3.14.2`.
    pub version: String,
    /// The address of the document that starts the sandbox.
    pub sandbox: String,
    /// The files that are sent into the sandbox.
    pub files: Vec<SiteFile>,
    /// The libraries that programs can import.
    pub packages: Vec<Package>,
    /// The model server, for programs on the virtual clock.
    pub model_server: SiteFile,
}

/// A file of the site.
#[derive(Clone, Debug, Deserialize)]
pub struct SiteFile {
    /// The name by which the sandbox knows it.
    pub name: String,
    /// Its address, relative to the site.
    pub path: String,
    /// Its size in bytes.
    pub bytes: usize,
}

/// The bytes that have arrived, of all bytes that are needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// In bytes.
    pub loaded: usize,
    /// In bytes.
    pub total: usize,
}

impl Manifest {
    /// Reads the manifest, whose address is in the page's HTML.
    ///
    /// # Errors
    ///
    /// If the site has none, or if it does not arrive.
    pub async fn read() -> Result<Self, PythonError> {
        let document = web_sys::window().and_then(|window| window.document());
        let meta = document.and_then(|it| it.query_selector("meta[name=python-manifest]").ok().flatten());
        let address = meta.and_then(|meta| meta.get_attribute("content")).ok_or(PythonError::NotInThisCopy)?;
        let bytes = site_file::read(&address).await?;
        serde_json::from_slice(&bytes).map_err(|_| PythonError::BadManifest)
    }
}

impl PythonFiles {
    /// Reads all files, and reports the progress whenever a part has arrived. Dropping the future aborts the requests.
    pub(super) async fn read(&self, report: &dyn Fn(Progress)) -> Result<Vec<(String, Uint8Array)>, PythonError> {
        let mut progress = Progress { loaded: 0, total: self.files.iter().map(|file| file.bytes).sum() };
        let mut contents = Vec::new();
        for file in &self.files {
            let content = read_file(&file.path, file.bytes, |bytes| {
                progress.loaded += bytes;
                report(progress);
            });
            contents.push((file.name.clone(), content.await?));
        }
        Ok(contents)
    }
}

/// Reads a file of this size, and calls `arrived` with the size of each part. Dropping the future aborts the request.
pub(super) async fn read_file(
    path: &str,
    bytes: usize,
    mut arrived: impl FnMut(usize),
) -> Result<Uint8Array, PythonError> {
    let content = Uint8Array::new_with_length(bytes as u32);
    let mut filled = 0;
    let response = Browser.send(Request::get(path)).await?;
    if !response.is_success() {
        return Err(SiteFileError::Status { url: path.to_owned(), status: response.status }.into());
    }
    let mut chunks = response.body.chunks();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        if filled + chunk.len() > bytes {
            return Err(PythonError::BadManifest);
        }
        content.subarray(filled as u32, (filled + chunk.len()) as u32).copy_from(&chunk);
        filled += chunk.len();
        arrived(chunk.len());
    }
    if filled < bytes {
        return Err(HttpError::Unreachable { url: path.to_owned() }.into());
    }
    keep_for_python(path);
    Ok(content)
}
