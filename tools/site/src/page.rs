//! Replaces trunk's code of the page by the split code, and its address in `index.html` by the new one.
//!
//! The code is in one folder, which has the hash of its content in its name. So its files never load a file of another
//! release.

use std::path::Path;

use crate::build::PAGE;
use crate::error::SiteError;
use crate::files;
use crate::hash::ContentHash;
use crate::minify;
use crate::split::{Code, LOADER};

/// The call in trunk's script that loads the code.
const INIT: &str = "const wasm = await init(";

/// Runs before it: the page is painted first. On a slow network, the code would take its share of the bandwidth, and on
/// a slow processor its share of the time. A page in the background is not painted.
const FIRST_PAINT: &str = "if (!document.hidden) await new Promise((painted) => {
  requestAnimationFrame(() => setTimeout(painted));
  setTimeout(painted, 1000);
});
";

/// Replaces trunk's code by the split code.
///
/// # Errors
///
/// If trunk's code is missing, or `index.html` loads it in an unexpected way.
pub fn put(code: &Code, site: &Path) -> Result<(), SiteError> {
    let names = files::entries(site)?;
    let names = names.iter().filter_map(|path| path.file_name()?.to_str());
    let old = trunk_name(names, PAGE).ok_or_else(|| SiteError::missing("the site", PAGE))?;
    let new = put_folder(&code.folder, site)?;
    let index = site.join("index.html");
    files::write(&index, with_code(&files::read_text(&index)?, &old, &new)?)?;
    files::remove(&site.join(format!("{old}.js")))?;
    files::remove(&site.join(format!("{old}_bg.wasm")))?;
    files::remove_folder(&site.join("snippets"))
}

/// Copies the code to a folder of the site that has the hash of its files in its name, and returns this name.
fn put_folder(code: &Path, site: &Path) -> Result<String, SiteError> {
    let mut contents = Vec::new();
    for file in files::all(code)? {
        contents.push((minify::read(&code.join(&file))?, file));
    }
    let hash = contents.iter().fold(ContentHash::default(), |hash, (content, file)| hash.with(file).with(content));
    let name = format!("{PAGE}-{}", hash.name());
    contents.into_iter().try_for_each(|(content, file)| files::write(&site.join(&name).join(file), content))?;
    Ok(name)
}

/// The page's name with the hash that trunk gave it, among the names of the site's files.
fn trunk_name<'a>(mut names: impl Iterator<Item = &'a str>, page: &str) -> Option<String> {
    names.find_map(|name| {
        let stem = name.strip_suffix("_bg.wasm")?;
        stem.strip_prefix(page)?.starts_with('-').then(|| stem.to_owned())
    })
}

/// `index.html` with the address of the new code. The part of an address before the name of a file, which is the
/// address of the site, does not change. The code is loaded after the first paint, so it is not preloaded.
fn with_code(html: &str, old: &str, new: &str) -> Result<String, SiteError> {
    let script = format!("{old}.js");
    // The page's script imports the loader, so the browser requests both at once.
    let preload = html.lines().find(|line| line.contains("modulepreload") && line.contains(&script));
    let preload = preload.and_then(|line| line.split_inclusive('>').find(|link| link.contains(&script)));
    let preload = preload.ok_or_else(|| SiteError::missing("index.html", "modulepreload"))?.trim();
    let loader = preload.replace(&script, &format!("{new}/{LOADER}"));
    let html = replace(html, preload, &format!("{preload}{loader}"))?;
    let html = replace(&html, &script, &format!("{new}/{PAGE}.js"))?;
    let wasm = format!("{old}_bg.wasm");
    let links = html.split('<').filter_map(|tag| Some(format!("<{}>", tag.split_once('>')?.0)));
    let preload = links.into_iter().find(|link| link.contains("preload") && link.contains(&wasm));
    let preload = preload.ok_or_else(|| SiteError::missing("index.html", &format!("preload of {wasm}")))?;
    let html = replace(&html, &preload, "")?;
    let html = replace(&html, INIT, &format!("{FIRST_PAINT}{INIT}"))?;
    let html = replace(&html, &wasm, &format!("{new}/{PAGE}_bg.wasm"))?;
    Ok(html.replace("/snippets/", &format!("/{new}/snippets/")))
}

