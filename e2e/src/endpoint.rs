//! A model endpoint on another origin than the site's. It uses the Open Inference Protocol v2, and gives bad answers
//! when a test asks for them.
//!
//! It is written by hand on JSON values and does not use the `inference` crate. So a client that works with it follows
//! the protocol, and not only its own server. It is strict: it refuses a request that does not follow the protocol or
//! the model's metadata, and its error names the part that is wrong. Each connection carries one request, so the end of
//! a connection cancels exactly one request.
//!
//! There are three models:
//!
//! - `digits`: `images` FP32 [-1, 64] to `label` INT64 [-1], always 0.
//! - `tabular`: `features` FP64 [-1, 4] and `flags` BOOL [-1, 2] to `score` FP32 [-1, 1], the sum of a row's features
//!   and its number of true flags.
//! - `texts`: `lines` BYTES [-1] to `length` INT64 [-1], in characters.
//!
//! Specification:
//! <https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md>.

mod behaviour;
mod connection;
pub mod corrupt;
mod models;
mod request;
mod response;
mod writer;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

pub use behaviour::{Answer, Behaviour, Cors};
pub use request::ReceivedRequest;

use crate::host::{Host, lock};
use behaviour::ActiveBehaviour;

/// Serves models until it is dropped.
#[derive(Debug)]
#[must_use = "dropping it stops it"]
pub struct Endpoint {
    url: String,
    shared: Arc<Shared>,
    _host: Host,
}

impl Endpoint {
    /// Serves on a free port of the loopback address.
    ///
    /// # Errors
    ///
    /// If there is no free port.
    pub fn start(behaviour: Behaviour) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(behaviour));
        let host = {
            let shared = Arc::clone(&shared);
            Host::start(move |stream| connection::serve(stream, Arc::clone(&shared)))?
        };
        Ok(Self { url: format!("http://{}/", host.address()), shared, _host: host })
    }

    /// Its address, which ends with a slash. The protocol's paths, such as `v2/models/digits`, are relative to it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Changes the behaviour for all later requests. Requests in progress keep the old one.
    pub fn behave(&self, behaviour: Behaviour) {
        *lock(&self.shared.active) = Arc::new(ActiveBehaviour::new(behaviour));
    }

    /// The number of requests that are neither answered nor closed by their client. Preflights do not count, also in
    /// the methods below.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        lock(&self.shared.counts).in_flight
    }

    /// The highest number of requests in flight so far.
    #[must_use]
    pub fn most_in_flight(&self) -> usize {
        lock(&self.shared.counts).most_in_flight
    }

    /// The number of requests whose client closed the connection before the answer was complete.
    #[must_use]
    pub fn cancelled(&self) -> usize {
        lock(&self.shared.counts).cancelled
    }

    /// All requests so far, including preflights, in the order of arrival.
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedRequest> {
        lock(&self.shared.received).clone()
    }

    /// The number of bytes of all bodies that were given to the system. Up to a few MB of them may still be in the
    /// system's buffers.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.shared.bytes_sent.load(Ordering::Relaxed)
    }
}

/// The state that the owner and the connections share.
#[derive(Debug)]
struct Shared {
    active: Mutex<Arc<ActiveBehaviour>>,
    received: Mutex<Vec<ReceivedRequest>>,
    counts: Mutex<Counts>,
    bytes_sent: AtomicU64,
}

#[derive(Debug, Default)]
struct Counts {
    in_flight: usize,
    most_in_flight: usize,
    cancelled: usize,
}

impl Shared {
    fn new(behaviour: Behaviour) -> Self {
        Self {
            active: Mutex::new(Arc::new(ActiveBehaviour::new(behaviour))),
            received: Mutex::default(),
            counts: Mutex::default(),
            bytes_sent: AtomicU64::new(0),
        }
    }

    fn active_behaviour(&self) -> Arc<ActiveBehaviour> {
        Arc::clone(&lock(&self.active))
    }

    fn add(&self, request: &ReceivedRequest) {
        lock(&self.received).push(request.clone());
    }

    fn begin(&self) -> InFlight<'_> {
        let mut counts = lock(&self.counts);
        counts.in_flight += 1;
        counts.most_in_flight = counts.most_in_flight.max(counts.in_flight);
        InFlight { shared: self, is_answered: false }
    }
}

/// A request in flight. If it is dropped before it is answered, it counts as cancelled.
struct InFlight<'a> {
    shared: &'a Shared,
    is_answered: bool,
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut counts = lock(&self.shared.counts);
        counts.in_flight -= 1;
        counts.cancelled += usize::from(!self.is_answered);
    }
}
