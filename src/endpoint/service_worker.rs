//! The site's service worker: the model server is in it, and it caches the site for when there is no network.

#[cfg(target_arch = "wasm32")]
pub(super) use browser::register;
#[cfg(target_arch = "wasm32")]
pub use browser::{install, keep_site, on_change};

/// Why the page has no service worker.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoServiceWorker {
    /// Browsers have service workers on secure pages only.
    #[error("a service worker needs `https` or this machine's own address")]
    Insecure,
    /// The browser has none, or none in this window.
    #[error("this browser has no service workers here")]
    Unsupported,
    /// The browser has them and does not let this page have one.
    #[error("{why}")]
    Refused {
        /// What the browser says.
        why: String,
    },
}

#[cfg(target_arch = "wasm32")]
mod browser {
    use js_sys::Reflect;
    use wasm_bindgen::closure::Closure;
    use wasm_bindgen::{JsCast, JsValue};
    use wasm_bindgen_futures::JsFuture;
    use web_sys::{
        RegistrationOptions, ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerUpdateViaCache,
    };

    use super::NoServiceWorker;

    /// Its script, at the root of the site.
    const SCRIPT: &str = "service-worker.js";

    /// Registers it.
    ///
    /// # Errors
    ///
    /// Why there is none.
    pub(in crate::endpoint) async fn register()
    -> Result<(ServiceWorkerContainer, ServiceWorkerRegistration), NoServiceWorker> {
        let workers = workers()?;
        let options = RegistrationOptions::new();
        // A browser's cache must not hide a new release.
        options.set_update_via_cache(ServiceWorkerUpdateViaCache::None);
        let registered = JsFuture::from(workers.register_with_options(SCRIPT, &options)).await;
        let registration = registered.map_err(|thrown| NoServiceWorker::Refused { why: message_of(&thrown) })?;
        Ok((workers, registration.unchecked_into()))
    }

    /// Registers the worker, and looks for that of a new release if there was one before: by itself, WebKit does so only after a
    /// while. Without a service worker the page works as long as the host answers, so this reports no error.
    pub async fn install() {
        let Ok((_, registration)) = register().await else { return };
        // The first worker is of this release. If the page is left during a second look, WebKit never ends that look, and then
        // finds no later release either.
        if registration.active().is_none() {
            return;
        }
        if let Ok(looked) = registration.update() {
            // Without a network there is no new release.
            let _ = JsFuture::from(looked).await;
        }
    }

    /// Has the latest worker keep the site, so that the page loads again without a network.
    pub async fn keep_site() {
        let Ok(workers) = workers() else { return };
        let Ok(ready) = workers.ready() else { return };
        let Ok(registration) = JsFuture::from(ready).await else { return };
        let registration: ServiceWorkerRegistration = registration.unchecked_into();
        // That of a new release is on its way, and `on_change` tells when it is there. Chromium lets it wait for as long as the
        // one before it is spoken to.
        if registration.installing().is_some() || registration.waiting().is_some() {
            return;
        }
        if let Some(worker) = registration.active() {
            // It fails for what cannot be copied, and a text can.
            let _ = worker.post_message(&JsValue::from_str("keep"));
        }
    }

    /// Calls `then` whenever another worker takes over: the first one, and that of a new release.
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

    /// Anything can be thrown.
    fn message_of(thrown: &JsValue) -> String {
        let message = Reflect::get(thrown, &JsValue::from_str("message")).ok().and_then(|text| text.as_string());
        let message =
            message.or_else(|| thrown.as_string()).unwrap_or_else(|| "the browser does not say why".to_owned());
        message.trim_end_matches('.').to_owned()
    }
}
