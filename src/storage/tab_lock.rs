//! Something that one tab at a time may change, by means of the Web Locks API (<https://www.w3.org/TR/web-locks/>).
//! Another tab can take it over. A browser without locks grants every request.

use futures::channel::oneshot;
use futures::future::{Either, select};
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::storage::web::{property, title};

#[wasm_bindgen]
extern "C" {
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(this: &LockManager, name: &str, options: &JsValue, granted: &JsValue) -> Result<Promise, JsValue>;
}

/// The reaction if another tab has the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfTaken {
    /// Do without it.
    Refuse,
    /// Wait until it is released.
    Wait,
    /// Take it from the other tab.
    Steal,
}

/// A lock that this tab holds until it is dropped.
#[derive(Debug)]
#[must_use = "dropping it releases the lock"]
pub struct TabLock {
    release: Option<Function>,
}

impl Drop for TabLock {
    fn drop(&mut self) {
        if let Some(release) = &self.release {
            // The function that settles a promise never throws.
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

impl TabLock {
    /// Requests a lock. Returns `None` if another tab has it. `on_lost` is called if another tab takes it later.
    pub async fn request(name: &str, if_taken: IfTaken, on_lost: impl FnOnce() + 'static) -> Option<Self> {
        let Some((granted, end)) = requested(name, if_taken) else { return Some(Self { release: None }) };
        let end = JsFuture::from(end);
        match select(granted, end).await {
            Either::Left((granted, end)) => {
                let lock = granted.ok().flatten()?;
                spawn_local(async move {
                    // The request fails once another tab has stolen the lock.
                    if end.await.is_err() {
                        on_lost();
                    }
                });
                Some(lock)
            }
            // The browser refuses locks, for example in a document without an origin.
            Either::Right((Err(_), _)) => Some(Self { release: None }),
            Either::Right((Ok(_), granted)) => granted.await.ok().flatten(),
        }
    }
}

/// `None` if the browser has no locks.
fn requested(name: &str, if_taken: IfTaken) -> Option<(oneshot::Receiver<Option<TabLock>>, Promise)> {
    let navigator = property(&js_sys::global(), "navigator")?;
    let locks: LockManager = property(&navigator, "locks")?.unchecked_into();
    let options = Object::new();
    let option = match if_taken {
        IfTaken::Refuse => Some("ifAvailable"),
        IfTaken::Wait => None,
        IfTaken::Steal => Some("steal"),
    };
    if let Some(option) = option {
        Reflect::set(&options, &option.into(), &true.into()).ok()?;
    }
    let (sender, receiver) = oneshot::channel();
    // The lock is held until the promise is settled. If the receiver is gone, the lock is released at once.
    let granted = Closure::once_into_js(move |lock: JsValue| {
        if lock.is_null() {
            let _ = sender.send(None);
            return JsValue::UNDEFINED;
        }
        let mut sender = Some(sender);
        Promise::new(&mut |release, _| {
            drop(sender.take().map(|sender| sender.send(Some(TabLock { release: Some(release) }))))
        })
        .into()
    });
    Some((receiver, locks.request(&title(name), &options, &granted).ok()?))
}
