//! The model server: from a request to the plan of a reply.
//!
//! It speaks the Open Inference Protocol v2 with the digit classifiers behind it. Paths are those below its root:
//!
//! | path | answer |
//! |---|---|
//! | `v2` | what the server is |
//! | `v2/health/live`, `v2/health/ready` | that it lives, and can infer |
//! | `v2/models/{name}`, `v2/models/{name}/versions/1` | what the model takes and gives |
//! | the same and `/ready` | that the model can infer |
//! | `POST` the same and `/infer` | logits, probabilities and label of each image |
//! | `stats` | the server's own count of requests: a [`Stats`] |
//!
//! A prefix `s/{settings}/` to each of them makes a [`Scenario`]: latency, capacity and failures. It concerns what
//! concerns a model's work, its metadata and inference. The rest, and requests that are wrong, are answered at once.
//!
//! What is random comes from the scenario's seed and the request's own key, so the same requests get the same replies in
//! whatever order they come. The key is the `id` of the inference request; else the `id` in the path's query
//! (`?id=7`); else the request is the n-th without one in its scenario since the server started. To try a request again
//! with another outcome, give it another id.
//!
//! Nothing here knows a clock or a browser: who serves the plan brings the sleep.

mod models;
mod queue;
mod route;
mod scenario;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::protocol::{ErrorBody, Live, Ready, ServerMetadata, encode};
use models::{ModelError, Models};
use queue::{Counts, Queue, QueuedRequest};
use route::{Operation, Route, RouteError};

pub use models::{INPUT, LABEL, LOGITS, PROBABILITIES};
pub use scenario::{FailureKind, Scenario, ScenarioError};

/// What the server is called in its metadata.
const NAME: &str = "interleave";
const JSON: &str = "application/json";
/// A body that breaks off where a value should come.
const GARBAGE: &[u8] = b"{\"model_name\": \"";

/// The header in which a page names a request, so that it can tell the service worker later that it has aborted it.
pub const REQUEST_NAME_HEADER: &str = "x-request-name";

/// A request as it came.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `GET`, `POST` and so on.
    pub method: &'a str,
    /// Below the server's root, without a slash at its beginning; with the query, if there is one.
    pub path: &'a str,
    /// Empty if there is none.
    pub body: &'a [u8],
}

/// What goes back to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Of HTTP.
    pub status: u16,
    /// Further headers, names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// The bytes.
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

/// What a reply is, and what comes before it.
///
/// Dropping it takes the request out of the queue and of the count.
#[derive(Debug)]
#[must_use = "dropping it gives the request up"]
pub struct PendingReply {
    /// What goes back. Status and headers are known from the beginning.
    pub reply: Reply,
    /// Whether the body ever comes.
    comes: bool,
    /// What the request waits for, if it is not answered at once.
    work: Option<QueuedWork>,
}

/// A place in the queue, and how long it is held.
#[derive(Debug)]
struct QueuedWork {
    queued: QueuedRequest,
    latency: Duration,
}

impl PendingReply {
    fn at_once(reply: Reply) -> Self {
        Self { reply, comes: true, work: None }
    }

    /// How long the request is served, without the time in the queue. Nothing for what is answered at once.
    #[must_use]
    pub fn latency(&self) -> Duration {
        self.work.as_ref().map_or(Duration::ZERO, |work| work.latency)
    }

    /// The reply's body, when it is due: after the queue and the latency, or never.
    ///
    /// Dropping the future gives the request up. A reply that never comes leaves its place in the queue to the next
    /// after its latency, as of a server that worked and then lost its client, but stays in the count.
    pub async fn body<S: Future<Output = ()>>(self, sleep: impl FnOnce(Duration) -> S) -> Vec<u8> {
        let Some(QueuedWork { mut queued, latency }) = self.work else { return self.reply.body };
        queued.turn().await;
        if !latency.is_zero() {
            sleep(latency).await;
        }
        queued.leave();
        if !self.comes {
            std::future::pending::<()>().await;
        }
        queued.complete();
        self.reply.body
    }
}

/// The server's own count of requests for a model's work. All are numbers of requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stats {
    /// Under way: in the queue, being served, or waiting for a reply that never comes.
    pub in_flight: usize,
    /// Of these, waiting for their turn.
    pub queued: usize,
    /// Of these, being served.
    pub serving: usize,
    /// Whose reply was complete, failures on purpose included, since the server started.
    pub completed: u64,
    /// Whose reader went before.
    pub cancelled: u64,
}

