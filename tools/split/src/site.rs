//! The site that trunk made: its code is replaced, and its HTML is told where the new code lies.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::{Path, PathBuf};

/// How the script that fetches the parts begins to make a module of one, as `wasm_split_cli_support` writes it.
const STREAMING: &str = "WebAssembly.instantiateStreaming(";

/// What it does instead. Streaming wants the type `application/wasm`, which some plain hosts do not send; the page's
/// own script does without it too.
const WITH_ANY_TYPE: &str = "
async function instantiate(asked, imports) {
    const answer = await asked;
    if (!answer.ok) throw new Error(`${answer.url} answers with HTTP status ${answer.status}`);
    return WebAssembly.instantiate(await answer.arrayBuffer(), imports);
}
";

/// Why the site could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// What trunk or `wasm_split_cli_support` wrote has another form than the one that is known here.
    #[error("`{place}` has no `{what}`: is it of another version?")]
    Missing {
        /// Where it was looked for.
        place: String,
        /// What was looked for.
        what: String,
    },
    /// The disk does not do as it is told.
    #[error("`{path}` could not be read or written: {source}")]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The script that fetches the parts, for hosts that send them with any type.
pub fn fetched_with_any_type(script: &str) -> Result<String, SiteError> {
    // A page with no part has nothing to fetch.
    if !script.contains("fetch(") {
        return Ok(script.to_owned());
    }
    Ok(replace("the script that fetches", script, STREAMING, "instantiate(")? + WITH_ANY_TYPE)
}

/// Replaces trunk's code of the page `name` by the folder `code`, in which `loader` is a script beside the page's own.
pub fn put(code: &Path, site: &Path, name: &str, loader: &str) -> Result<(), SiteError> {
    let old = old_name(&files(site)?, name).ok_or_else(|| missing(&site.display().to_string(), name))?;
    let new = format!("{name}-{:016x}", hash(code)?);
    for file in files(code)? {
        let to = site.join(&new).join(file.strip_prefix(code).unwrap_or(&file));
        let folder = to.parent().unwrap_or(site);
        fs::create_dir_all(folder).and_then(|()| fs::copy(&file, &to)).map_err(|source| file_error(&to, source))?;
    }
    let html = site.join("index.html");
    let told = fs::read_to_string(&html).map_err(|source| file_error(&html, source))?;
    let told = tell(&told, &old, &new, name, loader)?;
    fs::write(&html, told).map_err(|source| file_error(&html, source))?;
    for file in [format!("{old}.js"), format!("{old}_bg.wasm")].map(|file| site.join(file)) {
        fs::remove_file(&file).map_err(|source| file_error(&file, source))?;
    }
    let snippets = site.join("snippets");
    if snippets.exists() {
        fs::remove_dir_all(&snippets).map_err(|source| file_error(&snippets, source))
    } else {
        Ok(())
    }
}

/// The HTML that loads the page's code from its folder. What precedes a name, the address of the site, stays.
fn tell(html: &str, old: &str, new: &str, name: &str, loader: &str) -> Result<String, SiteError> {
    let script = format!("{old}.js");
    // The page's script waits for this one, so the browser asks for both at once.
    let preload = html.lines().find(|line| line.contains("modulepreload") && line.contains(&script));
    let preload = preload.and_then(|line| line.split_inclusive('>').find(|link| link.contains(&script)));
    let preload = preload.ok_or_else(|| missing("index.html", "modulepreload"))?.trim();
    let html = replace(
        "index.html",
        html,
        preload,
        &format!("{preload}{}", preload.replace(&script, &format!("{new}/{loader}"))),
    )?;
    let html = replace("index.html", &html, &script, &format!("{new}/{name}.js"))?;
    let html = replace("index.html", &html, &format!("{old}_bg.wasm"), &format!("{new}/{name}_bg.wasm"))?;
    Ok(html.replace("/snippets/", &format!("/{new}/snippets/")))
}

/// What trunk called the page: its name and a hash.
fn old_name(files: &[PathBuf], name: &str) -> Option<String> {
    let names = files.iter().filter_map(|file| file.file_name()?.to_str()?.strip_suffix("_bg.wasm"));
    names.filter(|it| it.strip_prefix(name).is_some_and(|rest| rest.starts_with('-'))).map(str::to_owned).next()
}

/// Of the names and contents of all files.
fn hash(folder: &Path) -> Result<u64, SiteError> {
    let mut hasher = DefaultHasher::new();
    for file in files(folder)? {
        file.strip_prefix(folder).unwrap_or(&file).hash(&mut hasher);
        fs::read(&file).map_err(|source| file_error(&file, source))?.hash(&mut hasher);
    }
    Ok(hasher.finish())
}

/// The files in a folder and the folders in it, in the same order each time.
fn files(folder: &Path) -> Result<Vec<PathBuf>, SiteError> {
    let entries = fs::read_dir(folder)
        .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>())
        .map_err(|source| file_error(folder, source))?;
    let mut found = Vec::new();
    for path in entries {
        if path.is_dir() { found.extend(files(&path)?) } else { found.push(path) }
    }
    found.sort();
    Ok(found)
}

