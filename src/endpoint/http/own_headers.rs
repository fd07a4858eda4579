//! Headers that the reader adds to the requests to one origin, such as a key.
//!
//! They are in memory only: no link, saved run or export contains them, and they are gone when the page is loaded again.
//! Only requests to the origin that they were entered for have them. Such requests follow no redirect, because the headers
//! would go with them.

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::endpoint::http::{Headers, Request};

thread_local! {
    /// What was entered, by origin.
    static ENTERED: RefCell<BTreeMap<String, Entered>> = RefCell::default();
}

/// The headers for one origin.
#[derive(Default)]
struct Entered {
    text: String,
    /// Those of the last text that was valid.
    headers: Headers,
}

/// In place of a header's value in what a server says.
const MASK: &str = "••••";

/// Shorter values are no keys, and occur in other words.
const MIN_SECRET_CHARS: usize = 6;

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
/// The first header that cannot be sent. Then the headers before are still used.
pub fn set(origin: &str, text: &str) -> Result<(), HeaderProblem> {
    let headers = parse(text);
    ENTERED.with_borrow_mut(|all| {
        let entered = all.entry(origin.to_owned()).or_default();
        text.clone_into(&mut entered.text);
        if let Ok(headers) = &headers {
            entered.headers = headers.clone();
        }
    });
    headers.map(drop)
}

/// What was entered for this origin.
#[must_use]
pub fn text_for(origin: &str) -> String {
    ENTERED.with_borrow(|all| all.get(origin).map(|entered| entered.text.clone())).unwrap_or_default()
}

/// The headers for the origin of this URL.
fn for_url(url: &str) -> Headers {
    let headers = |origin: String| ENTERED.with_borrow(|all| all.get(&origin).map(|entered| entered.headers.clone()));
    origin(url).and_then(headers).unwrap_or_default()
}

/// The request with the headers for its origin.
pub(super) fn add_to(mut request: Request) -> Request {
    for (name, value) in for_url(&request.url).iter() {
        request.headers.add(name, value);
        request.follows_redirects = false;
    }
    request
}

/// The text without the values of the headers for this URL: some servers repeat what they received.
#[must_use]
pub fn masked(text: String, url: &str) -> String {
    let headers = for_url(url);
    // Of `Bearer …`, servers repeat the second word.
    let secrets = headers.iter().flat_map(|(_, value)| [value.trim()].into_iter().chain(value.split_whitespace()));
    let secrets = secrets.filter(|secret| secret.chars().nth(MIN_SECRET_CHARS - 1).is_some());
    secrets.fold(text, |text, secret| if text.contains(secret) { text.replace(secret, MASK) } else { text })
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

    fn texts(headers: &Headers) -> Vec<(&str, &str)> {
        headers.iter().collect()
    }

    #[test]
    fn headers_are_sent_to_their_origin_only() {
        set("https://models.example", "Authorization: Bearer secret-key\n").expect("it is a header");
        let sent = add_to(Request::get("https://models.example:443/v2/models/m"));
        assert_eq!(
            (texts(&sent.headers), sent.follows_redirects),
            (vec![("Authorization", "Bearer secret-key")], false)
        );
        for other in [
            "http://models.example/v2",
            "https://models.example:8443/v2",
            "https://models.example.evil.example/v2",
            "https://evil.example/https://models.example/",
            "https://models.example@evil.example/v2",
            "https://models.example\\@evil.example/v2",
            "api/v2",
        ] {
            let sent = add_to(Request::get(other));
            assert_eq!((texts(&sent.headers), sent.follows_redirects), (vec![], true), "{other}");
        }
        let url = "https://models.example/v2";
        assert_eq!(set("https://models.example", "Author"), Err(HeaderProblem::NoHeader { line: 1 }));
        assert_eq!(texts(&for_url(url)).len(), 1, "the headers before are still used");
        assert_eq!(text_for("https://models.example"), "Author");
        assert_eq!(set("https://models.example", ""), Ok(()));
        assert_eq!(texts(&for_url(url)), []);
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
        set("https://masked.example", "Authorization: Bearer sk-123456\nX-Team: blue").expect("they are headers");
        let text = "bad key sk-123456 in `Bearer sk-123456` of team blue".to_owned();
        assert_eq!(masked(text.clone(), url), "bad key •••• in `••••` of team blue");
        assert_eq!(masked(text.clone(), "https://other.example/"), text);
    }
}
