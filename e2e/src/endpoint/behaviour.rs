//! The way in which the endpoint answers: well, late, or wrong in one of the ways that occur in practice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::sleep;

use super::request::Kind;

/// The way in which the endpoint answers. By default all answers are good, immediate and open to every origin.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    /// The time that an inference takes, whatever its answer.
    pub latency: Duration,
    /// The maximum number of inferences at once; the others queue in the order of arrival. `None` means no limit.
    pub capacity: Option<usize>,
    /// The access of other origins.
    pub cors: Cors,
    /// The time for which browsers may cache a preflight, in seconds.
    pub preflight_max_age_s: u32,
    /// The time that a preflight takes.
    pub preflight_latency: Duration,
    /// True if other origins may read `Retry-After`.
    pub exposes_retry_after: bool,
    /// The answer to `GET` requests: the server's and the models' metadata, and their health.
    pub metadata: Answer,
    /// The answer to `POST v2/repository/index`, which lists the models.
    pub index: Answer,
    /// The answer to `POST v2/models/{name}/infer`.
    pub infer: Answer,
}

/// The access that the answers allow to other origins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cors {
    /// Everything that the protocol needs.
    #[default]
    Open,
    /// Only requests that need no preflight: preflights are refused with 405.
    NoPreflight,
    /// Nothing: no answer has a CORS header.
    Closed,
}

/// The form of an answer.
#[derive(Clone, Debug, Default)]
pub enum Answer {
    /// The answer that the protocol defines, including errors for bad requests.
    #[default]
    Good,
    /// This status with a plain sentence.
    Text(u16),
    /// This status with an HTML page.
    Html(u16),
    /// Status 200 with other JSON.
    Json(Value),
    /// A redirect to this URL.
    Redirect(String),
    /// The good answer after a change, such as those in [`corrupt`](super::corrupt).
    Changed(fn(&mut Value)),
    /// The first half of the good answer's JSON, as if it were complete.
    HalfJson,
    /// The first half of the good answer, then the connection closes. `Content-Length` is that of the whole answer.
    ClosedHalfway,
    /// Nothing: the connection stays open until the client closes it.
    Never,
    /// The good answer's head, but never its body.
    HeadOnly,
    /// Status 200 with a JSON array that is cut off after a number of bytes.
    EndlessArray {
        /// The length of the body.
        bytes: u64,
        /// True if there is a `Content-Length` header.
        has_content_length: bool,
    },
    /// This status with the protocol's error for the first requests, then the good answer.
    FailFirst {
        /// The number of requests that fail, counted from the start of this behaviour.
        times: usize,
        /// The status, such as 429 or 503.
        status: u16,
        /// The seconds in `Retry-After`, if there is such a header.
        retry_after_s: Option<u32>,
    },
}

/// A behaviour, with its free slots and the number of requests so far.
#[derive(Debug)]
pub(super) struct ActiveBehaviour {
    pub settings: Behaviour,
    slots: Option<Semaphore>,
    metadata_requests: AtomicUsize,
    index_requests: AtomicUsize,
    infer_requests: AtomicUsize,
}

impl ActiveBehaviour {
    pub fn new(behaviour: Behaviour) -> Self {
        let slots = behaviour.capacity.map(Semaphore::new);
        let [metadata_requests, index_requests, infer_requests] = [0; 3].map(AtomicUsize::new);
        Self { settings: behaviour, slots, metadata_requests, index_requests, infer_requests }
    }

    /// The answer to the next request of this kind.
    pub fn next_answer(&self, kind: Kind) -> &Answer {
        let (answer, requests) = match kind {
            Kind::Metadata => (&self.settings.metadata, &self.metadata_requests),
            Kind::Index => (&self.settings.index, &self.index_requests),
            Kind::Infer => (&self.settings.infer, &self.infer_requests),
        };
        let number = requests.fetch_add(1, Ordering::Relaxed);
        match answer {
            Answer::FailFirst { times, .. } if number >= *times => &Answer::Good,
            answer => answer,
        }
    }

    /// Waits for a free slot and then for the latency. Dropping the permit frees the slot.
    pub async fn work(&self) -> Option<SemaphorePermit<'_>> {
        let slot = match &self.slots {
            Some(slots) => slots.acquire().await.ok(),
            None => None,
        };
        sleep(self.settings.latency).await;
        slot
    }
}
