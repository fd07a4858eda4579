//! Code shared by both kinds of browser storage: names of folders, changes that always run to completion, and the
//! causes of thrown values.

use std::pin::pin;

use futures::channel::oneshot;
use futures::future::{Either, select};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::StorageManager;

use crate::runtime::turn::yield_to_browser;
use crate::storage::{FileName, PIECE_BYTES, StorageError, StorageEstimate};

/// The name of a folder in the browser. The prefix separates it from other pages of the same origin.
pub(super) fn title(folder: &str) -> String {
    format!("interleave-{folder}")
}

/// The caller that waits for the end of a change.
pub(super) type Caller<T> = oneshot::Sender<Result<T, StorageError>>;

/// Runs work to completion, even if the returned future is dropped. Otherwise a change that is no longer wanted could
/// not be rolled back before the next one starts.
pub(super) async fn run_to_completion<T: 'static>(
    work: impl AsyncFnOnce(&mut Caller<T>) -> Result<T, StorageError> + 'static,
) -> Result<T, StorageError> {
    let (mut caller, end) = oneshot::channel();
    spawn_local(async move {
        let result = work(&mut caller).await;
        // The caller may have been dropped.
        let _ = caller.send(result);
    });
    end.await.unwrap_or(Err(StorageError::Cleared))
}

/// Waits for a future while the caller waits as well. Returns false if the caller was dropped.
pub(super) async fn unless_caller_dropped<T>(
    future: impl Future<Output = Result<JsValue, JsValue>> + Unpin,
    caller: &mut Caller<T>,
) -> Result<bool, JsValue> {
    let dropped = pin!(caller.cancellation());
    match select(future, dropped).await {
        Either::Left((result, _)) => result.map(|_| true),
        Either::Right(_) => Ok(false),
    }
}

/// The bytes of a buffer, copied in pieces. The page can run between them: WebKit takes 50 ms for 15 MB.
/// The caller must own the buffer, so that it does not change in the meantime.
pub(super) async fn copied(buffer: &Uint8Array) -> Vec<u8> {
    let length = buffer.length();
    let mut bytes = Vec::with_capacity(length as usize);
    for start in (0..length).step_by(PIECE_BYTES as usize) {
        if start > 0 {
            yield_to_browser().await;
        }
        let end = length.min(start + PIECE_BYTES as u32);
        bytes.extend(buffer.subarray(start, end).to_vec());
    }
    bytes
}

/// The bytes of both arrays, one after the other.
pub(super) fn joined(first: &Uint8Array, second: &Uint8Array) -> Uint8Array {
    let both = Uint8Array::new_with_length(first.length() + second.length());
    both.set(first, 0);
    both.set(second, first.length());
    both
}

/// The cause of a thrown value. A missing file is reported as such; only `opfs` can tell if its folder is missing too.
pub(super) fn error_of(thrown: &JsValue, name: Option<&FileName>) -> StorageError {
    match (text_of(thrown, "name").as_deref(), name.cloned()) {
        (Some("QuotaExceededError"), Some(name)) => StorageError::Full { name },
        (Some("NotFoundError"), Some(name)) => StorageError::NotFound { name },
        (Some("NoModificationAllowedError" | "NotReadableError"), Some(name)) => StorageError::InUse { name },
        (Some("InvalidStateError" | "NotFoundError" | "AbortError"), _) => StorageError::Cleared,
        (Some("SecurityError" | "NotAllowedError"), _) => StorageError::NotAllowed,
        _ => StorageError::Other { why: message_of(thrown) },
    }
}

/// The name and the message of a thrown value, which may be of any type.
pub(super) fn message_of(thrown: &JsValue) -> String {
    let message = text_of(thrown, "message").filter(|text| !text.is_empty()).or_else(|| thrown.as_string());
    let message = message.unwrap_or_else(|| "the browser gives no reason".to_owned());
    text_of(thrown, "name").map(|name| format!("{name}: {message}")).unwrap_or(message)
}

/// A string property of an object.
pub(super) fn text_of(object: &JsValue, key: &str) -> Option<String> {
    property(object, key)?.as_string()
}

/// A property of an object, unless it is undefined or null. A value that is not an object has none.
pub(super) fn property(object: &JsValue, key: &str) -> Option<JsValue> {
    let found = Reflect::get(object, &JsValue::from_str(key)).ok()?;
    (!found.is_undefined() && !found.is_null()).then_some(found)
}

/// The browser's storage manager. Some windows have none.
pub(super) fn manager() -> Option<StorageManager> {
    let navigator = property(&js_sys::global(), "navigator")?;
    property(&navigator, "storage").map(JsCast::unchecked_into)
}

/// The browser's estimate of used and available space.
pub(super) async fn estimate() -> Option<StorageEstimate> {
    let manager = manager()?;
    property(&manager, "estimate")?;
    let estimate = JsFuture::from(manager.estimate().ok()?).await.ok()?;
    let bytes = |key| property(&estimate, key)?.as_f64().map(|bytes| bytes as u64);
    Some(StorageEstimate { quota_bytes: bytes("quota")?, used_bytes: bytes("usage")? })
}
