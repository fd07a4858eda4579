//! How the endpoint answers: well, late, or wrong in one of the ways that a client meets in the world.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::sleep;

/// How it answers. The default is good, at once, and open to every origin.
#[derive(Clone, Debug, Default)]
pub struct Behaviour {
    /// How long an inference takes, whatever its answer.
    pub latency: Duration,
    /// How many inferences may be in work; the others queue in the order of their arrival. `None` for any number.
    pub capacity: Option<usize>,
    /// What other origins may do.
    pub cors: Cors,
    /// Whether other origins may read `Retry-After`.
    pub exposes_retry_after: bool,
    /// What `GET` gets: the server's and the models' metadata, and their health.
    pub metadata: Answer,
    /// What `POST v2/models/{name}/infer` gets.
    pub infer: Answer,
}

/// What the answers allow other origins. No browser keeps it, so a change is felt at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cors {
    /// Everything that the protocol needs.
    #[default]
    Open,
    /// What needs no preflight: preflights are refused with 405.
    NoPreflight,
    /// Nothing: no answer has a header about it.
    Closed,
}

/// What an answer looks like.
#[derive(Clone, Debug, Default)]
pub enum Answer {
    /// What the protocol says, errors of the request included.
    #[default]
    Good,
    /// This status with a plain sentence.
    Text(u16),
    /// This status with an HTML page.
    Html(u16),
    /// Status 200 with other JSON.
    Json(Value),
    /// The good answer after a change, such as those in [`corrupt`](super::corrupt).
    Changed(fn(&mut Value)),
    /// The first half of the good answer's JSON, as if it were all.
    HalfJson,
    /// The first half of the good answer, then the connection closes. The length announced is the whole answer's.
    ClosedHalfway,
    /// Nothing: the connection stays open until the client closes it.
    Never,
    /// The good answer's head, and never its body.
    HeadOnly,
    /// Status 200 with an array that never ends, in JSON, until so many bytes are sent.
    Flood {
        /// The length of the body.
        bytes: u64,
        /// Whether `Content-Length` tells it.
        is_announced: bool,
    },
    /// This status with the protocol's error for the first requests, then the good answer.
    FailFirst {
        /// How many requests fail, counted from when this behaviour began.
        times: usize,
        /// The status, such as 429 or 503.
        status: u16,
        /// The seconds in `Retry-After`, if it is to be sent.
        retry_after_s: Option<u32>,
    },
}

/// A behaviour, and what has come to it so far.
#[derive(Debug)]
pub(super) struct ActiveBehaviour {
    pub settings: Behaviour,
    slots: Option<Semaphore>,
    metadata_asked: AtomicUsize,
    infers_asked: AtomicUsize,
}

impl ActiveBehaviour {
    pub fn new(behaviour: Behaviour) -> Self {
        let slots = behaviour.capacity.map(Semaphore::new);
        Self { settings: behaviour, slots, metadata_asked: AtomicUsize::new(0), infers_asked: AtomicUsize::new(0) }
    }

    /// What the next request of its kind gets.
    pub fn next_answer(&self, is_infer: bool) -> &Answer {
        let (answer, asked) = if is_infer {
            (&self.settings.infer, &self.infers_asked)
        } else {
            (&self.settings.metadata, &self.metadata_asked)
        };
        let number = asked.fetch_add(1, Ordering::Relaxed);
        match answer {
            Answer::FailFirst { times, .. } if number >= *times => &Answer::Good,
            answer => answer,
        }
    }

    /// Waits for a free slot and then for the latency. The slot is taken until the permit is dropped.
    pub async fn work(&self) -> Option<SemaphorePermit<'_>> {
        let slot = match &self.slots {
            Some(slots) => slots.acquire().await.ok(),
            None => None,
        };
        sleep(self.settings.latency).await;
        slot
    }
}
