//! [`Network`]: sends the requests of a program, if it may, and gives it the responses.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{AbortHandle, abortable};
use inference::server::REQUEST_NAME_HEADER;
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::MessagePort;

use super::hosts::{self, Hosts, Origin, SharedHosts, Simulation, Site, Verdict};
use super::message::{NetworkMessage, ProgramRequest};
use crate::endpoint::http::{Browser, Client, HttpError, Method, ParsedUrl, Request, Response};
use crate::endpoint::model_server;
use crate::measure::units;
use crate::runtime::Run;

/// The maximum size of a response's body, in bytes.
const MOST_RESPONSE_BYTES: usize = 64 << 20;

/// The maximum number of questions and requests in a run, and of requests at once. A program can send any number of messages.
const MOST_REQUESTS: u32 = 1_000_000;
const MOST_AT_ONCE: usize = 1_000;

/// The maximum size of the bodies of all requests at once, and of all responses of a run, in bytes.
const MOST_BODIES_BYTES: usize = 128 << 20;
const MOST_RUN_BYTES: usize = 512 << 20;

/// Headers that belong to the connection, or that a browser writes itself. With them, a request would need the server's
/// permission (a preflight).
const NOT_SENT: [&str; 9] = [
    "accept-encoding",
    "connection",
    "content-length",
    "cookie",
    "expect",
    "host",
    "transfer-encoding",
    "user-agent",
    REQUEST_NAME_HEADER,
];

/// The requests of a program. Dropping it aborts them.
pub(super) struct Network {
    port: MessagePort,
    site: Option<Site>,
    hosts: SharedHosts,
    in_flight: Rc<RefCell<HashMap<u32, InFlight>>>,
    requests: Cell<u32>,
    /// The size of all responses so far, in bytes.
    received_bytes: Rc<Cell<usize>>,
    /// True once the model server has answered.
    has_model_server: Rc<Cell<bool>>,
    /// The number of requests to each server whose responses are simulated.
    simulated: RefCell<BTreeMap<Origin, u32>>,
    /// Those servers that were not taken yet.
    newly_simulated: RefCell<Vec<Origin>>,
}

/// A request that has not been answered completely.
struct InFlight {
    abort: AbortHandle,
    body_bytes: usize,
}

/// A request and its destination.
enum Destination {
    ModelServer(Request),
    Server(Request),
    /// The page answers.
    Simulation {
        simulation: Simulation,
        method: Method,
        /// The number of the request among those to this server, counted from 0.
        number: u32,
    },
}

impl Network {
    /// For a program in the worker at the other end of this port.
    pub(super) fn new(port: &MessagePort) -> Self {
        let hosts = hosts::current();
        hosts::edit(&hosts, Hosts::begin_run);
        Self {
            port: port.clone(),
            site: site(),
            hosts,
            in_flight: Rc::default(),
            requests: Cell::new(0),
            received_bytes: Rc::default(),
            has_model_server: Rc::default(),
            simulated: RefCell::default(),
            newly_simulated: RefCell::default(),
        }
    }

    /// The servers whose responses are simulated since the last call.
    pub(super) fn take_simulated(&self) -> Vec<Origin> {
        self.newly_simulated.take()
    }

    /// Does what a message of the program asks for.
    pub(super) fn take(&self, message: NetworkMessage) {
        match message {
            NetworkMessage::Connect { number, host, port } => self.connect(number, &host, port),
            NetworkMessage::Request(request) => self.request(request),
            NetworkMessage::Abort { number } => self.abort(number),
        }
    }

    /// True if the program has not sent too many messages.
    fn counts(&self) -> bool {
        self.requests.set(self.requests.get().saturating_add(1));
        self.requests.get() <= MOST_REQUESTS
    }

    /// Answers if requests to this host may be sent.
    fn connect(&self, number: u32, host: &str, port: u16) {
        let answers = Answers::new(&self.port, number);
        if !self.counts() {
            return answers.fail(TOO_MANY);
        }
        // The name as a browser writes it. An IPv6 address is in brackets in a URL.
        let in_url = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
        let written = ParsedUrl::new(&format!("http://{in_url}:{port}/"), None).map(|url| url.part("hostname"));
        let result = match (&self.site, written) {
            (Some(site), Some(host)) => hosts::edit(&self.hosts, |hosts| hosts.connect(site, &host, port))
                .map_err(|refusal| refusal.to_string()),
            _ => Err(format!("`{host}` is not the name of a host")),
        };
        match result {
            Ok(()) => answers.send("open", &[]),
            Err(why) => answers.fail(&why),
        }
    }

