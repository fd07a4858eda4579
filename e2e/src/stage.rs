//! What every test in the browser needs: the site on a server, a browser, and a page that is ready.
//!
//! Each test has its own server, and so a site of its own even in a browser that other tests had before.

use std::error::Error;
use std::fmt;
use std::panic::Location;

use crate::browser::Engine;
use crate::browser::pool::Lease;
use crate::page::Page;
use crate::server::{Reply, Server, built_site};

/// Where the site is served: deep enough for an address that forgets the path to miss it.
pub const BASE: &str = "/some/sub-path/";

/// What a test returns.
pub type TestResult = Result<(), Failure>;

/// The site, a browser, and a page with a link open in it.
#[derive(Debug)]
pub struct Stage {
    /// The page, with Run enabled.
    pub page: Page,
    /// The browser that it is open in.
    pub browser: Lease,
    /// The host of the site.
    pub server: Server,
}

impl Stage {
    /// Opens a link in Chromium and waits until Run can be pressed, unless the link itself starts the run.
    ///
    /// # Errors
    ///
    /// When there is no site, no browser, or no page that can run.
    pub async fn at(link: &str) -> Result<Self, Failure> {
        Self::in_engine(Engine::Chromium, link).await
    }

    /// The same in a browser of this engine.
    ///
    /// # Errors
    ///
    /// When there is no site, no browser, or no page that can run.
    pub async fn in_engine(engine: Engine, link: &str) -> Result<Self, Failure> {
        Self::served_by(serve()?, engine, link).await
    }

    /// The same with a script that stands before all of the page's own.
    ///
    /// # Errors
    ///
    /// When there is no site, no browser, or no page that can run.
    pub async fn with_script(engine: Engine, link: &str, script: &str) -> Result<Self, Failure> {
        const NAME: &str = "before-all-others.js";
        let server = serve()?;
        let html = std::fs::read_to_string(built_site().join("index.html"))?;
        let html = html.replacen("<meta", &format!("<script src=\"{NAME}\"></script><meta"), 1);
        server.replace("index.html", Reply::Bytes { content_type: "text/html", body: html.into_bytes() });
        server.replace(NAME, Reply::Bytes { content_type: "text/javascript", body: script.as_bytes().to_vec() });
        Self::served_by(server, engine, link).await
    }

    /// The same on a server that is there already, for whoever changes the site before it is opened.
    ///
    /// # Errors
    ///
    /// When there is no browser, or no page that can run.
    pub async fn served_by(server: Server, engine: Engine, link: &str) -> Result<Self, Failure> {
        let browser = Lease::take(engine).await.map_err(|error| Failure::with_advice(&error, error.advice()))?;
        Self::with(browser, server, link).await
    }

    /// The same in a browser that no other test has.
    ///
    /// # Errors
    ///
    /// When there is no site, no browser, or no page that can run.
    pub async fn in_new_browser(engine: Engine, link: &str) -> Result<Self, Failure> {
        let browser = Lease::new(engine).await.map_err(|error| Failure::with_advice(&error, error.advice()))?;
        Self::with(browser, serve()?, link).await
    }

    async fn with(browser: Lease, server: Server, link: &str) -> Result<Self, Failure> {
        let page = Page::new(&browser, server.url());
        page.open(link).await?;
        if !link.contains("run=1") {
            page.wait_for_button("Run").await?;
        }
        Ok(Self { page, browser, server })
    }
}

fn serve() -> Result<Server, Failure> {
    Server::start(&built_site(), BASE).map_err(|error| Failure::with_advice(&error, error.advice()))
}

/// An error with the line of the test that met it, told as the test runner prints it.
pub struct Failure(String);

impl Failure {
    fn with_advice(error: &dyn Error, advice: &str) -> Self {
        Self(format!("{error}\n{advice}"))
    }
}

impl<E: Error> From<E> for Failure {
    #[track_caller]
    fn from(error: E) -> Self {
        Self(format!("{error}\nat {}", Location::caller()))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}
