//! A folder for one tab at a time, by the browser's locks (<https://www.w3.org/TR/web-locks/>). They concern only those
//! who ask for them.

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

/// What keeps other tabs waiting. Dropping it lets the next one in.
#[derive(Debug)]
pub(super) struct WebLock {
    release: Function,
}

impl Drop for WebLock {
    fn drop(&mut self) {
        // What settles a promise does not throw.
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}

/// Waits until no other tab holds the folder. None where there are no locks, or not for this page.
pub(super) async fn acquire(folder: &str) -> Option<WebLock> {
    let navigator = property(&js_sys::global(), "navigator")?;
    let locks: LockManager = property(&navigator, "locks")?.unchecked_into();
    let (tell, told) = oneshot::channel();
    let mut tell = Some(tell);
    // The lock is held until the promise is settled. If nobody waits for it any more, it is let go at once.
    let granted = Closure::once_into_js(move || {
        Promise::new(&mut |release, _| drop(tell.take().map(|tell| tell.send(WebLock { release }))))
    });
    let refused = JsFuture::from(locks.request(&title(folder), &granted).ok()?);
    match select(told, refused.boxed_local()).await {
        Either::Left((held, _)) => held.ok(),
        Either::Right(_) => None,
    }
}
