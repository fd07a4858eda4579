//! [`Session`]: an interpreter, from its start to its end, and the programs that it runs one after another.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;
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
use super::files::{Progress, PythonFiles, SiteFile, read_file};
use super::frame::{Frame, message_of};
use super::message::{Ended, InspectedWheel, MissingImport, Piece, RefusedPackage, SeenTask};
use super::network::Network;
use super::own_wheels::{OwnWheel, OwnWheels};
use super::packages::{Package, PackageFile, needed, provider};
use super::program_files::{Content, ProgramFiles, split};
use crate::endpoint::model_server;
use crate::measure::ClockKind;
use crate::runtime::Run;
use crate::storage::StorageError;

/// The time within which the interpreter starts, once its files are there. It normally takes 3 to 5 s on two cores.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// The environment variable with the address of the page's own model server.
const MODEL_SERVER: &str = "MODEL_SERVER_URL";

/// The package that every client of HTTP needs here.
const READS_REQUESTS: &str = "h11";

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
    /// The number of processors that its simulated threads and processes share.
    pub processors: u32,
    /// True for a second run on the virtual clock, in which servers answer as in the last run.
    pub replays: bool,
}

/// An item that arrives while a program runs.
pub enum Arrived {
    /// The next part of its record.
    Piece(Piece),
    /// A line that it has not printed with Python's `print`.
    Output(String),
    /// The responses of this server are simulated.
    Simulated(String),
}

