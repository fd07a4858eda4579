//! [`SimulatedServer`]: the model server's own logic on a run's virtual clock.

use std::cell::RefCell;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use futures::stream;
use inference::server::{self, Server};

use crate::endpoint::http::{Body, HttpError, Request, Response, Transport};
use crate::endpoint::model_server::PATH;
use crate::runtime::Run;

/// The model server below `api/`, for a run on the virtual clock. No other address can be reached.
///
/// As in the service worker, status and headers come at once, and the body when it is due.
#[derive(Debug)]
pub struct SimulatedServer {
    run: Run,
    server: RefCell<Server>,
}

impl SimulatedServer {
    /// A server that has just started.
    #[must_use]
    pub fn new(run: &Run) -> Self {
        Self { run: run.clone(), server: RefCell::default() }
    }

    fn answer(&self, request: Request) -> Result<Response, HttpError> {
        let Some(path) = request.url.strip_prefix(PATH) else {
            return Err(HttpError::Unreachable { url: request.url });
        };
        let body = request.body.as_deref().unwrap_or_default();
        let plan = self.server.borrow_mut().answer(server::Request { method: request.method.as_str(), path, body });
        let (status, headers) = (plan.reply.status, plan.reply.headers.iter().cloned().collect());
        let run = self.run.clone();
        let body = stream::once(async move { Ok(plan.body(|latency| run.sleep(latency)).await) });
        Ok(Response { status, headers, body: Body::new(request.url, None, body) })
    }
}

impl Transport for SimulatedServer {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, HttpError>> {
        Box::pin(async { self.answer(request) })
    }

    fn is_reachable(&self, _url: String) -> LocalBoxFuture<'_, bool> {
        Box::pin(std::future::ready(false))
    }

    fn is_from_https(&self) -> bool {
        false
    }

    fn unix_time(&self) -> Duration {
        self.run.now()
    }
}
