//! Saves the program on the page while it is edited. One tab at a time edits a saved program; another can take it over.
//!
//! A tab that edits a program holds two locks. To take the program over, another tab steals the first one. Then the
//! first tab saves what is not saved yet, and releases the second lock, for which the other tab waits before it reads the
//! program. A tab that does not answer, because the browser has suspended it, loses the second lock as well; what it has
//! not saved becomes a copy once it continues.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures::lock::Mutex;
use leptos::prelude::set_timeout;

use crate::runtime::Run;
use crate::share::programs::{ProgramError, Programs, SavedProgram};
use crate::storage::tab_lock::{IfTaken, TabLock};

/// The time from a change until it is saved.
const SAVES_AFTER: Duration = Duration::from_millis(400);

/// The time within which the tab that has lost a program saves it.
const HANDS_OVER_WITHIN: Duration = Duration::from_secs(2);

/// What has become of the program on the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Saving {
    /// It is not saved, because it was not changed here.
    NotYet,
    /// It was changed, and will be saved soon.
    Soon,
    /// It is saved.
    Saved,
    /// It could not be saved. Contains what happened and what to do.
    Failed(String),
    /// Another tab edits it.
    Elsewhere,
    /// Another tab took it over before the last changes were saved: they are in a copy of this name.
    Copied(String),
}

/// Saves the program on the page.
pub(super) struct Saver {
    pub(super) programs: Programs,
    name: RefCell<Option<String>>,
    pending: RefCell<Option<SavedProgram>>,
    /// True if a timer will save it.
    is_due: Cell<bool>,
    writing: Mutex<()>,
    locks: RefCell<Vec<TabLock>>,
    /// True once both locks were taken away.
    is_orphaned: Cell<bool>,
    report: Box<dyn Fn(Option<String>, Saving)>,
}

impl Saver {
    /// `report` is called with the name of the program and its state.
    pub(super) fn new(programs: Programs, report: impl Fn(Option<String>, Saving) + 'static) -> Rc<Self> {
        Rc::new(Self {
            programs,
            name: RefCell::default(),
            pending: RefCell::default(),
            is_due: Cell::new(false),
            writing: Mutex::new(()),
            locks: RefCell::default(),
            is_orphaned: Cell::new(false),
            report: Box::new(report),
        })
    }

    /// The name under which the program is saved.
    pub(super) fn name(&self) -> Option<String> {
        self.name.borrow().clone()
    }

    /// Saves under this name from now on. Returns false if another tab edits the program.
    pub(super) async fn open(self: &Rc<Self>, name: &str, if_taken: IfTaken) -> bool {
        self.locks.take();
        self.is_orphaned.set(false);
        self.name.replace(Some(name.to_owned()));
        let this = Rc::downgrade(self);
        let leave = move || {
            if let Some(this) = this.upgrade() {
                wasm_bindgen_futures::spawn_local(async move { this.hand_over().await });
            }
        };
        let Some(first) = TabLock::request(&lock_of(name), if_taken, leave).await else { return false };
        let second = lock_of(&format!("text of {name}"));
        let this = Rc::downgrade(self);
        let orphaned = move || {
            if let Some(this) = this.upgrade() {
                this.is_orphaned.set(true);
            }
        };
        let waiting = TabLock::request(&second, IfTaken::Wait, orphaned.clone());
        let second = match Run::for_page().timeout(HANDS_OVER_WITHIN, waiting).await {
            Ok(lock) => lock,
            Err(_) => TabLock::request(&second, IfTaken::Steal, orphaned).await,
        };
        self.locks.borrow_mut().extend([Some(first), second].into_iter().flatten());
        true
    }

    /// Another tab has taken the program over.
    async fn hand_over(self: Rc<Self>) {
        let name = self.name();
        // If it fails, this has been reported, and the reader can still copy the text.
        let is_saved = self.flush().await.is_ok();
        if self.name() != name {
            // This tab edits a copy.
            return;
        }
        self.locks.take();
        if is_saved {
            (self.report)(name, Saving::Elsewhere);
        }
    }

    /// Saves this soon.
    pub(super) fn change(self: &Rc<Self>, program: SavedProgram) {
        self.pending.replace(Some(program));
        (self.report)(self.name(), Saving::Soon);
        // What could not be saved is still pending, without a timer.
        if !self.is_due.replace(true) {
            let this = Rc::clone(self);
            let save = move || {
                this.is_due.set(false);
                wasm_bindgen_futures::spawn_local(async move { drop(this.flush().await) });
            };
            set_timeout(save, SAVES_AFTER);
        }
    }

    /// Saves now what is not saved yet.
    ///
    /// # Errors
    ///
    /// What happened, and what to do.
    pub(super) async fn flush(self: &Rc<Self>) -> Result<(), String> {
        let _writing = self.writing.lock().await;
        while let Some(program) = self.pending.take() {
            match self.write(&program).await {
                Ok(state) => (self.report)(self.name(), state),
                Err(error) => {
                    self.pending.borrow_mut().get_or_insert(program);
                    let why = format!("Not saved: {error}. {}", error.advice());
                    (self.report)(self.name(), Saving::Failed(why.clone()));
                    return Err(why);
                }
            }
        }
        Ok(())
    }

    async fn write(self: &Rc<Self>, program: &SavedProgram) -> Result<Saving, ProgramError> {
        let name = self.name();
        let is_orphaned = self.is_orphaned.get();
        let name = match name {
            Some(name) if !is_orphaned => name,
            other => {
                let wished = other.unwrap_or_else(|| program.program.main().name.to_string());
                let name = self.programs.free_name(&wished).await?;
                self.open(&name, IfTaken::Refuse).await;
                name
            }
        };
        self.programs.save(&name, program).await?;
        Ok(if is_orphaned { Saving::Copied(name) } else { Saving::Saved })
    }

    /// Gives the program another name.
    ///
    /// # Errors
    ///
    /// If the name cannot be used. The program keeps its name.
    pub(super) async fn rename(self: &Rc<Self>, to: &str) -> Result<(), String> {
        self.flush().await?;
        let words = |error: ProgramError| format!("{error}. {}", error.advice());
        let Some(from) = self.name() else { return Ok(()) };
        self.programs.rename(&from, to).await.map_err(words)?;
        self.open(to, IfTaken::Refuse).await;
        (self.report)(self.name(), Saving::Saved);
        Ok(())
    }

    /// Saves what is not saved yet, and leaves the program to other tabs.
    ///
    /// # Errors
    ///
    /// If it cannot be saved. Then nothing else happens.
    pub(super) async fn close(self: &Rc<Self>) -> Result<(), String> {
        self.flush().await?;
        self.forget();
        Ok(())
    }

    /// Leaves the program to other tabs, without saving it.
    pub(super) fn forget(&self) {
        self.pending.take();
        self.name.take();
        self.locks.take();
        self.is_orphaned.set(false);
    }

    /// True if another tab edits this program.
    pub(super) async fn is_elsewhere(&self, name: &str) -> bool {
        self.name().as_deref() != Some(name) && TabLock::request(&lock_of(name), IfTaken::Refuse, || {}).await.is_none()
    }
}

fn lock_of(name: &str) -> String {
    format!("program {name}")
}
