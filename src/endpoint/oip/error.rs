//! [`OipError`]: the reason an endpoint gave no result.

use std::borrow::Cow;
use std::time::Duration;

use inference::protocol::DecodeError;

use crate::endpoint::http::HttpError;
use crate::endpoint::oip::message::in_one_line;
use crate::measure::{Outcome, units};
use crate::runtime::{TaskError, TimedOut};

/// The reason an endpoint gave no result. It may contain text from the server: show it as text only.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OipError {
    /// There was no complete response.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server cannot or will not answer.
    #[error(
        "HTTP status {status}{}{}",
        message.as_ref().map(|message| format!(": {message}")).unwrap_or_default(),
        too_long_pause(*status, *retry_after).unwrap_or_default()
    )]
    Status {
        /// The status, such as 503.
        status: u16,
        /// The server's message.
        message: Option<String>,
        /// The time that the server asks clients to wait, if the browser lets the page see it.
        retry_after: Option<Duration>,
    },
    /// The status says that the request succeeded, but the body contains an error.
    #[error("the server reported an error in a response with a good status: {message}")]
    Reported {
        /// The server's message.
        message: String,
    },
    /// The body is not JSON, or not complete.
    #[error("the response is not JSON{}: {reason}", if *is_html { ", but an HTML page" } else { "" })]
    NotJson {
        /// True if it is an HTML page: then another server has probably answered.
        is_html: bool,
        /// The problem of the body.
        reason: String,
    },
    /// The body is JSON, but not what the protocol requires here.
    #[error("the response does not follow the protocol: {reason}")]
    NotTheProtocol {
        /// The problem of the body.
        reason: String,
    },
    /// The caller's deadline passed.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
}

/// The longest part of a server's text that is shown, in characters.
const MAX_MESSAGE_CHARS: usize = 200;

/// The longest pause before another attempt, even if a server asks for a longer one.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(30);

impl OipError {
    /// The error for an HTTP status, with the server's message.
    pub(super) fn from_status(status: u16, message: Option<String>, retry_after: Option<Duration>) -> Self {
        Self::Status { status, message: message.map(shortened), retry_after }
    }

    /// The error for a result that contains an error.
    pub(super) fn from_reported_error(message: String) -> Self {
        Self::Reported { message: shortened(message) }
    }

    /// The error for a body that cannot be decoded. Its message may quote the body, so `masked` removes the values of the
    /// reader's own headers from it.
    pub(super) fn from_decode_error(error: &DecodeError, is_html: bool, masked: impl Fn(String) -> String) -> Self {
        let reason = |cause: &serde_json::Error| shortened(masked(in_one_line(&cause.to_string())));
        match error {
            DecodeError::NotTheProtocol(cause) => Self::NotTheProtocol { reason: reason(cause) },
            DecodeError::NotJson(cause) => Self::NotJson { is_html, reason: reason(cause) },
            DecodeError::Empty => Self::NotJson { is_html, reason: "it is empty".to_owned() },
        }
    }

    /// The cause in a few words, without the details of one request.
    #[must_use]
    pub fn cause(&self) -> Cow<'static, str> {
        match self {
            Self::Http(error) => error.cause().into(),
            Self::Status { status, .. } => format!("HTTP {status}").into(),
            Self::Reported { .. } => "error in the response".into(),
            Self::NotJson { .. } => "not JSON".into(),
            Self::NotTheProtocol { .. } => "protocol error".into(),
            Self::TimedOut(_) => "timed out".into(),
        }
    }

    /// True if the same request may succeed later.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Http(error) => error.is_transient(),
            Self::TimedOut(_) => true,
            Self::Status { status, .. } => is_transient(*status),
            Self::Reported { .. } | Self::NotJson { .. } | Self::NotTheProtocol { .. } => false,
        }
    }

    /// The time that the server asks clients to wait before the next attempt, at most 30 s.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => retry_after.map(|pause| pause.min(MAX_RETRY_AFTER)),
            _ => None,
        }
    }

    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Http(HttpError::TooLarge { .. }) => "Use a model with smaller outputs, or send smaller batches.",
            Self::Http(error) => error.advice(),
            Self::Status { status: 404 | 405, .. } => {
                "Check the model's name and the base URL, which is everything before `v2/…`."
            }
            Self::Status { status: 401 | 403, .. } => {
                "The server requires a login. Add its key under “Headers”, for example `Authorization` with the value \
                 `Bearer …`, or check the one that you have added."
            }
            Self::Status { status: 408 | 425 | 429 | 500..=599, .. } => {
                "The server is overloaded or has an error: run again with retries or a lower limit, or look at its log."
            }
            Self::Status { .. } => "The server rejected this request: see its message.",
            Self::Reported { .. } => "See the server's message, and look at its log.",
            Self::NotJson { .. } | Self::NotTheProtocol { .. } => {
                "If this is the right server, look at its log and at the model's inputs. Otherwise check the base URL, and \
                 that the server supports the Open Inference Protocol v2."
            }
            Self::TimedOut(_) => "Set a longer timeout, or check whether the server is stuck.",
        }
    }
}

