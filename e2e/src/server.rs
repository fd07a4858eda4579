//! A static host on this machine. It serves the built site under a sub-path, and can replace files by bad responses.
//!
//! It uses a plain `TcpListener`, because an HTTP library would not allow the bad responses: a body that is shorter
//! than
//! `Content-Length`, or no response at all. A library would also not report that a client closed the connection early.
//! Each connection carries one request, so the end of a connection cancels exactly one request.

mod connection;
mod files;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use files::Files;

use crate::host::{Host, lock};

/// Serves a folder. Stops listening when dropped.
#[derive(Debug)]
#[must_use = "dropping it stops the server"]
pub struct Server {
    url: String,
    shared: Arc<Shared>,
    _host: Host,
}

/// A response that replaces a file.
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
    /// The file, cut off after this number of bytes. `Content-Length` is that of the whole file.
    CutAfter(usize),
    /// The file, after this delay.
    Late(Duration),
    /// A redirect to this address, relative to the file.
    Redirect(&'static str),
    /// Nothing: the connection stays open until the client closes it.
    Never,
}

/// A request that the server has received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoggedRequest {
    /// The method, usually `GET`.
    pub method: String,
    /// The path as it was sent, from the root of the host, without the query.
    pub path: String,
    /// The outcome.
    pub outcome: Outcome,
}

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not answered yet.
    Pending,
    /// Answered in full, with this status.
    Answered(u16),
    /// The response was cut short on purpose.
    CutShort,
    /// The client closed the connection before it had the response.
    ClosedByClient,
}

/// The reason the site cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The folder is missing or does not contain a site.
    #[error("there is no `index.html` in `{}`", folder.display())]
    NoSite {
        /// The folder.
        folder: PathBuf,
    },
    /// There is no free port.
    #[error("no port can be opened on this machine")]
    NoPort(#[from] io::Error),
}

impl ServerError {
    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::NoSite { .. } => "build the site first with `trunk build --release`, or name its folder in `DIST`",
            Self::NoPort(_) => "allow this program to listen on 127.0.0.1",
        }
    }
}

/// The folder with the built site: the one that the environment variable `DIST` names, otherwise `dist/` in the
/// repository.
#[must_use]
pub fn built_site() -> PathBuf {
    let usual = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist");
    std::env::var_os("DIST").map_or_else(usual, PathBuf::from)
}

/// The path of a part of the built site's code, such as `split_jobs.wasm`, relative to the site. Finds the folder,
/// whose name changes with each build, by its content.
///
/// # Errors
///
/// If the site cannot be read or does not have the part.
pub fn built_part(name: &str) -> io::Result<String> {
    let entries = std::fs::read_dir(built_site())?.collect::<Result<Vec<_>, _>>()?;
    let folder = entries.into_iter().find(|entry| entry.path().join(name).is_file());
    let folder = folder.and_then(|folder| folder.file_name().into_string().ok());
    let path = folder.map(|folder| format!("{folder}/{name}"));
    path.ok_or_else(|| io::Error::other(format!("the site has no `{name}`: only a release build has it")))
}

impl Server {
    /// Serves `folder` on a free port under `base`, a path that begins and ends with a slash. Requests outside
    /// `base` get 404.
    ///
    /// # Errors
    ///
    /// If the folder does not contain a site, or there is no free port.
    pub fn start(folder: &Path, base: &str) -> Result<Self, ServerError> {
        Self::start_with(Files::new(folder, base))
    }

    /// Like [`start`](Self::start), but compresses text, code and data for clients that accept brotli.
    ///
    /// # Errors
    ///
    /// If the folder does not contain a site, or there is no free port.
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

    /// The site's address, which ends with a slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Answers requests for `path`, relative to the site, with `replacement` from now on.
    pub fn replace(&self, path: &str, replacement: Replacement) {
        lock(&self.shared.replacements).insert(path.to_owned(), replacement);
    }

    /// Answers requests for `path` with the site's own file again.
    pub fn restore(&self, path: &str) {
        lock(&self.shared.replacements).remove(path);
    }

    /// All requests so far, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<LoggedRequest> {
        lock(&self.shared.requests).clone()
    }

    /// The outcome of the latest request for `path`, relative to the site.
    #[must_use]
    pub fn outcome_of(&self, path: &str) -> Option<Outcome> {
        let path = format!("{}{path}", self.shared.files.base());
        lock(&self.shared.requests).iter().rfind(|request| request.path == path).map(|request| request.outcome)
    }
}

/// The state that the owner and the connections share.
#[derive(Debug)]
struct Shared {
    files: Files,
    replacements: Mutex<BTreeMap<String, Replacement>>,
    requests: Mutex<Vec<LoggedRequest>>,
}

impl Shared {
    fn new(files: Files) -> Self {
        Self { files, replacements: Mutex::default(), requests: Mutex::default() }
    }

    fn replacement_for(&self, relative: &str) -> Option<Replacement> {
        lock(&self.replacements).get(relative).cloned()
    }

    /// Adds a request, and returns its id for [`set_outcome`](Self::set_outcome).
    fn log_request(&self, method: &str, path: &str) -> usize {
        let mut requests = lock(&self.requests);
        requests.push(LoggedRequest { method: method.to_owned(), path: path.to_owned(), outcome: Outcome::Pending });
        requests.len() - 1
    }

    fn set_outcome(&self, id: usize, outcome: Outcome) {
        lock(&self.requests)[id].outcome = outcome;
    }
}
