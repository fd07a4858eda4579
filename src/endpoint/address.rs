//! Where an endpoint is: the part of its addresses before `v2/…`.

use std::fmt::Write;

/// The base of an endpoint's addresses. It ends with a slash.
///
/// ```
/// use interleave::endpoint::BaseUrl;
///
/// let base = BaseUrl::parse("http://localhost:8000")?;
/// assert_eq!(base.join(&["v2", "models", "a model"]), "http://localhost:8000/v2/models/a%20model");
/// # Ok::<(), interleave::endpoint::AddressError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(String);

/// Why a text is no base of an endpoint's addresses.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no text.
    #[error("a base URL is missing: it looks like `http://localhost:8000`")]
    Missing,
    /// It begins with no scheme, or with one that browsers do not ask by.
    #[error("`{text}` is not a URL: it must begin with `http://` or `https://`")]
    NoScheme {
        /// What was given.
        text: String,
    },
    /// No host follows the scheme, or none that there can be.
    #[error("`{text}` is not a URL: no host stands behind `//`")]
    NoHost {
        /// What was given.
        text: String,
    },
    /// The port is no number from 0 to 65535.
    #[error("`{port}` is not a port: use a number from 1 to 65535")]
    BadPort {
        /// What stands behind the colon.
        port: String,
    },
    /// Browsers send no request to such an address.
    #[error("leave out what stands before `@`: browsers take no name and password in a URL")]
    Credentials,
    /// Paths are added at its end, so nothing else can stand there.
    #[error("leave out `?` and `#`: the paths of the protocol are added at the end")]
    Query,
    /// Some character can stand in no address.
    #[error("`{found}` cannot stand in a URL")]
    BadCharacter {
        /// The character.
        found: char,
    },
}

impl BaseUrl {
    /// Reads the address of an endpoint, as one pastes it.
    ///
    /// # Errors
    ///
    /// Why no request can go there.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Missing);
        }
        let lower = text.to_ascii_lowercase();
        let scheme = ["http://", "https://"].into_iter().find(|scheme| lower.starts_with(scheme));
        let Some(scheme) = scheme else { return Err(AddressError::NoScheme { text: text.to_owned() }) };
        if let Some(found) = text.chars().find(|c| c.is_whitespace() || c.is_control() || "<>\"`\\^{|}".contains(*c)) {
            return Err(AddressError::BadCharacter { found });
        }
        if text.contains(['?', '#']) {
            return Err(AddressError::Query);
        }
        let rest = &text[scheme.len()..];
        let authority = rest.split('/').next().unwrap_or_default();
        check_authority(authority, text)?;
        Ok(Self(format!("{scheme}{}/", rest.trim_end_matches('/'))))
    }

    /// An address below the page's own, such as `api/`.
    #[must_use]
    pub fn of_the_site(path: &str) -> Self {
        Self(format!("{}/", path.trim_end_matches('/')))
    }

    /// The whole address of what stands below it. What cannot stand in a path is written in `%` codes.
    #[must_use]
    pub fn join(&self, segments: &[&str]) -> String {
        let mut url = self.0.clone();
        for (place, segment) in segments.iter().enumerate() {
            if place > 0 {
                url.push('/');
            }
            push_segment(&mut url, segment);
        }
        url
    }

    /// Whether browsers refuse to ask there from a page that came over `https`. They make an exception for this machine.
    #[must_use]
    pub fn is_refused_from_https(&self) -> bool {
        let Some(rest) = self.0.strip_prefix("http://") else { return false };
        let authority = rest.split('/').next().unwrap_or_default().to_ascii_lowercase();
        let host = authority.rsplit_once(':').map_or(authority.as_str(), |(host, _)| host);
        let is_this_machine = host == "localhost"
            || host.ends_with(".localhost")
            || host.parse().is_ok_and(|address: std::net::Ipv4Addr| address.is_loopback())
            || authority.starts_with("[::1]");
        !is_this_machine
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks host and port.
fn check_authority(authority: &str, text: &str) -> Result<(), AddressError> {
    if authority.contains('@') {
        return Err(AddressError::Credentials);
    }
    let no_host = || AddressError::NoHost { text: text.to_owned() };
    // An address of IPv6 has colons of its own, in brackets.
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, after) = rest.split_once(']').ok_or_else(no_host)?;
            // The browser reads it to the letter.
            let is_likely =
                address.contains(':') && address.bytes().all(|b| b.is_ascii_hexdigit() || b":.".contains(&b));
            (if is_likely { address } else { "" }, after)
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    if host.is_empty() || host.starts_with('.') || host.split('.').any(str::is_empty) {
        return Err(no_host());
    }
    match port.strip_prefix(':') {
        Some(number) if number.parse::<u16>().is_ok_and(|port| port > 0) => Ok(()),
        None if port.is_empty() => Ok(()),
        _ => Err(AddressError::BadPort { port: port.trim_start_matches(':').to_owned() }),
    }
}

/// As one segment of a path (<https://url.spec.whatwg.org/#path-percent-encode-set>, and `/`).
fn push_segment(url: &mut String, segment: &str) {
    for byte in segment.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@".contains(&byte) {
            url.push(char::from(byte));
        } else {
            // Writing to a text does not fail.
            let _ = write!(url, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_base_is_read_with_and_without_a_slash_at_its_end() {
        for (text, base) in [
            ("http://localhost:8000", "http://localhost:8000/"),
            (" https://host.example/models// ", "https://host.example/models/"),
            ("HTTP://[::1]:8080/", "http://[::1]:8080/"),
        ] {
            assert_eq!(BaseUrl::parse(text).as_ref().map(BaseUrl::as_str), Ok(base), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_told_by_cause() {
        for (text, told) in [
            ("", "a base URL is missing"),
            ("localhost:8000", "it must begin with `http://`"),
            ("ftp://host", "it must begin with `http://`"),
            ("http://", "no host stands behind"),
            ("http:///v2", "no host stands behind"),
            ("http://[::1", "no host stands behind"),
            ("http://[fe80]", "no host stands behind"),
            ("http://host:port", "`port` is not a port"),
            ("http://host:0", "`0` is not a port"),
            ("http://host:99999", "`99999` is not a port"),
            ("http://me:secret@host", "leave out what stands before `@`"),
            ("http://host/?a=1", "leave out `?` and `#`"),
            ("http://my host", "` ` cannot stand in a URL"),
            ("http://<script>", "`<` cannot stand in a URL"),
        ] {
            let error = BaseUrl::parse(text).expect_err(text).to_string();
            assert!(error.contains(told), "{text}: {error}");
        }
    }

    #[test]
    fn plain_http_to_another_machine_is_refused_from_https() {
        for (text, is_refused) in [
            ("http://host.example", true),
            ("http://localhost.example:80", true),
            ("http://127.evil.example", true),
            ("https://host.example", false),
            ("http://localhost:8000", false),
            ("http://127.0.0.1", false),
            ("http://[::1]:8000", false),
        ] {
            assert_eq!(BaseUrl::parse(text).expect(text).is_refused_from_https(), is_refused, "{text}");
        }
        assert!(!BaseUrl::of_the_site("api/").is_refused_from_https());
    }

    proptest! {
        #[test]
        fn no_text_panics_and_a_segment_stays_one(text in ".*", name in ".+") {
            let _ = BaseUrl::parse(&text);
            let url = BaseUrl::of_the_site("api").join(&["v2", &name]);
            prop_assert!(url.is_ascii() && url.matches('/').count() == 2 && !url.contains(['?', '#']));
        }
    }
}
