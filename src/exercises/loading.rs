//! The reason that a file of the site cannot be used.

use inference::classifier::{ClassifierError, InputError};
use inference::digits::DigitsError;

use crate::endpoint::site_file::SiteFileError;
use crate::exercises::exercise::failure_from;
use crate::runtime::TaskError;

/// The reason that a file of the site cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The request failed.
    #[error(transparent)]
    Fetch(#[from] SiteFileError),
    /// It does not contain a classifier's weights.
    #[error("the weights cannot be used: {0}")]
    Model(#[from] ClassifierError),
    /// It does not contain images of digits.
    #[error("the data set cannot be used: {0}")]
    Dataset(#[from] DigitsError),
    /// Each is valid, but they do not fit together.
    #[error("the weights and the data set do not match: {0}")]
    Input(#[from] InputError),
}

impl TaskError for LoadError {}

impl LoadError {
    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Fetch(error) => error.advice(),
            Self::Model(_) | Self::Dataset(_) | Self::Input(_) => {
                "The file on the server does not match this page. Deploy the site again, then reload."
            }
        }
    }
}

failure_from!(LoadError);
