//! The model server: from a request to a pending reply.
//!
//! It implements the Open Inference Protocol v2 for the digit classifiers. Paths are relative to its root:
//!
//! | path | response |
//! |---|---|
//! | `v2` | the server's metadata |
//! | `v2/health/live`, `v2/health/ready` | that it is live, and ready |
//! | `v2/models/{name}`, `v2/models/{name}/versions/1` | the model's inputs and outputs |
//! | the same and `/ready` | that the model is ready |
//! | `POST` the same and `/infer` | logits, probabilities and label of each image |
//! | `stats` | the server's counts of requests: a [`Stats`] |
//!
//! The prefix `s/{settings}/` sets a [`Scenario`]: latency, capacity and failures. It applies to a model's metadata and
//! inference. All other requests, and invalid ones, are answered immediately.
//!
//! Random values are derived from the scenario's seed and the request's key, so the same requests get the same replies
//! in any order. The key is the `id` of the inference request. If it has none, it is the `id` in the path's query
//! (`?id=7`), otherwise the number of requests without an id in this scenario since the server started. To retry a
//! request with another outcome, change its id.
//!
//! Nothing here depends on a clock or a browser: the caller provides the sleep.

mod models;
mod queue;
mod route;
mod scenario;
mod stepped;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::protocol::{ErrorBody, Live, Ready, ServerMetadata, encode};
use models::{ModelError, Models};
use queue::{Counts, Queue, QueuedRequest};
use route::{Operation, Route, RouteError};

pub use models::{INPUT, LABEL, LOGITS, PROBABILITIES};
pub use scenario::{FailureKind, Scenario, ScenarioError};
pub use stepped::{Step, SteppedServer};

/// The server's name in its metadata.
const NAME: &str = "interleave";
const JSON: &str = "application/json";
/// A body that is truncated before a value.
const GARBAGE: &[u8] = b"{\"model_name\": \"";

/// The header in which a page names a request. The page uses the name to tell the service worker that it has aborted
/// the request.
pub const REQUEST_NAME_HEADER: &str = "x-request-name";

/// A request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method, such as `GET` or `POST`.
    pub method: &'a str,
    /// The path relative to the server's root, without a leading slash, with the query if there is one.
    pub path: &'a str,
    /// The body, or empty if there is none.
    pub body: &'a [u8],
}

/// A reply to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers. Their names are in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Reply {
    fn json(status: u16, body: Vec<u8>) -> Self {
        Self { status, headers: vec![("content-type", JSON.to_owned())], body }
    }

    fn ok<T: Serialize>(value: &T) -> Self {
        Self::json(200, encode(value))
    }

    fn error(status: u16, error: impl Into<String>) -> Self {
        Self::json(status, encode(&ErrorBody { error: error.into() }))
    }

    fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A reply, and the wait before it.
///
/// Dropping it cancels the request: it leaves the queue and is no longer counted as in flight.
#[derive(Debug)]
#[must_use = "dropping it cancels the request"]
pub struct PendingReply {
    /// The reply. Its status and headers are valid immediately.
    pub reply: Reply,
    /// False if the body never arrives.
    arrives: bool,
    /// The wait, unless the request is answered immediately.
    work: Option<QueuedWork>,
}

/// A place in the queue, and the time to serve the request.
#[derive(Debug)]
struct QueuedWork {
    queued: QueuedRequest,
    latency: Duration,
}

impl PendingReply {
    fn immediate(reply: Reply) -> Self {
        Self { reply, arrives: true, work: None }
    }

    /// The time to serve the request, without the time in the queue. Zero if it is answered immediately.
    #[must_use]
    pub fn latency(&self) -> Duration {
        self.work.as_ref().map_or(Duration::ZERO, |work| work.latency)
    }

    /// Returns the reply's body when it is due: after the queue and the latency, or never.
    ///
    /// Dropping the future cancels the request. A reply that never arrives passes its place to the next request after
    /// its latency, like a server that lost its client after the work, but still counts as in flight.
    pub async fn body<S: Future<Output = ()>>(self, sleep: impl FnOnce(Duration) -> S) -> Vec<u8> {
        let Some(QueuedWork { mut queued, latency }) = self.work else { return self.reply.body };
        queued.turn().await;
        if !latency.is_zero() {
            sleep(latency).await;
        }
        queued.leave();
        if !self.arrives {
            std::future::pending::<()>().await;
        }
        queued.complete();
        self.reply.body
    }
}

/// The server's counts of requests to its models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Requests in flight: in the queue, being served, or waiting for a reply that never arrives.
    pub in_flight: usize,
    /// Requests in the queue.
    pub queued: usize,
    /// Requests being served.
    pub serving: usize,
    /// Requests with a complete reply since the server started, including intended failures.
    pub completed: u64,
    /// Requests that were cancelled by the client.
    pub cancelled: u64,
}

impl Stats {
    fn plus(self, counts: Counts) -> Self {
        Self {
            in_flight: self.in_flight + counts.in_flight,
            queued: self.queued + counts.queued,
            serving: self.serving + counts.serving,
            completed: self.completed + counts.completed,
            cancelled: self.cancelled + counts.cancelled,
        }
    }
}

