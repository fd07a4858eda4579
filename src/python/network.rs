//! [`Network`]: sends the requests of a program, if it may, and gives it the responses.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{AbortHandle, abortable};
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::MessagePort;

use super::hosts::{self, Hosts, Origin, Simulation, Site, Verdict};
use super::message::{NetworkMessage, ProgramRequest};
use crate::endpoint::http::{Browser, Client, HttpError, Method, ParsedUrl, Request, Response};
use crate::endpoint::model_server;
use crate::runtime::Run;

/// The maximum size of a response's body, in bytes.
const MOST_RESPONSE_BYTES: usize = 64 << 20;

/// The maximum number of requests in a run, and at once. A program can send any number of messages.
const MOST_REQUESTS: u32 = 1_000_000;
const MOST_AT_ONCE: usize = 10_000;

/// Headers that belong to the connection, or that a browser writes itself. With them, a request would need the server's
/// permission (a preflight).
const NOT_SENT: [&str; 8] =
    ["accept-encoding", "connection", "content-length", "cookie", "expect", "host", "transfer-encoding", "user-agent"];

/// The requests of a program. Dropping it aborts them.
pub(super) struct Network {
    port: MessagePort,
    site: Option<Site>,
    in_flight: Rc<RefCell<HashMap<u32, AbortHandle>>>,
    requests: Cell<u32>,
    simulated: RefCell<BTreeSet<Origin>>,
}

/// What is sent, and to whom.
enum Destination {
    ModelServer(Request),
    Server(Request),
    /// The page answers. Contains the number of the request in this run.
    Simulation(Simulation, u32),
}

impl Network {
    /// For a program in the worker at the other end of this port.
    pub(super) fn new(port: &MessagePort) -> Self {
        hosts::edit(Hosts::forget_refused);
        Self {
            port: port.clone(),
            site: site(),
            in_flight: Rc::default(),
            requests: Cell::new(0),
            simulated: RefCell::default(),
        }
    }

    /// The servers whose responses were simulated so far.
    pub(super) fn simulated(&self) -> Vec<String> {
        self.simulated.borrow().iter().map(Origin::to_string).collect()
    }

    /// Does what a message of the program asks for.
    pub(super) fn take(&self, message: NetworkMessage) {
        match message {
            NetworkMessage::Connect { number, host, port } => self.connect(number, &host, port),
            NetworkMessage::Request(request) => self.request(request),
            NetworkMessage::Abort { number } => self.abort(number),
        }
    }

