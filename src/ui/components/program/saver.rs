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
use crate::storage::time_limit::in_time;

/// The time from a change until it is saved.
const SAVES_AFTER: Duration = Duration::from_millis(400);

/// The time within which the tab that has lost a program saves it.
const HANDS_OVER_WITHIN: Duration = Duration::from_secs(2);

/// The save state of the program on the page.
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
    /// Another tab took it over before the last changes were saved: they and all later ones are in a copy of this name.
    Copied(String),
}

/// The right to edit a saved program, which one tab at a time has.
pub(super) struct Claim {
    name: String,
    /// Empty if another tab edits the program.
    locks: Vec<TabLock>,
    /// True once both locks were taken away.
    is_orphaned: Rc<Cell<bool>>,
    /// True if it is a copy of a program that another tab has taken over.
    is_copy: bool,
}

impl Claim {
    /// False if another tab edits the program.
    pub(super) fn may_edit(&self) -> bool {
        !self.locks.is_empty()
    }
}

/// Saves the program on the page.
pub(super) struct Saver {
    pub(super) programs: Programs,
    /// The program on the page, if it is a saved one.
    claim: RefCell<Option<Claim>>,
    pending: RefCell<Option<SavedProgram>>,
    /// True if a timer will save it.
    is_due: Cell<bool>,
    writing: Mutex<()>,
    report: Box<dyn Fn(Option<String>, Saving)>,
}

impl Saver {
    /// `report` is called with the name of the program and its state.
    pub(super) fn new(programs: Programs, report: impl Fn(Option<String>, Saving) + 'static) -> Rc<Self> {
        Rc::new(Self {
            programs,
            claim: RefCell::default(),
            pending: RefCell::default(),
            is_due: Cell::new(false),
            writing: Mutex::new(()),
            report: Box::new(report),
        })
    }

    /// The name under which the program is saved.
    pub(super) fn name(&self) -> Option<String> {
        self.claim.borrow().as_ref().map(|claim| claim.name.clone())
    }

    /// Asks for the right to edit a saved program. The program on the page stays the same until the claim is
    /// [used](Self::use_claim).
    pub(super) async fn claim(self: &Rc<Self>, name: &str, if_taken: IfTaken) -> Claim {
        let is_orphaned = Rc::new(Cell::new(false));
        let locks = self.locks(name, if_taken, &is_orphaned).await;
        Claim { name: name.to_owned(), locks, is_orphaned, is_copy: false }
    }

    async fn locks(self: &Rc<Self>, name: &str, if_taken: IfTaken, is_orphaned: &Rc<Cell<bool>>) -> Vec<TabLock> {
        let (this, own) = (Rc::downgrade(self), name.to_owned());
        let leave = move || {
            if let Some(this) = this.upgrade() {
                wasm_bindgen_futures::spawn_local(async move { this.hand_over(&own).await });
            }
        };
        let Some(first) = TabLock::request(&lock_of(name), if_taken, leave).await else { return Vec::new() };
        let second = lock_of(&format!("text of {name}"));
        let orphan = || {
            let is_orphaned = Rc::clone(is_orphaned);
            move || is_orphaned.set(true)
        };
        let waiting = TabLock::request(&second, IfTaken::Wait, orphan());
        let second = match Run::for_page().timeout(HANDS_OVER_WITHIN, waiting).await {
            Ok(lock) => lock,
            Err(_) => TabLock::request(&second, IfTaken::Steal, orphan()).await,
        };
        [Some(first), second].into_iter().flatten().collect()
    }

    /// Saves as this program from now on. What is not saved yet must have been [saved](Self::flush) before.
    pub(super) fn use_claim(&self, claim: Claim) {
        self.claim.replace(Some(claim));
    }

