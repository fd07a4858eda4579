//! Headers that the reader adds to the requests to one origin, such as a key.
//!
//! They are in memory only: no link, saved run or export contains them, and they are gone when the page is loaded again.
//! Only requests to the origin that they were entered for have them. Such requests do not follow redirects, because the
//! headers would go with them.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt;

use crate::endpoint::http::{Headers, Request};

thread_local! {
    /// The text that was entered for each origin.
    static TEXTS: RefCell<BTreeMap<String, String>> = RefCell::default();
}

/// Replaces a header's value in a server's messages.
const MASK: &str = "••••";

/// Shorter values are hardly keys, and may be parts of ordinary words.
const MIN_SECRET_CHARS: usize = 5;

/// The characters between the parts of a value, such as `Bearer …` or `token="…"`.
const SEPARATORS: [char; 8] = [' ', '\t', ',', ';', ':', '=', '"', '\''];

/// The reason a header cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeaderProblem {
    /// A line has no colon.
    #[error("line {line} is not `Name: value`")]
    NoHeader {
        /// The line, counted from 1.
        line: usize,
    },
    /// The name is empty, or contains a character that no name of a header has.
    #[error("`{name}` is not a header's name: use letters, digits and hyphens")]
    BadName {
        /// The name.
        name: String,
    },
    /// Browsers set this header themselves.
    #[error("browsers do not let a page set the header `{name}`")]
    Forbidden {
        /// The name.
        name: String,
    },
    /// The value contains a line break or another control character, or one that browsers do not send.
    #[error("the value of `{name}` contains a character that a header cannot have")]
    BadValue {
        /// The name of the header.
        name: String,
    },
}

/// Reads one header per line, such as `Authorization: Bearer …`. Empty lines are ignored.
fn parse(text: &str) -> Result<Headers, HeaderProblem> {
    let mut headers = Headers::default();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let (name, value) = line.split_once(':').ok_or(HeaderProblem::NoHeader { line: index + 1 })?;
        check(name.trim(), value.trim())?;
        headers.add(name.trim(), value.trim());
    }
    Ok(headers)
}

/// Checks a header before it is sent: browsers ignore some headers silently.
fn check(name: &str, value: &str) -> Result<(), HeaderProblem> {
    // <https://www.rfc-editor.org/rfc/rfc9110#name-tokens>
    let is_name = |c: u8| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c);
    let owned = || name.to_owned();
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(HeaderProblem::BadName { name: owned() });
    }
    let lower = name.to_ascii_lowercase();
    if FORBIDDEN.contains(&&*lower) || lower.starts_with("proxy-") || lower.starts_with("sec-") {
        return Err(HeaderProblem::Forbidden { name: owned() });
    }
    if value.chars().any(|c| c.is_control() && c != '\t' || u32::from(c) > 0xFF) {
        return Err(HeaderProblem::BadValue { name: owned() });
    }
    Ok(())
}

