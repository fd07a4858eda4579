//! A static host on this machine: serves the built site under a sub-path, and badly where a test asks for it.
//!
//! It is written on a bare `TcpListener` because the bad answers are the point: a body shorter than announced, an
//! answer that never comes, and word of a client that hangs up first are what an HTTP library keeps from its user. One
//! connection carries one request, so that a closed connection means that one.

mod connection;
mod files;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use files::Files;

use crate::host::{Host, lock};

/// Serves a folder until it is dropped.
#[derive(Debug)]
#[must_use = "dropping it stops it"]
pub struct Server {
    url: String,
    shared: Arc<Shared>,
    _host: Host,
}

/// What to answer instead of the file.
#[derive(Clone, Debug)]
pub enum Replacement {
    /// This status, with a short HTML page.
    Status(u16),
    /// Status 200 with something else.
    Bytes {
        /// The `Content-Type`.
        content_type: &'static str,
        /// The body.
        body: Vec<u8>,
    },
    /// The file, cut after so many bytes; the length announced is the whole file's.
    CutAfter(usize),
    /// The file, but later.
    Late(Duration),
    /// Nothing: the connection stays open until the client closes it.
    Never,
}

/// A request as it arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRequest {
    /// `GET`, mostly.
    pub method: String,
    /// The path as it was sent, from the root of the host, without the query.
    pub path: String,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer is still owed.
    Pending,
    /// Answered in full, with this status.
    Answered(u16),
    /// The answer was cut short on purpose.
    CutShort,
    /// The client closed the connection before it had the answer.
    ClosedByClient,
}

/// Why the site cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The folder is missing or holds no site.
    #[error("there is no `index.html` in `{}`", folder.display())]
    NoSite {
        /// Where it was looked for.
        folder: PathBuf,
    },
    /// There is no port to be had.
    #[error("no port can be opened on this machine")]
    NoPort(#[from] io::Error),
}

impl ServerError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NoSite { .. } => "build the site first with `trunk build --release`, or name its folder in `DIST`",
            Self::NoPort(_) => "allow this program to listen on 127.0.0.1",
        }
    }
}

/// The folder with the built site: the one that the environment variable `DIST` names, else `dist/` in the repository.
#[must_use]
pub fn built_site() -> PathBuf {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist");
    std::env::var_os("DIST").map_or_else(usual, PathBuf::from)
}

impl Server {
    /// Serves `folder` on a free port under `base`, a path that begins and ends with a slash. Everything else is 404.
    ///
    /// # Errors
    ///
    /// When the folder holds no site, or no port is to be had.
    pub fn start(folder: &Path, base: &str) -> Result<Self, ServerError> {
        Self::start_with(Files::new(folder, base))
    }

    /// The same, with all but pictures and weights compressed for clients that take brotli, as good hosts do.
    ///
    /// # Errors
    ///
    /// When the folder holds no site, or no port is to be had.
    pub fn start_compressing(folder: &Path, base: &str) -> Result<Self, ServerError> {
        Self::start_with(Files::new(folder, base).compressed())
    }

    fn start_with(files: Files) -> Result<Self, ServerError> {
        let (folder, base) = (files.folder().to_owned(), files.base().to_owned());
        if !folder.join("index.html").is_file() {
            return Err(ServerError::NoSite { folder });
        }
        let shared = Arc::new(Shared::new(files));
        let host = {
            let shared = Arc::clone(&shared);
            Host::start(move |stream| connection::serve(stream, Arc::clone(&shared)))?
        };
        Ok(Self { url: format!("http://{}{base}", host.address()), shared, _host: host })
    }

    /// The site's address, with the slash at its end.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers requests for `path`, relative to the site, with `reply` from now on.
    pub fn replace(&self, path: &str, reply: Replacement) {
        lock(&self.shared.replies).insert(path.to_owned(), reply);
    }

    /// Answers requests for `path` with the site's own file again.
    pub fn restore(&self, path: &str) {
        lock(&self.shared.replies).remove(path);
    }

    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        lock(&self.shared.requests).clone()
    }

    /// What became of the latest request for `path`, relative to the site.
    #[must_use]
    pub fn outcome_of(&self, path: &str) -> Option<Outcome> {
        let path = format!("{}{path}", self.shared.files.base());
        lock(&self.shared.requests).iter().rfind(|request| request.path == path).map(|request| request.outcome)
    }
}

/// What the owner and the connections both see.
#[derive(Debug)]
struct Shared {
    files: Files,
    replies: Mutex<BTreeMap<String, Replacement>>,
    requests: Mutex<Vec<LoggedRequest>>,
}

impl Shared {
    fn new(files: Files) -> Self {
        Self { files, replies: Mutex::default(), requests: Mutex::default() }
    }

    fn reply_for(&self, relative: &str) -> Option<Replacement> {
        lock(&self.replies).get(relative).cloned()
    }

    /// Notes a request; the number is for [`end`](Self::end).
    fn begin(&self, method: &str, path: &str) -> usize {
        let mut requests = lock(&self.requests);
        requests.push(LoggedRequest { method: method.to_owned(), path: path.to_owned(), outcome: Outcome::Pending });
        requests.len() - 1
    }

    fn end(&self, number: usize, outcome: Outcome) {
        lock(&self.requests)[number].outcome = outcome;
    }
}
