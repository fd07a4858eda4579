//! Repairs links: mail programs, chats and social networks encode them again, add parameters, or include the punctuation
//! after them.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The parameters that are added to links to follow readers, or how their names begin.
const TRACKING: [&str; 22] = [
    "utm_",
    "fbclid",
    "gclid",
    "dclid",
    "gbraid",
    "wbraid",
    "msclkid",
    "yclid",
    "twclid",
    "ttclid",
    "igshid",
    "igsh",
    "li_fat_id",
    "mc_cid",
    "mc_eid",
    "mkt_tok",
    "oly_anon_id",
    "oly_enc_id",
    "vero_id",
    "_hsenc",
    "_hsmi",
    "ref_src",
];

/// The entities of `&` in HTML, without their own `&`.
const ENTITIES_OF_AND: [&str; 4] = ["amp;", "#38;", "#038;", "#x26;"];

/// The entities of characters that may follow a link, without their `&`.
const ENTITIES: [&str; 5] = ["gt;", "lt;", "quot;", "nbsp;", "#39;"];

/// The characters that may follow a link in a text.
const PUNCTUATION: &[char] =
    &['.', ',', ';', ':', '!', '?', ')', ']', '}', '>', '"', '\'', '`', '*', '…', '”', '’', '»', '\u{a0}', ' '];

/// The maximum number of times a fragment is decoded. Each program that passed it on may have encoded it again.
const MOST_DECODED: usize = 3;

/// The fragment without the percent-encoding of its own `/`, `?`, `&` and `=`. Values stay encoded.
pub(super) fn decoded(fragment: &str) -> Cow<'_, str> {
    let mut fragment = Cow::Borrowed(fragment);
    for _ in 0..2 * MOST_DECODED {
        let (path, query) = fragment.split_once('?').unwrap_or((&fragment, ""));
        let mark = path.find("%3F").or_else(|| path.find("%3f"));
        // A valid path has no encoded characters, and a valid query has `=` between names and values.
        let next = match mark {
            Some(at) => format!("{}?{}", once(&path[..at]), &fragment[at + 3..]),
            None if path.contains('%') => format!("{}{}", once(path), &fragment[path.len()..]),
            None if query.contains('%') && !query.contains('=') => format!("{path}?{}", once(query)),
            None => break,
        };
        fragment = Cow::Owned(next);
    }
    fragment
}

/// The text decoded once.
fn once(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// The path and the query of a fragment, without punctuation at the end of the path.
pub(super) fn path_and_query(fragment: &str) -> (&str, &str) {
    // Without a query, what was added to the link follows the path.
    let (path, query) = fragment.split_once(['?', '&']).unwrap_or((fragment, ""));
    (without_punctuation(path).trim_matches('/'), query)
}

/// The names and values in a query, without those that others have added.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    // A second `?` begins what somebody has added to a link that looks as if it had no query.
    let query =
        TRACKING.iter().fold(query.to_owned(), |query, name| query.replace(&format!("?{name}"), &format!("&{name}")));
    let pairs =
        form_urlencoded::parse(query.as_bytes()).map(|(name, value)| (without_entity(&name), value.into_owned()));
    let is_added = |name: &str| TRACKING.iter().any(|it| name.starts_with(it)) || ENTITIES.contains(&name);
    pairs.filter(|(name, _)| !is_added(name)).collect()
}

/// The text without the punctuation that follows a link.
pub(super) fn without_punctuation(text: &str) -> &str {
    text.trim_end_matches(PUNCTUATION)
}

/// A value without the `3D` that quoted-printable mail puts after each `=`. No control for a number or a choice has a value
/// that begins like this.
pub(super) fn without_quoted_equals(value: &str) -> &str {
    value.strip_prefix("3D").unwrap_or(value)
}

/// A name from whose `&` HTML has made `&amp;`, once or several times.
fn without_entity(name: &str) -> String {
    let mut name = name;
    while let Some(rest) = ENTITIES_OF_AND.into_iter().find_map(|entity| name.strip_prefix(entity)) {
        name = rest;
    }
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::share::permalink::Destination;

    #[test]
    fn a_fragment_that_was_encoded_again_is_decoded() {
        for (fragment, expected) in [
            ("/async-basics?seed=7&load=350", "/async-basics?seed=7&load=350"),
            ("%2Fasync-basics%3Fseed%3D7%26load%3D350", "/async-basics?seed=7&load=350"),
            ("/async-basics%3Fseed=7&load=350", "/async-basics?seed=7&load=350"),
            ("%252Fasync-basics%253Fseed%253D7", "/async-basics?seed=7"),
            ("/async-basics?seed%3D7%26load%3D350", "/async-basics?seed=7&load=350"),
            // A value may be encoded.
            ("/program?code=a%3D1%26b", "/program?code=a%3D1%26b"),
            ("/%FF%3F", "/\u{fffd}?"),
            ("", ""),
        ] {
            assert_eq!(decoded(fragment), expected, "{fragment}");
        }
    }

    #[test]
    fn what_was_added_to_a_link_is_removed() {
        for (query, expected) in [
            ("a=1&amp;seed=7", "a=1 seed=7"),
            ("a=1&amp;amp;seed=7&#38;b=2", "a=1 seed=7 b=2"),
            ("seed=7&utm_source=mail&utm_medium=x&fbclid=3", "seed=7"),
            ("seed=7?utm_source=mail&utm_medium=x", "seed=7"),
            ("", ""),
        ] {
            let pairs: Vec<_> = pairs(query).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
            assert_eq!(pairs.join(" "), expected, "{query}");
        }
        assert_eq!(path_and_query("/async-basics)."), ("async-basics", ""));
        assert_eq!(path_and_query("/async-basics&utm_source=x"), ("async-basics", "utm_source=x"));
        assert_eq!(without_punctuation("7)."), "7");
    }

    #[test]
    fn a_link_that_was_changed_on_its_way_opens_the_same() {
        let link = "#/async-api-calls?endpoint=own&url=http%3A%2F%2Fgpu%3A8000%2Fa%26b&requests=12&seed=42";
        let (expected, _) = Destination::parse(link);
        let again = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        for changed in [
            again(&link[1..]),
            link.replace('?', "%3F"),
            link.replace('%', "%25").replace('?', "%3F").replace('=', "%3D").replace('&', "%26"),
            link.replace('&', "&amp;"),
            link.replace('&', "&#38;"),
            link.replace('&', "&#038;"),
            format!("{link}&gt;"),
            link.replace("seed=", "seed=3D").replace("requests=", "requests=3D"),
            format!("{link}&utm_source=newsletter&utm_medium=email"),
            format!("{link}?fbclid=IwAR0"),
            format!("{link})."),
            format!("{link}>"),
            format!("{link}\u{a0}"),
            format!("{link}%29."),
            format!("{link}%20"),
        ] {
            let (found, notices) = Destination::parse(&changed);
            assert!(found == expected && notices.is_empty(), "{changed}: {found}, {notices:?}");
        }
    }

    proptest! {
        #[test]
        fn no_fragment_panics(fragment in ".*") {
            let decoded = decoded(&fragment);
            let (_, query) = path_and_query(&decoded);
            let _ = pairs(query);
        }
    }
}