/// An interpreter in a sandbox of its own. Dropping it ends the program that runs in it immediately.
pub struct Session {
    frame: Frame,
    port: MessagePort,
    /// Decoded; `None` for a malformed message.
    messages: UnboundedReceiver<Option<Message>>,
    /// False while nothing is asked of the worker. A program that has ended can go on sending messages, which are dropped.
    listens: Rc<Cell<bool>>,
    python: String,
    packages: Vec<Package>,
    /// The model server for the other clocks, until it has been loaded.
    model_server: Option<SiteFile>,
    /// The packages that programs can import now, by name.
    installed: BTreeMap<String, Package>,
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
        let listens = Rc::new(Cell::new(true));
        let is_listening = Rc::clone(&listens);
        let listener = Closure::<dyn FnMut(_)>::new(move |event: MessageEvent| {
            if is_listening.get() {
                // The receiver lives as long as this closure.
                let _ = sender.unbounded_send(decode::message(&event.data()));
            }
        });
        port.set_onmessage(Some(listener.as_ref().unchecked_ref()));
        let mut session = Self {
            frame,
            port,
            messages,
            listens,
            python: String::new(),
            packages: files.packages.clone(),
            model_server: Some(files.model_server.clone()),
            installed: BTreeMap::new(),
            is_spent: false,
            _listener: listener,
        };
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
        let packages = self.provide(program).await?;
        self.begin(program_message("run", program, &packages, None))?;
        started(self.stopper());
        // On the other clocks, servers are not asked.
        let network = (program.clock == ClockKind::Browser).then(|| Network::new(&self.port));
        let environment = &program.environment;
        loop {
            match self.next().await? {
                Message::Network(message) => {
                    if let Some(network) = &network {
                        network.take(message);
                        let simulated = network.take_simulated().into_iter();
                        simulated.map(|origin| Arrived::Simulated(origin.to_string())).try_for_each(&mut take)?;
                    }
                }
                Message::Pieces(pieces) => pieces.into_iter().try_for_each(|mut piece| {
                    piece.more = environment.hide_in_json(&piece.more).into_owned();
                    take(Arrived::Piece(piece))
                })?,
                Message::Output { text } => take(Arrived::Output(environment.hide(&text).into_owned()))?,
                Message::Ended(mut ended) => {
                    self.listens.set(false);
                    ended.message = environment.hide(&ended.message).into_owned();
                    self.is_spent |= ended.is_out_of_memory();
                    return Ok(ended);
                }
                Message::Ready { .. }
                | Message::Imports(_)
                | Message::Packages(_)
                | Message::Seen(_)
                | Message::Wheel(_) => {
                    return Err(unexpected());
                }
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
        let mut missing = self.imports(files).await?;
        let packages = self.packages_for(&missing).await;
        missing.retain(|import| provider(&packages, &import.module).is_none());
        Ok(missing)
    }

    /// The packages that a program with these imports can use: the site's, then the reader's own.
    async fn packages_for(&self, imports: &[MissingImport]) -> Vec<Package> {
        let own =
            if imports.is_empty() { Vec::new() } else { OwnWheels::open().await.list().await.unwrap_or_default() };
        self.packages.iter().cloned().chain(own.iter().map(OwnWheel::package)).collect()
    }

    /// Asks the sandbox what is in a wheel.
    ///
    /// # Errors
    ///
    /// If the interpreter fails. The session cannot be used afterwards.
    pub async fn inspect(&mut self, wheel: &[u8]) -> Result<InspectedWheel, PythonError> {
        self.begin(message("inspect", &[("content", Uint8Array::from(wheel).buffer().into())]))?;
        match self.answer().await? {
            Message::Wheel(inspected) => Ok(inspected),
            Message::Failed { place, why } => Err(PythonError::failed(&place, &why)),
            _ => Err(unexpected()),
        }
    }

    /// The imports of a program that are not in the interpreter's own library.
    async fn imports(&mut self, files: &ProgramFiles) -> Result<Vec<MissingImport>, PythonError> {
        self.begin(files_fields(files).and_then(|fields| message("imports", &fields)))?;
        match self.answer().await? {
            Message::Imports(missing) => Ok(missing),
            Message::Failed { place, why } => Err(PythonError::failed(&place, &why)),
            _ => Err(unexpected()),
        }
    }

    /// Loads the packages that a program imports, and returns their names.
    async fn provide(&mut self, program: &Program) -> Result<Vec<String>, PythonError> {
        let imports = self.imports(&program.files).await?;
        let modules: Vec<&str> = imports.iter().map(|import| &*import.module).collect();
        let available = self.packages_for(&imports).await;
        let packages: Vec<Package> = needed(&available, &modules).into_iter().cloned().collect();
        let list = Array::new();
        for package in packages.iter().filter(|it| self.installed.get(&it.name) != Some(*it)) {
            let Package { name, file, bytes, .. } = package;
            let content = match file {
                PackageFile::Site(path) => read_file(path, *bytes, |_| ()).await?,
                PackageFile::Saved => {
                    let content = OwnWheels::open().await.read(package).await;
                    let no_wheel =
                        |error: StorageError| PythonError::NoWheel { name: name.clone(), why: error.to_string() };
                    Uint8Array::from(&*content.map_err(no_wheel)?)
                }
            };
            list.push(
                &object(&[("name", name.into()), ("content", content.buffer().into())]).map_err(|_| unexpected())?,
            );
        }
        let sends_requests = packages.iter().any(|package| package.name == READS_REQUESTS);
        let mut fields = vec![("packages", list.clone().into())];
        if program.clock != ClockKind::Browser
            && !program.replays
            && sends_requests
            && let Some(SiteFile { path, bytes, .. }) = &self.model_server
        {
            let content = read_file(path, *bytes, |_| ()).await?;
            self.model_server = None;
            fields.push(("model_server", content.buffer().into()));
        }
        if list.length() > 0 || fields.len() > 1 {
            self.begin(message("packages", &fields))?;
            match self.answer().await? {
                Message::Packages(refused) => {
                    if let Some(RefusedPackage { name, why }) = refused.into_iter().next() {
                        return Err(PythonError::BadPackage { name, why });
                    }
                }
                Message::Failed { place, why } => return Err(PythonError::failed(&place, &why)),
                _ => return Err(unexpected()),
            }
        }
        let names = packages.iter().map(|package| package.name.clone()).collect();
        self.installed.extend(packages.into_iter().map(|package| (package.name.clone(), package)));
        Ok(names)
    }

    /// Runs a program on the virtual clock until a moment, in microseconds since its start: the tasks that have not ended
    /// then. Empty if the program ended before.
    ///
    /// # Errors
    ///
    /// If the interpreter fails. The session cannot be used afterwards.
    pub async fn look(&mut self, program: &Program, at_us: u64) -> Result<Vec<SeenTask>, PythonError> {
        let packages = self.provide(program).await?;
        self.begin(program_message("look", program, &packages, Some(("at_us", (at_us as f64).into()))))?;
        match self.answer().await? {
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

    /// Sends the message that begins something, and drops messages that the previous program sent after its end.
    fn begin(&mut self, message: Result<JsValue, JsValue>) -> Result<(), PythonError> {
        while self.messages.try_recv().is_ok() {}
        self.listens.set(true);
        self.send(message)
    }

    /// The answer to what was begun, after which nothing is expected.
    async fn answer(&mut self) -> Result<Message, PythonError> {
        let answer = self.next().await;
        self.listens.set(false);
        answer
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
fn program_message(
    kind: &str,
    program: &Program,
    packages: &[String],
    more: Option<Field>,
) -> Result<JsValue, JsValue> {
    let environ = Object::new();
    let model_server = model_server::address();
    let own = model_server.iter().map(|address| (MODEL_SERVER, &**address));
    for (name, value) in own.chain(program.environment.variables()) {
        Reflect::set(&environ, &name.into(), &value.into())?;
    }
    // An unclosed quote was refused when it was typed.
    let argv = split(program.files.arguments()).unwrap_or_default().into_iter().map(JsValue::from);
    let fields = [
        ("argv", argv.collect::<Array>().into()),
        ("environ", environ.into()),
        ("clock", program.clock.name().into()),
        ("processors", program.processors.into()),
        ("seed", (program.seed as f64).into()),
        ("packages", packages.iter().map(JsValue::from).collect::<Array>().into()),
        ("replays", program.replays.into()),
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
    let message = object(fields)?;
    Reflect::set(&message, &"type".into(), &kind.into())?;
    Ok(message)
}

fn object(fields: &[Field]) -> Result<JsValue, JsValue> {
    let object = Object::new();
    for (name, value) in fields {
        Reflect::set(&object, &(*name).into(), value)?;
    }
    Ok(object.into())
}
