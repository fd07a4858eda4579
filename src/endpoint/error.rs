//! Why a request brought nothing, by cause.

use std::borrow::Cow;
use std::time::Duration;

use inference::protocol::DecodeError;

use crate::measure::{Outcome, units};
use crate::runtime::{TaskError, TimedOut};

/// Why no reply came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The browser does not take it for an address.
    #[error("`{url}` is no address that can be asked")]
    NotAnAddress {
        /// What was asked for.
        url: String,
    },
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
    /// The answer is too large to be read.
    #[error("the answer of `{url}` is larger than {}", units::size(*most_bytes as u64))]
    TooLarge {
        /// What was asked for.
        url: String,
        /// How large it may be.
        most_bytes: usize,
    },
}

impl TaskError for FetchError {}

impl FetchError {
    /// What to do about it, if it is a file of the site.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } | Self::BrokenOff { .. } => {
                "Check that the server still runs and that the network is there, then run again."
            }
            Self::Status { .. } | Self::NotAnAddress { .. } | Self::TooLarge { .. } => {
                "Check that the site was copied whole, with its `static` folder, then reload."
            }
        }
    }
}

/// Why an endpoint brought no result. It may hold text of the server: show it as text only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// No reply came.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// There is a server, but it does not let pages of other origins read its replies.
    #[error("`{url}` answers, but does not allow this page to read it (no CORS headers)")]
    BlockedByCors {
        /// What was asked for.
        url: String,
    },
    /// Browsers let no page that came over `https` ask over `http`.
    #[error("this page came over `https`, so the browser does not let it ask `{url}`, which is `http`")]
    MixedContent {
        /// What was asked for.
        url: String,
    },
    /// The server says that it cannot or does not want to.
    #[error("HTTP status {status}{}", as_reason(message))]
    Status {
        /// The status, such as 503.
        status: u16,
        /// What the server says in the protocol's error body.
        message: Option<String>,
        /// How long it asks to be left alone, if the browser lets the page see that.
        retry_after: Option<Duration>,
    },
    /// The body is something else than JSON, or broken JSON.
    #[error("the reply is not JSON{}: {why}", if *is_html { ", but an HTML page" } else { "" })]
    NotJson {
        /// Whether it says that it is HTML: then most likely another server answered.
        is_html: bool,
        /// What is wrong with it.
        why: String,
    },
    /// The body is JSON, but not what the protocol has in this place.
    #[error("the reply is not the protocol's: {why}")]
    NotTheProtocol {
        /// What is wrong with it.
        why: String,
    },
    /// It took too long.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
}

/// So much of a server's text is shown.
const LONGEST_MESSAGE: usize = 200;

/// Whoever asks to be left alone for longer is not asked again.
const PATIENCE: Duration = Duration::from_secs(30);

fn as_reason(message: &Option<String>) -> String {
    message.as_ref().map(|message| format!(": {message}")).unwrap_or_default()
}

impl EndpointError {
    /// The error of an HTTP status with what the server says about it.
    pub(super) fn from_status(status: u16, message: Option<String>, retry_after: Option<Duration>) -> Self {
        Self::Status { status, message: message.map(shortened), retry_after }
    }

    /// The error of a body that does not decode.
    pub(super) fn from_decode_error(error: &DecodeError, is_html: bool) -> Self {
        match error {
            DecodeError::NotTheProtocol(cause) => Self::NotTheProtocol { why: shortened(cause.to_string()) },
            DecodeError::NotJson(cause) => Self::NotJson { is_html, why: shortened(cause.to_string()) },
            DecodeError::Empty => Self::NotJson { is_html, why: "it is empty".to_owned() },
        }
    }

