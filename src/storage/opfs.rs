//! The browser's private file system, OPFS (<https://fs.spec.whatwg.org/>).
//!
//! The browser writes to a copy, which replaces the file when it is closed. This leaves two problems, so each file
//! begins with the length of its content, in eight bytes:
//!
//! - A new file exists, empty, before its first write is finished, and stays if the page is closed at that moment. A
//!   file without a length is treated as missing.
//! - The standard does not say what a reader gets if the file is replaced during the read. Chromium refuses to read it
//!   and Firefox aborts. Such a file, or one whose length does not match, is read again.

use futures::FutureExt;
use futures::future::{LocalBoxFuture, join_all};
use js_sys::{AsyncIterator, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    File, FileSystemCreateWritableOptions, FileSystemDirectoryHandle, FileSystemFileHandle,
    FileSystemGetDirectoryOptions, FileSystemGetFileOptions, FileSystemWritableFileStream,
};

use crate::storage::backend::{Backend, BackendFuture, FolderEntry, WriteMode};
use crate::storage::web::{
    Caller, copied, error_of, estimate, joined, manager, message_of, property, run_to_completion, text_of, title,
    unless_caller_dropped,
};
use crate::storage::{FileName, StorageError, StorageEstimate, StorageKind, WriteGuard};

/// The size of the length before the content.
const HEADER_BYTES: u64 = 8;

/// The extension of our files. Chromium also lists the copies that are being written, with an extension of its own.
const EXTENSION: &str = ".kept";

/// The maximum number of attempts to read a file that keeps changing.
const MOST_READS: u32 = 20;

/// A folder of the private file system.
#[derive(Clone)]
pub(super) struct Opfs {
    root: FileSystemDirectoryHandle,
    folder: FileSystemDirectoryHandle,
    title: String,
}

impl Opfs {
    /// Opens a folder, or creates it.
    pub(super) async fn open(folder: &str) -> Result<Self, StorageError> {
        let missing = || StorageError::Unsupported { kind: StorageKind::PrivateFileSystem };
        let manager = manager().ok_or_else(missing)?;
        property(&manager, "getDirectory").ok_or_else(missing)?;
        // Safari before version 26 has the file system, but a page cannot write to it.
        let handle = property(&js_sys::global(), "FileSystemFileHandle").ok_or_else(missing)?;
        let prototype = property(&handle, "prototype").ok_or_else(missing)?;
        property(&prototype, "createWritable").ok_or_else(missing)?;

        let title = title(folder);
        let options = FileSystemGetDirectoryOptions::new();
        options.set_create(true);
        let opened = async {
            let root = JsFuture::from(manager.get_directory()).await?;
            let root: FileSystemDirectoryHandle = root.unchecked_into();
            let folder = JsFuture::from(root.get_directory_handle_with_options(&title, &options)).await?;
            Ok((root, folder.unchecked_into()))
        };
        let (root, folder) = opened.await.map_err(|thrown: JsValue| error_of(&thrown, None))?;
        Ok(Self { root, folder, title })
    }

    async fn handle(&self, name: &FileName, create: bool) -> Result<FileSystemFileHandle, JsValue> {
        let options = FileSystemGetFileOptions::new();
        options.set_create(create);
        let handle = JsFuture::from(self.folder.get_file_handle_with_options(&title_of(name), &options)).await?;
        Ok(handle.unchecked_into())
    }

    /// The file as it is now.
    async fn snapshot(&self, name: &FileName) -> Result<File, JsValue> {
        snapshot(&self.handle(name, false).await?).await
    }

    async fn read_whole(&self, name: &FileName) -> Result<Vec<u8>, StorageError> {
        for _ in 0..MOST_READS {
            let handle = match self.handle(name, false).await {
                Ok(handle) => handle,
                Err(thrown) => return Err(self.error_of(&thrown, Some(name)).await),
            };
            match read_once(&handle).await {
                Ok(ReadAttempt::Content(content)) => return Ok(content),
                Ok(ReadAttempt::Unfinished) => return Err(StorageError::NotFound { name: name.clone() }),
                Ok(ReadAttempt::Torn) => {}
                Err(thrown) => match self.error_of(&thrown, Some(name)).await {
                    // The file was replaced after it was found and before it was read.
                    StorageError::NotFound { .. } | StorageError::InUse { .. } => {}
                    error => return Err(error),
                },
            }
        }
        Err(StorageError::InUse { name: name.clone() })
    }

