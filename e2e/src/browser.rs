//! Starts a browser and the driver that steers it, and ends both when dropped.
//!
//! Every browser begins with a fresh profile: the driver makes one for the session and removes it. The driver gets a port
//! of its own choice, so several can run side by side.

mod driver;
mod engine;
mod logs;
mod permission;

use fantoccini::Client;
use fantoccini::error::{CmdError, NewSessionError};
use hyper_util::client::legacy::connect::HttpConnector;

pub use driver::DriverError;
pub use engine::{Engine, MissingProgram};
pub use logs::Message;

use driver::Driver;
use permission::Grant;

/// A browser window without a screen.
#[derive(Debug)]
#[must_use = "dropping it ends the browser"]
pub struct Browser {
    client: Client,
    // After the client: it is dropped last, and ends the browser with it.
    _driver: Driver,
}

/// Why there is no browser.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// A program is not installed.
    #[error(transparent)]
    Missing(#[from] MissingProgram),
    /// The driver does not start.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The driver runs, the browser does not.
    #[error("the driver `{driver}` could not start the browser: {source}")]
    NoSession {
        /// The driver's program.
        driver: &'static str,
        /// What it said.
        source: Box<NewSessionError>,
    },
    /// The browser is gone, or refuses.
    #[error("the browser did not do what it was told: {0}")]
    Refused(#[from] Box<CmdError>),
}

impl BrowserError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Missing(missing) => missing.advice(),
            Self::Driver(_) => "run the driver by hand to see what it says",
            Self::NoSession { .. } => "the driver and the browser must be of the same version: install both anew",
            Self::Refused(_) => "run it again; if it stays, look for the browser's crash in the system's log",
        }
    }
}

impl Browser {
    /// Starts an engine with a window of 1280 × 900.
    ///
    /// # Errors
    ///
    /// When a program is missing or does not start.
    pub async fn start(engine: Engine) -> Result<Self, BrowserError> {
        let program = engine.find_browser()?;
        let driver = Driver::start(engine).await?;
        let client = fantoccini::ClientBuilder::new(HttpConnector::new())
            .capabilities(engine.capabilities(&program))
            .connect(&driver.url())
            .await
            .map_err(|source| BrowserError::NoSession { driver: engine.driver_name(), source: Box::new(source) })?;
        Ok(Self { client, _driver: driver })
    }

    /// The session, for what the page object does not do.
    #[must_use]
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Errors and warnings on the console since the last call.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub async fn complaints(&self) -> Result<Vec<Message>, BrowserError> {
        Ok(logs::complaints(&self.client).await.map_err(Box::new)?)
    }

    /// The addresses of all requests since the last call, those of other hosts and of failed requests included.
    ///
    /// # Errors
    ///
    /// When the browser is gone.
    pub async fn requested_urls(&self) -> Result<Vec<String>, BrowserError> {
        Ok(logs::requested_urls(&self.client).await.map_err(Box::new)?)
    }

    /// Grants the page a permission, such as `clipboard-read`, as if the user had agreed.
    ///
    /// # Errors
    ///
    /// When the browser does not know it.
    pub async fn allow(&self, permission: &'static str) -> Result<(), BrowserError> {
        self.client.issue_cmd(Grant(permission)).await.map_err(Box::new)?;
        Ok(())
    }
}
