//! A program that runs next to the tests, and ends when its owner is dropped.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::timeout;

/// Programs start within a second, but a busy machine may need much longer.
pub(super) const START_TIMEOUT: Duration = Duration::from_secs(20);
/// A program ends within some hundredths of a second, but a busy machine may need much longer.
const EXIT_TIMEOUT: Duration = Duration::from_secs(10);

/// A running program.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    stdout: Option<ChildStdout>,
}

impl Process {
    pub fn start(command: &mut Command) -> std::io::Result<Self> {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let stdout = child.stdout.take();
        Ok(Self { child, stdout })
    }

    /// The first result that `find` returns for a line of the program's output. `None` if there is none in time, or if
    /// this was called before.
    pub async fn first_output<T: Send + 'static>(&mut self, find: fn(&str) -> Option<T>) -> Option<T> {
        let stdout = self.stdout.take()?;
        let (sender, receiver) = oneshot::channel();
        thread::spawn(move || read_to_the_end(stdout, find, sender));
        timeout(START_TIMEOUT, receiver).await.ok()?.ok()
    }

    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    fn has_ended_within(&mut self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while Instant::now() < deadline {
            if self.has_ended() {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for Process {
    /// Asks the program to end first, because a killed program would not clean up its files.
    fn drop(&mut self) {
        if ask_to_end(&self.child) && self.has_ended_within(EXIT_TIMEOUT) {
            return;
        }
        // An error means that it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(unix)]
fn ask_to_end(child: &Child) -> bool {
    use rustix::process::{Pid, Signal, kill_process};
    kill_process(Pid::from_child(child), Signal::TERM).is_ok()
}

#[cfg(not(unix))]
fn ask_to_end(_: &Child) -> bool {
    false
}

/// Ends a program that another one has started.
#[cfg(unix)]
pub(super) fn kill(process: i32) {
    use rustix::process::{Pid, Signal, kill_process};
    // An error means that it has ended already.
    let _ = Pid::from_raw(process).map(|process| kill_process(process, Signal::KILL));
}

#[cfg(not(unix))]
pub(super) fn kill(_: i32) {}

/// Sends the first result of `find`. Reads to the end of the output, because a program blocks if its output is not
/// read.
fn read_to_the_end<T>(stdout: ChildStdout, find: fn(&str) -> Option<T>, announce: oneshot::Sender<T>) {
    let mut announce = Some(announce);
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let Some(found) = find(&line) else { continue };
        if let Some(announce) = announce.take() {
            // An error means that the receiver no longer waits.
            let _ = announce.send(found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Process {
        Process::start(Command::new("sh").args(["-c", script])).expect("there is a shell")
    }

    #[tokio::test]
    async fn the_first_match_in_the_output_is_found() {
        let mut process = shell("echo starting; echo 7; echo 8; exec sleep 1000");
        assert_eq!(process.first_output(|line| line.parse().ok()).await, Some(7));
    }

    #[tokio::test]
    async fn a_program_that_ends_without_output_has_no_match() {
        assert_eq!(shell("exit 1").first_output(|line| line.parse::<u16>().ok()).await, None);
    }

    #[tokio::test]
    async fn a_dropped_program_has_time_to_clean_up() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        let script =
            format!("touch {0}; trap 'rm {0}; exit' TERM; echo 1; while :; do sleep 0.01; done", file.display());
        let mut process = shell(&script);
        process.first_output(|line| line.parse::<u8>().ok()).await.expect("it starts");
        assert!(file.exists());
        drop(process);
        assert!(!file.exists());
    }
}