    async fn content_bytes(&self, name: &FileName) -> Result<u64, StorageError> {
        match self.snapshot(name).await {
            Ok(file) => content_bytes(&file).ok_or_else(|| StorageError::NotFound { name: name.clone() }),
            Err(thrown) => Err(self.error_of(&thrown, Some(name)).await),
        }
    }

    /// Writes, and stops if the caller is dropped before the new content has replaced the old one.
    async fn put(
        &self,
        name: &FileName,
        bytes: &Uint8Array,
        mode: WriteMode,
        caller: &mut Caller<()>,
    ) -> Result<(), JsValue> {
        let handle = self.handle(name, true).await?;
        let old_bytes = match mode {
            WriteMode::Replace => 0,
            WriteMode::Append => content_bytes(&snapshot(&handle).await?).unwrap_or_default(),
        };
        let options = FileSystemCreateWritableOptions::new();
        options.set_keep_existing_data(old_bytes > 0);
        let stream = JsFuture::from(handle.create_writable_with_options(&options)).await?;
        let stream: FileSystemWritableFileStream = stream.unchecked_into();
        let filled = fill(&stream, old_bytes, bytes, caller).await;
        if matches!(filled, Ok(true)) && !caller.is_canceled() {
            return JsFuture::from(stream.close()).await.map(drop);
        }
        // This fails if the stream has failed, and then there is nothing to abort.
        let _ = JsFuture::from(stream.abort()).await;
        filled.map(drop)
    }

    async fn remove(&self, name: &FileName) -> Result<(), StorageError> {
        let size = self.content_bytes(name).await;
        let removed = JsFuture::from(self.folder.remove_entry(&title_of(name))).await;
        if let Err(thrown) = removed {
            return Err(self.error_of(&thrown, Some(name)).await);
        }
        size.map(drop)
    }

    async fn entries(&self) -> Result<Vec<FolderEntry>, JsValue> {
        let entries: AsyncIterator = self.folder.values();
        let mut files = Vec::new();
        while let Some(entry) = next(&entries).await? {
            let name = property(&entry, "name").and_then(|title| name_of(&title.as_string()?));
            let handle = entry.dyn_into::<FileSystemFileHandle>();
            if let (Some(name), Ok(handle)) = (name, handle) {
                files.push(async move {
                    // A file that is deleted in the meantime is left out.
                    Some((name, content_bytes(&snapshot(&handle).await.ok()?)))
                });
            }
        }
        Ok(join_all(files).await.into_iter().flatten().collect())
    }

    /// The cause of a thrown value. Each browser reports a missing folder differently, so this checks if the folder
    /// exists. If it does, nothing is lost: Firefox aborts a read while the file is being replaced, on a busy machine
    /// several times in a row.
    async fn error_of(&self, thrown: &JsValue, name: Option<&FileName>) -> StorageError {
        if self.is_gone().await {
            return StorageError::Cleared;
        }
        match (error_of(thrown, name), name) {
            (StorageError::Cleared, Some(name)) => StorageError::InUse { name: name.clone() },
            (StorageError::Cleared, None) => StorageError::Other { why: message_of(thrown) },
            (error, _) => error,
        }
    }

    /// True if the browser reports that the folder does not exist. After any other error, it may still exist.
    async fn is_gone(&self) -> bool {
        let found = JsFuture::from(self.root.get_directory_handle(&self.title)).await;
        found.is_err_and(|thrown| text_of(&thrown, "name").as_deref() == Some("NotFoundError"))
    }
}

impl Backend for Opfs {
    fn kind(&self) -> StorageKind {
        StorageKind::PrivateFileSystem
    }

    fn read<'a>(&'a self, name: &'a FileName) -> BackendFuture<'a, Vec<u8>> {
        self.read_whole(name).boxed_local()
    }