    /// Another tab has taken this program over.
    async fn hand_over(self: Rc<Self>, name: &str) {
        let is_open = || self.name().as_deref() == Some(name);
        if !is_open() {
            return;
        }
        // If it fails, this has been reported, and the reader can still copy the text.
        let is_saved = self.flush().await.is_ok();
        if !is_open() {
            // This tab edits a copy.
            return;
        }
        if let Some(claim) = self.claim.borrow_mut().as_mut() {
            claim.locks.clear();
        }
        if is_saved {
            (self.report)(self.name(), Saving::Elsewhere);
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
    /// An error message with advice.
    pub(super) async fn flush(self: &Rc<Self>) -> Result<(), String> {
        let _writing = self.writing.lock().await;
        self.write_pending().await
    }

    async fn write_pending(self: &Rc<Self>) -> Result<(), String> {
        while let Some(program) = self.pending.take() {
            match in_time(self.write(&program)).await {
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
        // Another tab may have taken the program over before its last changes were saved.
        let is_lost = self.claim.borrow().as_ref().is_some_and(|claim| !claim.may_edit() || claim.is_orphaned.get());
        let name = match self.name() {
            Some(name) if !is_lost => name,
            other => self.claim_free_name(other.as_deref().unwrap_or(&program.program.main().name)).await?,
        };
        // The reader may look up only after some more changes, or after the copy could not be saved at first.
        let is_copy = self.claim.borrow_mut().as_mut().is_some_and(|claim| {
            claim.is_copy |= is_lost;
            claim.is_copy
        });
        self.programs.save(&name, program).await?;
        Ok(if is_copy { Saving::Copied(name) } else { Saving::Saved })
    }

    /// Saves under a new name from now on, and returns it.
    async fn claim_free_name(self: &Rc<Self>, wished: &str) -> Result<String, ProgramError> {
        let mut taken = Vec::new();
        loop {
            let name = self.programs.free_name(wished, &taken).await?;
            let claim = self.claim(&name, IfTaken::Refuse).await;
            if claim.may_edit() {
                self.use_claim(claim);
                return Ok(name);
            }
            // Another tab is about to save a program of this name.
            taken.push(name);
        }
    }

    /// Gives the program another name.
    ///
    /// # Errors
    ///
    /// If the name cannot be used. The program keeps its name.
    pub(super) async fn rename(self: &Rc<Self>, to: &str) -> Result<(), String> {
        // Until it has its new name, changes must not be saved under the old one.
        let _writing = self.writing.lock().await;
        self.write_pending().await?;
        let Some(from) = self.name().filter(|from| from != to) else { return Ok(()) };
        if self.is_elsewhere(&from).await {
            return Err("Another tab edits this program. Take it over, then rename it.".to_owned());
        }
        let renamed = async {
            self.programs.rename(&from, to).await?;
            Ok::<_, ProgramError>(self.claim(to, IfTaken::Refuse).await)
        };
        let claim = in_time(renamed).await.map_err(|error| format!("{error}. {}", error.advice()))?;
        self.use_claim(claim);
        (self.report)(self.name(), Saving::Saved);
        Ok(())
    }

    /// Deletes a saved program. Returns what it was, if it could be read, and whether it was the one on the page. What was
    /// not saved of that is forgotten.
    ///
    /// # Errors
    ///
    /// If it was not deleted.
    pub(super) async fn delete(&self, name: &str) -> Result<(Option<SavedProgram>, bool), ProgramError> {
        // Otherwise a change that is being saved would create it again.
        let _writing = self.writing.lock().await;
        let deleted = async {
            let saved = self.programs.read(name).await.ok();
            self.programs.delete(name).await?;
            Ok::<_, ProgramError>(saved)
        };
        let saved = in_time(deleted).await?;
        let was_open = self.name().as_deref() == Some(name);
        if was_open {
            self.forget();
        }
        Ok((saved, was_open))
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
        self.claim.take();
    }

    /// True if another tab edits this program.
    pub(super) async fn is_elsewhere(&self, name: &str) -> bool {
        let may_edit = self.claim.borrow().as_ref().filter(|claim| claim.name == name).map(Claim::may_edit);
        match may_edit {
            Some(may_edit) => !may_edit,
            None => TabLock::request(&lock_of(name), IfTaken::Refuse, || {}).await.is_none(),
        }
    }
}

fn lock_of(name: &str) -> String {
    format!("program {name}")
}
