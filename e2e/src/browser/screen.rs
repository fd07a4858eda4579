//! An invisible screen, for a browser without a headless mode.

use std::process::Command;

use super::error::{BrowserError, DriverError};
use super::process::Process;
use super::program::XVFB;

/// An X server, which picks a free display number.
#[derive(Debug)]
pub(super) struct Screen {
    number: u32,
    _process: Process,
}

impl Screen {
    pub async fn start() -> Result<Self, BrowserError> {
        let mut command = Command::new(XVFB.find()?);
        command.args(["-displayfd", "1", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"]);
        let name = XVFB.name();
        let mut process = Process::start(&mut command).map_err(|source| DriverError::NotRun { name, source })?;
        let number =
            process.first_output(|line| line.trim().parse().ok()).await.ok_or(DriverError::Unreachable { name })?;
        Ok(Self { number, _process: process })
    }

    /// The value for the environment variable `DISPLAY`.
    pub fn name(&self) -> String {
        format!(":{}", self.number)
    }
}
