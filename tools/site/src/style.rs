//! Removes the comments and the indentation from the style sheet. With compression, that is nearly all that a minifier
//! gains.

use std::path::Path;

use crate::error::SiteError;
use crate::files;

/// Makes the style sheets in the site's folder smaller.
///
/// # Errors
///
/// If one cannot be read or written.
pub fn shrink_all(site: &Path) -> Result<(), SiteError> {
    let entries = files::entries(site)?;
    let sheets = entries.iter().filter(|path| path.extension().is_some_and(|extension| extension == "css"));
    sheets.into_iter().try_for_each(|path| files::write(path, shrunk(&files::read_text(path)?)))
}

fn shrunk(css: &str) -> String {
    let mut parts = css.split("/*");
    let mut rules = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        rules.push_str(part.split_once("*/").map_or("", |(_, rest)| rest));
    }
    let lines = rules.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_stay_and_comments_go() {
        let css = "/* one */\na { color: red } /* two\n lines */\n\n  b { margin: 0 }\n/* never closed";
        assert_eq!(shrunk(css), "a { color: red }\nb { margin: 0 }");
    }
}
