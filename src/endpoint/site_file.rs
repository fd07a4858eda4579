//! The site's own files, by requests to the server that the page comes from.

use crate::endpoint::http::HttpError;
use crate::runtime::TaskError;

/// The reason a file of the site could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SiteFileError {
    /// There was no response, or not all of it.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server does not have the file.
    #[error("`{url}` answers with HTTP status {status}")]
    Status {
        /// The address of the file.
        url: String,
        /// The status, such as 404.
        status: u16,
    },
}

impl SiteFileError {
    /// The error for a file that cannot be reached.
    #[must_use]
    pub fn unreachable(url: impl Into<String>) -> Self {
        HttpError::Unreachable { url: url.into() }.into()
    }

    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Http(error) if error.is_transient() => {
                "Check that the server is still running and that the network works, then run again."
            }
            Self::Http(_) | Self::Status { .. } => {
                "Check that the site was copied completely, with its `static` folder, then reload."
            }
        }
    }
}

impl TaskError for SiteFileError {}

/// Reads a file of the site, by its address relative to the page. Dropping the future aborts the request.
///
/// # Errors
///
/// The reason there is no file.
#[cfg(target_arch = "wasm32")]
pub async fn read(url: &str) -> Result<Vec<u8>, SiteFileError> {
    use crate::endpoint::http::{Browser, Request, Transport};

    let response = Browser.send(Request::get(url)).await?;
    if !response.is_success() {
        return Err(SiteFileError::Status { url: url.to_owned(), status: response.status });
    }
    // The site's own files are as large as they need to be.
    Ok(response.body.bytes(usize::MAX).await?)
}

/// Without a browser no file can be reached.
///
/// # Errors
///
/// Always returns an error.
#[cfg(not(target_arch = "wasm32"))]
pub async fn read(url: &str) -> Result<Vec<u8>, SiteFileError> {
    Err(SiteFileError::unreachable(url))
}