    /// The cause in a few words, without what is particular to one request.
    #[must_use]
    pub fn cause(&self) -> Cow<'static, str> {
        match self {
            Self::Fetch(FetchError::NotAnAddress { .. }) => "no address".into(),
            Self::Fetch(FetchError::Unreachable { .. } | FetchError::Status { .. }) => "unreachable or blocked".into(),
            Self::Fetch(FetchError::BrokenOff { .. }) => "broke off".into(),
            Self::Fetch(FetchError::TooLarge { .. }) => "reply too large".into(),
            Self::BlockedByCors { .. } => "blocked by CORS".into(),
            Self::MixedContent { .. } => "http from an https page".into(),
            Self::Status { status, .. } => format!("HTTP {status}").into(),
            Self::NotJson { .. } => "not JSON".into(),
            Self::NotTheProtocol { .. } => "not the protocol".into(),
            Self::TimedOut(_) => "timed out".into(),
        }
    }

    /// Whether it may be gone when the same is asked again.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Fetch(FetchError::Unreachable { .. } | FetchError::BrokenOff { .. }) | Self::TimedOut(_) => true,
            Self::Status { status, retry_after, .. } => {
                matches!(status, 408 | 425 | 429 | 500 | 502..=504) && retry_after.is_none_or(|wait| wait <= PATIENCE)
            }
            _ => false,
        }
    }

    /// How long the server asks to be left alone.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Fetch(FetchError::NotAnAddress { .. }) => "Mend the base URL: it looks like `http://localhost:8000`.",
            Self::Fetch(FetchError::Unreachable { .. } | FetchError::Status { .. }) => {
                "Check that the server runs at this address, and that host and port are right. A browser does not say \
                 more: it may also be that its own rules, an extension or a firewall keep the page from asking."
            }
            Self::Fetch(FetchError::BrokenOff { .. }) => "The server or the network broke the connection: run again.",
            Self::Fetch(FetchError::TooLarge { .. }) => "Ask a model with smaller outputs, or send smaller batches.",
            Self::BlockedByCors { .. } => {
                "Let the server send `Access-Control-Allow-Origin` with this page's origin, and answer `OPTIONS` by \
                 allowing `POST` and the header `content-type`."
            }
            Self::MixedContent { .. } => {
                "Put the endpoint behind `https`, or serve this page over `http`, as `make serve` does."
            }
            Self::Status { status: 404 | 405, .. } => {
                "Check the model's name and the base URL, which is all that stands before `v2/…`."
            }
            Self::Status { status: 401 | 403, .. } => {
                "The server wants to know who asks. This page sends no secrets: ask for access without, or by a proxy."
            }
            Self::Status { status: 408 | 425 | 429 | 500..=599, .. } => {
                "The server is busy or broken: try again with retries, fewer requests at once, or look into its log."
            }
            Self::Status { .. } => "The server does not take this request: what it says names the reason.",
            Self::NotJson { .. } | Self::NotTheProtocol { .. } => {
                "Another server may be answering there: check the base URL, and that it speaks the Open Inference \
                 Protocol v2."
            }
            Self::TimedOut(_) => "Give it a longer timeout, or look whether the server is stuck.",
        }
    }
}

impl TaskError for EndpointError {
    fn outcome(&self) -> Outcome {
        match self {
            Self::TimedOut(_) => Outcome::TimedOut,
            _ => Outcome::Failed,
        }
    }
}

fn shortened(text: String) -> String {
    units::shortened(&text, LONGEST_MESSAGE).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16, retry_after_s: Option<u64>) -> EndpointError {
        EndpointError::from_status(status, Some("busy".to_owned()), retry_after_s.map(Duration::from_secs))
    }

    #[test]
    fn what_the_server_says_stands_beside_its_status() {
        assert_eq!(status(503, None).to_string(), "HTTP status 503: busy");
        assert_eq!(EndpointError::from_status(404, None, None).to_string(), "HTTP status 404");
    }

    #[test]
    fn a_long_message_is_cut() {
        let error = EndpointError::from_status(400, Some("ü".repeat(9_000)), None);
        assert!(error.to_string().chars().count() < 250 && error.to_string().ends_with('…'));
    }

    #[test]
    fn only_what_may_pass_is_transient() {
        for (error, expected) in [
            (status(503, None), true),
            (status(429, Some(1)), true),
            (status(429, Some(3_600)), false),
            (status(404, None), false),
            (status(501, None), false),
            (FetchError::Unreachable { url: String::new() }.into(), true),
            (FetchError::TooLarge { url: String::new(), most_bytes: 1 }.into(), false),
            (TimedOut { limit: PATIENCE }.into(), true),
            (EndpointError::NotTheProtocol { why: String::new() }, false),
        ] {
            assert_eq!(error.is_transient(), expected, "{error}");
        }
    }

    #[test]
    fn html_is_called_so() {
        let error = EndpointError::from_decode_error(&DecodeError::Empty, true);
        assert_eq!(error.to_string(), "the reply is not JSON, but an HTML page: it is empty");
    }
}
