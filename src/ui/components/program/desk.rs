//! [`Desk`]: the program on the page, the file of it that is shown, and the name under which it is saved.

use std::rc::Rc;
use std::sync::Arc;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::Shared;
use futures::lock::Mutex;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::Event;

use super::saver::{Claim, Saver, Saving};
use super::starts::{self, Start};
use crate::exercises::controls::{Control, Value};
use crate::exercises::program::{self, CODE};
use crate::python::interpreter;
use crate::python::keys::without_keys;
use crate::python::program_files::{BadFiles, Content, ProgramFile, ProgramFiles};
use crate::python::suggested_clock::suggested_clock;
use crate::share::programs::{ProgramEntry, ProgramError, Programs, SavedProgram};
use crate::storage::StorageError;
use crate::storage::tab_lock::IfTaken;
use crate::storage::time_limit::in_time;
use crate::ui::form::Form;

/// The name of the program that was open last.
const LAST: &str = "interleave-program";

/// Puts something back that the reader has removed.
type Undo = Rc<dyn Fn()>;

/// Something that has happened.
#[derive(Clone, Default)]
pub(super) struct News {
    pub(super) text: String,
    pub(super) undo: Option<Undo>,
}

/// The program on the page.
#[derive(Clone, Copy)]
pub(crate) struct Desk {
    pub(super) form: Form,
    /// The name of the file that is shown.
    pub(super) shown: RwSignal<Arc<str>>,
    /// The line of it that the reader wants to see.
    pub(super) line: RwSignal<Option<u32>>,
    /// Changes when another program is shown.
    pub(super) version: RwSignal<u32>,
    /// The name under which it is saved.
    pub(super) name: RwSignal<Option<String>>,
    pub(super) saving: RwSignal<Saving>,
    pub(super) news: RwSignal<News, LocalStorage>,
    /// The reason why the last change is not part of the program.
    pub(super) refusal: RwSignal<String>,
    /// The environment variables as the reader types them. They are in memory until another program is shown.
    pub(super) environment: RwSignal<String>,
    /// The saved programs.
    pub(super) list: RwSignal<Vec<ProgramEntry>>,
    /// False if the browser stores nothing for the page.
    pub(super) is_persistent: RwSignal<bool>,
    /// Changes when the reader's own packages do.
    pub(super) wheels: RwSignal<u32>,
    /// The program of the site that it was started from.
    pub(super) start: RwSignal<Option<&'static Start>>,
    /// That program as it was, once it has been read.
    pub(super) original: RwSignal<Option<Arc<ProgramFiles>>>,
    saver: StoredValue<Shared<oneshot::Receiver<Rc<Saver>>>, LocalStorage>,
    /// Files are opened one choice after the other: data that is chosen second belongs to the program that was chosen first.
    opening: StoredValue<Rc<Mutex<()>>, LocalStorage>,
}

impl Desk {
    /// A desk with the program of the form. If that is nothing in particular, the program that was open last is shown
    /// as soon as it is read.
    pub(super) fn new(form: Form, shows_run: bool) -> Self {
        let program = form.settings.with_untracked(|settings| settings.program(CODE).clone());
        let (opened, saver) = oneshot::channel();
        let desk = Self {
            form,
            shown: RwSignal::new(program.main().name.clone()),
            line: RwSignal::new(None),
            version: RwSignal::new(0),
            name: RwSignal::new(None),
            saving: RwSignal::new(Saving::NotYet),
            news: RwSignal::new_local(News::default()),
            refusal: RwSignal::new(String::new()),
            environment: RwSignal::new(String::new()),
            list: RwSignal::new(Vec::new()),
            is_persistent: RwSignal::new(true),
            wheels: RwSignal::new(0),
            start: RwSignal::new(None),
            original: RwSignal::new(None),
            saver: StoredValue::new_local(saver.shared()),
            opening: StoredValue::new_local(Rc::default()),
        };
        desk.use_shown_file();
        desk.use_leaving();
        let is_new = program == default_program(form);
        spawn_local(desk.begin(opened, shows_run || !is_new).boxed_local());
        desk
    }

