//! The interpreter that is ready for the next program. It is started before it is needed, and kept from one run to the
//! next.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::future::{AbortHandle, abortable};
use futures::lock::Mutex;

use super::environment::Environment;
use super::error::PythonError;
use super::files::{Manifest, Progress};
use super::hosts;
use super::message::MissingImport;
use super::program_files::ProgramFiles;
use super::session::Session;

/// The state of the interpreter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Its files are being loaded.
    Loading(Progress),
    /// Its files are there.
    Starting,
    /// It can run a program. Contains the version of Python.
    Ready(String),
    /// It could not be started.
    Failed(PythonError),
}

type Listener = Rc<dyn Fn(State)>;
type Stop = Rc<dyn Fn()>;
/// It is locked while the interpreter starts or is used.
type Place = Rc<Mutex<Option<Session>>>;

thread_local! {
    static PLACE: RefCell<Place> = RefCell::default();
    /// Ends the start of an interpreter.
    static STARTING: RefCell<Option<AbortHandle>> = const { RefCell::new(None) };
    /// True once the files of the interpreter that is being started are there.
    static HAS_FILES: Cell<bool> = const { Cell::new(false) };
    static STOP: RefCell<Option<Stop>> = const { RefCell::new(None) };
    static LISTENER: RefCell<Option<Listener>> = const { RefCell::new(None) };
    static ENVIRONMENT: RefCell<Environment> = RefCell::default();
}

/// Sets the environment variables of the next runs, until another program is opened.
pub fn set_environment(environment: Environment) {
    ENVIRONMENT.set(environment);
}

/// The environment variables of the next run.
#[must_use]
pub fn environment() -> Environment {
    ENVIRONMENT.with_borrow(Clone::clone)
}

/// Sets the function that is called when the state changes.
pub fn set_listener(listener: Option<Listener>) {
    LISTENER.set(listener);
}

/// Sets the function that stops the program that is running now, as Ctrl-C does.
pub fn set_stop(stop: Box<dyn Fn()>) {
    STOP.set(Some(stop.into()));
}

/// No program is running any more.
pub fn clear_stop() {
    STOP.set(None);
}

/// Asks the running program to stop: its `finally` blocks run, then it ends. False if no program is running; then the
/// loading of files ends, so that the next run requests them again.
pub fn stop() -> bool {
    if let Some(stop) = STOP.with_borrow(Clone::clone) {
        stop();
        return true;
    }
    if !HAS_FILES.get() {
        abort_start();
    }
    false
}

fn abort_start() {
    if let Some(starting) = STARTING.take() {
        starting.abort();
    }
}

/// Starts an interpreter, unless one is there already. Waits until it is ready and nothing uses it.
///
/// # Errors
///
/// If it cannot be started. The next call tries again.
pub async fn prepare() -> Result<(), PythonError> {
    let place = PLACE.with_borrow(Rc::clone);
    let mut session = place.lock().await;
    if session.is_none() {
        *session = Some(start().await?);
    }
    Ok(())
}

async fn start() -> Result<Session, PythonError> {
    HAS_FILES.set(false);
    let (starting, abort) = abortable(start_session());
    STARTING.set(Some(abort));
    let started = starting.await.unwrap_or_else(|_| Err(PythonError::failed("load", "it was stopped")));
    report(match &started {
        Ok(session) => State::Ready(session.python().to_owned()),
        Err(error) => State::Failed(error.clone()),
    });
    started
}

async fn start_session() -> Result<Session, PythonError> {
    let python = Manifest::read().await?.python.ok_or(PythonError::NotInThisCopy)?;
    let progress = |progress: Progress| {
        let is_loaded = progress.loaded == progress.total;
        HAS_FILES.set(is_loaded);
        report(if is_loaded { State::Starting } else { State::Loading(progress) });
    };
    Session::start(&python, &progress).await
}

fn report(state: State) {
    if let Some(listener) = LISTENER.with_borrow(Clone::clone) {
        listener(state);
    }
}

/// Uses the interpreter, when nothing else does; starts one if there is none. If `act` fails, is dropped before its end, or
/// uses up the memory, the interpreter ends immediately, and the next one is started.
///
/// # Errors
///
/// If no interpreter can be started, or the error of `act`.
pub async fn with_session<T>(act: impl AsyncFnOnce(&mut Session) -> Result<T, PythonError>) -> Result<T, PythonError> {
    let place = PLACE.with_borrow(Rc::clone);
    let mut next = Next { place: Rc::clone(&place), is_kept: false };
    let mut ready = place.lock().await;
    let mut session = match ready.take() {
        Some(session) => session,
        None => start().await?,
    };
    let result = act(&mut session).await;
    if result.is_ok() && !session.is_spent() {
        *ready = Some(session);
        next.is_kept = true;
    }
    result
}

/// The imports of a program that will fail; `None` if no interpreter is ready.
pub async fn missing_imports(files: &ProgramFiles) -> Option<Vec<MissingImport>> {
    let is_ready = PLACE.with_borrow(|place| place.try_lock().is_some_and(|session| session.is_some()));
    if !is_ready {
        return None;
    }
    with_session(async |session| session.missing_imports(files).await).await.ok()
}

/// Ends the interpreter, even while it starts, and clears the environment and the allowed servers for the next program. A
/// running program is ended by its own run.
pub fn forget() {
    ENVIRONMENT.take();
    hosts::renew();
    drop(PLACE.take());
    abort_start();
}

/// Another program gets another interpreter: ends the one that is there or being started, and starts the next.
pub fn renew() {
    let is_there = PLACE.with_borrow(|place| place.try_lock().is_none_or(|session| session.is_some()));
    forget();
    if is_there {
        start_next(PLACE.with_borrow(Rc::clone));
    }
}

/// Starts the next interpreter of this place, unless the page has been left.
fn start_next(place: Place) {
    wasm_bindgen_futures::spawn_local(async move {
        if PLACE.with_borrow(|current| Rc::ptr_eq(current, &place)) {
            // If it fails, the next run says so.
            let _ = prepare().await;
        }
    });
}

/// Starts the next interpreter if the last one is not kept.
struct Next {
    place: Place,
    is_kept: bool,
}

impl Drop for Next {
    fn drop(&mut self) {
        if !self.is_kept {
            start_next(Rc::clone(&self.place));
        }
    }
}