impl TaskError for OipError {
    fn outcome(&self) -> Outcome {
        match self {
            Self::TimedOut(_) => Outcome::TimedOut,
            Self::Http(error) => error.outcome(),
            _ => Outcome::Failed,
        }
    }
}

/// True for a status that the same request may not get again.
fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500 | 502..=504)
}

/// The note about a pause that is longer than the page waits.
fn too_long_pause(status: u16, retry_after: Option<Duration>) -> Option<String> {
    let in_words = |pause: Duration| units::span(pause.as_micros() as u64);
    let asked = retry_after.filter(|pause| *pause > MAX_RETRY_AFTER && is_transient(status))?;
    Some(format!(
        " (the server asks for a pause of {}, but the page waits for at most {})",
        in_words(asked),
        in_words(MAX_RETRY_AFTER)
    ))
}

fn shortened(text: String) -> String {
    units::shortened(&text, MAX_MESSAGE_CHARS).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(status: u16, retry_after_s: Option<u64>) -> OipError {
        OipError::from_status(status, Some("busy".to_owned()), retry_after_s.map(Duration::from_secs))
    }

    #[test]
    fn a_status_is_shown_with_the_servers_message() {
        assert_eq!(status(503, None).to_string(), "HTTP status 503: busy");
        assert_eq!(OipError::from_status(404, None, None).to_string(), "HTTP status 404");
    }

    #[test]
    fn a_long_message_is_cut() {
        let error = OipError::from_status(400, Some("ü".repeat(9_000)), None);
        assert!(error.to_string().chars().count() < 250 && error.to_string().ends_with('…'));
    }

    #[test]
    fn only_errors_that_may_pass_are_transient() {
        for (error, expected) in [
            (status(503, None), true),
            (status(429, Some(1)), true),
            (status(429, Some(3_600)), true),
            (status(404, None), false),
            (status(501, None), false),
            (HttpError::Unreachable { url: String::new() }.into(), true),
            (HttpError::TooLarge { url: String::new(), limit_bytes: 1, size_bytes: 2 }.into(), false),
            (TimedOut { limit: MAX_RETRY_AFTER }.into(), true),
            (OipError::NotTheProtocol { reason: String::new() }, false),
        ] {
            assert_eq!(error.is_transient(), expected, "{error}");
        }
    }

    #[test]
    fn a_long_pause_is_capped_and_the_message_says_so() {
        assert_eq!(status(429, Some(3)).retry_after(), Some(Duration::from_secs(3)));
        let error = status(429, Some(3_600));
        assert_eq!(error.retry_after(), Some(Duration::from_secs(30)));
        let expected = "HTTP status 429: busy (the server asks for a pause of 60 min 0 s, but the page waits for at most \
                        30.00 s)";
        assert_eq!(error.to_string(), expected);
    }

    #[test]
    fn an_html_page_is_recognized() {
        let error = OipError::from_decode_error(&DecodeError::Empty, true, |text| text);
        assert_eq!(error.to_string(), "the response is not JSON, but an HTML page: it is empty");
    }
}
