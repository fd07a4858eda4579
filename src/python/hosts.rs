//! [`Hosts`]: the servers to which a reader's program may send requests.
//!
//! A program may always ask the page's own model server, and nothing else of the site. Any other server it may ask after
//! the reader has allowed it, by scheme, host and port, for this program in this visit.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::rc::Rc;

use crate::endpoint::model_server;

/// Scheme, host and port of a server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    /// An origin whose host is written as in a normalized URL.
    #[must_use]
    pub fn new(scheme: &str, host: &str, port: u16) -> Self {
        Self { scheme: scheme.to_owned(), host: host.to_owned(), port }
    }

    /// The origin of a server whose scheme is not known yet.
    #[must_use]
    pub fn of_connection(host: &str, port: u16) -> Self {
        Self::new(if port == 443 { "https" } else { "http" }, host, port)
    }

    fn has_address(&self, host: &str, port: u16) -> bool {
        self.host == host && self.port == port
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, port } = self;
        match (&**scheme, port) {
            ("http", 80) | ("https", 443) => write!(f, "{scheme}://{host}"),
            _ => write!(f, "{scheme}://{host}:{port}"),
        }
    }
}

/// The responses that the page gives in place of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// The time until a response, in milliseconds.
    pub latency_ms: u32,
    /// The share of requests that get status 503, in percent.
    pub failures_percent: u32,
    /// The body of the other responses.
    pub body: String,
}

impl Default for Simulation {
    fn default() -> Self {
        Self { latency_ms: 200, failures_percent: 0, body: "{}".to_owned() }
    }
}

impl Simulation {
    /// True if the request with this number, counted from 0, fails. Failures are spread evenly.
    #[must_use]
    pub fn fails(&self, number: u32) -> bool {
        let failures = |requests: u32| u64::from(requests) * u64::from(self.failures_percent.min(100)) / 100;
        failures(number.saturating_add(1)) > failures(number)
    }
}

/// The place of the site, as a browser normalizes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// The site's origin.
    pub origin: Origin,
    /// The path of the site, which begins and ends with a slash.
    pub path: String,
}

/// The decision about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is for the page's own model server. Contains the path relative to the site.
    ModelServer(String),
    /// It is for a server that the reader has allowed.
    Allowed,
    /// The page answers in place of the server.
    Simulated(Simulation),
    /// It is not sent.
    Refused(Refusal),
}

/// The reason why a request is not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The reader has not allowed the server.
    #[error("this page does not let the program send requests to {0} yet. Allow it below the program, and run again")]
    NotAllowed(Origin),
    /// It is for another part of the site.
    #[error("of this site, a program can only use the model server, whose addresses begin with {0}")]
    OwnSite(String),
}

/// The servers that the reader has allowed, and those that the program wanted to use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    allowed: BTreeSet<Origin>,
    simulated: BTreeMap<Origin, Simulation>,
    /// In the order of the requests, so that a running program cannot move a button under the pointer.
    refused: Vec<Origin>,
    /// Those of them that the current run has not been refused so far.
    stale: Vec<Origin>,
}

type Listener = Rc<dyn Fn(Hosts)>;

/// The servers of one program. A run keeps those of its program, also after the reader has opened another one.
pub type SharedHosts = Rc<RefCell<Hosts>>;

thread_local! {
    static CURRENT: RefCell<SharedHosts> = RefCell::default();
    static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
}

/// Sets the function that is called when the servers of the open program change.
pub fn set_listener(listener: Option<Listener>) {
    LISTENER.set(listener);
}

/// The servers of the program that is open.
#[must_use]
pub fn current() -> SharedHosts {
    CURRENT.with_borrow(Rc::clone)
}

/// Another program is open: nothing is allowed for it yet.
pub fn renew() {
    CURRENT.set(SharedHosts::default());
    tell(&current());
}

/// Changes the servers of a program.
pub fn edit<T>(hosts: &SharedHosts, edit: impl FnOnce(&mut Hosts) -> T) -> T {
    let before = hosts.borrow().clone();
    let result = edit(&mut hosts.borrow_mut());
    if before != *hosts.borrow() && Rc::ptr_eq(hosts, &current()) {
        tell(hosts);
    }
    result
}

