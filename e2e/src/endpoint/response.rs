//! A complete answer that is ready to be sent.

use serde_json::{Value, json};

use crate::host::status_page;

/// An answer's status, headers and body.
pub(super) struct Response {
    pub status: u16,
    pub body: Vec<u8>,
    content_type: &'static str,
    retry_after_s: Option<u32>,
    location: Option<String>,
}

impl Response {
    pub fn json(status: u16, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string().into_bytes())
    }

    pub fn text(status: u16) -> Self {
        Self::new(status, "text/plain; charset=utf-8", format!("This is status {status}.\n").into_bytes())
    }

    pub fn html(status: u16) -> Self {
        Self::new(status, "text/html; charset=utf-8", status_page(status))
    }

    pub fn failed(status: u16, retry_after_s: Option<u32>) -> Self {
        Self { retry_after_s, ..Self::json(status, &json!({ "error": format!("this is status {status}") })) }
    }

    pub fn redirect(url: &str) -> Self {
        Self { location: Some(url.to_owned()), ..Self::text(302) }
    }

    fn new(status: u16, content_type: &'static str, body: Vec<u8>) -> Self {
        Self { status, body, content_type, retry_after_s: None, location: None }
    }

    /// Removes the second half of the body.
    pub fn cut_in_half(mut self) -> Self {
        self.body.truncate(self.body.len() / 2);
        self
    }

    /// The headers of this answer, each with a line break at its end.
    pub fn headers(&self) -> String {
        let retry_after = self.retry_after_s.map(|seconds| format!("Retry-After: {seconds}\r\n")).unwrap_or_default();
        let location = self.location.as_ref().map(|url| format!("Location: {url}\r\n")).unwrap_or_default();
        format!("Content-Type: {}\r\nContent-Length: {}\r\n{retry_after}{location}", self.content_type, self.body.len())
    }
}
