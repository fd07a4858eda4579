//! The driver's process: starts it, finds its port, and ends it together with the browser.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use fantoccini::Client;
use tempfile::TempDir;

use super::error::{BrowserError, DriverError, START_ATTEMPTS};
use super::process::{Process, START_TIMEOUT, kill};
use super::screen::Screen;
use super::{Compilation, Engine};

/// Closing a browser takes some tenths of a second, but Firefox waits for a page with a script that does not end.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(10);

/// A running driver.
#[derive(Debug)]
pub(super) struct Driver {
    port: u16,
    session: Option<Session>,
    // Fields are dropped in this order: the folder with the browser's files is deleted after the browser has ended.
    process: Process,
    _screen: Option<Screen>,
    _profile: TempDir,
}

/// The browser that a driver has started.
#[derive(Debug)]
struct Session {
    id: String,
    /// The id of the browser's process. Only geckodriver reports it.
    process: Option<i32>,
}

impl Session {
    fn from_client(client: &Client) -> Option<Self> {
        let response = client.session_creation_response()?;
        let process = response.capabilities().and_then(|it| it.get("moz:processID")?.as_i64()?.try_into().ok());
        Some(Self { id: response.session_id().to_owned(), process })
    }
}

impl Driver {
    pub async fn start(engine: Engine, compilation: Compilation) -> Result<Self, BrowserError> {
        for _ in 0..START_ATTEMPTS {
            if let Some(driver) = Self::start_once(engine, compilation).await? {
                return Ok(driver);
            }
        }
        Err(DriverError::Unreachable { name: engine.driver().name() }.into())
    }

    /// Returns `None` if the driver ended, or could not be reached in time.
    async fn start_once(engine: Engine, compilation: Compilation) -> Result<Option<Self>, BrowserError> {
        let name = engine.driver().name();
        let profile = tempfile::tempdir().map_err(DriverError::NoProfileFolder)?;
        let screen = if engine.needs_screen() { Some(Screen::start().await?) } else { None };
        let announced = engine.announced_port();
        let port = if announced.is_some() { 0 } else { free_port().map_err(DriverError::NoPort)? };
        let mut command = Command::new(engine.driver().find()?);
        command.args(engine.driver_arguments(port)).env("TMPDIR", profile.path());
        command.envs(engine.environment(compilation).iter().copied());
        if let Some(screen) = &screen {
            on_screen(&mut command, screen);
        }
        let process = Process::start(&mut command).map_err(|source| DriverError::NotRun { name, source })?;
        // From here on, a failure drops the driver, which ends the process.
        let mut driver = Self { port, session: None, process, _screen: screen, _profile: profile };
        let reached = match announced {
            Some(find) => driver.process.first_output(find).await,
            None => driver.process.wait_for_port(port).await,
        };
        Ok(reached.map(|port| {
            driver.port = port;
            driver
        }))
    }

    /// The address at which it listens.
    pub fn url(&self) -> String {
        format!("http://{}:{}/", Ipv4Addr::LOCALHOST, self.port)
    }

    /// Remembers the browser, to close it at the end.
    pub fn set_session(&mut self, client: &Client) {
        self.session = Session::from_client(client);
    }

    /// Asks the driver to close the browser, and waits for the start of the response: then the browser is closed. If
    /// only the driver ended, the browser would stay open.
    fn close(&self, session: &str) -> std::io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(CLOSE_TIMEOUT))?;
        let host = format!("{}:{}", Ipv4Addr::LOCALHOST, self.port);
        write!(stream, "DELETE /session/{session} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        stream.read(&mut [0; 1024]).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let Some(session) = &self.session else { return };
        let is_closed = self.close(&session.id).is_ok();
        if let (false, Some(process)) = (is_closed, session.process) {
            kill(process);
        }
    }
}

/// Uses only the screen, and nothing else of the desktop: neither Wayland nor the bus for assistive technology, which
/// would still run after the browser has ended. Also turns off the sandbox, which containers do not allow.
fn on_screen(command: &mut Command, screen: &Screen) {
    command
        .env("DISPLAY", screen.name())
        .env("GDK_BACKEND", "x11")
        .env("NO_AT_BRIDGE", "1")
        .env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1");
}

/// A port that is free now, and most likely still free a moment later.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

impl Process {
    /// Waits until the program accepts connections on the port. Returns `None` if it ends or takes too long.
    async fn wait_for_port(&mut self, port: u16) -> Option<u16> {
        let deadline = Instant::now() + START_TIMEOUT;
        while Instant::now() < deadline && !self.has_ended() {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
                return Some(port);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
        None
    }
}