/// The names that pages cannot set (<https://fetch.spec.whatwg.org/#forbidden-request-header>).
const FORBIDDEN: [&str; 21] = [
    "accept-charset",
    "accept-encoding",
    "access-control-request-headers",
    "access-control-request-method",
    "connection",
    "content-length",
    "cookie",
    "cookie2",
    "date",
    "dnt",
    "expect",
    "host",
    "keep-alive",
    "origin",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// Sets the headers for this origin, in place of those before: one per line, such as `Authorization: Bearer …`.
///
/// # Errors
///
/// The first header that cannot be sent. Until it is corrected, none is sent to this origin.
pub fn set(origin: &str, text: &str) -> Result<(), HeaderProblem> {
    TEXTS.with_borrow_mut(|texts| texts.insert(origin.to_owned(), text.to_owned()));
    parse(text).map(drop)
}

/// The text that was entered for this origin.
#[must_use]
pub fn text_for(origin: &str) -> String {
    TEXTS.with_borrow(|texts| texts.get(origin).cloned()).unwrap_or_default()
}

/// The headers of all origins at one time. A run keeps those of its start, so changes during the run do not affect it.
#[derive(Clone, Default)]
pub struct OwnHeaders(BTreeMap<String, Headers>);

/// Without the values, which must not be part of a message.
impl fmt::Debug for OwnHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl OwnHeaders {
    /// The headers as they are now.
    #[must_use]
    pub fn current() -> Self {
        let headers = |(origin, text): (&String, &String)| Some((origin.clone(), parse(text).ok()?));
        TEXTS.with_borrow(|texts| Self(texts.iter().filter_map(headers).collect()))
    }

    /// The headers for the origin of this URL.
    fn for_url(&self, url: &str) -> Option<&Headers> {
        self.0.get(&origin(url)?)
    }

    /// The request with the headers for its origin. They replace those of the same name.
    pub(super) fn add_to(&self, mut request: Request) -> Request {
        for (name, value) in self.for_url(&request.url).into_iter().flat_map(Headers::iter) {
            request.headers.set(name, value);
            request.follows_redirects = false;
        }
        request
    }

    /// The text without the values of the headers for this URL: some servers repeat what they received.
    pub(super) fn masked(&self, text: String, url: &str) -> String {
        let headers = self.for_url(url).into_iter().flat_map(Headers::iter);
        // Servers may repeat a part of a value.
        let mut secrets: Vec<&str> =
            headers.flat_map(|(_, value)| [value].into_iter().chain(value.split(SEPARATORS))).collect();
        secrets.retain(|secret| secret.chars().nth(MIN_SECRET_CHARS - 1).is_some());
        // A longer one may contain a shorter one.
        secrets.sort_by_key(|secret| Reverse(secret.len()));
        secrets.into_iter().fold(text, |text, secret| text.replace(secret, MASK))
    }
}

/// The origin of a URL: its scheme, host and port. `None` if it has none, or if browsers could read it in another way.
#[must_use]
pub fn origin(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let scheme = scheme.to_ascii_lowercase();
    let default_port = match &*scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    if authority.is_empty() || authority.contains(['@', '\\', '%']) || authority.contains(char::is_whitespace) {
        return None;
    }
    let host = authority.strip_suffix(default_port).or_else(|| authority.strip_suffix(':')).unwrap_or(&authority);
    Some(format!("{scheme}://{host}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(url: &str) -> (Vec<(String, String)>, bool) {
        let request = OwnHeaders::current().add_to(Request::get(url));
        let headers = request.headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        (headers.collect(), request.follows_redirects)
    }

    #[test]
    fn headers_are_sent_to_their_origin_only() {
        set("https://models.example", "Authorization: Bearer secret-key\n").expect("it is a header");
        let expected = vec![("Authorization".to_owned(), "Bearer secret-key".to_owned())];
        assert_eq!(sent("https://models.example:443/v2/models/m"), (expected, false));
        for other in [
            "http://models.example/v2",
            "https://models.example:8443/v2",
            "https://models.example.evil.example/v2",
            "https://evil.example/https://models.example/",
            "https://models.example@evil.example/v2",
            "https://models.example\\@evil.example/v2",
            "api/v2",
        ] {
            assert_eq!(sent(other), (vec![], true), "{other}");
        }
    }

    #[test]
    fn a_run_keeps_the_headers_of_its_start() {
        let url = "https://changed.example/v2";
        set("https://changed.example", "X-Key: first-key").expect("it is a header");
        let at_start = OwnHeaders::current();
        assert_eq!(set("https://changed.example", "X-Key: second-key\nX"), Err(HeaderProblem::NoHeader { line: 2 }));
        assert_eq!(sent(url), (vec![], true), "none is sent until it is corrected");
        assert_eq!(text_for("https://changed.example"), "X-Key: second-key\nX");
        assert_eq!(at_start.add_to(Request::get(url)).headers.get("x-key"), Some("first-key"));
        assert_eq!(at_start.masked("first-key is wrong".to_owned(), url), "•••• is wrong");
        assert!(!format!("{at_start:?}").contains("key"));
    }

    #[test]
    fn a_header_replaces_the_one_of_the_same_name() {
        set("https://typed.example", "Content-Type: application/json; charset=utf-8").expect("it is a header");
        let request = OwnHeaders::current().add_to(Request::post_json("https://typed.example/v2", "{}"));
        let headers: Vec<_> = request.headers.iter().collect();
        assert_eq!(headers, [("Content-Type", "application/json; charset=utf-8")]);
    }

    #[test]
    fn an_origin_is_the_same_however_it_is_written() {
        for url in ["http://LocalHost:80/a", "HTTP://localhost", "http://localhost:/", "http://localhost?x"] {
            assert_eq!(origin(url).as_deref(), Some("http://localhost"), "{url}");
        }
        assert_eq!(origin("http://[::1]:8000/v2").as_deref(), Some("http://[::1]:8000"));
        for url in ["ftp://host/", "http://", "host/path", "http://a b/"] {
            assert_eq!(origin(url), None, "{url}");
        }
    }

    #[test]
    fn headers_that_browsers_do_not_send_are_refused() {
        assert_eq!(check("X-Api-Key", "a b\tc é"), Ok(()));
        for (name, value, message) in [
            ("", "x", "`` is not a header's name"),
            ("my key", "x", "`my key` is not a header's name"),
            ("schlüssel", "x", "`schlüssel` is not a header's name"),
            ("Cookie", "a=b", "browsers do not let a page set the header `Cookie`"),
            ("Sec-Fetch-Mode", "cors", "browsers do not let a page set the header `Sec-Fetch-Mode`"),
            ("X-Key", "a\nb", "the value of `X-Key` contains a character"),
            ("X-Key", "日本", "the value of `X-Key` contains a character"),
        ] {
            assert!(check(name, value).expect_err(name).to_string().contains(message), "{name}");
        }
    }

    #[test]
    fn a_key_that_a_server_repeats_is_masked() {
        let url = "https://masked.example/v2";
        set("https://masked.example", "Authorization: Bearer sk-123456\nX-Team: blue\nX-Login: id:pass-word")
            .expect("they are headers");
        let headers = OwnHeaders::current();
        let text = "bad key sk-123456 in `Bearer sk-123456` of team blue, or pass-word".to_owned();
        assert_eq!(headers.masked(text.clone(), url), "bad key •••• in `••••` of team blue, or ••••");
        assert_eq!(headers.masked(text.clone(), "https://other.example/"), text);
    }
}
