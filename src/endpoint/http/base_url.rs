//! [`BaseUrl`]: the part that all addresses of an endpoint have in common, such as everything before `v2/…`.

use std::fmt::Write;

/// The common part of an endpoint's addresses. It ends with a slash.
///
/// ```
/// use interleave::endpoint::http::BaseUrl;
///
/// let base = BaseUrl::parse("http://localhost:8000")?;
/// assert_eq!(base.join(&["v2", "models", "a model"]), "http://localhost:8000/v2/models/a%20model");
/// # Ok::<(), interleave::endpoint::http::BaseUrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

/// The reason a text is not a base URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BaseUrlError {
    /// The text is empty.
    #[error("enter a base URL, such as `http://localhost:8000`")]
    Missing,
    /// The text has no scheme, or one other than `http` and `https`.
    #[error("`{text}` is not a URL: it must begin with `http://` or `https://`")]
    NoScheme {
        /// The text.
        text: String,
    },
    /// The scheme is not followed by a possible host.
    #[error("`{text}` is not a URL: there is no valid host after `//`")]
    NoHost {
        /// The text.
        text: String,
    },
    /// The port is not a number from 1 to 65535.
    #[error("`{port}` is not a port: use a number from 1 to 65535")]
    BadPort {
        /// The text after the colon.
        port: String,
    },
    /// Browsers do not send requests to a URL with a user name or password.
    #[error("leave out everything before `@`: browsers do not accept a name or password in a URL")]
    Credentials,
    /// Paths are added at the end of the URL, so it can have neither query nor fragment.
    #[error("leave out `?` and `#`: the protocol's paths are added at the end")]
    Query,
    /// The host contains a character that no host contains.
    #[error("`{found}` is not allowed in a host")]
    BadCharacter {
        /// The character.
        found: char,
    },
}

impl BaseUrl {
    /// Reads a base URL as a user pastes it: with or without a slash at its end, and with spaces around it.
    ///
    /// # Errors
    ///
    /// The reason no request can be sent there.
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(BaseUrlError::Missing);
        }
        let lower = text.to_ascii_lowercase();
        let scheme = ["http://", "https://"].into_iter().find(|scheme| lower.starts_with(scheme));
        let Some(scheme) = scheme else { return Err(BaseUrlError::NoScheme { text: text.to_owned() }) };
        if text.contains(['?', '#']) {
            return Err(BaseUrlError::Query);
        }
        let rest = &text[scheme.len()..];
        let authority = rest.split('/').next().unwrap_or_default();
        // In a path, browsers encode them.
        let is_bad = |c: &char| c.is_whitespace() || c.is_control() || "<>\"`\\^{|}%".contains(*c);
        if let Some(found) = authority.chars().find(is_bad) {
            return Err(BaseUrlError::BadCharacter { found });
        }
        check_authority(authority, text)?;
        Ok(Self(format!("{scheme}{}/", rest.trim_end_matches('/'))))
    }

    /// A base URL relative to the page's own, such as `api/`.
    #[must_use]
    pub fn relative(path: &str) -> Self {
        Self(format!("{}/", path.trim_end_matches('/')))
    }

    /// The URL with these path segments added. Characters that a path cannot contain are percent-encoded.
    #[must_use]
    pub fn join(&self, segments: &[&str]) -> String {
        let mut url = self.0.clone();
        for (n, segment) in segments.iter().enumerate() {
            if n > 0 {
                url.push('/');
            }
            push_segment(&mut url, segment);
        }
        url
    }

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn check_authority(authority: &str, text: &str) -> Result<(), BaseUrlError> {
    if authority.contains('@') {
        return Err(BaseUrlError::Credentials);
    }
    let no_host = || BaseUrlError::NoHost { text: text.to_owned() };
    // An IPv6 address is in brackets and contains colons.
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']').ok_or_else(no_host)?;
            // A rough check: the browser parses it exactly.
            let is_likely =
                address.contains(':') && address.bytes().all(|b| b.is_ascii_hexdigit() || b":.".contains(&b));
            (if is_likely { address } else { "" }, after)
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    if host.is_empty() {
        return Err(no_host());
    }
    match port.strip_prefix(':') {
        Some("") => Ok(()),
        Some(number) if number.parse::<u16>().is_ok_and(|port| port > 0) => Ok(()),
        None if port.is_empty() => Ok(()),
        _ => Err(BaseUrlError::BadPort { port: port.trim_start_matches(':').to_owned() }),
    }
}

/// Adds text as a single path segment (<https://url.spec.whatwg.org/#path-percent-encode-set>, and `/`).
fn push_segment(url: &mut String, segment: &str) {
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            url.push(char::from(byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_base_url_is_read_with_and_without_a_slash_at_its_end() {
        for (text, base) in [
            ("http://localhost:8000", "http://localhost:8000/"),
            (" https://host.example/models// ", "https://host.example/models/"),
            ("HTTP://[::1]:8080/", "http://[::1]:8080/"),
            ("http://[::ffff:10.0.0.1]", "http://[::ffff:10.0.0.1]/"),
            ("http://localhost.:8000", "http://localhost.:8000/"),
            ("http://gpu_1.local:/a b|c", "http://gpu_1.local:/a b|c/"),
            ("http://modèle.example", "http://modèle.example/"),
        ] {
            assert_eq!(BaseUrl::parse(text).as_ref().map(BaseUrl::as_str), Ok(base), "{text}");
        }
    }

    #[test]
    fn a_text_that_is_not_a_base_url_is_refused_with_its_cause() {
        for (text, message) in [
            ("", "enter a base URL"),
            ("localhost:8000", "it must begin with `http://`"),
            ("ftp://host", "it must begin with `http://`"),
            ("http://", "there is no valid host after"),
            ("http:///v2", "there is no valid host after"),
            ("http://[::1", "there is no valid host after"),
            ("http://[fe80]", "there is no valid host after"),
            ("http://host:port", "`port` is not a port"),
            ("http://host:0", "`0` is not a port"),
            ("http://host:99999", "`99999` is not a port"),
            ("http://me:secret@host", "leave out everything before `@`"),
            ("http://host/?a=1", "leave out `?` and `#`"),
            ("http://my host", "` ` is not allowed in a host"),
            ("http://<script>", "`<` is not allowed in a host"),
        ] {
            let error = BaseUrl::parse(text).expect_err(text).to_string();
            assert!(error.contains(message), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics_and_a_segment_remains_one_segment(text in ".*", name in ".+") {
            let _ = BaseUrl::parse(&text);
            let url = BaseUrl::relative("api").join(&["v2", &name]);
            prop_assert!(url.is_ascii() && url.matches('/').count() == 2 && !url.contains(['?', '#']));
        }
    }
}
