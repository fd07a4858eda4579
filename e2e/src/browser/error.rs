//! Why there is no browser, or why it does not do something.

use fantoccini::error::{CmdError, NewSessionError};

use super::engine::Engine;
use super::process::START_TIMEOUT;
use super::program::MissingProgram;

/// Two programs may want the same port: chromedriver takes a free one of IPv4, and ends if it is used in IPv6.
pub(super) const START_ATTEMPTS: usize = 3;

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
    /// The engine does not support it.
    #[error("`{what}` is available only in Chromium, and this is {engine}")]
    OnlyInChromium {
        /// What was asked for.
        what: &'static str,
        /// The engine that was asked.
        engine: Engine,
    },
    /// Somebody has closed its last window.
    #[error("the browser has no window")]
    NoWindow,
    /// The browser is gone, or refuses.
    #[error("the browser refused a command: {0}")]
    Refused(#[from] Box<CmdError>),
}

impl BrowserError {
    /// What to do about it.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Missing(missing) => missing.advice(),
            Self::Driver(_) => "run the driver by hand to see what it says",
            Self::NoSession { .. } => "the driver and the browser must have the same version: install both again",
            Self::OnlyInChromium { .. } => "use it only in Chromium",
            Self::NoWindow | Self::Refused(_) => {
                "run it again; if it fails again, look for the browser's crash in the system's log"
            }
        }
    }
}

/// Why the driver does not run.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The system does not run the program.
    #[error("`{name}` cannot be run")]
    NotRun {
        /// The program.
        name: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is nowhere to put the browser's profile.
    #[error("no temporary folder can be made for the browser's profile")]
    NoScratch(#[source] std::io::Error),
    /// There is no port to be had.
    #[error("no port can be opened on this machine")]
    NoPort(#[source] std::io::Error),
    /// It ended, or did not say in time where to reach it, as often as it was started.
    #[error("`{name}` ended or could not be reached within {} s, {START_ATTEMPTS} times", START_TIMEOUT.as_secs())]
    Silent {
        /// The program.
        name: &'static str,
    },
}
