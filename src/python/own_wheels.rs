//! [`OwnWheels`]: the wheels that the reader has opened, saved in this browser by name and version.
//!
//! A wheel is a file from anywhere, so the page does not look into it. The sandbox does, and says what it has.

use serde::{Deserialize, Serialize};

use super::packages::{Package, PackageFile};
use crate::storage::{Storage, StorageError};

/// The maximum size of a wheel, in bytes.
pub const MOST_BYTES: usize = 32 << 20;

/// The description of a wheel, as the sandbox has read it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnWheel {
    /// The name of the package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its top-level modules.
    pub modules: Vec<String>,
    /// The packages that it needs.
    pub needs: Vec<String>,
    /// The size of its file in bytes.
    pub bytes: usize,
}

impl OwnWheel {
    fn file(&self, extension: &str) -> String {
        format!("{}-{}.{extension}", self.name, self.version)
    }

    /// The package that programs can import.
    #[must_use]
    pub fn package(&self) -> Package {
        let mut needs = self.needs.clone();
        if self.name == "aiohttp" {
            // As in tools/site/src/wheels.rs: the requests of every client are read with it.
            needs.push("h11".to_owned());
        }
        Package {
            name: self.name.clone(),
            version: self.version.clone(),
            modules: self.modules.clone(),
            needs,
            file: PackageFile::Saved,
            bytes: self.bytes,
        }
    }
}

/// The saved wheels. Clones share them.
#[derive(Clone, Debug)]
pub struct OwnWheels {
    storage: Storage,
}

impl OwnWheels {
    /// The wheels in this folder, which contains nothing else.
    #[must_use]
    pub fn over(storage: Storage) -> Self {
        Self { storage }
    }

    /// The wheels in this browser. They are in memory if it does not store anything for the page.
    #[cfg(target_arch = "wasm32")]
    pub async fn open() -> Self {
        Self::over(Storage::open_database_or_memory("wheels").await)
    }

    /// Saves a wheel in place of the one with the same name and version.
    ///
    /// # Errors
    ///
    /// The reason it is not saved.
    pub async fn save(&self, wheel: &OwnWheel, content: &[u8]) -> Result<(), StorageError> {
        // The description comes last: a wheel without one is not listed.
        self.storage.write(&wheel.file("whl"), content).await?;
        let json = serde_json::to_vec(wheel).expect("it consists of texts and a number");
        self.storage.write(&wheel.file("json"), &json).await
    }

    /// All wheels by name, and the versions of each in their order.
    ///
    /// # Errors
    ///
    /// If the storage cannot be read.
    pub async fn list(&self) -> Result<Vec<OwnWheel>, StorageError> {
        let mut wheels = Vec::new();
        for file in self.storage.list().await?.iter().filter(|file| file.name.as_str().ends_with(".json")) {
            // Another tab may have deleted it, or another version of the page saved it.
            if let Ok(json) = self.storage.read(file.name.as_str()).await
                && let Ok(wheel) = serde_json::from_slice(&json)
            {
                wheels.push(wheel);
            }
        }
        wheels.sort_by_cached_key(|wheel: &OwnWheel| (wheel.name.clone(), version_key(&wheel.version)));
        Ok(wheels)
    }

    /// The content of a package whose file is saved here.
    ///
    /// # Errors
    ///
    /// If it cannot be read.
    pub async fn read(&self, package: &Package) -> Result<Vec<u8>, StorageError> {
        self.storage.read(&format!("{}-{}.whl", package.name, package.version)).await
    }

    /// Deletes a wheel.
    ///
    /// # Errors
    ///
    /// The reason it was not deleted.
    pub async fn delete(&self, wheel: &OwnWheel) -> Result<(), StorageError> {
        self.storage.delete(&wheel.file("json")).await?;
        self.storage.delete(&wheel.file("whl")).await
    }
}

/// Orders versions by their numbers: 2.10 is after 2.9. A release is after its candidates, such as 2.9rc1.
fn version_key(version: &str) -> Vec<(u64, bool, String)> {
    let part = |part: &str| {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        (number.parse().unwrap_or(u64::MAX), rest.is_empty(), rest.to_owned())
    };
    version.split('.').map(part).collect()
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;
    use crate::storage::InMemory;

    #[test]
    fn versions_are_ordered_by_their_numbers() {
        let mut versions = ["2.10", "2.9", "2.9rc1", "10.0", "2.9.1"];
        versions.sort_by_key(|version| version_key(version));
        assert_eq!(versions, ["2.9rc1", "2.9", "2.9.1", "2.10", "10.0"]);
    }

    #[test]
    fn wheels_are_saved_by_name_and_version() {
        let wheels = OwnWheels::over(Storage::new(InMemory::default()));
        let wheel = |version: &str| OwnWheel {
            name: "numpy".to_owned(),
            version: version.to_owned(),
            modules: vec!["numpy".to_owned()],
            needs: Vec::new(),
            bytes: 3,
        };
        let now = async {
            wheels.save(&wheel("1.0"), b"abc").await?;
            wheels.save(&wheel("2.0"), b"def").await?;
            wheels.save(&wheel("2.0"), b"ghi").await?;
            assert_eq!(wheels.list().await?, [wheel("1.0"), wheel("2.0")]);
            assert_eq!(wheels.read(&wheel("2.0").package()).await?, b"ghi");
            wheels.delete(&wheel("1.0")).await?;
            assert_eq!(wheels.list().await?, [wheel("2.0")]);
            assert!(wheels.read(&wheel("1.0").package()).await.is_err());
            Ok::<(), StorageError>(())
        };
        assert_eq!(now.now_or_never(), Some(Ok(())));
    }
}
