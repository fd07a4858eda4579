//! Which files make a release. The service worker keeps them, so that the page is there without a network.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::path::Path;

/// What the service worker says of its release before the site is built.
const UNKNOWN: &str = "const RELEASE = { name: \"\", files: [] };";

/// Not kept: the index says that all else is there, so it comes last; the browser keeps the worker's own scripts; and the
/// preview is for others.
const NOT_KEPT: [&str; 4] = ["index.html", "service-worker.js", "model_server-", "static/preview.png"];

/// The files of a built site.
#[derive(Debug, PartialEq, Eq)]
pub struct Release {
    /// A hash over all of them.
    pub name: String,
    /// Their paths, relative to the site, in order.
    pub files: Vec<String>,
}

impl Release {
    /// Reads a site.
    pub fn of(site: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        gather(site, "", &mut files)?;
        files.retain(|file| !NOT_KEPT.iter().any(|start| file.starts_with(start)));
        files.sort();
        let mut hasher = DefaultHasher::new();
        for file in &files {
            (file, fs::read(site.join(file))?).hash(&mut hasher);
        }
        Ok(Self { name: format!("{:016x}", hasher.finish()), files })
    }

    /// The worker's script with the release in it, or nothing if it has no place for that.
    pub fn told_to(&self, worker: &str) -> Option<String> {
        // A name in quotes is written alike in Rust and JavaScript.
        let known = format!("const RELEASE = {{ name: {:?}, files: {:?} }};", self.name, self.files);
        worker.contains(UNKNOWN).then(|| worker.replace(UNKNOWN, &known))
    }
}

/// All files in a folder but hidden ones, which are for the host.
fn gather(site: &Path, folder: &str, files: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(site.join(folder))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        if entry.file_type()?.is_dir() {
            gather(site, &format!("{folder}{name}/"), files)?;
        } else {
            files.push(format!("{folder}{name}"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that is gone when the test is.
    struct Site(std::path::PathBuf);

    impl Site {
        fn with(name: &str, files: &[(&str, &str)]) -> Self {
            let site = Self(std::env::temp_dir().join(format!("bundle-{}-{name}", std::process::id())));
            for (file, text) in files {
                let path = site.0.join(file);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            site
        }
    }

    impl Drop for Site {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const FILES: [(&str, &str); 7] = [
        ("index.html", "<p>"),
        ("service-worker.js", ""),
        ("model_server-01.js", ""),
        (".nojekyll", ""),
        ("static/preview.png", ""),
        ("static/data/digits.csv", "1,2"),
        ("style-02.css", "p {}"),
    ];

    #[test]
    fn it_is_all_that_the_page_may_ask_for() {
        let site = Site::with("all", &FILES);
        assert_eq!(Release::of(&site.0).unwrap().files, ["static/data/digits.csv", "style-02.css"]);
    }

    #[test]
    fn its_name_changes_with_every_file() {
        let name_of = |name, text| {
            let site = Site::with(name, &[("a/b.csv", text), ("c.js", "")]);
            Release::of(&site.0).unwrap().name
        };
        assert_eq!(name_of("x", "1"), name_of("y", "1"));
        assert_ne!(name_of("x", "1"), name_of("y", "2"));
    }

    #[test]
    fn the_worker_of_the_site_is_told() {
        let worker = include_str!("../../../model-server/service-worker.js");
        let release = Release { name: "ff".to_owned(), files: vec!["a.js".to_owned(), "b/c.csv".to_owned()] };
        let told = release.told_to(worker).unwrap();
        assert!(told.contains("const RELEASE = { name: \"ff\", files: [\"a.js\", \"b/c.csv\"] };"));
        assert_eq!(release.told_to(&told), None);
    }
}
