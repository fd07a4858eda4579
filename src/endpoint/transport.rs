//! How requests reach an endpoint.

use std::cell::RefCell;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use inference::server::Server;

use crate::endpoint::FetchError;
use crate::runtime::Run;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Where it goes.
    pub url: String,
    /// JSON, which makes it a `POST`; else it is a `GET`.
    pub body: Option<Vec<u8>>,
}

/// A reply, whatever its status says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Of HTTP.
    pub status: u16,
    /// What the body is, as the server has it.
    pub content_type: Option<String>,
    /// When to come again, as the server has it.
    pub retry_after: Option<String>,
    /// How long the body is, as the server has it; that of a compressed body is its compressed length.
    pub announced_bytes: Option<usize>,
    /// The bytes.
    pub body: Vec<u8>,
}

/// Brings requests to an endpoint and replies back.
pub trait Transport {
    /// Brings the reply, whole and of at most so many bytes. Dropping the future aborts the request.
    fn send(&self, request: Request, most_bytes: usize) -> LocalBoxFuture<'_, Result<Reply, FetchError>>;

    /// Whether somebody answers there, even if the page may not read what. It is asked when nothing can be read.
    fn is_anybody_there(&self, url: String) -> LocalBoxFuture<'_, bool>;

    /// Whether the page may ask only by `https`.
    fn is_from_https(&self) -> bool;

    /// The time since 1970.
    fn now(&self) -> Duration;
}

/// The model server's own logic on a run's virtual clock, below `api/`. There is nobody at any other address.
#[derive(Debug)]
pub struct OnVirtualClock {
    run: Run,
    server: RefCell<Server>,
}

impl OnVirtualClock {
    /// A server that has just started.
    #[must_use]
    pub fn start(run: &Run) -> Self {
        Self { run: run.clone(), server: RefCell::default() }
    }
}

impl Transport for OnVirtualClock {
    fn send(&self, request: Request, _most_bytes: usize) -> LocalBoxFuture<'_, Result<Reply, FetchError>> {
        Box::pin(async move {
            let Some(path) = request.url.strip_prefix("api/") else {
                return Err(FetchError::Unreachable { url: request.url });
            };
            let method = if request.body.is_some() { "POST" } else { "GET" };
            let body = request.body.as_deref().unwrap_or_default();
            let plan = self.server.borrow_mut().answer(inference::server::Request { method, path, body });
            let header = |name| {
                let found = plan.reply.headers.iter().find(|(known, _)| *known == name);
                found.map(|(_, value)| value.clone())
            };
            let (status, content_type, retry_after) =
                (plan.reply.status, header("content-type"), header("retry-after"));
            let body = plan.body(|latency| self.run.sleep(latency)).await;
            Ok(Reply { status, content_type, retry_after, announced_bytes: Some(body.len()), body })
        })
    }

    fn is_anybody_there(&self, _url: String) -> LocalBoxFuture<'_, bool> {
        Box::pin(async { false })
    }

    fn is_from_https(&self) -> bool {
        false
    }

    fn now(&self) -> Duration {
        self.run.now()
    }
}
