//! Readers' programs, saved by name in a folder of the browser's storage. Keys are left out, see
//! [`keys`](crate::python::keys).

use serde::{Deserialize, Serialize};

use crate::measure::units::shortened;
use crate::python::keys::without_keys;
use crate::python::program_files::ProgramFiles;
use crate::storage::{BadName, FileName, Storage, StorageError, StorageKind};

/// A program as it is saved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SavedProgram {
    /// Its files.
    #[serde(flatten)]
    pub program: ProgramFiles,
    /// The key of the program of the site that it was started from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_from: Option<String>,
}

/// A program in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramEntry {
    /// Its name.
    pub name: String,
    /// The size of its file.
    pub size_bytes: u64,
}

/// The reason why a program cannot be read, renamed or saved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The stored file is not a valid program, for example because another version of the page saved it.
    #[error("the saved program cannot be read: {why}")]
    Damaged {
        /// The reason.
        why: String,
    },
    /// The name cannot be used.
    #[error("the program cannot have this name: {0}")]
    BadName(BadName),
    /// Another program has the name.
    #[error("there is another program `{}`", shortened(name, 60))]
    Taken {
        /// The name.
        name: String,
    },
}

impl ProgramError {
    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Storage(StorageError::Full { .. }) => {
                "Delete programs or saved runs, or keep this one as a file with Save as file. It is still on the page."
            }
            Self::Storage(StorageError::NoResponse) => {
                "The program is still on the page, and is saved with your next change. To be safe, keep it with Save as file."
            }
            Self::Storage(error) => error.advice(),
            Self::Damaged { .. } => "Delete it, or open it with the version of the page that saved it.",
            Self::BadName(_) => "Use a name without slashes and control characters.",
            Self::Taken { .. } => "Choose another name.",
        }
    }
}

/// The saved programs. Clones share them.
#[derive(Clone, Debug)]
pub struct Programs {
    storage: Storage,
}

impl Programs {
    /// The programs in this folder, which contains nothing else.
    #[must_use]
    pub fn over(storage: Storage) -> Self {
        Self { storage }
    }

    /// The programs in this browser. They are in memory if it does not store anything for the page.
    #[cfg(target_arch = "wasm32")]
    pub async fn open() -> Self {
        Self::over(Storage::open_database_or_memory("programs").await)
    }

    /// True if the programs are still there on the next visit.
    #[must_use]
    pub fn is_persistent(&self) -> bool {
        self.storage.kind() != StorageKind::Memory
    }

    /// Saves a program without its keys. Returns the number of places where a key was left out.
    ///
    /// # Errors
    ///
    /// The reason it is not saved. What was saved before is unchanged.
    pub async fn save(&self, name: &str, saved: &SavedProgram) -> Result<usize, ProgramError> {
        let (program, keys) = without_keys(&saved.program);
        let json = serde_json::to_vec(&SavedProgram { program, started_from: saved.started_from.clone() });
        self.storage.write(name, &json.expect("a program consists of texts")).await?;
        Ok(keys)
    }

    /// A saved program.
    ///
    /// # Errors
    ///
    /// The reason it cannot be read: for example, another tab has deleted it.
    pub async fn read(&self, name: &str) -> Result<SavedProgram, ProgramError> {
        let json = self.storage.read(name).await?;
        let damaged = |error: serde_json::Error| shortened(&error.to_string(), 200).into_owned();
        serde_json::from_slice(&json).map_err(|error| ProgramError::Damaged { why: damaged(error) })
    }

    /// All saved programs, by name.
    ///
    /// # Errors
    ///
    /// The reason the storage cannot be listed.
    pub async fn list(&self) -> Result<Vec<ProgramEntry>, ProgramError> {
        let files = self.storage.list().await?.into_iter();
        Ok(files.map(|it| ProgramEntry { name: it.name.as_str().to_owned(), size_bytes: it.size_bytes }).collect())
    }

    /// The name of a saved program that was started from this program of the site: of several, the last one by name, because
    /// newer ones have higher numbers.
    pub async fn find_started_from(&self, key: &str) -> Option<String> {
        // Programs that cannot be read are reported when the reader opens them.
        for ProgramEntry { name, .. } in self.list().await.unwrap_or_default().into_iter().rev() {
            if self.read(&name).await.is_ok_and(|saved| saved.started_from.as_deref() == Some(key)) {
                return Some(name);
            }
        }
        None
    }

