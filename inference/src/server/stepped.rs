//! [`SteppedServer`]: the server for a caller that has a clock of its own and cannot wait, such as a Python program on a
//! virtual clock.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::{Reply, Request, Server};

/// Something that happens on the server, for the request with this number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Status and headers of the reply. The body follows.
    Response {
        /// The number of the request.
        number: u32,
        /// The reply, without its body.
        reply: Reply,
    },
    /// The server works on the request: call [`SteppedServer::wake`] after this time.
    Works {
        /// The number of the request.
        number: u32,
        /// The time that it takes.
        takes: Duration,
    },
    /// The body of the reply, and its end.
    Body {
        /// The number of the request.
        number: u32,
        /// All of it.
        body: Vec<u8>,
    },
}

type Body = Pin<Box<dyn Future<Output = Vec<u8>>>>;

/// A server that has just started. Its caller tells it when time has passed.
#[derive(Default)]
pub struct SteppedServer {
    server: Server,
    bodies: BTreeMap<u32, Body>,
    shared: Rc<RefCell<Shared>>,
}

/// What the futures of the bodies share.
#[derive(Default)]
struct Shared {
    /// The work that has begun since the last step.
    begun: Vec<(u32, Duration)>,
    /// For each request that the server works on, true once it is done.
    is_done: BTreeMap<u32, bool>,
}

impl fmt::Debug for SteppedServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SteppedServer").field("bodies", &self.bodies.len()).finish_non_exhaustive()
    }
}

impl SteppedServer {
    /// Takes a request. The number identifies it, and must be new.
    pub fn begin(&mut self, number: u32, request: Request<'_>) -> Vec<Step> {
        let pending = self.server.answer(request);
        let reply = Reply { body: Vec::new(), ..pending.reply.clone() };
        let shared = Rc::clone(&self.shared);
        let body = pending.body(move |takes| {
            shared.borrow_mut().begun.push((number, takes));
            shared.borrow_mut().is_done.insert(number, false);
            Work { number, shared }
        });
        self.bodies.insert(number, Box::pin(body));
        let mut steps = vec![Step::Response { number, reply }];
        steps.extend(self.advance());
        steps
    }

    /// The time that a request takes is over.
    pub fn wake(&mut self, number: u32) -> Vec<Step> {
        if let Some(is_done) = self.shared.borrow_mut().is_done.get_mut(&number) {
            *is_done = true;
        }
        self.advance()
    }

    /// The client has left. The requests in the queue may get its place.
    pub fn abort(&mut self, number: u32) -> Vec<Step> {
        self.bodies.remove(&number);
        self.shared.borrow_mut().is_done.remove(&number);
        self.advance()
    }

    /// Continues every request until nothing happens any more: the end of one may be the turn of another.
    fn advance(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        loop {
            let mut context = Context::from_waker(Waker::noop());
            let before = steps.len();
            self.bodies.retain(|number, body| match body.as_mut().poll(&mut context) {
                Poll::Ready(body) => {
                    self.shared.borrow_mut().is_done.remove(number);
                    steps.push(Step::Body { number: *number, body });
                    false
                }
                Poll::Pending => true,
            });
            let begun = std::mem::take(&mut self.shared.borrow_mut().begun);
            steps.extend(begun.into_iter().map(|(number, takes)| Step::Works { number, takes }));
            if steps.len() == before {
                return steps;
            }
        }
    }
}

/// Ready when the work on a request is done.
struct Work {
    number: u32,
    shared: Rc<RefCell<Shared>>,
}

impl Future for Work {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let is_done = self.shared.borrow().is_done.get(&self.number).copied().unwrap_or(true);
        if is_done { Poll::Ready(()) } else { Poll::Pending }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(path: &str) -> Request<'_> {
        Request { method: "GET", path, body: b"" }
    }

    fn kinds(steps: &[Step]) -> Vec<String> {
        let kind = |step: &Step| match step {
            Step::Response { number, reply } => format!("{number} status {}", reply.status),
            Step::Works { number, takes } => format!("{number} works {} ms", takes.as_millis()),
            Step::Body { number, body } => format!("{number} body {}", !body.is_empty()),
        };
        steps.iter().map(kind).collect()
    }

    #[test]
    fn requests_queue_for_the_capacity() {
        let mut server = SteppedServer::default();
        let path = "s/latency=100,capacity=1/v2/models/mlp-16";
        assert_eq!(kinds(&server.begin(1, get(path))), ["1 status 200", "1 works 100 ms"]);
        assert_eq!(kinds(&server.begin(2, get(path))), ["2 status 200"]);
        assert_eq!(kinds(&server.begin(3, get(path))), ["3 status 200"]);
        assert_eq!(kinds(&server.wake(1)), ["1 body true", "2 works 100 ms"]);
        // The client of the second one leaves while it is served.
        assert_eq!(kinds(&server.abort(2)), ["3 works 100 ms"]);
        assert_eq!(kinds(&server.wake(2)), [""; 0]);
        assert_eq!(kinds(&server.wake(3)), ["3 body true"]);
    }

    #[test]
    fn some_requests_are_answered_at_once_and_some_never() {
        let mut server = SteppedServer::default();
        assert_eq!(kinds(&server.begin(1, get("v2"))), ["1 status 200", "1 body true"]);
        assert_eq!(kinds(&server.begin(2, get("no/such/path"))), ["2 status 404", "2 body true"]);
        let hangs = "s/latency=10,fail=1,kinds=hang/v2/models/mlp-16";
        assert_eq!(kinds(&server.begin(3, get(hangs))), ["3 status 200", "3 works 10 ms"]);
        assert_eq!(kinds(&server.wake(3)), [""; 0]);
        let stats = |steps: Vec<Step>| match steps.last() {
            Some(Step::Body { body, .. }) => String::from_utf8(body.clone()).expect("it is JSON"),
            other => panic!("{other:?}"),
        };
        assert!(stats(server.begin(4, get("stats"))).contains("\"in_flight\":1"));
        assert_eq!(kinds(&server.abort(3)), [""; 0]);
        assert!(stats(server.begin(5, get("stats"))).contains("\"in_flight\":0"));
    }
}
