//! Mixed content: requests over `http` from a page that was loaded over `https`
//! (<https://developer.mozilla.org/docs/Web/Security/Mixed_content>).

use std::net::Ipv4Addr;

/// True if browsers block requests to this URL from a page that was loaded over `https`. They make an exception for the
/// user's own machine.
pub(super) fn is_blocked_from_https(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    let Some(rest) = url.strip_prefix("http://") else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    let is_this_machine = host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|address: Ipv4Addr| address.is_loopback())
        || authority.starts_with("[::1]");
    !is_this_machine
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_to_another_machine_is_blocked_from_https() {
        for (url, is_blocked) in [
            ("http://host.example/", true),
            ("HTTP://host.example", true),
            ("http://localhost.example:80/", true),
            ("http://127.evil.example/", true),
            ("https://host.example/", false),
            ("http://localhost:8000/", false),
            ("http://127.0.0.1/", false),
            ("http://[::1]:8000/", false),
            ("api/v2", false),
        ] {
            assert_eq!(is_blocked_from_https(url), is_blocked, "{url}");
        }
    }
}
