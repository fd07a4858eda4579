//! [`Session`]: an interpreter, from its start to its end, and the programs that it runs one after another.

use std::sync::Arc;
use std::time::Duration;

use futures::channel::mpsc::{UnboundedReceiver, unbounded};
use futures::future::{Either, select};
use futures::{StreamExt, pin_mut};
use js_sys::{Array, Object, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{MessageEvent, MessagePort};

use super::decode::{self, Message};
use super::environment::Environment;
use super::error::PythonError;
use super::files::{Progress, PythonFiles};
use super::frame::{Frame, message_of};
use super::message::{Ended, MissingImport, Piece, SeenTask};
use super::program_files::{Content, ProgramFiles, split};
use crate::measure::ClockKind;
use crate::runtime::Run;

/// The time within which the interpreter starts, once its files are there. It normally takes 3 to 5 s on two cores.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// A program to run.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its files and arguments.
    pub files: Arc<ProgramFiles>,
    /// Its environment variables. Those that look like keys are hidden in what it says.
    pub environment: Environment,
    /// The seed of its random numbers.
    pub seed: u64,
    /// The clock on which it runs.
    pub clock: ClockKind,
}

/// An item that arrives while a program runs.
pub enum Arrived {
    /// The next part of its record.
    Piece(Piece),
    /// A line that it has not printed with Python's `print`.
    Output(String),
}

/// An interpreter in a sandbox of its own. Dropping it ends the program that runs in it immediately.
pub struct Session {
    frame: Frame,
    port: MessagePort,
    /// Decoded; `None` for a malformed message.
    messages: UnboundedReceiver<Option<Message>>,
    python: String,
    is_spent: bool,
    _listener: Closure<dyn FnMut(MessageEvent)>,
}

impl Session {
    /// Loads the files and starts the interpreter. `report` is called with the progress of loading.
    ///
    /// # Errors
    ///
    /// If a file does not arrive, or if the interpreter does not start.
    pub async fn start(files: &PythonFiles, report: &dyn Fn(Progress)) -> Result<Self, PythonError> {
        let contents = files.read(report).await?;
        let silent = PythonError::Silent { seconds: START_TIMEOUT.as_secs() };
        let opened = Run::for_page().timeout(START_TIMEOUT, Frame::open(&files.sandbox)).await;
        let frame = opened.unwrap_or(Err(silent.clone()))?;
        let port = frame.load(&contents)?;
        let (sender, messages) = unbounded();
        let listener = Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
            // The receiver lives as long as this closure.
            let _ = sender.unbounded_send(decode::message(&event.data()));
        });
        port.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        let mut session = Self { frame, port, messages, python: String::new(), is_spent: false, _listener: listener };
        let started = Run::for_page().timeout(START_TIMEOUT, session.wait_until_ready()).await;
        started.unwrap_or(Err(silent))?;
        Ok(session)
    }

    /// The version of Python, such as `3.14.2`.
    #[must_use]
    pub fn python(&self) -> &str {
        &self.python
    }

    /// True if the next program should have another interpreter: this one has used up its memory, which it keeps.
    #[must_use]
    pub fn is_spent(&self) -> bool {
        self.is_spent
    }

    /// Runs a program to its end. `started` gets a function that stops it as Ctrl-C does, and `take` what arrives
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// If the interpreter fails, or if the program sends something impossible. The session cannot be used afterwards.
    pub async fn run(
        &mut self,
        program: &Program,
        started: impl FnOnce(Box<dyn Fn()>),
        mut take: impl FnMut(Arrived) -> Result<(), PythonError>,
    ) -> Result<Ended, PythonError> {
        self.begin(program_message("run", program, None))?;
        started(self.stopper());
        let environment = &program.environment;
        loop {
            match self.next().await? {
                Message::Pieces(pieces) => pieces.into_iter().try_for_each(|mut piece| {
                    piece.more = environment.hide_in_json(&piece.more).into_owned();
                    take(Arrived::Piece(piece))
                })?,
                Message::Output { text } => take(Arrived::Output(environment.hide(&text).into_owned()))?,
                Message::Ended(mut ended) => {
                    ended.message = environment.hide(&ended.message).into_owned();
                    self.is_spent |= ended.is_out_of_memory();
                    return Ok(ended);
                }
                Message::Ready { .. } | Message::Imports(_) | Message::Seen(_) => return Err(unexpected()),
                Message::Failed { place, why } => return Err(PythonError::failed(&place, &why)),
            }
        }
    }

    /// The imports of a program that will fail.
    ///
    /// # Errors
    ///
    /// If the interpreter fails. The session cannot be used afterwards.
    pub async fn missing_imports(&mut self, files: &ProgramFiles) -> Result<Vec<MissingImport>, PythonError> {
        self.begin(files_fields(files).and_then(|fields| message("imports", &fields)))?;
        match self.next().await? {
            Message::Imports(missing) => Ok(missing),
            Message::Failed { place, why } => Err(PythonError::failed(&place, &why)),
            _ => Err(unexpected()),
        }
    }

    /// Runs a program on the virtual clock until a moment, in microseconds since its start: the tasks that have not ended
    /// then. Empty if the program ended before.
    ///
    /// # Errors
    ///
    /// If the interpreter fails. The session cannot be used afterwards.
    pub async fn look(&mut self, program: &Program, at_us: u64) -> Result<Vec<SeenTask>, PythonError> {
        self.begin(program_message("look", program, Some(("at_us", (at_us as f64).into()))))?;
        match self.next().await? {
            Message::Seen(tasks) => Ok(tasks),
            Message::Failed { place, why } => Err(PythonError::failed(&place, &why)),
            _ => Err(unexpected()),
        }
    }

    async fn wait_until_ready(&mut self) -> Result<(), PythonError> {
        match self.next().await? {
            Message::Ready { python } => {
                self.python = python;
                Ok(())
            }
            Message::Failed { place, why } => Err(PythonError::failed(&place, &why)),
            _ => Err(unexpected()),
        }
    }

    /// The next message of the worker, or an error of the documents around it.
    async fn next(&mut self) -> Result<Message, PythonError> {
        let (message, failure) = (self.messages.next(), self.frame.next_message());
        pin_mut!(failure);
        match select(message, failure).await {
            Either::Left((message, _)) => message.flatten().ok_or_else(unexpected),
            Either::Right((Err(error), _)) => Err(error),
            Either::Right((Ok(()), _)) => Err(unexpected()),
        }
    }

    /// Sends the message that begins something, and forgets what a program before has sent after its end.
    fn begin(&mut self, message: Result<JsValue, JsValue>) -> Result<(), PythonError> {
        while self.messages.try_recv().is_ok() {}
        self.send(message)
    }

    fn send(&self, message: Result<JsValue, JsValue>) -> Result<(), PythonError> {
        let sent = message.and_then(|message| self.port.post_message(&message));
        sent.map_err(|error| PythonError::failed("message", &message_of(&error)))
    }

    fn stopper(&self) -> Box<dyn Fn()> {
        let port = self.port.clone();
        Box::new(move || {
            // It cannot fail: an object takes fields, and a text can be posted.
            let _ = message("stop", &[]).and_then(|message| port.post_message(&message));
        })
    }
}

