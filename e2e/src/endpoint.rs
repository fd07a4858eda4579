//! A model endpoint on another origin than the site's: speaks the Open Inference Protocol v2, and badly where a test asks.
//!
//! It is written by hand on JSON values and knows nothing of the `inference` crate, so that a client which agrees with it
//! agrees with the protocol and not just with its own server. It is strict: whatever in a request is not as the protocol
//! or the model's metadata say is refused by name. One connection carries one request, so that a closed connection means
//! that one.
//!
//! The models are `digits` (`images` FP32 [-1, 64] to `label` INT64 [-1], always 0), `tabular` (`features` FP64 [-1, 4] and
//! `flags` BOOL [-1, 2] to `score` FP32 [-1, 1], the sum of a row's features and set flags) and `texts` (`lines` BYTES [-1]
//! to `length` INT64 [-1], in characters).
//!
//! Specification: <https://github.com/kserve/open-inference-protocol/blob/main/specification/protocol/inference_rest.md>.

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
    /// When no port is to be had.
    pub fn start(behaviour: Behaviour) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(behaviour));
        let host = {
            let shared = Arc::clone(&shared);
            Host::start(move |stream| connection::serve(stream, Arc::clone(&shared)))?
        };
        Ok(Self { url: format!("http://{}/", host.address()), shared, _host: host })
    }

    /// Its address, with the slash at its end. The protocol's paths, such as `v2/models/digits`, follow it.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers so from now on. Requests under way keep the behaviour that they came to.
    pub fn behave(&self, behaviour: Behaviour) {
        *lock(&self.shared.active) = Arc::new(ActiveBehaviour::new(behaviour));
    }

    /// Requests that are here and neither answered nor closed by their client. Preflights do not count, here and below.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        lock(&self.shared.counts).in_flight
    }

    /// The most that were in flight at any moment.
    #[must_use]
    pub fn most_in_flight(&self) -> usize {
        lock(&self.shared.counts).most_in_flight
    }

    /// Requests whose client closed the connection before it had all that was due.
    #[must_use]
    pub fn cancelled(&self) -> usize {
        lock(&self.shared.counts).cancelled
    }

    /// Every request so far, preflights included, in the order of arrival.
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedRequest> {
        lock(&self.shared.received).clone()
    }

    /// Bytes of bodies that the system has taken, over all answers. What waits in its buffers for the client is among
    /// them: some MB at most.
    #[must_use]
    pub fn bytes_sent(&self) -> u64 {
        self.shared.bytes_sent.load(Ordering::Relaxed)
    }
}

/// What the owner and the connections both see.
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

    fn note(&self, request: &ReceivedRequest) {
        lock(&self.received).push(request.clone());
    }

    fn begin(&self) -> InFlight<'_> {
        let mut counts = lock(&self.counts);
        counts.in_flight += 1;
        counts.most_in_flight = counts.most_in_flight.max(counts.in_flight);
        InFlight { shared: self, is_answered: false }
    }
}

/// A request that is here. Dropped before it is answered it was cancelled.
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
