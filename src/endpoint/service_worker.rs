//! The site's service worker. The model server runs in it, and it caches the site for use without a network.
//!
//! The page sends it three messages: `keep` caches the site, `claim` makes it control the page, and `abort NAME` ends
//! its work on a request.

#[cfg(target_arch = "wasm32")]
pub(super) use browser::{abort, claim, controller, register};
#[cfg(target_arch = "wasm32")]
pub use browser::{install, keep_for_python, keep_site, on_change};

/// The reason the page has no service worker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoServiceWorker {
    /// Browsers have service workers only on secure pages.
    #[error("a service worker needs a page that is loaded over `https` or from this machine")]
    Insecure,
    /// The browser has no service workers, or none in this window.
    #[error("this browser does not allow service workers in this window")]
    Unsupported,
    /// The browser refused to register it.
    #[error("{reason}")]
    Refused {
        /// The browser's message.
        reason: String,
    },
}

#[cfg(target_arch = "wasm32")]
mod browser {
    use js_sys::Reflect;
    use wasm_bindgen::closure::Closure;
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{
        RegistrationOptions, ServiceWorker, ServiceWorkerContainer, ServiceWorkerRegistration,
        ServiceWorkerUpdateViaCache,
    };

    use super::NoServiceWorker;

    /// The worker's script, at the root of the site.
    const SCRIPT: &str = "service-worker.js";

    /// Registers the service worker.
    ///
    /// # Errors
    ///
    /// The reason there is none.
    pub(in crate::endpoint) async fn register()
    -> Result<(ServiceWorkerContainer, ServiceWorkerRegistration), NoServiceWorker> {
        let workers = workers()?;
        let options = RegistrationOptions::new();
        // A browser's cache must not hide a new release.
        options.set_update_via_cache(ServiceWorkerUpdateViaCache::None);
        let registered = JsFuture::from(workers.register_with_options(SCRIPT, &options)).await;
        let registration = registered.map_err(|thrown| NoServiceWorker::Refused { reason: message_of(&thrown) })?;
        Ok((workers, registration.unchecked_into()))
    }

    /// Registers the worker. If there was one before, it also checks for that of a new release: on its own, WebKit does
    /// so only after a while. Without a service worker the page works as long as the host answers, so this reports no
    /// error.
    pub async fn install() {
        let Ok((_, registration)) = register().await else { return };
        // The first worker belongs to this release. If the user leaves the page during another check, WebKit never ends
        // that check, and then does not find later releases either.
        if registration.active().is_none() {
            return;
        }
        if let Ok(check) = registration.update() {
            // It fails without a network, and then there is no new release.
            let _ = JsFuture::from(check).await;
        }
    }

    /// Tells the newest worker to cache the site, so that the page loads without a network.
    pub async fn keep_site() {
        let Ok(workers) = workers() else { return };
        let Ok(ready) = workers.ready() else { return };
        let Ok(registration) = JsFuture::from(ready).await else { return };
        let registration: ServiceWorkerRegistration = registration.unchecked_into();
        // The worker of a new release is on its way, and `on_change` reports when it has taken over. Chromium makes it
        // wait as long as the previous one gets messages.
        if registration.installing().is_some() || registration.waiting().is_some() {
            return;
        }
        if let Some(worker) = registration.active() {
            post(&worker, "keep");
        }
    }

    /// Tells the worker to cache a file for readers' programs, which the page may have loaded without it.
    pub fn keep_for_python(path: &str) {
        if let Some(worker) = controller() {
            post(&worker, &format!("keep {path}"));
        }
    }

    /// Asks the worker to control this page.
    pub(in crate::endpoint) fn claim(worker: &ServiceWorker) {
        post(worker, "claim");
    }

    /// Tells the worker that the page has aborted the request with this name.
    pub(in crate::endpoint) fn abort(worker: &ServiceWorker, request_name: &str) {
        post(worker, &format!("abort {request_name}"));
    }

    fn post(worker: &ServiceWorker, message: &str) {
        // Posting fails only for values that cannot be copied, and a string can.
        let _ = worker.post_message(&JsValue::from_str(message));
    }

    /// The service worker that controls the page, if there is one.
    pub(in crate::endpoint) fn controller() -> Option<ServiceWorker> {
        workers().ok()?.controller()
    }

    /// Calls `then` whenever another worker takes over: the first one, or that of a new release.
    pub fn on_change(then: impl Fn() + 'static) {
        let Ok(workers) = workers() else { return };
        let then = Closure::<dyn Fn()>::new(then).into_js_value();
        workers.set_oncontrollerchange(Some(then.unchecked_ref()));
    }

    fn workers() -> Result<ServiceWorkerContainer, NoServiceWorker> {
        let window = web_sys::window().ok_or(NoServiceWorker::Unsupported)?;
        if !window.is_secure_context() {
            return Err(NoServiceWorker::Insecure);
        }
        let found = Reflect::get(&window.navigator(), &JsValue::from_str("serviceWorker"));
        let found = found.ok().filter(JsValue::is_object).ok_or(NoServiceWorker::Unsupported)?;
        Ok(found.unchecked_into())
    }

    /// The message of an error. JavaScript can throw any value.
    fn message_of(thrown: &JsValue) -> String {
        let message = Reflect::get(thrown, &JsValue::from_str("message")).ok().and_then(|text| text.as_string());
        let message =
            message.or_else(|| thrown.as_string()).unwrap_or_else(|| "the browser gives no reason".to_owned());
        message.trim_end_matches('.').to_owned()
    }
}
