//! [`Request`]: what is sent, and how long its response may take.

use std::fmt;
use std::time::Duration;

use crate::endpoint::http::Headers;

/// The method of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the methods of HTTP")]
pub enum Method {
    Get,
    Head,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// The method with this name, which is in upper case.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let all = [Self::Get, Self::Head, Self::Post, Self::Put, Self::Patch, Self::Delete];
        all.into_iter().find(|method| method.as_str() == name)
    }

    /// The name of the method, such as `GET`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The address. One without a scheme is relative to the page.
    pub url: String,
    /// The headers, besides those that the browser adds.
    pub headers: Headers,
    /// The bytes to send. A `GET` or `HEAD` request has none: a browser refuses to send it with a body.
    pub body: Option<Vec<u8>>,
    /// True, by default, if the response may come from another address to which the server sends the browser.
    pub follows_redirects: bool,
    /// True if the response may come from the browser's cache; false by default.
    pub may_come_from_cache: bool,
    /// True, by default, if a request to the page's own origin has its cookies. No other request has any.
    pub has_credentials: bool,
    /// The longest time from sending the request to the last byte of the response; no limit by default.
    pub timeout: Option<Duration>,
}

impl Request {
    /// A `GET` request.
    #[must_use]
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            url: url.into(),
            headers: Headers::default(),
            body: None,
            follows_redirects: true,
            may_come_from_cache: false,
            has_credentials: true,
            timeout: None,
        }
    }

    /// A `POST` request with JSON as its body.
    #[must_use]
    pub fn post_json(url: impl Into<String>, json: impl Into<Vec<u8>>) -> Self {
        Self { method: Method::Post, body: Some(json.into()), ..Self::get(url) }
            .with_header("content-type", "application/json")
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.add(name, value);
        self
    }

    /// Sets the timeout.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}