fn tell(hosts: &SharedHosts) {
    if let Some(listener) = LISTENER.with_borrow(Clone::clone) {
        listener(hosts.borrow().clone());
    }
}

/// The number of refused servers that are remembered. A program can name any number.
const MOST_REFUSED: usize = 20;

/// The maximum length of the name of a host (RFC 1035, section 2.3.4), in characters.
const LONGEST_HOST: usize = 253;

impl Hosts {
    /// The servers that the reader has allowed.
    pub fn allowed(&self) -> impl Iterator<Item = &Origin> {
        self.allowed.iter()
    }

    /// The servers whose responses are simulated.
    pub fn simulated(&self) -> impl Iterator<Item = (&Origin, &Simulation)> {
        self.simulated.iter()
    }

    /// The servers to which the program wanted to send requests, and that were refused.
    pub fn refused(&self) -> impl Iterator<Item = &Origin> {
        self.refused.iter()
    }

    /// The reader allows a server.
    pub fn allow(&mut self, origin: Origin) {
        self.refused.retain(|refused| *refused != origin);
        self.simulated.remove(&origin);
        self.allowed.insert(origin);
    }

    /// The page answers in place of a server.
    pub fn simulate(&mut self, origin: Origin, simulation: Simulation) {
        self.refused.retain(|refused| *refused != origin);
        self.allowed.remove(&origin);
        self.simulated.insert(origin, simulation);
    }

    /// The reader neither allows a server nor simulates it any more.
    pub fn forbid(&mut self, origin: &Origin) {
        self.allowed.remove(origin);
        self.simulated.remove(origin);
    }

    /// A run begins. Until it ends, the reader still sees what the run before was refused.
    pub fn begin_run(&mut self) {
        self.stale = self.refused.clone();
    }

    /// A run has ended: forgets what only earlier runs were refused.
    pub fn end_run(&mut self) {
        let stale = std::mem::take(&mut self.stale);
        self.refused.retain(|origin| !stale.contains(origin));
    }

    /// Decides if the program may open a connection. The scheme that it will use is not known yet.
    ///
    /// # Errors
    ///
    /// The reason why not.
    pub fn connect(&mut self, site: &Site, host: &str, port: u16) -> Result<(), Refusal> {
        let is_known = |origin: &Origin| origin.has_address(host, port);
        if is_known(&site.origin) || self.allowed.iter().chain(self.simulated.keys()).any(is_known) {
            return Ok(());
        }
        Err(self.refuse(Origin::of_connection(host, port)))
    }

    /// Decides about a request to this origin, with this path and query as a browser normalizes them.
    pub fn request(&mut self, site: &Site, origin: Origin, target: &str) -> Verdict {
        if origin == site.origin {
            let path = target.strip_prefix(&*site.path).filter(|path| path.starts_with(model_server::PATH));
            let refusal = || Refusal::OwnSite(format!("{}{}{}", site.origin, site.path, model_server::PATH));
            return path.map_or_else(|| Verdict::Refused(refusal()), |path| Verdict::ModelServer(path.to_owned()));
        }
        if let Some(simulation) = self.simulated.get(&origin) {
            return Verdict::Simulated(simulation.clone());
        }
        if self.allowed.contains(&origin) { Verdict::Allowed } else { Verdict::Refused(self.refuse(origin)) }
    }

