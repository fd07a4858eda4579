//! A program that runs beside the tests, and ends with its owner.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use tokio::time::timeout;

/// Programs start within a second; a busy machine gets much more.
pub(super) const START_TIMEOUT: Duration = Duration::from_secs(20);
/// Ending takes some hundredths of a second.
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

    /// The first thing that `find` finds in a line of its output, if it comes in time. Asked once.
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
    /// Killed outright, a program would not put away what it has made.
    fn drop(&mut self) {
        if ask_to_end(&self.child) && self.has_ended_within(EXIT_TIMEOUT) {
            return;
        }
        // Either it has ended by itself or this ends it; there is nobody to tell.
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
    // It may have ended in this moment.
    let _ = Pid::from_raw(process).map(|process| kill_process(process, Signal::KILL));
}

#[cfg(not(unix))]
pub(super) fn kill(_: i32) {}

/// Reads all that the program prints, since one whose output nobody takes may stall, and passes on what was found.
fn read_to_the_end<T>(stdout: ChildStdout, find: fn(&str) -> Option<T>, announce: oneshot::Sender<T>) {
    let mut announce = Some(announce);
    for line in BufReader::new(stdout).lines().map_while(Result::ok) {
        let Some(found) = find(&line) else { continue };
        if let Some(announce) = announce.take() {
            // Nobody may be waiting any more.
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
    async fn what_a_program_announces_is_found_among_its_lines() {
        let mut process = shell("echo starting; echo 7; echo 8; exec sleep 1000");
        assert_eq!(process.first_output(|line| line.parse().ok()).await, Some(7));
    }

    #[tokio::test]
    async fn a_program_that_ends_without_a_word_announces_nothing() {
        assert_eq!(shell("exit 1").first_output(|line| line.parse::<u16>().ok()).await, None);
    }

    #[tokio::test]
    async fn a_dropped_program_may_put_away_what_it_made() {
        let folder = tempfile::tempdir().unwrap();
        let made = folder.path().join("made");
        let script =
            format!("touch {0}; trap 'rm {0}; exit' TERM; echo 1; while :; do sleep 0.01; done", made.display());
        let mut process = shell(&script);
        process.first_output(|line| line.parse::<u8>().ok()).await.expect("it starts");
        assert!(made.exists());
        drop(process);
        assert!(!made.exists());
    }
}
