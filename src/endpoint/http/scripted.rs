//! [`Scripted`]: a transport that answers as a test says, on a run's clock.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use futures::future::LocalBoxFuture;
use futures::stream;

use crate::endpoint::http::{Body, Headers, HttpError, LocalNetwork, Request, Response, Transport};
use crate::runtime::Run;

/// The answer to one request: when the headers come, and which chunks follow.
#[derive(Clone, Debug)]
pub struct Answer {
    delay: Duration,
    head: Result<(u16, Headers), HttpError>,
    chunks: Vec<(Duration, Vec<u8>)>,
    is_lost: bool,
}

impl Answer {
    /// A response with this status and no body.
    #[must_use]
    pub fn new(status: u16) -> Self {
        Self { delay: Duration::ZERO, head: Ok((status, Headers::default())), chunks: Vec::new(), is_lost: false }
    }

    /// No response, but an error.
    #[must_use]
    pub fn from_error(error: HttpError) -> Self {
        Self { head: Err(error), ..Self::new(0) }
    }

    /// Adds a header to the response. `content-length` announces the length of the body.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        if let Ok((_, headers)) = &mut self.head {
            headers.add(name, value);
        }
        self
    }

    /// Sets the time from the request to the headers, or to the error.
    #[must_use]
    pub fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Adds a chunk, this long after what comes before it.
    #[must_use]
    pub fn with_chunk(mut self, delay: Duration, bytes: impl Into<Vec<u8>>) -> Self {
        self.chunks.push((delay, bytes.into()));
        self
    }

    /// Adds a chunk at once.
    #[must_use]
    pub fn with_body(self, bytes: impl Into<Vec<u8>>) -> Self {
        self.with_chunk(Duration::ZERO, bytes)
    }

    /// Lets the connection end after the last chunk, before the end of the body.
    #[must_use]
    pub fn with_lost_connection(mut self) -> Self {
        self.is_lost = true;
        self
    }
}

/// Answers each request with the [`Answer`] of a function. It records the requests, and counts those under way. Clones
/// share both.
#[derive(Clone)]
pub struct Scripted {
    run: Run,
    answer: Rc<dyn Fn(&Request) -> Answer>,
    requests: Rc<RefCell<Vec<Request>>>,
    under_way: Rc<Cell<usize>>,
    /// The result of [`Transport::is_reachable`]; false at first.
    pub is_reachable: bool,
    /// True if [`Transport::is_reachable`] never ends.
    pub never_answers: bool,
    /// The result of [`Transport::is_from_https`]; false at first.
    pub is_from_https: bool,
    /// The result of [`Transport::local_network`]; unknown at first.
    pub local_network: LocalNetwork,
}

impl Scripted {
    /// A transport with these answers.
    #[must_use]
    pub fn new(run: &Run, answer: impl Fn(&Request) -> Answer + 'static) -> Self {
        Self {
            run: run.clone(),
            answer: Rc::new(answer),
            requests: Rc::default(),
            under_way: Rc::default(),
            is_reachable: false,
            never_answers: false,
            is_from_https: false,
            local_network: LocalNetwork::Unknown,
        }
    }

    /// The requests so far, in the order in which they were sent.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.requests.borrow().clone()
    }

    /// The number of requests whose response is neither complete nor aborted.
    #[must_use]
    pub fn under_way(&self) -> usize {
        self.under_way.get()
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scripted").field("requests", &self.requests).finish_non_exhaustive()
    }
}

impl Transport for Scripted {
    fn send(&self, request: Request) -> LocalBoxFuture<'_, Result<Response, HttpError>> {
        Box::pin(async move {
            let guard = UnderWay::enter(&self.under_way);
            let Answer { delay, head, chunks, is_lost } = (self.answer)(&request);
            let url = request.url.clone();
            self.requests.borrow_mut().push(request);
            pause(&self.run, delay).await;
            let (status, headers) = head?;
            let announced_bytes = headers.get("content-length").and_then(|length| length.parse().ok());
            let lost = is_lost.then(|| (Duration::ZERO, Err(HttpError::ConnectionLost { url: url.clone() })));
            let steps = chunks.into_iter().map(|(delay, bytes)| (delay, Ok(bytes))).chain(lost);
            let chunks = stream::unfold((self.run.clone(), steps, guard), async |(run, mut steps, guard)| {
                let (delay, chunk) = steps.next()?;
                pause(&run, delay).await;
                Some((chunk, (run, steps, guard)))
            });
            Ok(Response { status, headers, body: Body::new(url, announced_bytes, chunks) })
        })
    }

    fn is_reachable(&self, _url: String) -> LocalBoxFuture<'_, bool> {
        if self.never_answers {
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(self.is_reachable))
    }

    fn is_from_https(&self) -> bool {
        self.is_from_https
    }

    fn local_network(&self, _url: &str) -> LocalBoxFuture<'_, LocalNetwork> {
        Box::pin(std::future::ready(self.local_network))
    }

    /// Half a minute before the example date of RFC 9110, plus the run's time.
    fn unix_time(&self) -> Duration {
        Duration::from_secs(784_111_777 - 30) + self.run.now()
    }
}

async fn pause(run: &Run, delay: Duration) {
    if !delay.is_zero() {
        run.sleep(delay).await;
    }
}

/// Counts a request as under way until it is dropped.
struct UnderWay(Rc<Cell<usize>>);

impl UnderWay {
    fn enter(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get() + 1);
        Self(Rc::clone(count))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}
