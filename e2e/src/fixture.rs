//! The fixture of every test in a browser: the site on a server, a browser, and a page that is ready.
//!
//! Each test has its own server. So each test has its own site, even in a browser that other tests have used.

use std::error::Error;
use std::fmt;
use std::io;
use std::panic::Location;

use crate::browser::Engine;
use crate::browser::pool::PooledBrowser;
use crate::page::{Page, PageError, eventually};
use crate::server::{Outcome, Replacement, Server, built_site};

/// The path under which the site is served. An address without this path does not find the site.
pub const BASE: &str = "/some/sub-path/";

/// The result of a test.
pub type TestResult = Result<(), TestError>;

/// The site, a browser, and a page with a link open in it.
#[derive(Debug)]
pub struct Fixture {
    /// The page, with Run enabled.
    pub page: Page,
    /// The browser in which it is open.
    pub browser: PooledBrowser,
    /// The server of the site.
    pub server: Server,
}

impl Fixture {
    /// Opens a link in Chromium and waits until Run can be pressed, unless the link itself starts the run.
    ///
    /// # Errors
    ///
    /// If there is no site, no browser, or no page that is ready to run.
    pub async fn open(link: &str) -> Result<Self, TestError> {
        Self::open_in(Engine::Chromium, link).await
    }

    /// Like [`open`](Self::open), in a browser of this engine.
    ///
    /// # Errors
    ///
    /// If there is no site, no browser, or no page that is ready to run.
    pub async fn open_in(engine: Engine, link: &str) -> Result<Self, TestError> {
        Self::open_with_server(serve()?, engine, link).await
    }

    /// Like [`open_in`](Self::open_in), with a script that runs before the page's own scripts.
    ///
    /// # Errors
    ///
    /// If there is no site, no browser, or no page that is ready to run.
    pub async fn open_with_script(engine: Engine, link: &str, script: &str) -> Result<Self, TestError> {
        const NAME: &str = "before-all-others.js";
        let server = serve()?;
        insert_into_head(&server, &format!("<script src=\"{NAME}\"></script>"))?;
        server.replace(NAME, Replacement::Bytes { content_type: "text/javascript", body: script.as_bytes().to_vec() });
        Self::open_with_server(server, engine, link).await
    }

    /// Like [`open`](Self::open), without a service worker, for tests that watch requests: it requests the whole site
    /// at some time after the first second in which nothing runs, and Chromium keeps a connection that it shares.
    ///
    /// # Errors
    ///
    /// If there is no site, no browser, or no page that is ready to run.
    pub async fn open_without_service_worker(link: &str) -> Result<Self, TestError> {
        Self::open_in_without_service_worker(Engine::Chromium, link).await
    }

    /// Like [`open_without_service_worker`](Self::open_without_service_worker), in a browser of this engine.
    ///
    /// # Errors
    ///
    /// If there is no site, no browser, or no page that is ready to run.
    pub async fn open_in_without_service_worker(engine: Engine, link: &str) -> Result<Self, TestError> {
        let remove = "Object.defineProperty(navigator, 'serviceWorker', { value: undefined })";
        Self::open_with_script(engine, link, remove).await
    }

    /// Like [`open_in`](Self::open_in), with a server that is running already, so that a test can change the site
    /// before it is opened.
    ///
    /// # Errors
    ///
    /// If there is no browser, or no page that is ready to run.
    pub async fn open_with_server(server: Server, engine: Engine, link: &str) -> Result<Self, TestError> {
        let browser =
            PooledBrowser::take(engine).await.map_err(|error| TestError::with_advice(&error, error.advice()))?;
        Self::with(browser, server, link).await
    }

    /// Like [`open_in`](Self::open_in), in a browser that no other test uses.
    ///
    /// # Errors
    ///
    /// If there is no site, no browser, or no page that is ready to run.
    pub async fn open_in_new_browser(engine: Engine, link: &str) -> Result<Self, TestError> {
        let browser =
            PooledBrowser::exclusive(engine).await.map_err(|error| TestError::with_advice(&error, error.advice()))?;
        Self::with(browser, serve()?, link).await
    }

    /// Waits until the latest request for a path of the site has this outcome.
    ///
    /// # Errors
    ///
    /// If it takes too long.
    pub async fn wait_for_outcome(&self, path: &str, expected: Outcome) -> Result<(), PageError> {
        wait_for_outcome(&self.server, path, expected).await
    }

    async fn with(browser: PooledBrowser, server: Server, link: &str) -> Result<Self, TestError> {
        let page = Page::new(&browser, server.url());
        page.open(link).await?;
        if !link.contains("run=1") {
            page.wait_for_button("Run").await?;
        }
        Ok(Self { page, browser, server })
    }
}

/// Waits until the latest request for a path of the site has this outcome.
///
/// # Errors
///
/// If it takes too long.
pub async fn wait_for_outcome(server: &Server, path: &str, expected: Outcome) -> Result<(), PageError> {
    eventually(&format!("a request for `{path}` that is {expected:?}"), async || {
        let outcome = server.outcome_of(path);
        Ok(if outcome == Some(expected) { Ok(()) } else { Err(format!("{outcome:?}")) })
    })
    .await
}

/// Inserts HTML at the start of the page's head.
///
/// # Errors
///
/// If the built site cannot be read.
pub fn insert_into_head(server: &Server, html: &str) -> io::Result<()> {
    let page = std::fs::read_to_string(built_site().join("index.html"))?;
    let body = page.replacen("<meta", &format!("{html}<meta"), 1).into_bytes();
    server.replace("index.html", Replacement::Bytes { content_type: "text/html", body });
    Ok(())
}

/// Starts a server of the site, for a test that changes the site before it is opened. Its service worker does not copy the
/// site for use without a network: that takes a second of processor time for each test.
///
/// # Errors
///
/// If there is no site, or no free port.
pub fn serve() -> Result<Server, TestError> {
    const WORKER: &str = "service-worker.js";
    let server = serve_complete()?;
    let script = std::fs::read_to_string(built_site().join(WORKER))?;
    let (before, files) = script.split_once("files: [").unwrap_or((&script, "]"));
    let (_, after) = files.split_once(']').unwrap_or_default();
    let body = format!("{before}files: []{after}").into_bytes();
    server.replace(WORKER, Replacement::Bytes { content_type: "text/javascript", body });
    Ok(server)
}

/// Starts a server of the site as it is published.
///
/// # Errors
///
/// If there is no site, or no free port.
pub fn serve_complete() -> Result<Server, TestError> {
    Server::start(&built_site(), BASE).map_err(|error| TestError::with_advice(&error, error.advice()))
}

/// An error with the line of the test in which it happened. The test runner prints it with `Debug`.
pub struct TestError(String);

impl TestError {
    fn with_advice(error: &dyn Error, advice: &str) -> Self {
        Self(format!("{error}\n{advice}"))
    }
}

impl<E: Error> From<E> for TestError {
    #[track_caller]
    fn from(error: E) -> Self {
        Self(format!("{error}\nat {}", Location::caller()))
    }
}

impl fmt::Debug for TestError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
