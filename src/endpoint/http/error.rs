//! [`HttpError`]: the reason a request brought no complete response.

use std::time::Duration;

use crate::measure::{Outcome, units};
use crate::runtime::TaskError;

/// The reason a request brought no response, or only a part of its body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The browser does not accept the URL.
    #[error("`{url}` is not a URL that can be requested")]
    InvalidUrl {
        /// The URL of the request.
        url: String,
    },
    /// The browser does not accept the name or the value of a header.
    #[error("the header `{name}` cannot be sent: its name or value is not valid")]
    InvalidHeader {
        /// The name of the header.
        name: String,
    },
    /// There was no response, or the browser did not let the page see it.
    #[error("`{url}` cannot be reached")]
    Unreachable {
        /// The URL of the request.
        url: String,
    },
    /// The browser does not let the page send requests to the reader's machine or network.
    #[error("the browser does not allow this page to use your local network, so it does not send requests to `{url}`")]
    LocalNetworkDenied {
        /// The URL of the request.
        url: String,
    },
    /// There is a server, but the browser does not let the page read its responses.
    #[error("`{url}` answers, but the browser does not allow this page to read the response (CORS)")]
    BlockedByCors {
        /// The URL of the request.
        url: String,
    },
    /// The server answers at another address, and the request has headers that must not go there.
    #[error("`{url}` redirects to another address, and requests with your own headers do not follow redirects")]
    Redirected {
        /// The URL of the request.
        url: String,
    },
    /// Browsers block requests over `http` from a page that was loaded over `https`.
    #[error("this page was loaded over `https`, so the browser blocks requests to `{url}`, which is `http`")]
    MixedContent {
        /// The URL of the request.
        url: String,
    },
    /// The response was not complete in time.
    #[error("the response from `{url}` took longer than {}: timed out while {phase}", units::span(limit.as_micros() as u64))]
    TimedOut {
        /// The URL of the request.
        url: String,
        /// The timeout of the request.
        limit: Duration,
        /// The phase in which the time was over.
        phase: Phase,
    },
    /// The connection ended before the response did.
    #[error("the connection to `{url}` was lost before the response was complete")]
    ConnectionLost {
        /// The URL of the request.
        url: String,
    },
    /// The body is larger than the caller accepts.
    #[error(
        "the response from `{url}` is too large: at least {}, and the limit is {}",
        units::size(*size_bytes as u64),
        units::size(*limit_bytes as u64)
    )]
    TooLarge {
        /// The URL of the request.
        url: String,
        /// The largest body that the caller accepts.
        limit_bytes: usize,
        /// The size that the server announced, or the number of bytes received when reading stopped.
        size_bytes: usize,
    },
    /// The body was to be text, but is not UTF-8.
    #[error("the response from `{url}` is not UTF-8 text: byte {at} is not valid")]
    InvalidUtf8 {
        /// The URL of the request.
        url: String,
        /// The index of the first byte that is not valid.
        at: usize,
    },
}

/// A phase of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// From sending the request to the headers of the response.
    Headers,
    /// Until the end of the body.
    Body {
        /// The bytes that had been received.
        received_bytes: usize,
    },
}

impl std::fmt::Display for Phase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Headers => f.write_str("waiting for the response headers"),
            Self::Body { received_bytes } => {
                write!(f, "reading the body, after {}", units::size(*received_bytes as u64))
            }
        }
    }
}

impl HttpError {
    /// The cause in a few words, without the details of one request.
    #[must_use]
    pub fn cause(&self) -> &'static str {
        match self {
            Self::InvalidUrl { .. } => "invalid URL",
            Self::InvalidHeader { .. } => "invalid header",
            Self::Unreachable { .. } => "unreachable or blocked",
            Self::LocalNetworkDenied { .. } => "no permission",
            Self::BlockedByCors { .. } => "blocked by CORS",
            Self::Redirected { .. } => "redirected",
            Self::MixedContent { .. } => "http from an https page",
            Self::TimedOut { .. } => "timed out",
            Self::ConnectionLost { .. } => "connection lost",
            Self::TooLarge { .. } => "response too large",
            Self::InvalidUtf8 { .. } => "not UTF-8",
        }
    }

    /// True if the same request may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::ConnectionLost { .. } | Self::TimedOut { .. })
    }

    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::InvalidUrl { .. } => "Correct the URL. An example: `http://localhost:8000`.",
            Self::InvalidHeader { .. } => "Correct the header: a name has no spaces, and a value has no line breaks.",
            Self::Unreachable { .. } => {
                "Check that the server runs at this address, and that host and port are right. Browsers do not report \
                 the exact cause. Other causes are: a certificate that the browser does not trust (open the address in \
                 a tab of its own, and accept it there); the browser's permission for your local network (in the \
                 site's settings, beside the address of this page, set “Local network access” to “Allow”); a redirect \
                 or a login page; an extension or a firewall."
            }
            Self::LocalNetworkDenied { .. } => {
                "Open the site's settings beside the address of this page, set “Local network access” to “Allow” (newer \
                 versions call it “Local network” and “Apps on device”), and run again. If it cannot be changed there, \
                 an administrator has set it."
            }
            Self::BlockedByCors { .. } => {
                "The server must send `Access-Control-Allow-Origin` with this page's origin, exactly once and with \
                 errors too, and answer `OPTIONS` by allowing `POST`, the header `content-type`, and each header that you have \
                 added. MLServer: \
                 `cors_settings` in `settings.json`. Ollama: `OLLAMA_ORIGINS`. vLLM and llama.cpp allow every page \
                 unless `--allowed-origins` or `--cors-origins` says otherwise. Triton and KServe cannot do it: put a \
                 proxy in front of them. Other causes are: a redirect, for example to a login page (open the address in \
                 a tab of its own to see it); an error that the server sends without these headers (see its log); a \
                 proxy that adds the header a second time."
            }
            Self::Redirected { .. } => {
                "Open the address in a tab of its own to see where it leads, and enter that as the base URL. If it is a login \
                 page, the headers do not contain a valid key."
            }
            Self::MixedContent { .. } => {
                "Put the endpoint behind `https`, or serve this page over `http`, as `make serve` does. For an address \
                 in your local network, Chrome asks for a permission instead: in the site's settings, beside the \
                 address of this page, set “Local network access” to “Allow”."
            }
            Self::TimedOut { .. } => "Set a longer timeout, or check whether the server is stuck.",
            Self::ConnectionLost { .. } => "The server or the network closed the connection: run again.",
            Self::TooLarge { .. } => "Request a smaller response.",
            Self::InvalidUtf8 { .. } => "Check that this address returns text.",
        }
    }
}

impl TaskError for HttpError {
    fn outcome(&self) -> Outcome {
        match self {
            Self::TimedOut { .. } => Outcome::TimedOut,
            _ => Outcome::Failed,
        }
    }
}
