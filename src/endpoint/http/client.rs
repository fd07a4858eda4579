//! [`Client`]: sends requests, with a timeout and with the causes that a browser does not name.

use std::fmt;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use futures::future::select;
use futures::{Stream, StreamExt, stream};

use crate::endpoint::http::local_network::{is_blocked_from_https, is_local};
use crate::endpoint::http::own_headers::OwnHeaders;
use crate::endpoint::http::{
    Chunks, Headers, HttpError, LocalNetwork, Phase, Request, Response, Transport, retry_after,
};
use crate::measure::EventKind;
use crate::measure::waits::Awaited;
use crate::runtime::{Noted, Run};

/// The time between two checks of a permission for which the browser asks.
const CHECK_INTERVAL: Duration = Duration::from_millis(100);

/// The time that the reader has to answer the browser's question.
const ANSWERS_WITHIN: Duration = Duration::from_secs(60);

/// A client of any server. Clones share the transport.
#[derive(Clone)]
pub struct Client {
    run: Run,
    transport: Rc<dyn Transport>,
    own_headers: OwnHeaders,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    /// A client that sends its requests through this transport, with the reader's own headers as they are now. Timeouts
    /// follow the run's clock.
    #[must_use]
    pub fn new(run: &Run, transport: impl Transport + 'static) -> Self {
        Self { run: run.clone(), transport: Rc::new(transport), own_headers: OwnHeaders::current() }
    }

    /// Sends a request with the reader's [own headers](crate::endpoint::http::own_headers), and waits for the headers of its
    /// response. Dropping the future aborts the request.
    ///
    /// # Errors
    ///
    /// The reason there is no response. A status other than 2xx is a response.
    pub async fn send(&self, request: Request) -> Result<Response, HttpError> {
        self.send_without_own_headers(self.own_headers.add_to(request)).await
    }

    /// Sends a request, and waits for the headers of its response. Dropping the future aborts the request.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send).
    pub async fn send_without_own_headers(&self, request: Request) -> Result<Response, HttpError> {
        self.run.push_to_current(EventKind::Sent);
        let response = self.send_in_time(request).await.map_err(|error| self.with_known_cause(error))?;
        self.run.push_to_current(EventKind::FirstByte);
        let run = self.run.clone();
        Ok(Response { body: response.body.map_chunks(|chunks| recorded(chunks, run)), ..response })
    }

    async fn send_in_time(&self, request: Request) -> Result<Response, HttpError> {
        let Some(limit) = request.timeout else { return self.awaited(self.transport.send(request)).await };
        let deadline = Deadline { run: self.run.clone(), at: self.run.now() + limit, limit, url: request.url.clone() };
        let sent = self.run.timeout(limit, self.awaited(self.transport.send(request))).await;
        let Response { status, headers, body } = sent.map_err(|_| deadline.missed_in(Phase::Headers))??;
        Ok(Response { status, headers, body: body.map_chunks(|chunks| deadline.apply_to(chunks)) })
    }

    /// Some browsers allow what others block, so the cause is named only after a request has failed. Whether it is the
    /// cause for an address of the local network depends on the browser, see [`explain`](Self::explain).
    fn with_known_cause(&self, error: HttpError) -> HttpError {
        match error {
            HttpError::Unreachable { url } if self.is_mixed_content(&url) && !is_local(&url) => {
                HttpError::MixedContent { url }
            }
            other => other,
        }
    }

    fn is_mixed_content(&self, url: &str) -> bool {
        self.transport.is_from_https() && is_blocked_from_https(url)
    }

    fn awaited<F: Future>(&self, response: F) -> Noted<F> {
        self.run.noted_without_line(Awaited::Response, response)
    }

    /// Finds the cause of an error for which a browser does not name it: a permission that was denied, a server that
    /// cannot be reached, or a server whose responses the page may not read. It may send one more request, to `url`.
    pub async fn explain(&self, error: HttpError, url: String) -> HttpError {
        let HttpError::Unreachable { url: failed } = &error else { return error };
        let failed = failed.clone();
        if is_local(&failed) {
            match self.transport.local_network(&failed).await {
                LocalNetwork::Denied => return HttpError::LocalNetworkDenied { url: failed },
                LocalNetwork::Unknown if self.is_mixed_content(&failed) => {
                    return HttpError::MixedContent { url: failed };
                }
                _ => {}
            }
        }
        // The site's own addresses are not subject to CORS.
        if failed.contains("://") && self.transport.is_reachable(url).await {
            return HttpError::BlockedByCors { url: failed };
        }
        error
    }

    /// If the browser asks the reader before the first request to this address, lets it ask, and waits for the answer.
    pub async fn let_browser_ask(&self, url: String) {
        if !is_local(&url) || self.transport.local_network(&url).await != LocalNetwork::Asks {
            return;
        }
        // A server that never responds must not make this wait forever, nor must a question that nobody answers.
        let answer = pin!(async {
            while self.transport.local_network(&url).await == LocalNetwork::Asks {
                self.run.sleep(CHECK_INTERVAL).await;
            }
        });
        let asked = select(self.transport.is_reachable(url.clone()), answer);
        // Without an answer, the requests say what happens.
        let _ = self.run.timeout(ANSWERS_WITHIN, asked).await;
    }

    /// A text from this URL without the values of the reader's own headers.
    #[must_use]
    pub fn masked(&self, text: String, url: &str) -> String {
        self.own_headers.masked(text, url)
    }

    /// The time to wait before the next request, from the header `Retry-After`, or from `retry-after-ms`, which Azure
    /// sends.
    #[must_use]
    pub fn retry_after(&self, headers: &Headers) -> Option<Duration> {
        let exact = headers.get("retry-after-ms").map(|ms| format!("{ms}ms"));
        let text = exact.as_deref().or_else(|| headers.get("retry-after"))?;
        retry_after::parse(text, self.transport.unix_time())
    }
}

/// The same chunks, with their arrival in the record.
fn recorded(chunks: Chunks, run: Run) -> impl Stream<Item = Result<Vec<u8>, HttpError>> {
    stream::unfold((chunks, run), async |(mut chunks, run)| {
        let chunk = run.noted_without_line(Awaited::Response, chunks.next()).await?;
        if chunk.is_ok() {
            run.push_to_current(EventKind::Chunk);
        }
        Some((chunk, (chunks, run)))
    })
}

/// The instant at which a response must be complete.
struct Deadline {
    run: Run,
    at: Duration,
    limit: Duration,
    url: String,
}

impl Deadline {
    fn missed_in(&self, phase: Phase) -> HttpError {
        HttpError::TimedOut { url: self.url.clone(), limit: self.limit, phase }
    }

    /// The same chunks, and an error in place of those that come too late.
    fn apply_to(self, chunks: Chunks) -> impl Stream<Item = Result<Vec<u8>, HttpError>> {
        stream::unfold((self, chunks, 0), async |(deadline, mut chunks, received_bytes)| {
            let left = deadline.at.saturating_sub(deadline.run.now());
            let next = deadline.run.timeout(left, chunks.next()).await;
            let chunk = next.unwrap_or_else(|_| Some(Err(deadline.missed_in(Phase::Body { received_bytes }))))?;
            let received_bytes = received_bytes + chunk.as_ref().map_or(0, Vec::len);
            Some((chunk, (deadline, chunks, received_bytes)))
        })
    }
}

#[cfg(test)]
mod tests;
