//! Writes the page's Content-Security-Policy into its HTML (<https://www.w3.org/TR/CSP3/>): only the site's own files are
//! loaded, and no script that stands in the page is run. Those that trunk put there become files.
//!
//! It is run after each build, so that the policy holds on any static host and under `trunk serve`, whose script for
//! reloading becomes a file, too. Hashes of the scripts would not do: trunk makes the HTML smaller afterwards.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Before this the policy is written. What stands above it loads nothing.
const BEFORE: &str = "<meta";

/// What trunk's script for reloading opens.
const RELOADS: &str = "WebSocket";

/// What trunk fills in when it serves the page, in quotes of any kind, and what says the same in a file: it is served from
/// where the page is.
const FILLED_IN: [(&str, &str); 3] = [
    ("{{__TRUNK_ADDRESS__}}", "location.host"),
    ("{{__TRUNK_WS_BASE__}}", "\"/\""),
    ("{{__TRUNK_WS_PROTOCOL__}}", "\"\""),
];

/// Why there is no policy.
#[derive(Debug, thiserror::Error)]
enum PolicyError {
    #[error("`{path}` could not be read or written: {source}")]
    File { path: PathBuf, source: io::Error },
    #[error("`index.html` has no `{BEFORE}` before its first script")]
    NoPlace,
}

fn main() -> ExitCode {
    let Some(site) = std::env::var_os("TRUNK_STAGING_DIR") else {
        eprintln!("policy: trunk runs this, for a site of its own making");
        return ExitCode::FAILURE;
    };
    match protect(Path::new(&site)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("policy: {error}");
            ExitCode::FAILURE
        }
    }
}

fn protect(site: &Path) -> Result<(), PolicyError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        |source| PolicyError::File { path, source }
    };
    let index = site.join("index.html");
    let html = fs::read_to_string(&index).map_err(failed(&index))?;
    let Page { html, scripts } = Page::of(&html);
    for script in &scripts {
        let path = site.join(&script.name);
        fs::write(&path, &script.text).map_err(failed(&path))?;
    }
    let html = with_policy(&html, &policy(&scripts))?;
    fs::write(&index, html).map_err(failed(&index))
}

/// A page without scripts of its own, and these scripts.
#[derive(Debug, PartialEq, Eq)]
struct Page {
    html: String,
    scripts: Vec<Script>,
}

/// A script that stood in the page.
#[derive(Debug, PartialEq, Eq)]
struct Script {
    /// What its file is called: with a hash, so that no cache mixes two releases.
    name: String,
    text: String,
}

impl Page {
    fn of(html: &str) -> Self {
        let mut pieces = html.split("<script");
        let mut page = Self { html: pieces.next().unwrap_or_default().to_owned(), scripts: Vec::new() };
        for piece in pieces {
            page.html.push_str("<script");
            match inline(piece) {
                Some((attributes, text, rest)) => {
                    let name = format!("start-{:016x}.js", hash(text));
                    page.html.push_str(&format!("{attributes} src=\"./{name}\"></script>{rest}"));
                    page.scripts.push(Script { name, text: filled_in(text) });
                }
                None => page.html.push_str(piece),
            }
        }
        page
    }
}

/// The attributes of a script, what stands in it and what follows, unless it is a file already.
fn inline(piece: &str) -> Option<(&str, &str, &str)> {
    let (attributes, rest) = piece.split_once('>')?;
    let (text, rest) = rest.split_once("</script>")?;
    (!attributes.contains("src=")).then_some((attributes, text, rest))
}

fn filled_in(script: &str) -> String {
    let places = FILLED_IN
        .into_iter()
        .flat_map(|(asked, said)| ["'", "\"", "`"].map(|quote| (format!("{quote}{asked}{quote}"), said)));
    places.fold(script.to_owned(), |script, (asked, said)| script.replace(&asked, said))
}

fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn with_policy(html: &str, policy: &str) -> Result<String, PolicyError> {
    let place = html.find(BEFORE).ok_or(PolicyError::NoPlace)?;
    if html.find("<script").is_some_and(|script| script < place) {
        return Err(PolicyError::NoPlace);
    }
    let (above, below) = html.split_at(place);
    Ok(format!("{above}<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">{below}"))
}

/// The reader's own endpoint may be anywhere, so the page may ask any host over HTTP; nothing but answers comes from there.
fn policy(scripts: &[Script]) -> String {
    let sockets = if scripts.iter().any(|script| script.text.contains(RELOADS)) { " ws: wss:" } else { "" };
    [
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval'",
        "style-src 'self'",
        "img-src 'self' data:",
        // What the page itself offers to be saved may be read again.
        &format!("connect-src 'self' blob: http: https:{sockets}"),
        "worker-src 'self'",
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
        let page = Page::of(HTML);
        let [script] = &page.scripts[..] else { panic!("{page:?}") };
        assert_eq!(script.text, "start()");
        let expected = HTML.replace(">start()<", &format!(" src=\"./{}\"><", script.name));
        assert_eq!(page.html, expected);
        assert_eq!(Page::of(&page.html).scripts, [], "there is none left");
    }

    #[test]
    fn the_policy_stands_before_whatever_is_loaded() {
        let html = with_policy(HTML, "default-src 'none'").expect("it has a head");
        assert!(html.starts_with("<html><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'\">"));
        assert!(with_policy("<script>1</script><meta>", "").is_err());
        assert!(with_policy("<p>", "").is_err());
    }

    #[test]
    fn nothing_in_the_page_is_run_but_wasm() {
        let policy = policy(&Page::of(HTML).scripts);
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'") && !policy.contains("ws:"));
    }

    #[test]
    fn a_page_that_reloads_itself_may_open_a_socket() {
        let page = Page::of("<meta><script>new WebSocket('ws://' + `{{__TRUNK_ADDRESS__}}`)</script>");
        assert_eq!(page.scripts[0].text, "new WebSocket('ws://' + location.host)");
        assert!(policy(&page.scripts).contains("connect-src 'self' blob: http: https: ws: wss:"));
    }
}