    /// Opens files when those that were chosen before are open.
    pub(super) async fn open_in_turn(self, open: impl Future<Output = ()>) {
        let Some(opening) = self.opening.try_get_value() else { return };
        let _turn = opening.lock().await;
        open.await;
    }

    /// If the shown file is gone, for example because a run was opened, the main file is shown.
    fn use_shown_file(self) {
        Effect::new(move || {
            let main = self.form.settings.with(|settings| {
                let program = settings.program(CODE);
                self.shown.with(|shown| program.get(shown).is_none()).then(|| program.main().name.clone())
            });
            if let Some(main) = main {
                self.shown.set(main);
            }
        });
    }

    async fn begin(self, opened: oneshot::Sender<Rc<Saver>>, has_program: bool) {
        let programs = Programs::open().await;
        let is_persistent = programs.is_persistent();
        self.is_persistent.try_set(is_persistent);
        let saver = Saver::new(programs, move |name, saving| {
            remember(name.as_deref());
            let is_listed = |name: &String| self.list.try_with_untracked(|list| list.iter().any(|it| it.name == *name));
            let is_new = saving == Saving::Saved && name.as_ref().and_then(is_listed) == Some(false);
            self.name.try_set(name);
            self.saving.try_set(saving);
            if is_new {
                spawn_local(self.read_list().boxed_local());
            }
        });
        if opened.send(Rc::clone(&saver)).is_err() {
            // The page was left.
            return;
        }
        // While nobody but the page has changed the program.
        let is_untouched = || self.saving.try_get_untracked() == Some(Saving::NotYet);
        if !is_untouched() {
            self.changed();
        }
        let is_packed = self.form.packed.with_untracked(Option::is_some);
        let shows_link = is_packed && super::link::open(self).await;
        if let Some(name) = last().filter(|_| is_persistent && is_untouched() && !shows_link && !has_program) {
            let found = find(&saver, &name, IfTaken::Refuse).await;
            // What the reader has typed by now stays.
            if is_untouched() {
                self.show_saved(&saver, &name, found).await;
            }
        }
        self.read_list().await;
    }

    /// Saves when the page is hidden or left.
    fn use_leaving(self) {
        let flush = move || {
            if let Some(saver) = self.saver_now() {
                // If it fails, this is reported.
                spawn_local(async move { drop(saver.flush().await) });
            }
        };
        let hidden = window_event_listener_untyped("visibilitychange", move |_| flush());
        let left = window_event_listener_untyped("pagehide", move |_| flush());
        let closed = window_event_listener_untyped("beforeunload", move |event: Event| {
            let has_failed = self.saving.try_with_untracked(|it| matches!(it, Saving::Failed(_))) == Some(true);
            if has_failed {
                // The browser asks if the page is to be left.
                event.prevent_default();
            }
        });
        on_cleanup(move || {
            flush();
            [hidden, left, closed].into_iter().for_each(WindowListenerHandle::remove);
        });
    }

    /// The program, without being notified of changes.
    pub(super) fn program(self) -> Arc<ProgramFiles> {
        self.form.settings.with_untracked(|settings| settings.program(CODE).clone())
    }

    /// Reads the program, to be notified of changes.
    pub(super) fn with<T>(self, read: impl FnOnce(&ProgramFiles) -> T) -> T {
        self.form.settings.with(|settings| read(settings.program(CODE)))
    }

    /// True if the reader cannot change the program here.
    pub(super) fn is_read_only(self) -> bool {
        self.saving.with(|saving| *saving == Saving::Elsewhere)
    }

    /// Takes what the reader has typed into the shown file.
    pub(super) fn take_text(self, text: &str) {
        let name = self.shown.get_untracked();
        self.edit(self.program().with(ProgramFile::new(&name, Content::Text(text.into()))));
    }

