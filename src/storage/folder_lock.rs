//! A folder for one tab at a time, by means of the Web Locks API (<https://www.w3.org/TR/web-locks/>). The locks are
//! advisory: they stop only tabs that also ask for them.

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{Either, select};
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::storage::web::{property, title};

#[wasm_bindgen]
extern "C" {
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(this: &LockManager, name: &str, granted: &JsValue) -> Result<Promise, JsValue>;
}

/// A lock that this tab holds. Dropping it releases the lock to the next tab.
#[derive(Debug)]
pub(super) struct WebLock {
    release: Function,
}

impl Drop for WebLock {
    fn drop(&mut self) {
        // The function that settles a promise never throws.
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}

/// Waits until no other tab holds the folder's lock. Returns `None` if the browser has no locks or refuses one.
pub(super) async fn acquire(folder: &str) -> Option<WebLock> {
    let navigator = property(&js_sys::global(), "navigator")?;
    let locks: LockManager = property(&navigator, "locks")?.unchecked_into();
    let (sender, receiver) = oneshot::channel();
    let mut sender = Some(sender);
    // The lock is held until the promise is settled. If the receiver is gone, the lock is released at once.
    let granted = Closure::once_into_js(move || {
        Promise::new(&mut |release, _| drop(sender.take().map(|sender| sender.send(WebLock { release }))))
    });
    let refused = JsFuture::from(locks.request(&title(folder), &granted).ok()?);
    match select(receiver, refused.boxed_local()).await {
        Either::Left((lock, _)) => lock.ok(),
        Either::Right(_) => None,
    }
}
