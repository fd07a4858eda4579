//! Errors when starting or controlling a browser.

use fantoccini::error::{CmdError, NewSessionError};

use super::engine::Engine;
use super::process::START_TIMEOUT;
use super::program::MissingProgram;

/// Attempts to start a driver. The port that it picks may be taken meanwhile; chromedriver checks only IPv4, and exits
/// if IPv6 is in use.
pub(super) const START_ATTEMPTS: usize = 3;

/// The reason that there is no browser.
#[derive(Debug, thiserror::Error)]
pub enum BrowserError {
    /// A program is not installed.
    #[error(transparent)]
    Missing(#[from] MissingProgram),
    /// The driver does not start.
    #[error(transparent)]
    Driver(#[from] DriverError),
    /// The driver runs, but the browser does not start.
    #[error("the driver `{driver}` could not start the browser: {source}")]
    NoSession {
        /// The driver's program.
        driver: &'static str,
        /// The driver's error.
        source: Box<NewSessionError>,
    },
    /// A command that only Chromium supports.
    #[error("`{what}` is available only in Chromium, and this is {engine}")]
    OnlyInChromium {
        /// The command or log.
        what: &'static str,
        /// The engine of this browser.
        engine: Engine,
    },
    /// Its last window was closed.
    #[error("the browser has no window")]
    NoWindow,
    /// The browser is gone, or refused a command.
    #[error("the browser did not execute a command: {0}")]
    Refused(#[from] Box<CmdError>),
}

impl BrowserError {
    /// Advice for the user.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Missing(missing) => missing.advice(),
            Self::Driver(_) => "run the driver by hand and read its output",
            Self::NoSession { .. } => "the driver and the browser must have the same version: install both again",
            Self::OnlyInChromium { .. } => "use it only in Chromium",
            Self::NoWindow | Self::Refused(_) => {
                "run the test again; if it fails again, check the system's log for a crash of the browser"
            }
        }
    }
}

/// The reason that the driver does not run.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The system cannot run the program.
    #[error("`{name}` cannot be run")]
    NotRun {
        /// The program.
        name: &'static str,
        /// The system's error.
        source: std::io::Error,
    },
    /// There is no folder for the browser's profile.
    #[error("no temporary folder can be created for the browser's profile")]
    NoProfileFolder(#[source] std::io::Error),
    /// There is no free port.
    #[error("no port can be opened on this machine")]
    NoPort(#[source] std::io::Error),
    /// The driver ended or could not be reached in time, at each attempt.
    #[error("`{name}` ended or could not be reached within {} s, {START_ATTEMPTS} times", START_TIMEOUT.as_secs())]
    Unreachable {
        /// The program.
        name: &'static str,
    },
}