fn replace(html: &str, what: &str, with: &str) -> Result<String, SiteError> {
    if html.contains(what) { Ok(html.replace(what, with)) } else { Err(SiteError::missing("index.html", what)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The shortened output of trunk 0.21.14.
    const HTML: &str = "\
<script type=\"module\">
import init, * as bindings from './interleave-1a2b.js';
const wasm = await init({ module_or_path: './interleave-1a2b_bg.wasm' });
</script>
  <link rel=\"modulepreload\" href=\"./interleave-1a2b.js\" crossorigin=\"anonymous\"><link rel=\"modulepreload\" \
  href=\"./snippets/page-77/a.js\"><link rel=\"preload\" href=\"./interleave-1a2b_bg.wasm\" as=\"fetch\"></head>
";

    #[test]
    fn html_loads_the_code_from_its_folder_and_the_loader_next_to_it() {
        let expected = "\
<script type=\"module\">
import init, * as bindings from './code-ff/interleave.js';
const wasm = await init({ module_or_path: './code-ff/interleave_bg.wasm' });
</script>
  <link rel=\"modulepreload\" href=\"./code-ff/interleave.js\" crossorigin=\"anonymous\">\
<link rel=\"modulepreload\" href=\"./code-ff/parts.js\" crossorigin=\"anonymous\"><link rel=\"modulepreload\" \
  href=\"./code-ff/snippets/page-77/a.js\"></head>
";
        let html = with_code(HTML, "interleave-1a2b", "code-ff").unwrap();
        assert_eq!(html, expected.replace(INIT, &format!("{FIRST_PAINT}{INIT}")));
    }

    #[test]
    fn the_address_of_the_site_does_not_change() {
        let html = with_code(&HTML.replace("./", "/some/path/"), "interleave-1a2b", "code-ff").unwrap();
        for name in ["interleave.js", "parts.js", "interleave_bg.wasm", "snippets/page-77/a.js"] {
            assert!(html.contains(&format!("/some/path/code-ff/{name}")), "{name}: {html}");
        }
    }

    #[test]
    fn html_of_an_unexpected_form_is_refused() {
        for what in ["modulepreload", "interleave-1a2b_bg.wasm", "interleave-1a2b.js"] {
            let error = with_code(&HTML.replace(what, "else"), "interleave-1a2b", "code-ff").unwrap_err();
            assert!(error.to_string().contains("index.html"), "{what}: {error}");
        }
    }

    #[test]
    fn trunks_name_of_the_page_is_found_among_others() {
        let name = |names: &[&str]| trunk_name(names.iter().copied(), "page");
        assert_eq!(name(&["index.html", "other-1_bg.wasm", "page-1a2b_bg.wasm"]).as_deref(), Some("page-1a2b"));
        assert_eq!(name(&["page_bg.wasm", "pages-1_bg.wasm"]), None);
    }

    #[test]
    fn the_folder_is_named_after_the_names_and_contents_of_its_files() {
        let site = tempfile::tempdir().unwrap();
        let name_of = |file: &str, content: &str| {
            let code = tempfile::tempdir().unwrap();
            files::write(&code.path().join("in").join(file), content).unwrap();
            put_folder(code.path(), site.path()).unwrap()
        };
        let names = [name_of("a", "1"), name_of("a", "1"), name_of("a", "2"), name_of("b", "1")];
        assert_eq!(names[0], names[1]);
        assert!(names[0] != names[2] && names[0] != names[3]);
        assert_eq!(files::read_text(&site.path().join(&names[2]).join("in/a")).unwrap(), "2");
    }
}
