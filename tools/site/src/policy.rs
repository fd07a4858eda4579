//! Writes the page's Content-Security-Policy into its HTML (<https://www.w3.org/TR/CSP3/>). The page may load only the
//! site's own files, and runs only one script that is in the HTML: the one that says why the page does not start. The
//! policy has its hash. The scripts that trunk puts into the HTML become files.
//!
//! Every build does this, so the policy also applies under `trunk serve`, whose reload script becomes a file too.

use std::path::Path;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::build::Kind;
use crate::error::SiteError;
use crate::files;
use crate::hash::{self, ContentHash};

/// The policy is written before the first of these tags, or after it if that declares the encoding. Nothing above it loads a
/// file.
const BEFORE: &str = "<meta";

/// The name that identifies trunk's reload script.
const RELOADS: &str = "WebSocket";

/// Placeholders in quotes that trunk fills in when it serves the page. A script that is a file uses these expressions
/// with the same value instead. It is served from the same host as the page.
const PLACEHOLDERS: [(&str, &str); 3] = [
    ("{{__TRUNK_ADDRESS__}}", "location.host"),
    ("{{__TRUNK_WS_BASE__}}", "\"/\""),
    ("{{__TRUNK_WS_PROTOCOL__}}", "\"\""),
];

/// The script that says why the page does not start.
const DIAGNOSIS: &str = include_str!("diagnosis.js");

/// Marks a site that must not be published.
const FOR_TESTS: &str = "<meta name=\"interleave-build\" content=\"for tests only\">";

/// Writes the policy and the scripts.
///
/// # Errors
///
/// If `index.html` has no place for the policy, or a file cannot be read or written.
pub fn protect(site: &Path, kind: Kind) -> Result<(), SiteError> {
    let index = site.join("index.html");
    let Page { html, scripts } = Page::from_html(&files::read_text(&index)?);
    for script in &scripts {
        files::write(&site.join(&script.name), &script.text)?;
    }
    let diagnosis = compact(DIAGNOSIS);
    let html = with_policy(&html, &policy(&scripts, &diagnosis), &diagnosis)?;
    files::write(&index, if kind == Kind::Test { marked(&html) } else { html })
}

fn marked(html: &str) -> String {
    html.replacen(BEFORE, &format!("{FOR_TESTS}{BEFORE}"), 1)
}

/// A page without inline scripts, and these scripts.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    html: String,
    scripts: Vec<Script>,
}

/// A script that was in the HTML.
#[derive(Debug, PartialEq, Eq)]
struct Script {
    /// The name of its file. It contains a hash, so that a cache does not mix two releases.
    name: String,
    text: String,
}

impl Page {
    fn from_html(html: &str) -> Self {
        let mut pieces = html.split("<script");
        let mut page = Self { html: pieces.next().unwrap_or_default().to_owned(), scripts: Vec::new() };
        for piece in pieces {
            page.html.push_str("<script");
            match inline(piece) {
                Some((attributes, text, rest)) => {
                    let name = format!("start-{}.js", ContentHash::default().with(text).name());
                    page.html.push_str(&format!("{attributes} src=\"./{name}\"></script>{rest}"));
                    page.scripts.push(Script { name, text: filled_in(text) });
                }
                None => page.html.push_str(piece),
            }
        }
        page
    }
}

/// The attributes of a script, its text, and the rest. `None` if the script is a file already.
fn inline(piece: &str) -> Option<(&str, &str, &str)> {
    let (attributes, rest) = piece.split_once('>')?;
    let (text, rest) = rest.split_once("</script>")?;
    (!attributes.contains("src=")).then_some((attributes, text, rest))
}

fn filled_in(script: &str) -> String {
    let quoted = PLACEHOLDERS.into_iter().flat_map(|(placeholder, expression)| {
        ["'", "\"", "`"].map(|quote| (format!("{quote}{placeholder}{quote}"), expression))
    });
    quoted.fold(script.to_owned(), |script, (placeholder, expression)| script.replace(&placeholder, expression))
}

