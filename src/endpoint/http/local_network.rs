//! Requests to the reader's own machine and network. Browsers block some of them from pages on the internet, and some
//! ask the reader for a permission first (<https://wicg.github.io/local-network-access/>).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The browser's permission for requests to the reader's machine and network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalNetwork {
    /// The browser knows no such permission, or the page needs none.
    Unknown,
    /// The page has it.
    Granted,
    /// The browser asks the reader with the first request.
    Asks,
    /// The reader or an administrator has denied it.
    Denied,
}

/// True if browsers block requests over `http` to this URL from a page that was loaded over `https`. They make an
/// exception for the reader's own machine.
pub(super) fn is_blocked_from_https(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    lower.starts_with("http://") && !is_this_machine(host(&lower))
}

/// True if this URL leads to the reader's machine.
#[cfg(any(target_arch = "wasm32", test))]
pub(super) fn is_loopback(url: &str) -> bool {
    is_this_machine(host(&url.to_ascii_lowercase()))
}

/// True if this URL certainly leads to the reader's machine or network. A name may do so as well. False for addresses of the
/// site, which have no scheme.
pub(super) fn is_local(url: &str) -> bool {
    let lower = url.to_ascii_lowercase();
    let host = host(&lower);
    // The names of a local network have no dot.
    let is_local = is_this_machine(host) || host.ends_with(".local") || is_private(host) || !host.contains(['.', ':']);
    is_local && lower.contains("://")
}

/// The host of a URL, without the brackets of an IPv6 address, and without a dot at its end.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    host.strip_suffix('.').unwrap_or(host)
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn is_private(host: &str) -> bool {
    match host.parse() {
        Ok(IpAddr::V4(address)) => is_private_v4(address),
        Ok(IpAddr::V6(address)) => is_private_v6(address),
        Err(_) => false,
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    address.is_private() || address.is_link_local()
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    address.is_unique_local()
        || address.is_unicast_link_local()
        || address.to_ipv4_mapped().is_some_and(|address| is_private_v4(address) || address.is_loopback())
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
            ("http://192.168.1.2/", true),
            ("https://host.example/", false),
            ("http://localhost:8000/", false),
            ("http://localhost.:8000/", false),
            ("http://127.0.0.1/", false),
            ("http://[::1]:8000/", false),
            ("api/v2", false),
        ] {
            assert_eq!(is_blocked_from_https(url), is_blocked, "{url}");
        }
    }

    #[test]
    fn local_addresses_are_recognized() {
        for url in [
            "http://localhost:8000",
            "http://LOCALHOST.:8000/v2",
            "https://192.168.0.7",
            "http://10.0.0.1:80/",
            "http://169.254.1.1",
            "http://printer.local/",
            "http://gpu-server:8000",
            "http://[fe80::1]:8000",
            "http://[fd00::1]",
            "http://[::ffff:10.0.0.1]",
        ] {
            assert!(is_local(url), "{url}");
        }
        for url in
            ["https://host.example", "http://8.8.8.8:80", "http://[2001:db8::1]:8000/", "http://11.0.0.1", "api/v2"]
        {
            assert!(!is_local(url), "{url}");
        }
        assert!(is_loopback("http://127.0.0.1:8000") && !is_loopback("http://192.168.0.7"));
    }
}