    /// Deletes a program.
    ///
    /// # Errors
    ///
    /// The reason it was not deleted.
    pub async fn delete(&self, name: &str) -> Result<(), ProgramError> {
        match self.storage.delete(name).await {
            // Another tab has deleted it.
            Ok(()) | Err(StorageError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Renames a program.
    ///
    /// # Errors
    ///
    /// If the name cannot be used or is taken, or the storage fails. Then the program keeps its name.
    pub async fn rename(&self, from: &str, to: &str) -> Result<(), ProgramError> {
        FileName::parse(to).map_err(ProgramError::BadName)?;
        if from == to {
            return Ok(());
        }
        if self.list().await?.iter().any(|entry| entry.name == to) {
            return Err(ProgramError::Taken { name: to.to_owned() });
        }
        let content = self.storage.read(from).await?;
        self.storage.write(to, &content).await?;
        self.delete(from).await
    }

    /// A name for a new program: the requested one, or the same with a number. It is neither saved nor one of `taken`.
    ///
    /// # Errors
    ///
    /// The reason the storage cannot be listed.
    pub async fn free_name(&self, wished: &str, taken: &[String]) -> Result<String, ProgramError> {
        let saved = self.list().await?;
        let wished = name_like(wished);
        let numbered = (2..).map(|n| format!("{wished} ({n})"));
        let mut names = std::iter::once(wished.clone()).chain(numbered);
        let is_free = |name: &String| !taken.contains(name) && saved.iter().all(|entry| entry.name != *name);
        Ok(names.find(is_free).unwrap_or_default())
    }
}

/// A valid name that resembles a path: its last part, shortened.
fn name_like(path: &str) -> String {
    const MOST_CHARS: usize = 40;
    let last = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = last.chars().filter(|c| !c.is_control()).take(MOST_CHARS).collect();
    if FileName::parse(&name).is_ok() { name } else { "program".to_owned() }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::python::program_files::ProgramFile;
    use crate::storage::InMemory;

    fn programs() -> Programs {
        Programs::over(Storage::new(InMemory::default()))
    }

    fn saved(text: &str) -> SavedProgram {
        let files = vec![ProgramFile::text("score.py", text), ProgramFile::text("data/a.csv", "1,2\n")];
        let program = ProgramFiles::new(files, "--n 3").expect("valid");
        SavedProgram { program, started_from: Some("async-basics".to_owned()) }
    }

    /// In memory nothing waits.
    #[track_caller]
    fn now<T>(future: impl Future<Output = T>) -> T {
        future.now_or_never().expect("memory does not wait")
    }

    #[test]
    fn a_saved_program_can_be_read_again() {
        let programs = programs();
        assert_eq!(now(programs.save("score.py", &saved("print(1)\n"))), Ok(0));
        assert_eq!(now(programs.read("score.py")), Ok(saved("print(1)\n")));
        assert_eq!(now(programs.list()).expect("it works")[0].name, "score.py");
        assert_eq!(now(programs.delete("score.py")), Ok(()));
        assert_eq!(now(programs.delete("score.py")), Ok(()), "another tab was first");
        assert!(matches!(now(programs.read("score.py")), Err(ProgramError::Storage(StorageError::NotFound { .. }))));
    }

    #[test]
    fn keys_are_not_saved() {
        let programs = programs();
        let key = concat!("sk", "-proj-T3BlbkFJx0Qm2V8sYw1zKd9aRcE4");
        assert_eq!(now(programs.save("a", &saved(&format!("key = '{key}'\n")))), Ok(1));
        let read = now(programs.read("a")).expect("it is there");
        assert_eq!(read.program.main_text(), "key = 'KEY-REMOVED'\n");
    }

    #[test]
    fn new_programs_get_names_that_are_not_taken() {
        let programs = programs();
        for expected in ["score.py", "score.py (2)", "score.py (3)"] {
            assert_eq!(now(programs.free_name("src/score.py", &[])).as_deref(), Ok(expected));
            now(programs.save(expected, &saved(""))).expect("it works");
        }
        assert_eq!(now(programs.free_name("score.py", &["score.py (4)".to_owned()])).as_deref(), Ok("score.py (5)"));
        for (wished, expected) in [("", "program"), ("..", "program"), ("a/", "program"), ("a\n.py", "a.py")] {
            assert_eq!(now(programs.free_name(wished, &[])).as_deref(), Ok(expected));
        }
        assert_eq!(now(programs.free_name(&"ü".repeat(300), &[])).map(|name| name.chars().count()), Ok(40));
    }

    #[test]
    fn a_program_is_renamed_unless_the_name_is_taken() {
        let programs = programs();
        for name in ["a", "b"] {
            now(programs.save(name, &saved(name))).expect("it works");
        }
        assert_eq!(now(programs.rename("a", "b")), Err(ProgramError::Taken { name: "b".to_owned() }));
        assert!(matches!(now(programs.rename("a", "c/d")), Err(ProgramError::BadName(_))));
        assert_eq!(now(programs.rename("a", "c")), Ok(()));
        assert_eq!(now(programs.read("c")), Ok(saved("a")));
        assert_eq!(now(programs.list()).map(|list| list.len()), Ok(2));
    }

    #[test]
    fn the_work_on_a_program_of_the_site_is_found() {
        let programs = programs();
        assert_eq!(now(programs.find_started_from("async-basics")), None);
        now(programs.storage.write("a", b"{}")).expect("it works");
        now(programs.save("b", &SavedProgram { started_from: None, ..saved("") })).expect("it works");
        now(programs.save("c", &saved(""))).expect("it works");
        assert_eq!(now(programs.find_started_from("async-basics")).as_deref(), Some("c"));
        assert_eq!(now(programs.find_started_from("async-multiple")), None);
    }

    #[test]
    fn a_file_that_is_not_a_program_is_refused() {
        let programs = programs();
        now(programs.storage.write("a", b"{}")).expect("it works");
        let error = now(programs.read("a")).expect_err("it has no files").to_string();
        assert!(error.starts_with("the saved program cannot be read: "), "{error}");
    }
}