    fn write<'a>(&'a self, guard: WriteGuard, bytes: &'a [u8], mode: WriteMode) -> BackendFuture<'a, ()> {
        let (folder, bytes) = (self.clone(), Uint8Array::from(bytes));
        let work = async move |caller: &mut Caller<()>| match folder.put(guard.name(), &bytes, mode, caller).await {
            Ok(()) => Ok(()),
            Err(thrown) => Err(folder.error_of(&thrown, Some(guard.name())).await),
        };
        run_to_completion(work).boxed_local()
    }

    fn delete(&self, guard: WriteGuard) -> BackendFuture<'_, ()> {
        let folder = self.clone();
        run_to_completion(async move |_: &mut Caller<()>| folder.remove(guard.name()).await).boxed_local()
    }

    fn size<'a>(&'a self, name: &'a FileName) -> BackendFuture<'a, u64> {
        self.content_bytes(name).boxed_local()
    }

    fn list(&self) -> BackendFuture<'_, Vec<FolderEntry>> {
        async {
            match self.entries().await {
                // Some browsers list a deleted folder as empty.
                Ok(found) if found.is_empty() && self.is_gone().await => Err(StorageError::Cleared),
                Ok(found) => Ok(found),
                Err(thrown) => Err(self.error_of(&thrown, None).await),
            }
        }
        .boxed_local()
    }

    fn estimate(&self) -> LocalBoxFuture<'_, Option<StorageEstimate>> {
        estimate().boxed_local()
    }
}

/// The name of a file in the browser's file system.
fn title_of(name: &FileName) -> String {
    format!("{name}{EXTENSION}")
}

/// `None` if the file is not ours.
fn name_of(title: &str) -> Option<FileName> {
    FileName::parse(title.strip_suffix(EXTENSION)?).ok()
}

/// The result of one attempt to read a file.
enum ReadAttempt {
    Content(Vec<u8>),
    /// Its first write was never finished.
    Unfinished,
    /// Its length and its bytes belong to different contents.
    Torn,
}

async fn snapshot(handle: &FileSystemFileHandle) -> Result<File, JsValue> {
    Ok(JsFuture::from(handle.get_file()).await?.unchecked_into())
}

async fn read_once(handle: &FileSystemFileHandle) -> Result<ReadAttempt, JsValue> {
    let file = snapshot(handle).await?;
    let bytes = Uint8Array::new(&JsFuture::from(file.array_buffer()).await?);
    if bytes.length() == 0 && file.size() == 0.0 {
        return Ok(ReadAttempt::Unfinished);
    }
    let header: Option<[u8; 8]> = bytes.slice(0, HEADER_BYTES as u32).to_vec().try_into().ok();
    let content = bytes.subarray(HEADER_BYTES as u32, bytes.length());
    let is_whole = header.is_some_and(|header| u64::from_le_bytes(header) == u64::from(content.length()));
    Ok(if is_whole { ReadAttempt::Content(copied(&content).await) } else { ReadAttempt::Torn })
}

/// The size of the content; `None` if its first write was never finished.
fn content_bytes(file: &File) -> Option<u64> {
    (file.size() as u64).checked_sub(HEADER_BYTES)
}

/// Writes after the old content, and the new length before it. Returns false if the caller was dropped.
async fn fill(
    stream: &FileSystemWritableFileStream,
    old_bytes: u64,
    bytes: &Uint8Array,
    caller: &mut Caller<()>,
) -> Result<bool, JsValue> {
    let header = (old_bytes + u64::from(bytes.length())).to_le_bytes();
    let header = Uint8Array::from(&header[..]);
    let mut is_done = async |step: Promise| unless_caller_dropped(JsFuture::from(step), caller).await;
    if old_bytes == 0 {
        return is_done(stream.write_with_js_u8_array(&joined(&header, bytes))?).await;
    }
    let end = (HEADER_BYTES + old_bytes) as f64;
    Ok(is_done(stream.write_with_js_u8_array(&header)?).await?
        && is_done(stream.seek_with_f64(end)?).await?
        && is_done(stream.write_with_js_u8_array(bytes)?).await?)
}

/// The next entry of a folder.
async fn next(entries: &AsyncIterator) -> Result<Option<JsValue>, JsValue> {
    Ok(property(&JsFuture::from(entries.next()?).await?, "value"))
}