    /// Sends a request, if the program may.
    fn request(&self, request: ProgramRequest) {
        let answers = Answers::new(&self.port, request.number);
        let (number, body_bytes) = (request.number, request.body.len());
        let is_known = self.in_flight.borrow().contains_key(&number);
        let all_bytes = self.in_flight.borrow().values().map(|it| it.body_bytes).sum::<usize>() + body_bytes;
        let is_full = self.in_flight.borrow().len() >= MOST_AT_ONCE || all_bytes > MOST_BODIES_BYTES;
        if !self.counts() || is_known || is_full {
            return answers.fail(TOO_MANY);
        }
        match self.prepared(request) {
            Err(why) => answers.fail(&why),
            Ok(destination) => {
                let in_flight = Rc::clone(&self.in_flight);
                let (received, has_server) = (Rc::clone(&self.received_bytes), Rc::clone(&self.has_model_server));
                let (sending, abort) = abortable(async move {
                    let result = match destination {
                        Destination::ModelServer(request) => {
                            ask_model_server(request, &has_server, &received, &answers).await
                        }
                        Destination::Server(request) => carry(request, &received, &answers).await,
                        Destination::Simulation { simulation, method, number } => {
                            simulate(&simulation, method, number, &answers).await;
                            Ok(())
                        }
                    };
                    if let Err(why) = result {
                        answers.fail(&why);
                    }
                    in_flight.borrow_mut().remove(&number);
                });
                self.in_flight.borrow_mut().insert(number, InFlight { abort, body_bytes });
                spawn_local(async {
                    // An error says that it was aborted.
                    let _ = sending.await;
                });
            }
        }
    }

    /// The program does not wait for this answer any more.
    fn abort(&self, number: u32) {
        if let Some(request) = self.in_flight.borrow_mut().remove(&number) {
            request.abort.abort();
        }
    }

    fn prepared(&self, request: ProgramRequest) -> Result<Destination, String> {
        let ProgramRequest { method, url, headers, body, .. } = request;
        let invalid = || HttpError::InvalidUrl { url: url.clone() }.to_string();
        let (Some(site), Some(parsed)) = (&self.site, ParsedUrl::new(&url, None)) else { return Err(invalid()) };
        let origin = origin(&parsed).ok_or_else(invalid)?;
        let target = parsed.part("pathname") + &parsed.part("search");
        let verdict = hosts::edit(&self.hosts, |hosts| hosts.request(site, origin.clone(), &target));
        let method = Method::parse(&method).ok_or_else(|| {
            format!("the page sends only GET, HEAD, POST, PUT, PATCH and DELETE requests for a program, not `{method}`")
        })?;
        let (url, is_for_model_server) = match verdict {
            Verdict::ModelServer(path) => (path, true),
            // As it was checked.
            Verdict::Allowed => (parsed.part("href"), false),
            Verdict::Simulated(simulation) => {
                let mut simulated = self.simulated.borrow_mut();
                let requests = simulated.entry(origin.clone()).or_default();
                if *requests == 0 {
                    self.newly_simulated.borrow_mut().push(origin);
                }
                *requests += 1;
                return Ok(Destination::Simulation { simulation, method, number: *requests - 1 });
            }
            Verdict::Refused(refusal) => return Err(refusal.to_string()),
        };
        if !body.is_empty() && matches!(method, Method::Get | Method::Head) {
            return Err(format!("a browser does not send a body with a {method} request"));
        }
        let headers = headers.into_iter().filter(|(name, _)| !NOT_SENT.contains(&&*name.to_ascii_lowercase()));
        let request = Request {
            method,
            headers: headers.collect(),
            body: (!body.is_empty()).then_some(body),
            follows_redirects: false,
            has_credentials: false,
            ..Request::get(url)
        };
        Ok(if is_for_model_server { Destination::ModelServer(request) } else { Destination::Server(request) })
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        hosts::edit(&self.hosts, Hosts::end_run);
        for request in self.in_flight.borrow_mut().drain().map(|(_, request)| request) {
            request.abort.abort();
        }
    }
}

/// Starts the page's own model server if necessary, and does the same as [`carry`].
async fn ask_model_server(
    request: Request,
    has_server: &Cell<bool>,
    received: &Cell<usize>,
    answers: &Answers,
) -> Result<(), String> {
    if !has_server.get() {
        model_server::start().await.map_err(|error| error.to_string())?;
        has_server.set(true);
        // The start is not part of the time that the response takes.
        answers.sent_at.set(answers.clock.now());
    }
    carry(request, received, answers).await
}

