//! Starts the model server that the site brings along: a service worker, which must control the page before it can
//! answer it.
//!
//! A browser leaves a page without its service worker when that was just installed, and when the page was reloaded past
//! every cache. Both end when the worker claims its pages: it does so when it starts, and when it is asked to.

use std::time::Duration;

use crate::endpoint::service_worker::NoServiceWorker;

/// Where the model server answers, below the page.
pub const PATH: &str = "api/";

/// For so long the page waits for it. It takes some tenths of a second, a busy machine several.
pub const STARTS_WITHIN: Duration = Duration::from_secs(15);

/// Why there is no model server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoModelServer {
    /// The browser does not let this page have a service worker.
    #[error("the page's own model server cannot start: {0}")]
    NoWorker(#[from] NoServiceWorker),
    /// It did not come, or does not answer.
    #[error("the page's own model server did not answer within {} s", STARTS_WITHIN.as_secs())]
    Silent,
}

impl NoModelServer {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NoWorker(NoServiceWorker::Insecure) => {
                "Open the page by `https` or as `localhost`, or ask an endpoint of your own."
            }
            Self::NoWorker(NoServiceWorker::Unsupported) => {
                "Private windows of some browsers have none: open the page in another window, or ask an endpoint of \
                 your own."
            }
            Self::NoWorker(NoServiceWorker::Refused { .. }) => {
                "Allow this site to keep data, copy the site whole with its `service-worker.js`, or ask an endpoint of \
                 your own."
            }
            Self::Silent => "Close the site's other tabs and reload this one, or ask an endpoint of your own.",
        }
    }
}

/// Waits until the model server answers this page; starts it if need be. To ask again costs some milliseconds.
///
/// # Errors
///
/// Why there is none. It never waits for longer than [`STARTS_WITHIN`].
#[cfg(target_arch = "wasm32")]
pub async fn start() -> Result<(), NoModelServer> {
    let page = crate::runtime::Run::for_page();
    page.timeout(STARTS_WITHIN, worker::start(&page)).await.unwrap_or(Err(NoModelServer::Silent))
}

/// On the virtual clock it is always there.
///
/// # Errors
///
/// None.
#[cfg(not(target_arch = "wasm32"))]
pub async fn start() -> Result<(), NoModelServer> {
    Ok(())
}

#[cfg(target_arch = "wasm32")]
mod worker {
    use wasm_bindgen::JsValue;
    use web_sys::{ServiceWorkerContainer, ServiceWorkerRegistration};

    use super::{Duration, NoModelServer, PATH};
    use crate::endpoint::fetch::get_bytes;
    use crate::endpoint::service_worker;
    use crate::runtime::Run;

    /// How often the page looks whether it is controlled, and after how many looks it asks again to be.
    const LOOKS_EVERY: Duration = Duration::from_millis(20);
    const LOOKS_PER_CLAIM: u32 = 50;

    /// A question that has no answer by then is asked again.
    const TRIES_FOR: Duration = Duration::from_secs(3);

    pub(super) async fn start(page: &Run) -> Result<(), NoModelServer> {
        let (workers, registration) = service_worker::register().await?;
        // A browser may end the worker just when it is asked: then that question has no answer.
        while page.timeout(TRIES_FOR, answers(page, &workers, &registration)).await != Ok(true) {}
        Ok(())
    }

    /// Waits until the page is controlled, then asks. A worker that was replaced in between does not answer.
    async fn answers(page: &Run, workers: &ServiceWorkerContainer, registration: &ServiceWorkerRegistration) -> bool {
        let mut looks = 0;
        while workers.controller().is_none() {
            if looks % LOOKS_PER_CLAIM == 0 {
                claim(registration);
            }
            looks += 1;
            page.sleep(LOOKS_EVERY).await;
        }
        let answer = get_bytes(&format!("{PATH}v2/health/live")).await;
        if answer.is_err() {
            page.sleep(LOOKS_EVERY).await;
        }
        answer.is_ok_and(|body| body.starts_with(b"{"))
    }

    /// Asks the worker to control this page.
    fn claim(registration: &ServiceWorkerRegistration) {
        if let Some(worker) = registration.active() {
            // It fails for what cannot be copied, and a text can.
            let _ = worker.post_message(&JsValue::from_str("claim"));
        }
    }
}
