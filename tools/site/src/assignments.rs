//! Puts the assignments into the site: the files of each become one file, which the page reads when a reader opens it. The
//! wrong answers, which only tests need, and the sources are not part of the site.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::error::SiteError;
use crate::files;

/// The folder, relative to the site and to the repository.
const FOLDER: &str = "static/assignments";

/// The description of an assignment, in its folder.
const DESCRIPTION: &str = "assignment.json";

/// What only tests need from a description.
const WRONG: &str = "wrong";

/// The file that every assignment has at the top of its program.
const SHARED: &str = "conftest.py";

/// Writes `static/assignments/<name>.json` for each assignment of the repository.
///
/// # Errors
///
/// If a file cannot be read or written, or a description is not JSON.
pub fn put(site: &Path, repository: &Path) -> Result<(), SiteError> {
    let (from, to) = (repository.join(FOLDER), site.join(FOLDER));
    let folders: Vec<_> = files::entries(&from)?.into_iter().filter(|path| path.join(DESCRIPTION).is_file()).collect();
    let shared = files::read_text(&from.join(SHARED))?;
    let assignments = folders.iter().map(|folder| {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, assignment(folder, &shared)?))
    });
    // They are read before the folder of the site is removed, which may be the same in a test.
    let assignments: Vec<_> = assignments.collect::<Result<_, SiteError>>()?;
    files::remove_folder(&to)?;
    assignments.iter().try_for_each(|(name, content)| files::write(&to.join(name).with_extension("json"), content))
}

/// The description with the texts of all files.
fn assignment(folder: &Path, shared: &str) -> Result<String, SiteError> {
    let text = files::read_text(&folder.join(DESCRIPTION))?;
    let mut description: Map<String, Value> = serde_json::from_str(&text).map_err(|error| {
        SiteError::missing(&folder.join(DESCRIPTION).display().to_string(), &format!("an object ({error})"))
    })?;
    description.remove(WRONG);
    for part in ["starter", "solution"] {
        description.insert(part.to_owned(), json!(texts(&folder.join(part), "")?));
    }
    let mut tests = texts(&folder.join("tests"), "tests/")?;
    tests.insert(SHARED.to_owned(), shared.to_owned());
    description.insert("tests".to_owned(), json!(tests));
    Ok(Value::Object(description).to_string())
}

/// The texts of the files in a folder, by path. Python may have left compiled files there.
fn texts(folder: &Path, prefix: &str) -> Result<BTreeMap<String, String>, SiteError> {
    let paths = files::all(folder)?.into_iter().filter(|path| !path.contains("__pycache__"));
    paths.map(|path| Ok((format!("{prefix}{path}"), files::read_text(&folder.join(&path))?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(folder: &Path, files_in_it: &[(&str, &str)]) {
        for (path, text) in files_in_it {
            files::write(&folder.join(FOLDER).join(path), text).unwrap();
        }
    }

    #[test]
    fn an_assignment_becomes_one_file_without_its_wrong_answers() {
        let (repository, site) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let sources = [
            ("conftest.py", "path"),
            ("async_basics/assignment.json", r#"{"slug": "async-basics", "wrong": {"a": {}}}"#),
            ("async_basics/starter/scripts/async_basics.py", "gap"),
            ("async_basics/solution/scripts/async_basics.py", "done"),
            ("async_basics/solution/scripts/__pycache__/async_basics.pyc", "?"),
            ("async_basics/tests/test_async_basics.py", "asserts"),
            ("async_basics/wrong/a/scripts/async_basics.py", "wrong"),
        ];
        write(repository.path(), &sources);
        write(site.path(), &sources);
        put(site.path(), repository.path()).unwrap();
        let written = files::all(&site.path().join(FOLDER)).unwrap();
        assert_eq!(written, ["async_basics.json"]);
        let text = files::read_text(&site.path().join(FOLDER).join("async_basics.json")).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            json!({
                "slug": "async-basics",
                "starter": { "scripts/async_basics.py": "gap" },
                "solution": { "scripts/async_basics.py": "done" },
                "tests": { "conftest.py": "path", "tests/test_async_basics.py": "asserts" },
            })
        );
    }

    #[test]
    fn a_damaged_description_is_named() {
        let (repository, site) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        write(repository.path(), &[("conftest.py", ""), ("a/assignment.json", "{")]);
        let error = put(site.path(), repository.path()).unwrap_err().to_string();
        assert!(error.contains("assignment.json"), "{error}");
    }
}
