//! Writes the documents of the sandbox in which readers' programs run: `static/sandbox/outer.js` says what they are for.
//!
//! Each document consists of a policy and one inline script, whose hash the policy names. The inner one is a text in the
//! script of the outer one, and obeys both policies. Both policies allow to start workers and modules from `blob:` URLs,
//! because the sandbox gets its files as bytes, and to compile WebAssembly. Everything else is forbidden; the sandbox can
//! load nothing.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::error::SiteError;
use crate::hash;

/// The placeholder for the inner document in the script of the outer one.
const UNKNOWN: &str = "const SANDBOX = \"\";";

/// The outer document, made from the scripts of both.
///
/// # Errors
///
/// If the outer script has no place for the inner document.
pub fn outer_html(outer_script: &str, inner_script: &str) -> Result<String, SiteError> {
    let inner = document("Sandbox", inner_script, &[inner_script]);
    if !outer_script.contains(UNKNOWN) {
        return Err(SiteError::missing("outer.js", UNKNOWN));
    }
    let outer_script = outer_script.replace(UNKNOWN, &format!("const SANDBOX = {};", in_script(&inner)));
    Ok(document("Python", &outer_script, &[&outer_script, inner_script]))
}

fn document(title: &str, script: &str, allowed: &[&str]) -> String {
    let hash = |script: &&str| format!("'sha256-{}' ", BASE64_STANDARD.encode(hash::sha_256(script)));
    let hashes: String = allowed.iter().map(hash).collect();
    let policy = format!("default-src 'none'; script-src {hashes}blob: 'wasm-unsafe-eval'; worker-src blob:");
    format!(
        "<!DOCTYPE html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}; base-uri 'none'; form-action 'none'\">\
         <title>{title}</title><script>{script}</script></html>\n"
    )
}

/// A text as a JavaScript string that may be in a script of an HTML document.
fn in_script(text: &str) -> String {
    // JSON strings are JavaScript strings. Without `<`, the text cannot end the script.
    serde_json::Value::from(text).to_string().replace('<', "\\u003c")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTER: &str = include_str!("../../../static/sandbox/outer.js");
    const INNER: &str = include_str!("../../../static/sandbox/frame.js");

    /// The policy and the script of a document.
    fn parts(html: &str) -> (&str, &str) {
        let policy = html.split_once("content=\"").unwrap().1.split_once('"').unwrap().0;
        (policy, html.split_once("<script>").unwrap().1.split_once("</script>").unwrap().0)
    }

    fn allows(policy: &str, script: &str) -> bool {
        policy.contains(&format!("'sha256-{}'", BASE64_STANDARD.encode(hash::sha_256(script))))
    }

    #[test]
    fn the_outer_policy_allows_both_scripts_and_the_inner_one_only_its_own() {
        let html = outer_html(OUTER, INNER).unwrap();
        let (policy, script) = parts(&html);
        assert!(allows(policy, script) && allows(policy, INNER));
        let line = script.lines().find(|line| line.starts_with("const SANDBOX = ")).unwrap();
        let text = line.trim_start_matches("const SANDBOX = ").trim_end_matches(';');
        let inner: String = serde_json::from_str(text).unwrap();
        assert_eq!(parts(&inner).1, INNER);
        assert!(allows(parts(&inner).0, INNER) && !allows(parts(&inner).0, script));
    }

    #[test]
    fn the_policies_allow_no_requests_and_no_eval() {
        let html = outer_html(OUTER, INNER).unwrap();
        let policy = parts(&html).0;
        assert!(policy.starts_with("default-src 'none'; script-src 'sha256-"));
        for word in ["connect-src", "'self'", "unsafe-inline", "'unsafe-eval'", "http"] {
            assert!(!policy.contains(word), "{word}: {policy}");
        }
    }

    #[test]
    fn a_script_in_a_text_does_not_end_the_script_around_it() {
        assert_eq!(in_script("</script>\"\n"), "\"\\u003c/script>\\\"\\n\"");
    }

    #[test]
    fn an_outer_script_of_an_unexpected_form_is_refused() {
        assert!(outer_html("let none;", INNER).is_err());
    }
}