fn unexpected() -> PythonError {
    PythonError::failed("message", "a message that nobody expects")
}

/// A message that starts a program.
fn program_message(kind: &str, program: &Program, more: Option<Field>) -> Result<JsValue, JsValue> {
    let clock = match program.clock {
        ClockKind::Browser => "browser",
        ClockKind::Virtual => "virtual",
    };
    let environ = Object::new();
    for (name, value) in program.environment.variables() {
        Reflect::set(&environ, &name.into(), &value.into())?;
    }
    // An unclosed quote was refused when it was typed.
    let argv = split(program.files.arguments()).unwrap_or_default().into_iter().map(JsValue::from);
    let fields = [
        ("argv", argv.collect::<Array>().into()),
        ("environ", environ.into()),
        ("clock", clock.into()),
        ("seed", (program.seed as f64).into()),
    ];
    message(kind, &[&files_fields(&program.files)?[..], &fields, more.as_slice()].concat())
}

type Field = (&'static str, JsValue);

/// The fields with the files of a program.
fn files_fields(files: &ProgramFiles) -> Result<[Field; 2], JsValue> {
    let contents = Object::new();
    for file in files.files() {
        let content = match &file.content {
            Content::Text(text) => JsValue::from_str(text),
            Content::Bytes(bytes) => Uint8Array::from(&**bytes).buffer().into(),
        };
        Reflect::set(&contents, &JsValue::from_str(&file.name), &content)?;
    }
    Ok([("main", JsValue::from_str(&files.main().name)), ("files", contents.into())])
}

fn message(kind: &str, fields: &[Field]) -> Result<JsValue, JsValue> {
    let message = Object::new();
    Reflect::set(&message, &"type".into(), &kind.into())?;
    for (name, value) in fields {
        Reflect::set(&message, &(*name).into(), value)?;
    }
    Ok(message.into())
}
