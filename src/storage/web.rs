//! What the browser's two storages have in common: the names of folders, changes that come to an end, and what thrown values
//! mean.

use std::pin::pin;

use futures::channel::oneshot;
use futures::future::{Either, select};
use js_sys::{Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::StorageManager;

use crate::runtime::turn::yield_to_browser;
use crate::storage::{FileName, PIECE_BYTES, StorageError, StorageEstimate};

/// What a folder is called in a browser: other pages may come from the same origin and keep files of their own.
pub(super) fn title(folder: &str) -> String {
    format!("interleave-{folder}")
}

/// Whoever waits for the end of a change.
pub(super) type Caller<T> = oneshot::Sender<Result<T, StorageError>>;

/// Does something to its end, even if the future that waits for it is dropped: only then can a change that is no longer
/// wanted be taken back, and the next one begin on what the browser has really put away.
pub(super) async fn to_the_end<T: 'static>(
    work: impl AsyncFnOnce(&mut Caller<T>) -> Result<T, StorageError> + 'static,
) -> Result<T, StorageError> {
    let (mut caller, end) = oneshot::channel();
    spawn_local(async move {
        let result = work(&mut caller).await;
        // Nobody may be waiting any more.
        let _ = caller.send(result);
    });
    end.await.unwrap_or(Err(StorageError::Cleared))
}

/// Waits for something for as long as the caller waits, too. False when the caller has gone.
pub(super) async fn unless_gone<T>(
    future: impl Future<Output = Result<JsValue, JsValue>> + Unpin,
    caller: &mut Caller<T>,
) -> Result<bool, JsValue> {
    let gone = pin!(caller.cancellation());
    match select(future, gone).await {
        Either::Left((result, _)) => result.map(|_| true),
        Either::Right(_) => Ok(false),
    }
}

/// The bytes of a buffer, copied piece by piece with a turn for the page between the pieces: WebKit takes 50 ms for 15 MB.
/// The buffer must be the caller's own, so that nothing changes in it meanwhile.
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

/// The bytes of both.
pub(super) fn joined(first: &Uint8Array, second: &Uint8Array) -> Uint8Array {
    let both = Uint8Array::new_with_length(first.length() + second.length());
    both.set(first, 0);
    both.set(second, first.length());
    both
}

/// What a thrown value means. A file that is not there is told as such: only some know whether its folder is.
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

/// The name and the message of a thrown value. Anything can be thrown.
pub(super) fn message_of(thrown: &JsValue) -> String {
    let message = text_of(thrown, "message").filter(|text| !text.is_empty()).or_else(|| thrown.as_string());
    let message = message.unwrap_or_else(|| "the browser does not say why".to_owned());
    text_of(thrown, "name").map(|name| format!("{name}: {message}")).unwrap_or(message)
}

/// A text that an object has by this name.
pub(super) fn text_of(object: &JsValue, key: &str) -> Option<String> {
    property(object, key)?.as_string()
}

/// What an object has by this name, unless that is nothing. What is no object has nothing.
pub(super) fn property(object: &JsValue, key: &str) -> Option<JsValue> {
    let found = Reflect::get(object, &JsValue::from_str(key)).ok()?;
    (!found.is_undefined() && !found.is_null()).then_some(found)
}

/// The browser's keeper of storages. Some windows have none.
pub(super) fn manager() -> Option<StorageManager> {
    let navigator = property(&js_sys::global(), "navigator")?;
    property(&navigator, "storage").map(JsCast::unchecked_into)
}

/// How much room the browser says that there is.
pub(super) async fn estimate() -> Option<StorageEstimate> {
    let manager = manager()?;
    property(&manager, "estimate")?;
    let estimate = JsFuture::from(manager.estimate().ok()?).await.ok()?;
    let bytes = |key| property(&estimate, key)?.as_f64().map(|bytes| bytes as u64);
    Some(StorageEstimate { quota_bytes: bytes("quota")?, used_bytes: bytes("usage")? })
}