    /// Answers if requests to this host may be sent.
    fn connect(&self, number: u32, host: &str, port: u16) {
        let answers = Answers::new(&self.port, number);
        // The name as a browser writes it.
        let written = ParsedUrl::new(&format!("http://{host}:{port}/"), None).map(|url| url.part("hostname"));
        let result = match (&self.site, written) {
            (Some(site), Some(host)) => {
                hosts::edit(|hosts| hosts.connect(site, &host, port)).map_err(|refusal| refusal.to_string())
            }
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
        self.requests.set(self.requests.get() + 1);
        if self.requests.get() > MOST_REQUESTS || self.in_flight.borrow().len() >= MOST_AT_ONCE {
            return answers.fail("a program in the page cannot send more requests");
        }
        let number = request.number;
        match self.prepared(request) {
            Err(why) => answers.fail(&why),
            Ok(destination) => {
                let in_flight = Rc::clone(&self.in_flight);
                let (sending, abort) = abortable(async move {
                    let result = match destination {
                        Destination::ModelServer(request) => ask_model_server(request, &answers).await,
                        Destination::Server(request) => carry(request, &answers).await,
                        Destination::Simulation(simulation, number) => {
                            simulate(&simulation, number, &answers).await;
                            Ok(())
                        }
                    };
                    if let Err(why) = result {
                        answers.fail(&why);
                    }
                    in_flight.borrow_mut().remove(&number);
                });
                self.in_flight.borrow_mut().insert(number, abort);
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
            request.abort();
        }
    }

    fn prepared(&self, request: ProgramRequest) -> Result<Destination, String> {
        let ProgramRequest { method, url, headers, body, .. } = request;
        let invalid = || HttpError::InvalidUrl { url: url.clone() }.to_string();
        let (Some(site), Some(parsed)) = (&self.site, ParsedUrl::new(&url, None)) else { return Err(invalid()) };
        let origin = origin(&parsed).ok_or_else(invalid)?;
        let target = parsed.part("pathname") + &parsed.part("search");
        let verdict = hosts::edit(|hosts| hosts.request(site, origin.clone(), &target));
        let (url, is_for_model_server) = match verdict {
            Verdict::ModelServer(path) => (path, true),
            Verdict::Allowed => (url, false),
            Verdict::Simulated(simulation) => {
                self.simulated.borrow_mut().insert(origin);
                return Ok(Destination::Simulation(simulation, self.requests.get() - 1));
            }
            Verdict::Refused(refusal) => return Err(refusal.to_string()),
        };
        let method = Method::parse(&method).ok_or_else(|| format!("a browser does not send `{method}` requests"))?;
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
        for request in self.in_flight.borrow_mut().drain().map(|(_, request)| request) {
            request.abort();
        }
    }
}

/// Starts the page's own model server if necessary, and does the same as [`carry`].
async fn ask_model_server(request: Request, answers: &Answers) -> Result<(), String> {
    model_server::start().await.map_err(|error| error.to_string())?;
    // The start is not part of the time that the response takes.
    answers.sent_at.set(answers.clock.now());
    carry(request, answers).await
}

/// Answers in place of a server.
async fn simulate(simulation: &Simulation, number: u32, answers: &Answers) {
    answers.clock.sleep(Duration::from_millis(simulation.latency_ms.into())).await;
    let (status, body) = if simulation.fails(number) { (503, "simulated failure") } else { (200, &*simulation.body) };
    let kind = if body.trim_start().starts_with(['{', '[']) { "application/json" } else { "text/plain; charset=utf-8" };
    let headers = Array::of1(&Array::of2(&"content-type".into(), &kind.into()));
    answers.send("response", &[("status", status.into()), ("headers", headers.into())]);
    answers.send("chunk", &[("content", Uint8Array::from(body.as_bytes()).buffer().into())]);
    answers.send("end", &[]);
}

/// Sends a request and passes on its response. An error is the reason in words.
async fn carry(request: Request, answers: &Answers) -> Result<(), String> {
    let url = request.url.clone();
    let client = Client::new(&answers.clock, Browser);
    let response = match client.send_without_own_headers(request).await {
        Ok(response) => response,
        Err(HttpError::Redirected { url }) => {
            return Err(format!(
                "`{url}` redirects, and a browser does not show where to. Use the address to which it leads"
            ));
        }
        Err(error) => return Err(client.explain(error, url).await.to_string()),
    };
    let Response { status, headers, body } = response;
    if let Some(bytes) = body.announced_bytes() {
        refuse_large(&url, bytes)?;
    }
    let pairs = headers.iter().map(|(name, value)| Array::of2(&name.into(), &value.into()));
    answers.send("response", &[("status", status.into()), ("headers", pairs.collect::<Array>().into())]);
    let (mut chunks, mut size_bytes) = (body.chunks(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| error.to_string())?;
        size_bytes += chunk.len();
        refuse_large(&url, size_bytes)?;
        answers.send("chunk", &[("content", Uint8Array::from(&*chunk).buffer().into())]);
    }
    answers.send("end", &[]);
    Ok(())
}

fn refuse_large(url: &str, size_bytes: usize) -> Result<(), String> {
    let too_large = HttpError::TooLarge { url: url.to_owned(), limit_bytes: MOST_RESPONSE_BYTES, size_bytes };
    if size_bytes > MOST_RESPONSE_BYTES { Err(too_large.to_string()) } else { Ok(()) }
}

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
