//! [`Transport`]: the way from a client to the servers.

use std::time::Duration;

use futures::future::LocalBoxFuture;

use crate::endpoint::http::{HttpError, LocalNetwork, Request, Response};

/// Sends requests and receives responses.
pub trait Transport {
    /// Sends a request and waits for the headers of its response. Dropping the future, the response or the stream of
    /// its chunks aborts the request. The request's timeout is left to the [`Client`](crate::endpoint::http::Client).
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, HttpError>>;

    /// True if a server answers there, even if the page may not read the response.
    fn is_reachable(&self, url: String) -> LocalBoxFuture<'_, bool>;

    /// True if the page was loaded over `https`. Browsers then block most requests over `http`.
    fn is_from_https(&self) -> bool;

    /// The permission for requests to the reader's machine or network, whichever this URL leads to.
    fn local_network(&self, _url: &str) -> LocalBoxFuture<'_, LocalNetwork> {
        Box::pin(std::future::ready(LocalNetwork::Unknown))
    }

    /// The time since 1970.
    fn unix_time(&self) -> Duration;
}