impl Stats {
    fn and(self, counts: Counts) -> Self {
        Self {
            in_flight: self.in_flight + counts.in_flight,
            queued: self.queued + counts.queued,
            serving: self.serving + counts.serving,
            completed: self.completed + counts.completed,
            cancelled: self.cancelled + counts.cancelled,
        }
    }
}

/// What a scenario remembers of its requests.
#[derive(Debug)]
struct ScenarioState {
    queue: Queue,
    without_id: u64,
}

/// The server: models, and what each scenario has under way.
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

    /// Plans the reply to a request, which from now on stands in the queue.
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
            Ok(route) => self.follow(route, request.body),
            Err(error) => PendingReply::at_once(refusal(&error)),
        }
    }

    fn follow(&mut self, Route { scenario, id, operation }: Route, body: &[u8]) -> PendingReply {
        let (reply, key) = match operation {
            Operation::Server => return PendingReply::at_once(Reply::ok(&about())),
            Operation::Live => return PendingReply::at_once(Reply::ok(&Live { live: true })),
            Operation::Ready => return PendingReply::at_once(Reply::ok(&Ready { ready: true })),
            Operation::Stats => return PendingReply::at_once(Reply::ok(&self.stats(scenario.as_ref()))),
            Operation::ModelReady(model) => {
                return PendingReply::at_once(self.models.ready(&model).map_or_else(refused, |it| Reply::ok(&it)));
            }
            Operation::Model(model) => (self.models.metadata(&model).map(|it| Reply::ok(&it)), id),
            Operation::Infer(model) => match self.models.infer(&model, body) {
                Ok(response) => (Ok(Reply::ok(&response)), response.id.clone().or(id)),
                Err(error) => (Err(error), id),
            },
        };
        match reply {
            Ok(reply) => self.enact(scenario.unwrap_or_default(), key, reply),
            Err(error) => PendingReply::at_once(refused(error)),
        }
    }

    /// Puts a request into its scenario's queue, and lets it fail if it is to.
    fn enact(&mut self, scenario: Scenario, id: Option<String>, reply: Reply) -> PendingReply {
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
        let comes = outcome.failure != Some(FailureKind::Hang);
        let reply = outcome.failure.map_or(reply.clone(), |kind| failed(kind, reply));
        PendingReply { reply, comes, work: Some(QueuedWork { queued: state.queue.enter(), latency: outcome.latency }) }
    }

    /// Of one scenario, or of all.
    fn stats(&self, scenario: Option<&Scenario>) -> Stats {
        let scenarios = self.scenarios.iter().filter(|(of, _)| scenario.is_none_or(|scenario| scenario == *of));
        scenarios.fold(Stats::default(), |stats, (_, state)| stats.and(state.queue.counts()))
    }
}

fn about() -> ServerMetadata {
    let version = env!("CARGO_PKG_VERSION").to_owned();
    ServerMetadata { name: NAME.to_owned(), version, extensions: Vec::new() }
}

/// What a failure on purpose makes of a good reply.
fn failed(kind: FailureKind, reply: Reply) -> Reply {
    match kind {
        FailureKind::Internal => Reply::error(500, "the model failed, on purpose"),
        FailureKind::Unavailable => Reply::error(503, "the model is not available, on purpose"),
        FailureKind::TooMany => Reply::error(429, "too many requests, on purpose").with_header("retry-after", "1"),
        FailureKind::Hang => reply,
        FailureKind::Garbage => Reply::json(200, GARBAGE.to_vec()),
    }
}

fn refusal(error: &RouteError) -> Reply {
    match error {
        RouteError::Scenario(_) => Reply::error(400, error.to_string()),
        RouteError::NotFound { .. } => Reply::error(404, error.to_string()),
        RouteError::Method { allowed, .. } => Reply::error(405, error.to_string()).with_header("allow", *allowed),
    }
}

fn refused(error: ModelError) -> Reply {
    let status = match error {
        ModelError::Unknown { .. } | ModelError::UnknownVersion { .. } => 404,
        _ => 400,
    };
    Reply::error(status, error.to_string())
}

#[cfg(test)]
mod tests;
