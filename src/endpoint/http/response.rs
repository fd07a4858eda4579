//! [`Response`]: the answer to a request.

use crate::endpoint::http::{Body, Headers};

/// A response. Dropping it before its body has been read aborts the request.
#[derive(Debug)]
#[must_use = "dropping a response aborts the request"]
pub struct Response {
    /// The HTTP status, such as 404.
    pub status: u16,
    /// The headers that the page may read.
    pub headers: Headers,
    /// The body, which may still be on its way.
    pub body: Body,
}

impl Response {
    /// True for a status from 200 to 299.
    #[must_use]
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
