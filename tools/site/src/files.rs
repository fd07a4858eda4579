//! File operations, with errors that name the file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::error::SiteError;

/// Reads a file.
pub fn read(path: &Path) -> Result<Vec<u8>, SiteError> {
    fs::read(path).map_err(|source| SiteError::file(path, source))
}

/// Reads a file as text.
pub fn read_text(path: &Path) -> Result<String, SiteError> {
    fs::read_to_string(path).map_err(|source| SiteError::file(path, source))
}

/// Writes a file. Creates its folder if there is none.
pub fn write(path: &Path, content: impl AsRef<[u8]>) -> Result<(), SiteError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).and_then(|()| fs::write(path, content)).map_err(|source| SiteError::file(path, source))
}

/// Deletes a file.
pub fn remove(path: &Path) -> Result<(), SiteError> {
    fs::remove_file(path).map_err(|source| SiteError::file(path, source))
}

/// Deletes a folder and its content, if it exists.
pub fn remove_folder(path: &Path) -> Result<(), SiteError> {
    match fs::remove_dir_all(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => Err(SiteError::file(path, source)),
        _ => Ok(()),
    }
}

/// The files and folders in a folder, sorted by name.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>, SiteError> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    let mut entries: Vec<PathBuf> = entries.map_err(|source| SiteError::file(folder, source))?;
    entries.sort();
    Ok(entries)
}

/// All files in a folder and its subfolders, as sorted paths relative to it, with `/` between their parts.
pub fn all(folder: &Path) -> Result<Vec<String>, SiteError> {
    let mut files = Vec::new();
    for path in entries(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            files.extend(all(&path)?.into_iter().map(|file| format!("{name}/{file}")));
        } else {
            files.push(name);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_are_listed_with_their_folders() {
        let folder = tempfile::tempdir().unwrap();
        for file in ["b.js", "a/c/d.css", "a/b.wasm"] {
            write(&folder.path().join(file), "x").unwrap();
        }
        assert_eq!(all(folder.path()).unwrap(), ["a/b.wasm", "a/c/d.css", "b.js"]);
    }

    #[test]
    fn an_error_names_the_file() {
        let error = read(Path::new("/no/such/file")).unwrap_err();
        assert!(error.to_string().starts_with("`/no/such/file` could not be read"), "{error}");
    }

    #[test]
    fn removing_a_missing_folder_succeeds() {
        let folder = tempfile::tempdir().unwrap();
        assert!(remove_folder(&folder.path().join("none")).is_ok());
    }
}