/// Answers in place of a server.
async fn simulate(simulation: &Simulation, method: Method, number: u32, answers: &Answers) {
    answers.clock.sleep(Duration::from_millis(simulation.latency_ms.into())).await;
    let (status, body) = if simulation.fails(number) { (503, "simulated failure") } else { (200, &*simulation.body) };
    let kind = if body.trim_start().starts_with(['{', '[']) { "application/json" } else { "text/plain; charset=utf-8" };
    let headers = Array::of1(&Array::of2(&"content-type".into(), &kind.into()));
    answers.send("response", &[("status", status.into()), ("headers", headers.into())]);
    // The response to a `HEAD` request has no body.
    if method != Method::Head {
        answers.send("chunk", &[("content", Uint8Array::from(body.as_bytes()).buffer().into())]);
    }
    answers.send("end", &[]);
}

/// Sends a request and passes on its response. `received` counts the bytes of all responses. An error is the reason in words.
async fn carry(request: Request, received: &Cell<usize>, answers: &Answers) -> Result<(), String> {
    let url = request.url.clone();
    let in_words = |error: HttpError| match error {
        HttpError::Redirected { url } => {
            format!("`{url}` redirects, and a browser does not show where to. Use the address to which it leads")
        }
        // Without another request, which would find out which of the two it is, but could be redirected to any host.
        HttpError::Unreachable { url } => format!(
            "`{url}` cannot be reached, or it accepts no requests from a browser (CORS). In the second case, its responses \
             can be simulated below the program"
        ),
        error => error.to_string(),
    };
    // A query may contain keys.
    let fail = |error: HttpError| in_words(error).replace(&url, url.split('?').next().unwrap_or_default());
    let client = Client::new(&answers.clock, Browser);
    let Response { status, headers, body } = client.send_without_own_headers(request).await.map_err(fail)?;
    let too_large =
        |size_bytes| fail(HttpError::TooLarge { url: url.clone(), limit_bytes: MOST_RESPONSE_BYTES, size_bytes });
    if let Some(bytes) = body.announced_bytes().filter(|bytes| *bytes > MOST_RESPONSE_BYTES) {
        return Err(too_large(bytes));
    }
    let pairs = headers.iter().map(|(name, value)| Array::of2(&name.into(), &value.into()));
    answers.send("response", &[("status", status.into()), ("headers", pairs.collect::<Array>().into())]);
    let (mut chunks, mut size_bytes) = (body.chunks(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(fail)?;
        size_bytes += chunk.len();
        received.set(received.get() + chunk.len());
        if size_bytes > MOST_RESPONSE_BYTES {
            return Err(too_large(size_bytes));
        }
        if received.get() > MOST_RUN_BYTES {
            return Err(format!("the responses of this run are larger than {}", units::size(MOST_RUN_BYTES as u64)));
        }
        answers.send("chunk", &[("content", Uint8Array::from(&*chunk).buffer().into())]);
    }
    answers.send("end", &[]);
    Ok(())
}

/// The program has sent more than it needs.
const TOO_MANY: &str = "the program sends more requests than the page allows";

/// The answers to one question of the program.
struct Answers {
    port: MessagePort,
    number: u32,
    clock: Run,
    sent_at: Cell<Duration>,
}

impl Answers {
    fn new(port: &MessagePort, number: u32) -> Self {
        let clock = Run::for_page();
        Self { port: port.clone(), number, sent_at: Cell::new(clock.now()), clock }
    }

    fn send(&self, kind: &str, content: &[(&str, JsValue)]) {
        let message = Object::new();
        let after_ms = self.clock.now().saturating_sub(self.sent_at.get()).as_secs_f64() * 1e3;
        let fields = [
            ("type", "answer".into()),
            ("number", self.number.into()),
            ("after_ms", after_ms.into()),
            ("kind", kind.into()),
        ];
        for (name, value) in fields.iter().chain(content) {
            // Setting a property of a new object never fails.
            let _ = Reflect::set(&message, &(*name).into(), value);
        }
        // It fails if the worker has been ended: then nobody waits for it.
        let _ = self.port.post_message(&message);
    }

    fn fail(&self, why: &str) {
        self.send("failed", &[("why", why.into())]);
    }
}

/// The place of the site.
fn site() -> Option<Site> {
    let url = ParsedUrl::of_page(".")?;
    Some(Site { origin: origin(&url)?, path: url.part("pathname") })
}

fn origin(url: &ParsedUrl) -> Option<Origin> {
    let scheme = url.part("protocol");
    let scheme = scheme.trim_end_matches(':');
    let usual = match scheme {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    let port = url.part("port");
    let port = if port.is_empty() { usual } else { port.parse().ok()? };
    Some(Origin::new(scheme, &url.part("hostname"), port))
}