/// The requests of one scenario.
#[derive(Debug)]
struct ScenarioState {
    queue: Queue,
    without_id: u64,
}

/// The server: its models, and the requests of each scenario.
#[derive(Debug)]
pub struct Server {
    models: Models,
    scenarios: BTreeMap<Scenario, ScenarioState>,
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}

impl Server {
    /// A server with the four classifiers of the site.
    #[must_use]
    pub fn new() -> Self {
        Self { models: Models::new(), scenarios: BTreeMap::new() }
    }

    /// Prepares the reply to a request, which enters the queue immediately.
    ///
    /// ```
    /// use inference::server::{Request, Server};
    ///
    /// let mut server = Server::new();
    /// let pending = server.answer(Request { method: "GET", path: "s/latency=100/v2/models/mlp-16", body: b"" });
    /// assert_eq!((pending.reply.status, pending.latency().as_millis()), (200, 100));
    ///
    /// let pending = server.answer(Request { method: "GET", path: "v2/models/mlp-17", body: b"" });
    /// assert_eq!(pending.reply.status, 404);
    /// ```
    pub fn answer(&mut self, request: Request<'_>) -> PendingReply {
        match Route::new(request.method, request.path) {
            Ok(route) => self.perform(route, request.body),
            Err(error) => PendingReply::immediate(route_error(&error)),
        }
    }

    fn perform(&mut self, Route { scenario, id, operation }: Route, body: &[u8]) -> PendingReply {
        let (reply, key) = match operation {
            Operation::Server => return PendingReply::immediate(Reply::ok(&metadata())),
            Operation::Live => return PendingReply::immediate(Reply::ok(&Live { live: true })),
            Operation::Ready => return PendingReply::immediate(Reply::ok(&Ready { ready: true })),
            Operation::Stats => return PendingReply::immediate(Reply::ok(&self.stats(scenario.as_ref()))),
            Operation::ModelReady(model) => {
                return PendingReply::immediate(
                    self.models.ready(&model).map_or_else(model_error, |it| Reply::ok(&it)),
                );
            }
            Operation::Model(model) => (self.models.metadata(&model).map(|it| Reply::ok(&it)), id),
            Operation::Infer(model) => match self.models.infer(&model, body) {
                Ok(response) => (Ok(Reply::ok(&response)), response.id.clone().or(id)),
                Err(error) => (Err(error), id),
            },
        };
        match reply {
            Ok(reply) => self.enqueue(scenario.unwrap_or_default(), key, reply),
            Err(error) => PendingReply::immediate(model_error(error)),
        }
    }

    /// Puts a request into its scenario's queue, and replaces the reply if the scenario makes it fail.
    fn enqueue(&mut self, scenario: Scenario, id: Option<String>, reply: Reply) -> PendingReply {
        let state = self
            .scenarios
            .entry(scenario.clone())
            .or_insert_with_key(|scenario| ScenarioState { queue: Queue::new(scenario.capacity()), without_id: 0 });
        let key = id.map_or_else(
            || {
                state.without_id += 1;
                format!("number {}", state.without_id)
            },
            |id| format!("id {id}"),
        );
        let outcome = scenario.outcome(&key);
        let arrives = outcome.failure != Some(FailureKind::Hang);
        let reply = outcome.failure.map_or(reply.clone(), |kind| failed(kind, reply));
        PendingReply {
            reply,
            arrives,
            work: Some(QueuedWork { queued: state.queue.enter(), latency: outcome.latency }),
        }
    }

    /// The counts of one scenario, or of all scenarios for `None`.
    fn stats(&self, scenario: Option<&Scenario>) -> Stats {
        let scenarios = self.scenarios.iter().filter(|(key, _)| scenario.is_none_or(|scenario| scenario == *key));
        scenarios.fold(Stats::default(), |stats, (_, state)| stats.plus(state.queue.counts()))
    }
}

fn metadata() -> ServerMetadata {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    ServerMetadata { name: NAME.to_owned(), version, extensions: Vec::new() }
}

/// The reply with an intended failure.
fn failed(kind: FailureKind, reply: Reply) -> Reply {
    match kind {
        FailureKind::Internal => Reply::error(500, "simulated failure: the model failed"),
        FailureKind::Unavailable => Reply::error(503, "simulated failure: the model is not available"),
        FailureKind::TooMany => {
            Reply::error(429, "simulated failure: too many requests").with_header("retry-after", "1")
        }
        FailureKind::Hang => reply,
        FailureKind::Garbage => Reply::json(200, GARBAGE.to_vec()),
    }
}

fn route_error(error: &RouteError) -> Reply {
    match error {
        RouteError::Scenario(_) => Reply::error(400, error.to_string()),
        RouteError::NotFound { .. } => Reply::error(404, error.to_string()),
        RouteError::Method { allowed, .. } => Reply::error(405, error.to_string()).with_header("allow", *allowed),
    }
}

fn model_error(error: ModelError) -> Reply {
    let status = match error {
        ModelError::Unknown { .. } | ModelError::UnknownVersion { .. } => 404,
        _ => 400,
    };
    Reply::error(status, error.to_string())
}

#[cfg(test)]
mod tests;