    /// Takes a change by the reader. Returns false if it is refused.
    pub(super) fn edit(self, changed: Result<ProgramFiles, BadFiles>) -> bool {
        if untrack(|| self.is_read_only()) {
            return false;
        }
        match changed {
            Ok(program) => {
                // It was about the program before the change.
                if self.news.with_untracked(|news| !news.text.is_empty()) {
                    self.say("");
                }
                self.choose_clock(&program);
                self.put(program);
                self.changed();
                true
            }
            Err(error) => {
                let why = format!("{error}. {}", error.advice());
                self.form.refuse(CODE, "", why.clone());
                self.refusal.set(format!("This change was not applied to the program: {why}"));
                false
            }
        }
    }

    /// The program is about to change to this one: selects the clock that it needs, unless a link or the reader has chosen
    /// another clock than that of the program before.
    fn choose_clock(self, next: &ProgramFiles) {
        let (before, after) = (suggested_clock(&self.program()), suggested_clock(next));
        if before != after && self.form.settings.with_untracked(program::chosen_clock) == before {
            self.form.set_choice("clock", after.name());
        }
    }

    fn put(self, program: ProgramFiles) {
        if let Some(control) = control(self.form) {
            self.refusal.set(String::new());
            self.form.set_value(control, Value::Program(Arc::new(program)));
        }
    }

    /// Saves the program soon.
    fn changed(self) {
        self.form.packed.set(None);
        let started_from = self.start.get_untracked().map(|start| start.key.to_owned());
        let program = SavedProgram { program: ProgramFiles::clone(&self.program()), started_from };
        match self.saver_now() {
            Some(saver) => saver.change(program),
            // The storage is being opened.
            None => self.saving.set(Saving::Soon),
        }
    }

    /// Shows another program.
    pub(super) fn show(self, program: ProgramFiles) {
        interpreter::renew();
        self.choose_clock(&program);
        self.environment.try_set(String::new());
        let main = program.main().name.clone();
        self.put(program);
        self.shown.set(main);
        self.version.update(|version| *version += 1);
    }

