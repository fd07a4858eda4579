//! Starts the model server that comes with the site. It runs in the service worker, which must control the page before
//! it can answer its requests.
//!
//! A page is not controlled when its service worker has just been installed, and when the user reloaded the page
//! bypassing all caches. Both end when the worker claims its pages: it does so when it starts, and when a page asks for
//! it.

use std::time::Duration;

use crate::endpoint::service_worker::NoServiceWorker;

/// The path of the model server, relative to the page.
pub const PATH: &str = "api/";

/// The whole address of the model server. `None` if the page does not know where it is.
#[cfg(target_arch = "wasm32")]
#[must_use]
pub fn address() -> Option<String> {
    Some(crate::endpoint::http::ParsedUrl::of_page(PATH)?.part("href"))
}

/// The longest time that the page waits for the server to start. It takes a few tenths of a second, and several seconds
/// on a busy machine.
pub const STARTS_WITHIN: Duration = Duration::from_secs(15);

/// The reason there is no model server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoModelServer {
    /// The browser does not let this page have a service worker.
    #[error("the page's own model server cannot start: {0}")]
    NoWorker(#[from] NoServiceWorker),
    /// The worker did not start, or does not answer.
    #[error("the page's own model server did not answer within {} s", STARTS_WITHIN.as_secs())]
    TimedOut,
}

impl NoModelServer {
    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NoWorker(NoServiceWorker::Insecure) => {
                "Open the page over `https` or as `localhost`, or use your own endpoint."
            }
            Self::NoWorker(NoServiceWorker::Unsupported) => {
                "Private windows of some browsers have none: open the page in another window, or use your own endpoint."
            }
            Self::NoWorker(NoServiceWorker::Refused { .. }) => {
                "Allow this site to store data, copy the site completely with its `service-worker.js`, or use your own \
                 endpoint."
            }
            Self::TimedOut => "Close the site's other tabs and reload this one, or use your own endpoint.",
        }
    }
}

/// Waits until the model server answers this page, and starts it if necessary. Another call takes a few milliseconds.
///
/// # Errors
///
/// The reason there is none. It waits for at most [`STARTS_WITHIN`].
#[cfg(target_arch = "wasm32")]
pub async fn start() -> Result<(), NoModelServer> {
    let page = crate::runtime::Run::for_page();
    page.timeout(STARTS_WITHIN, worker::start(&page)).await.unwrap_or(Err(NoModelServer::TimedOut))
}

/// Does nothing: on the virtual clock the server is always there.
///
/// # Errors
///
/// Never returns an error.
#[cfg(not(target_arch = "wasm32"))]
pub async fn start() -> Result<(), NoModelServer> {
    Ok(())
}

#[cfg(target_arch = "wasm32")]
mod worker {
    use super::{Duration, NoModelServer, PATH};
    use crate::endpoint::service_worker::{self, NoServiceWorker};
    use crate::endpoint::site_file;
    use crate::runtime::Run;

    /// The time between two checks whether the page is controlled, and the number of checks between two requests to be.
    const CHECK_INTERVAL: Duration = Duration::from_millis(20);
    const CHECKS_PER_CLAIM: u32 = 50;

    /// After this time without an answer, the next attempt begins.
    const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);

    /// Each attempt registers the worker again. A registration can be removed just when the page gets it, and a browser
    /// may end the worker just when it gets a request: then neither responds.
    pub(super) async fn start(page: &Run) -> Result<(), NoModelServer> {
        loop {
            if let Ok(is_live) = page.timeout(ATTEMPT_TIMEOUT, is_live(page)).await
                && is_live?
            {
                return Ok(());
            }
        }
    }

    /// Waits until the page is controlled, then asks the server whether it is live. A worker that was replaced in
    /// between does not answer.
    async fn is_live(page: &Run) -> Result<bool, NoServiceWorker> {
        let (workers, registration) = service_worker::register().await?;
        let mut checks = 0;
        while workers.controller().is_none() {
            if checks % CHECKS_PER_CLAIM == 0
                && let Some(worker) = registration.active()
            {
                service_worker::claim(&worker);
            }
            checks += 1;
            page.sleep(CHECK_INTERVAL).await;
        }
        let answer = site_file::read(&format!("{PATH}v2/health/live")).await;
        if answer.is_err() {
            page.sleep(CHECK_INTERVAL).await;
        }
        Ok(answer.is_ok_and(|body| body.starts_with(b"{")))
    }
}