fn replace(place: &str, text: &str, what: &str, with: &str) -> Result<String, SiteError> {
    if text.contains(what) { Ok(text.replace(what, with)) } else { Err(missing(place, what)) }
}

fn missing(place: &str, what: &str) -> SiteError {
    SiteError::Missing { place: place.to_owned(), what: what.to_owned() }
}

fn file_error(path: &Path, source: io::Error) -> SiteError {
    SiteError::File { path: path.to_owned(), source }
}

/// A script of generated code without its documentation and indentation, which nobody reads in a browser.
pub fn lean(script: &str) -> String {
    let mut is_in_comment = false;
    let mut lines = Vec::new();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        is_in_comment |= line.starts_with("/**");
        if !is_in_comment {
            lines.push(line);
        }
        is_in_comment &= !line.ends_with("*/");
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What trunk 0.21.14 writes, in short.
    const HTML: &str = "\
<script type=\"module\">
import init, * as bindings from './page-1a2b.js';
const wasm = await init({ module_or_path: './page-1a2b_bg.wasm' });
</script>
  <link rel=\"modulepreload\" href=\"./page-1a2b.js\" crossorigin=\"anonymous\"><link rel=\"modulepreload\" \
  href=\"./snippets/page-77/a.js\"><link rel=\"preload\" href=\"./page-1a2b_bg.wasm\" as=\"fetch\"></head>
";

    #[test]
    fn html_loads_the_code_from_its_folder_and_the_loader_beside_it() {
        let expected = "\
<script type=\"module\">
import init, * as bindings from './page-ff/page.js';
const wasm = await init({ module_or_path: './page-ff/page_bg.wasm' });
</script>
  <link rel=\"modulepreload\" href=\"./page-ff/page.js\" crossorigin=\"anonymous\">\
<link rel=\"modulepreload\" href=\"./page-ff/parts.js\" crossorigin=\"anonymous\"><link rel=\"modulepreload\" \
  href=\"./page-ff/snippets/page-77/a.js\"><link rel=\"preload\" href=\"./page-ff/page_bg.wasm\" as=\"fetch\"></head>
";
        assert_eq!(tell(HTML, "page-1a2b", "page-ff", "page", "parts.js").unwrap(), expected);
    }

    #[test]
    fn an_address_of_the_site_stays_before_the_names() {
        let html = HTML.replace("./", "/some/path/");
        let told = tell(&html, "page-1a2b", "page-ff", "page", "parts.js").unwrap();
        for name in ["page.js", "parts.js", "page_bg.wasm", "snippets/page-77/a.js"] {
            assert!(told.contains(&format!("/some/path/page-ff/{name}")), "{name}: {told}");
        }
    }

    #[test]
    fn html_of_another_form_is_refused() {
        for what in ["modulepreload", "page-1a2b_bg.wasm", "page-1a2b.js"] {
            let error = tell(&HTML.replace(what, "else"), "page-1a2b", "page-ff", "page", "parts.js").unwrap_err();
            assert!(error.to_string().contains("index.html"), "{what}: {error}");
        }
    }

    #[test]
    fn every_part_is_fetched_with_any_type() {
        let part = "fetch(a);\nreturn async (imports) => (WebAssembly.instantiateStreaming(src, imports));\n";
        let script = fetched_with_any_type(&part.repeat(2)).unwrap();
        assert_eq!(script.matches("=> (instantiate(src, imports))").count(), 2);
        assert!(script.ends_with(WITH_ANY_TYPE) && !script.contains(STREAMING));
        assert!(fetched_with_any_type("fetch(a);").is_err());
        assert_eq!(fetched_with_any_type("let none;").unwrap(), "let none;");
    }

    #[test]
    fn the_name_that_trunk_gave_is_found_among_others() {
        let name = |files: &[&str]| old_name(&files.iter().map(PathBuf::from).collect::<Vec<_>>(), "page");
        assert_eq!(name(&["a/index.html", "a/other-1_bg.wasm", "a/page-1a2b_bg.wasm"]).as_deref(), Some("page-1a2b"));
        assert_eq!(name(&["a/page_bg.wasm", "a/pages-1_bg.wasm"]), None);
    }

    #[test]
    fn the_folder_bears_the_hash_of_names_and_contents() {
        let folder = std::env::temp_dir().join(format!("split-test-{}", std::process::id()));
        let hash_of = |file: &str, text: &str| {
            let _ = fs::remove_dir_all(&folder);
            fs::create_dir_all(folder.join("in")).unwrap();
            fs::write(folder.join("in").join(file), text).unwrap();
            hash(&folder).unwrap()
        };
        let hashes = [hash_of("a", "1"), hash_of("a", "1"), hash_of("a", "2"), hash_of("b", "1")];
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(hashes[0], hashes[1]);
        assert!(hashes[0] != hashes[2] && hashes[0] != hashes[3]);
    }

    #[test]
    fn a_lean_script_has_no_documentation_and_no_indentation() {
        let script = "/** One line. */\nfunction a() {\n    /**\n     * Two.\n     */\n    return 1; /* kept */\n}\n\n";
        assert_eq!(lean(script), "function a() {\nreturn 1; /* kept */\n}\n");
    }
}
