//! Asking over the network, with errors told apart by cause.

#[cfg(target_arch = "wasm32")]
pub mod fetch;

use crate::runtime::TaskError;

/// Why a request brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Nobody answered, or the browser did not let the answer through.
    #[error("`{url}` cannot be reached")]
    Unreachable {
        /// What was asked for.
        url: String,
    },
    /// The server answered that it has nothing to give.
    #[error("`{url}` answers with HTTP status {status}")]
    Status {
        /// What was asked for.
        url: String,
        /// The status, such as 404.
        status: u16,
    },
    /// The answer began and did not arrive whole.
    #[error("the answer of `{url}` broke off")]
    BrokenOff {
        /// What was asked for.
        url: String,
    },
}

impl TaskError for FetchError {}

impl FetchError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } | Self::BrokenOff { .. } => {
                "Check that the server still runs and that the network is there, then run again."
            }
            Self::Status { .. } => "Check that the site was copied whole, with its `static` folder, then reload.",
        }
    }
}