    /// Shows a program that is not saved, after saving the one before, and saves it.
    pub(super) async fn show_new(self, program: ProgramFiles, start: Option<(&'static Start, Arc<ProgramFiles>)>) {
        let Some(saver) = self.replace(program, start).await else { return };
        self.changed();
        if saver.flush().await.is_ok() {
            self.read_list().await;
        }
    }

    /// Shows a program that is not saved until it is changed: a new one, or that of a link. If the reader has changed the
    /// one before, that is saved first. Returns false if that cannot be saved, or if the page was left.
    pub(super) async fn show_unsaved(
        self,
        program: ProgramFiles,
        start: Option<(&'static Start, Arc<ProgramFiles>)>,
        news: &str,
    ) -> bool {
        let is_shown = self.replace(program, start).await.is_some();
        if is_shown {
            self.say(news);
        }
        is_shown
    }

    /// Shows a program of the site without saving it. For an assignment on which the reader has worked, shows that work.
    /// Returns false if neither can be read.
    pub(super) async fn show_start(self, start: &'static Start) -> bool {
        if start.is_assignment()
            && let Some(saver) = self.saver().await
            && let Some(name) = saver.programs.find_started_from(start.key).await
        {
            self.open(name.clone()).await;
            let is_open = self.name.try_get_untracked().flatten().as_deref() == Some(&*name);
            if is_open {
                self.say(&format!("Your work on this part, which is saved as `{name}`."));
            }
            return is_open;
        }
        match start.read().await {
            Ok(program) => {
                if let Some(clock) = start.clock {
                    self.form.set_choice("clock", clock);
                }
                let original = Arc::new(program.clone());
                self.show_unsaved(program, Some((start, original)), &start.welcome()).await
            }
            Err(why) => {
                self.say(&format!("The program could not be read: {why}"));
                false
            }
        }
    }

    /// Saves the program on the page, and shows another one. Returns `None` if that cannot be saved, or if the page was
    /// left.
    async fn replace(
        self,
        program: ProgramFiles,
        start: Option<(&'static Start, Arc<ProgramFiles>)>,
    ) -> Option<Rc<Saver>> {
        let saver = self.saver().await?;
        let closed = saver.close().await;
        if self.is_left() {
            return None;
        }
        if let Err(why) = closed {
            self.say(&why);
            return None;
        }
        self.name.try_set(None);
        self.saving.try_set(Saving::NotYet);
        self.start.try_set(start.as_ref().map(|(start, _)| *start));
        self.original.try_set(start.map(|(_, original)| original));
        self.show(program);
        Some(saver)
    }

    /// Opens a saved program.
    pub(super) async fn open(self, name: String) {
        let Some(saver) = self.saver().await else { return };
        if saver.name().as_deref() != Some(&*name) {
            self.open_saved(&saver, &name, IfTaken::Refuse).await;
        }
    }

    /// Takes the program over from another tab.
    pub(super) async fn take_over(self) {
        let (Some(saver), Some(name)) = (self.saver().await, self.name.get_untracked()) else { return };
        self.open_saved(&saver, &name, IfTaken::Steal).await;
    }

    async fn open_saved(self, saver: &Rc<Saver>, name: &str, if_taken: IfTaken) {
        let found = find(saver, name, if_taken).await;
        // The reader may have changed the program before in the meantime.
        match saver.flush().await {
            Ok(()) => self.show_saved(saver, name, found).await,
            Err(why) => self.say(&why),
        }
    }

    /// Shows a saved program instead of the one on the page, of which everything is saved.
    async fn show_saved(self, saver: &Rc<Saver>, name: &str, found: Result<(Claim, SavedProgram), ProgramError>) {
        match found {
            _ if self.is_left() => {}
            Ok((claim, saved)) => {
                let may_edit = claim.may_edit();
                saver.use_claim(claim);
                remember(Some(name));
                self.name.try_set(Some(name.to_owned()));
                let (own, _) = without_keys(&self.program());
                // The text on the page also has the keys, which are not saved.
                if own != saved.program {
                    self.show(saved.program);
                }
                // Before anything is awaited: a change saves it again with the program.
                let start = saved.started_from.as_deref().and_then(starts::find);
                self.start.try_set(start);
                self.original.try_set(None);
                self.form.packed.try_set(None);
                self.saving.try_set(if may_edit { Saving::Saved } else { Saving::Elsewhere });
                // Without it, the page only does not say what has changed.
                if let Some(start) = start
                    && let Ok(original) = start.read().await
                    && self.name.try_get_untracked().flatten().as_deref() == Some(name)
                {
                    self.original.try_set(Some(Arc::new(original)));
                }
            }
            Err(error) => {
                let is_gone = error != ProgramError::Storage(StorageError::NoResponse);
                if is_gone && saver.name().is_none_or(|open| open == name) {
                    saver.forget();
                    remember(None);
                    self.name.try_set(None);
                    self.saving.try_set(Saving::NotYet);
                }
                self.say(&in_words(&error));
            }
        }
    }

    /// Gives the program another name.
    pub(super) async fn rename(self, to: String) {
        let Some(saver) = self.saver().await else { return };
        match saver.rename(to.trim()).await {
            Ok(()) => self.read_list().await,
            Err(why) => {
                self.say(&why);
                // The field shows the name again.
                self.name.notify();
            }
        }
    }

    /// Deletes a saved program. The reader can put it back.
    pub(super) async fn delete(self, name: String) {
        let Some(saver) = self.saver().await else { return };
        if saver.is_elsewhere(&name).await {
            return self.say(&format!("`{name}` is open in another tab. Close it there, then delete it."));
        }
        let open = Rc::clone(&saver);
        match saver.delete(&name).await {
            Ok((saved, was_open)) => {
                if was_open {
                    remember(None);
                    self.name.try_set(None);
                    self.saving.try_set(Saving::NotYet);
                }
                let text = format!("`{name}` was deleted.");
                let undo = saved.map(|saved| {
                    let put_back = move || {
                        let (saver, name, saved) = (Rc::clone(&saver), name.clone(), saved.clone());
                        let put_back = async move {
                            // Another program may have the name by now. If it fails, the list shows that.
                            if let Ok(name) = saver.programs.free_name(&name, &[]).await {
                                let _ = saver.programs.save(&name, &saved).await;
                            }
                            self.read_list().await;
                        };
                        spawn_local(put_back.boxed_local());
                    };
                    Rc::new(put_back) as Undo
                });
                self.news.try_set(News { text, undo });
            }
            Err(error) => self.say(&in_words(&error)),
        }
        // There may be space now for what could not be saved. If not, this is reported.
        drop(open.flush().await);
        self.read_list().await;
    }

    async fn read_list(self) {
        let Some(saver) = self.saver().await else { return };
        match saver.programs.list().await {
            Ok(list) => {
                self.list.try_set(list);
            }
            Err(error) => self.say(&in_words(&error)),
        }
    }

    /// True once the page of the program is gone.
    fn is_left(self) -> bool {
        self.version.is_disposed()
    }

    /// Waits until the storage is open. `None` if the page was left before.
    async fn saver(self) -> Option<Rc<Saver>> {
        self.saver.try_get_value()?.await.ok()
    }

    /// `None` while the storage is being opened.
    fn saver_now(self) -> Option<Rc<Saver>> {
        self.saver.try_get_value()?.now_or_never()?.ok()
    }

    /// Says what happened.
    pub(super) fn say(self, text: &str) {
        self.news.try_set(News { text: text.to_owned(), undo: None });
    }

    /// Says what the reader has removed, with a button that puts it back.
    pub(super) fn say_removed(self, text: String, undo: impl Fn() + 'static) {
        self.news.try_set(News { text, undo: Some(Rc::new(undo)) });
    }
}

/// Reads a saved program, and asks for the right to edit it.
async fn find(saver: &Rc<Saver>, name: &str, if_taken: IfTaken) -> Result<(Claim, SavedProgram), ProgramError> {
    let found = async {
        // The tab that edits it saves its last changes before it leaves the program to this one.
        let claim = saver.claim(name, if_taken).await;
        Ok((claim, saver.programs.read(name).await?))
    };
    in_time(found).await
}

fn in_words(error: &ProgramError) -> String {
    if let ProgramError::Storage(StorageError::NotFound { name }) = error {
        return format!("The program `{name}` is no longer saved: it was deleted in another tab.");
    }
    format!("{error}. {}", error.advice())
}

fn control(form: Form) -> Option<&'static Control> {
    form.exercise.controls.iter().find(|control| control.name == CODE)
}

fn default_program(form: Form) -> Arc<ProgramFiles> {
    match control(form).map(Control::default_value) {
        Some(Value::Program(program)) => program,
        _ => Arc::new(ProgramFiles::of_one_file("")),
    }
}

/// The name of the program that was open last: in this tab, or else in any other.
fn last() -> Option<String> {
    let window = window();
    [window.session_storage(), window.local_storage()].into_iter().find_map(|it| it.ok()??.get_item(LAST).ok()?)
}

/// Without storage, the next visit begins with the first program of the page.
fn remember(name: Option<&str>) {
    let window = window();
    for storage in [window.session_storage(), window.local_storage()].into_iter().flatten().flatten() {
        let _ = match name {
            Some(name) => storage.set_item(LAST, name),
            None => storage.remove_item(LAST),
        };
    }
}
