//! The driver's process: starts it, learns its port, and ends it with all that it started.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::{BrowserError, Engine};

/// A driver starts within a second; a busy machine gets much more.
const STARTS_WITHIN: Duration = Duration::from_secs(20);
/// Closing a browser takes some tenths of a second.
const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// A running driver.
#[derive(Debug)]
pub(super) struct Driver {
    child: Child,
    port: Option<u16>,
    // Profiles and whatever else browsers leave behind. Removed when the browsers are gone.
    _scratch: TempDir,
}

/// Why the driver does not run.
#[derive(Debug, thiserror::Error)]
pub enum DriverError {
    /// The system does not run the program.
    #[error("the driver `{name}` cannot be run")]
    NotRun {
        /// The program.
        name: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is nowhere to put the browser's profile.
    #[error("no temporary folder can be made for the browser's profile")]
    NoScratch(#[source] std::io::Error),
    /// It ended, or printed no port in time.
    #[error("the driver `{name}` ended or opened no port within {} s", STARTS_WITHIN.as_secs())]
    NoPort {
        /// The program.
        name: &'static str,
    },
}

impl Driver {
    pub async fn start(engine: Engine) -> Result<Self, BrowserError> {
        let name = engine.driver_name();
        let scratch = tempfile::tempdir().map_err(DriverError::NoScratch)?;
        let child = Command::new(engine.find_driver()?)
            .args(engine.driver_arguments())
            .env("TMPDIR", scratch.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|source| DriverError::NotRun { name, source })?;
        // From here on a failure drops it, and so ends the process.
        let mut driver = Self { child, port: None, _scratch: scratch };
        driver.port = driver.announced_port().await;
        if driver.port.is_some() { Ok(driver) } else { Err(DriverError::NoPort { name }.into()) }
    }

    /// Where it listens; nothing before it does.
    pub fn url(&self) -> String {
        format!("http://{}:{}/", Ipv4Addr::LOCALHOST, self.port.unwrap_or_default())
    }

    /// The port that it prints once it listens there.
    async fn announced_port(&mut self) -> Option<u16> {
        let stdout = self.child.stdout.take()?;
        let (announce, announced) = oneshot::channel();
        thread::spawn(move || read_to_the_end(stdout, announce));
        timeout(STARTS_WITHIN, announced).await.ok()?.ok()
    }

    /// Asks it to close its browsers and to end. Killed outright, it would leave them behind.
    fn ask_to_end(port: u16) -> std::io::Result<()> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(ENDS_WITHIN))?;
        write!(stream, "GET /shutdown HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n")?;
        stream.read_to_end(&mut Vec::new()).map(drop)
    }

    fn has_ended_within(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let was_asked = self.port.is_some_and(|port| Self::ask_to_end(port).is_ok());
        if was_asked && self.has_ended_within(ENDS_WITHIN) {
            return;
        }
        // Either it has ended by itself or this ends it; there is nobody to tell.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads all that the driver prints, since one whose output nobody takes may stall, and passes on the port.
fn read_to_the_end(stdout: ChildStdout, announce: oneshot::Sender<u16>) {
    let mut announce = Some(announce);
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let Some(port) = port_in(&line) else { continue };
        if let Some(announce) = announce.take() {
            // Nobody may be waiting any more.
            let _ = announce.send(port);
        }
    }
}

/// The port in a line such as `ChromeDriver was started successfully on port 39121.`
fn port_in(line: &str) -> Option<u16> {
    let (_, port) = line.trim_end().trim_end_matches('.').split_once("successfully on port ")?;
    port.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_the_line_that_announces_it() {
        assert_eq!(port_in("ChromeDriver was started successfully on port 39121."), Some(39121));
        assert_eq!(port_in("Starting ChromeDriver 156.0 (a21ce95) on port 0"), None);
    }
}