    fn refuse(&mut self, origin: Origin) -> Refusal {
        self.stale.retain(|stale| *stale != origin);
        let is_new = !self.refused.contains(&origin) && origin.host.len() <= LONGEST_HOST;
        if is_new && self.refused.len() < MOST_REFUSED {
            self.refused.push(origin.clone());
        }
        Refusal::NotAllowed(origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site() -> Site {
        Site { origin: Origin::new("https", "host.example", 443), path: "/interleave/".to_owned() }
    }

    fn other() -> Origin {
        Origin::new("http", "localhost", 8000)
    }

    #[test]
    fn of_the_site_only_the_model_server_gets_requests() {
        let mut hosts = Hosts::default();
        let mut ask = |target: &str| hosts.request(&site(), site().origin, target);
        assert_eq!(ask("/interleave/api/v2?id=7"), Verdict::ModelServer("api/v2?id=7".to_owned()));
        for target in ["/interleave/", "/interleave/api", "/api/v2", "/interleave/apiary/", "/", "/interleave/x/api/"] {
            assert!(matches!(ask(target), Verdict::Refused(Refusal::OwnSite(_))), "{target}");
        }
        // Allowing the site itself does not change that.
        hosts.allow(site().origin);
        assert!(matches!(hosts.request(&site(), site().origin, "/"), Verdict::Refused(Refusal::OwnSite(_))));
    }

    #[test]
    fn another_server_gets_requests_once_it_is_allowed() {
        let mut hosts = Hosts::default();
        let refused = Refusal::NotAllowed(other());
        assert_eq!(hosts.connect(&site(), "localhost", 8000), Err(refused.clone()));
        assert_eq!(hosts.request(&site(), other(), "/v2"), Verdict::Refused(refused));
        assert_eq!(hosts.refused().cloned().collect::<Vec<_>>(), [other()]);
        hosts.allow(other());
        assert_eq!(hosts.refused().count(), 0);
        assert_eq!(hosts.connect(&site(), "localhost", 8000), Ok(()));
        assert_eq!(hosts.request(&site(), other(), "/v2"), Verdict::Allowed);
        for another in [
            Origin::new("https", "localhost", 8000),
            Origin::new("http", "localhost", 8001),
            Origin::new("http", "a", 80),
        ] {
            assert!(matches!(hosts.request(&site(), another, "/v2"), Verdict::Refused(Refusal::NotAllowed(_))));
        }
        hosts.forbid(&other());
        assert!(hosts.connect(&site(), "localhost", 8000).is_err());
    }

    #[test]
    fn a_server_can_be_simulated_instead() {
        let mut hosts = Hosts::default();
        hosts.allow(other());
        let simulation = Simulation { failures_percent: 25, ..Simulation::default() };
        hosts.simulate(other(), simulation.clone());
        assert_eq!(hosts.connect(&site(), "localhost", 8000), Ok(()));
        assert_eq!(hosts.request(&site(), other(), "/v2"), Verdict::Simulated(simulation.clone()));
        let failed: Vec<u32> = (0..8).filter(|number| simulation.fails(*number)).collect();
        assert_eq!(failed, [3, 7]);
        hosts.allow(other());
        assert_eq!(hosts.request(&site(), other(), "/v2"), Verdict::Allowed);
        assert_eq!((hosts.simulated().count(), hosts.allowed().count()), (0, 1));
        let share = |failures_percent| Simulation { failures_percent, ..Simulation::default() };
        assert_eq!((0..100).filter(|number| share(0).fails(*number)).count(), 0);
        assert_eq!((0..100).filter(|number| share(1_000).fails(*number)).count(), 100);
    }

    #[test]
    fn refused_servers_are_shown_until_a_run_ends_without_them() {
        let mut hosts = Hosts::default();
        let refused = |hosts: &Hosts| hosts.refused().map(Origin::to_string).collect::<Vec<_>>();
        hosts.begin_run();
        let _ = hosts.connect(&site(), "a.example", 80);
        let _ = hosts.connect(&site(), "b.example", 80);
        hosts.end_run();
        hosts.begin_run();
        assert_eq!(refused(&hosts), ["http://a.example", "http://b.example"]);
        let _ = hosts.connect(&site(), "b.example", 80);
        hosts.end_run();
        assert_eq!(refused(&hosts), ["http://b.example"]);
    }

    #[test]
    fn a_program_cannot_fill_the_list() {
        let mut hosts = Hosts::default();
        for port in 1..100 {
            let _ = hosts.connect(&site(), "host.example", port);
        }
        assert_eq!(hosts.refused().count(), MOST_REFUSED);
    }

    #[test]
    fn usual_ports_are_left_out() {
        assert_eq!(Origin::of_connection("a.example", 443).to_string(), "https://a.example");
        assert_eq!(Origin::of_connection("a.example", 80).to_string(), "http://a.example");
        assert_eq!(other().to_string(), "http://localhost:8000");
    }
}