/// A script without comments on lines of their own, and without indentation.
fn compact(script: &str) -> String {
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

/// The page with the policy, and with this script below it.
fn with_policy(html: &str, policy: &str, script: &str) -> Result<String, SiteError> {
    let first = html.find(BEFORE).ok_or_else(no_place)?;
    // The declaration of the encoding must be among the first 1,024 bytes.
    let tag = html[first..].split_inclusive('>').next().unwrap_or_default();
    let place = if tag.contains("charset") { first + tag.len() } else { first };
    if html.find("<script").is_some_and(|script| script < place) {
        return Err(no_place());
    }
    let (above, below) = html.split_at(place);
    let policy = format!("<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">");
    Ok(format!("{above}{policy}<script>{script}</script>{below}"))
}

fn no_place() -> SiteError {
    SiteError::missing("index.html", "<meta> before its first script")
}

/// The policy. The page may send requests to any host, because the reader's own endpoint may be anywhere. It loads
/// nothing else from other hosts.
fn policy(scripts: &[Script], inline: &str) -> String {
    let sockets = if scripts.iter().any(|script| script.text.contains(RELOADS)) { " ws: wss:" } else { "" };
    [
        "default-src 'none'",
        &format!("script-src 'self' 'wasm-unsafe-eval' 'sha256-{}'", BASE64_STANDARD.encode(hash::sha_256(inline))),
        "style-src 'self'",
        "img-src 'self' data:",
        // `blob:` lets the page read its own downloads.
        &format!("connect-src 'self' blob: http: https:{sockets}"),
        "worker-src 'self'",
        // The sandbox of readers' programs, which has a policy of its own.
        "frame-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
    .join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HTML: &str = "<html><meta charset=utf-8><script type=module>start()</script><script src=\"a.js\"></script><p>text</p></html>";

    #[test]
    fn a_script_of_the_page_becomes_a_file() {
        let page = Page::from_html(HTML);
        let [script] = &page.scripts[..] else { panic!("{page:?}") };
        assert_eq!(script.text, "start()");
        let expected = HTML.replace(">start()<", &format!(" src=\"./{}\"><", script.name));
        assert_eq!(page.html, expected);
        assert_eq!(Page::from_html(&page.html).scripts, [], "there is none left");
    }

    #[test]
    fn a_build_for_tests_is_marked() {
        let html = marked(HTML);
        assert_eq!(html.replace(FOR_TESTS, ""), HTML);
        assert_ne!(html, HTML);
    }

    #[test]
    fn the_policy_comes_before_everything_that_loads_a_file() {
        let html = with_policy(HTML, "default-src 'none'", "say()").expect("it has a head");
        let policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">";
        assert!(
            html.starts_with(&format!("<html><meta charset=utf-8>{policy}<script>say()</script><script type=module>"))
        );
        let html = with_policy("<meta name=a><p>", "p", "").expect("it has a head");
        assert!(html.ends_with("<script></script><meta name=a><p>"), "{html}");
        assert!(with_policy("<script>1</script><meta>", "", "").is_err());
        assert!(with_policy("<p>", "", "").is_err());
    }

    #[test]
    fn the_policy_allows_one_inline_script_and_no_eval() {
        let policy = policy(&Page::from_html(HTML).scripts, "say()");
        // The output of `printf 'say()' | openssl dgst -sha256 -binary | base64`.
        assert!(policy.contains("'sha256-2/kCYMCOBC6uc2jMfjEOQcVYsx3+O8RSS9/ZxStz0aE='"));
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'") && !policy.contains("ws:"));
    }

    #[test]
    fn the_script_in_the_page_is_written_without_comments() {
        assert_eq!(compact("// why\n{\n  say();\n\n  // more\n}\n"), "{\nsay();\n}");
        assert!(!DIAGNOSIS.contains("</script"));
    }

    #[test]
    fn a_page_that_reloads_itself_may_open_a_socket() {
        let page = Page::from_html("<meta><script>new WebSocket('ws://' + `{{__TRUNK_ADDRESS__}}`)</script>");
        assert_eq!(page.scripts[0].text, "new WebSocket('ws://' + location.host)");
        assert!(policy(&page.scripts, "").contains("connect-src 'self' blob: http: https: ws: wss:"));
    }
}
