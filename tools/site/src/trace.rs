//! Puts the recorder for programs that run elsewhere into the site, as one file that needs no others.

use std::collections::BTreeMap;
use std::path::Path;

use crate::error::SiteError;
use crate::files;

/// The file, relative to the site.
const FILE: &str = "static/interleave_trace.py";

/// The folder with the recorder, which the site does not have in this form.
const FOLDER: &str = "static/trace";

/// The module that is run. It contains [`NO_MODULES`].
const MAIN: &str = "interleave_trace";

/// The line that the modules replace.
const NO_MODULES: &str = "\nMODULES = {}\n";

/// The modules of our Python package that the recorder uses.
const SHARED: [&str; 14] = [
    "checks",
    "columns",
    "console",
    "handles",
    "heartbeat",
    "mistakes",
    "names",
    "observed",
    "polls",
    "questions",
    "sources",
    "text",
    "waits",
    "watch",
];

/// Writes the file, and removes its sources from the site. `repository` is the folder with `static/`.
///
/// # Errors
///
/// If a module cannot be read, or the file cannot be written.
pub fn put(site: &Path, repository: &Path) -> Result<(), SiteError> {
    let read = |folder: &str, name: &str| files::read_text(&repository.join(folder).join(name).with_extension("py"));
    let own = ["trace", "threads", "keys"].map(|name| (FOLDER, name));
    let shared = SHARED.map(|name| ("static/python/interleave", name));
    let modules = own.into_iter().chain(shared).map(|(folder, name)| Ok((name, read(folder, name)?)));
    let modules: BTreeMap<_, _> = modules.collect::<Result<_, SiteError>>()?;
    // An object of texts in JSON is a dictionary in Python.
    let modules = serde_json::to_string(&modules).expect("they are texts");
    let main = read(FOLDER, MAIN)?.replacen(NO_MODULES, &format!("\nMODULES = {modules}\n"), 1);
    files::remove_folder(&site.join(FOLDER))?;
    files::write(&site.join(FILE), main)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_contains_every_module_that_another_one_imports() {
        let site = tempfile::tempdir().unwrap();
        let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
        put(site.path(), repository).unwrap();
        let file = files::read_text(&site.path().join(FILE)).unwrap();
        let line = file.lines().find_map(|line| line.strip_prefix("MODULES = ")).unwrap();
        let modules: BTreeMap<String, String> = serde_json::from_str(line).unwrap();
        for (name, text) in &modules {
            let imports = text.lines().filter_map(|line| line.strip_prefix("from ."));
            for import in imports {
                let (from, names) = import.split_once(" import ").unwrap();
                let needed = if from.is_empty() { names.split(", ").collect() } else { vec![from] };
                assert!(needed.iter().all(|it| modules.contains_key(*it)), "`{name}` imports {needed:?}");
            }
        }
        assert_eq!(modules.len(), 17);
    }
}
