//! Readers' own programs: real Python, in a sandbox with an origin of its own.
//!
//! - [`message`]: what the sandbox sends. A program can send any message, so each is decoded with limits.
//! - [`recording`]: puts the pieces of a program's record together, and checks every event.
//! - [`difference`]: whether a second run did the same as the first.
//! - [`program_files`]: the files of a program and its arguments, with their limits.
//! - [`command`]: what the reader types into the console.
//! - [`environment`]: environment variables, which are in memory only.
//! - [`suggested_clock`]: the clock that a program needs.
//! - [`packages`]: the libraries that a program imports.
//! - [`own_wheels`]: the libraries that the reader has opened.
//! - [`hosts`]: the servers to which a program may send requests.
//! - [`keys`]: finds text that looks like a key, which must not be saved or shared.
//! - [`PythonError`]: the reason why a program cannot run, apart from its own errors.
//! - `files`: the files of Pyodide and of the sandbox, with the progress of loading them.
//! - `frame`: the sandbox's documents. Removing them ends everything inside.
//! - `decode`: turns JavaScript values into messages.
//! - `network`: sends a program's requests.
//! - `interpreter`: the interpreter that is ready for the next program.
//! - `session`: an interpreter, from its start to its end, and the programs that it runs.
//!
//! `static/sandbox/outer.js` and `worker.js` are the other side, and describe the messages. `static/python/interleave` is
//! the Python package that runs and records a program.

pub mod command;
#[cfg(target_arch = "wasm32")]
mod decode;
pub mod difference;
pub mod environment;
mod error;
#[cfg(target_arch = "wasm32")]
mod files;
#[cfg(target_arch = "wasm32")]
mod frame;
pub mod hosts;
#[cfg(target_arch = "wasm32")]
pub mod interpreter;
pub mod keys;
pub mod message;
#[cfg(target_arch = "wasm32")]
mod network;
pub mod own_wheels;
pub mod packages;
pub mod program_files;
pub mod recording;
#[cfg(target_arch = "wasm32")]
mod session;
pub mod suggested_clock;

pub use error::PythonError;
#[cfg(target_arch = "wasm32")]
pub use files::{Manifest, Progress, PythonFiles, SiteFile};
#[cfg(target_arch = "wasm32")]
pub use session::{Arrived, Program, Session};
