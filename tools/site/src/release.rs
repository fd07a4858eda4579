//! The files of a release. The service worker caches them, so that the page works without a network.

use std::path::Path;

use crate::error::SiteError;
use crate::files;
use crate::hash::ContentHash;
use crate::python;

/// The placeholder for the release in the service worker's script.
const UNKNOWN: &str = "const RELEASE = { name: \"\", files: [], pages: [], python: [] };";

/// The end of the path of an exercise's page. The index shows the same view, so these pages need not be cached.
const PAGE: &str = "/index.html";

/// The files that are not in the list. The index is cached last, because it shows that all other files are cached. The
/// browser itself stores the worker's scripts. The preview is for other sites.
const NOT_LISTED: [&str; 5] = ["404.html", "index.html", "service-worker.js", "model_server-", "static/preview.png"];

/// The files of a built site.
#[derive(Debug, PartialEq, Eq)]
pub struct Release {
    /// The hash of all files.
    pub name: String,
    /// Their paths, relative to the site, sorted.
    pub files: Vec<String>,
    /// The addresses of the exercises' pages, relative to the site, such as `async-basics/`.
    pub pages: Vec<String>,
    /// The files for Python, which are cached when they are used, apart from the release. Their manifest, which is one of
    /// `files`, has their hashes.
    pub python: Vec<String>,
}

impl Release {
    /// Reads a site.
    ///
    /// # Errors
    ///
    /// If a file cannot be read.
    pub fn from_site(site: &Path) -> Result<Self, SiteError> {
        let mut files = files::all(site)?;
        files.retain(|file| !is_hidden(file) && !NOT_LISTED.iter().any(|start| file.starts_with(start)));
        let (python, files): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| is_for_python(file));
        let mut hash = ContentHash::default();
        for file in &files {
            hash = hash.with(file).with(files::read(&site.join(file))?);
        }
        let (pages, files): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.ends_with(PAGE));
        let pages = pages.iter().map(|page| page.trim_end_matches("index.html").to_owned()).collect();
        Ok(Self { name: hash.name(), files, pages, python })
    }

    /// The worker's script with the release in it, or `None` if it has no placeholder for the release.
    pub fn written_into(&self, worker: &str) -> Option<String> {
        // Rust and JavaScript write a string and a list of strings in the same way.
        let Self { name, files, pages, python } = self;
        let known =
            format!("const RELEASE = {{ name: {name:?}, files: {files:?}, pages: {pages:?}, python: {python:?} }};");
        worker.contains(UNKNOWN).then(|| worker.replace(UNKNOWN, &known))
    }
}

fn is_for_python(file: &str) -> bool {
    file.starts_with(python::FOLDER) && !file.starts_with(python::MANIFEST)
}

/// True for hidden files, which are for the host.
fn is_hidden(file: &str) -> bool {
    file.split('/').any(|name| name.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(files: &[(&str, &str)]) -> Release {
        let site = tempfile::tempdir().unwrap();
        for (file, text) in files {
            files::write(&site.path().join(file), text).unwrap();
        }
        Release::from_site(site.path()).unwrap()
    }

    #[test]
    fn a_release_has_every_file_that_the_page_may_request() {
        let release = release(&[
            ("index.html", "<p>"),
            ("async-basics/index.html", "<p>"),
            ("service-worker.js", ""),
            ("model_server-01.js", ""),
            (".nojekyll", ""),
            ("static/preview.png", ""),
            ("static/data/digits.csv", "1,2"),
            ("style-02.css", "p {}"),
            ("python/manifest-03.json", "{}"),
            ("python/worker-04.js", ""),
        ]);
        assert_eq!(release.files, ["python/manifest-03.json", "static/data/digits.csv", "style-02.css"]);
        assert_eq!(release.python, ["python/worker-04.js"]);
        assert_eq!(release.pages, ["async-basics/"]);
    }

    #[test]
    fn the_name_of_a_release_changes_with_every_file() {
        let name_with = |text| release(&[("a/b.csv", text), ("c.js", "")]).name;
        assert_eq!(name_with("1"), name_with("1"));
        assert_ne!(name_with("1"), name_with("2"));
    }

    #[test]
    fn the_sites_worker_has_a_placeholder_for_the_release() {
        let worker = include_str!("../../../model-server/service-worker.js");
        let release = Release {
            name: "ff".to_owned(),
            files: vec!["a.js".to_owned()],
            pages: vec!["b/".to_owned()],
            python: vec![],
        };
        let text = release.written_into(worker).unwrap();
        let expected = "const RELEASE = { name: \"ff\", files: [\"a.js\"], pages: [\"b/\"], python: [] };";
        assert!(text.contains(expected), "{text}");
        assert_eq!(release.written_into(&text), None);
    }
}
