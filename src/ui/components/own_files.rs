//! The reader's own files: chosen, or dropped anywhere on the page, with the progress of reading them.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{DragEvent, Event, File, FileList, HtmlInputElement};

use crate::exercises::exercise::OwnFiles;
use crate::lazy::lazy;
use crate::measure::units;
use crate::storage::Source;
use crate::ui::dropping::{Dropped, dropped_in, transfer_of};
use crate::ui::lazy_view::lazy_view;
use crate::ui::runner::Runner;

/// The number of files that are listed at most.
const MOST: usize = 20;

/// The number of characters to which a file name is cut in the list.
const NAME_CHARS: usize = 60;

/// The panel in which the reader chooses files, for an exercise that reads them.
pub(crate) fn own_files(runner: Runner) -> AnyView {
    let Some(own) = &runner.form.exercise.own_files else { return ().into_any() };
    let is_hidden = move || !runner.form.settings.with(|settings| own.are_read(settings));
    let panel = lazy_view(fetched::load, move || fetched::panel(runner, own));
    view! { <div class="own-files" hidden=is_hidden>{panel}</div> }.into_any()
}

lazy!(mod fetched in io: panel(runner: Runner, own: &'static OwnFiles) -> AnyView);

/// A file that was chosen.
#[derive(Clone)]
struct Chosen {
    source: Source,
    modified_ms: f64,
}

impl Chosen {
    fn from_file(file: File) -> Self {
        Self { modified_ms: file.last_modified(), source: Source::from_file(file) }
    }

    /// True if it is most likely the same file: browsers do not say in which folder a file is.
    fn is_same(&self, other: &Self) -> bool {
        self.source.name() == other.source.name()
            && self.source.size_bytes() == other.source.size_bytes()
            && self.modified_ms == other.modified_ms
    }
}

/// The state of the panel. Files that are chosen during a run are read by the next one.
#[derive(Clone, Copy)]
struct Panel {
    runner: Runner,
    own: &'static OwnFiles,
    files: RwSignal<Vec<Chosen>, LocalStorage>,
    /// The files that were not added, and why.
    message: RwSignal<String>,
    is_over: RwSignal<bool>,
}

fn panel(runner: Runner, own: &'static OwnFiles) -> AnyView {
    let panel = Panel {
        runner,
        own,
        files: RwSignal::new_local(Vec::new()),
        message: RwSignal::new(String::new()),
        is_over: RwSignal::new(false),
    };
    panel.listen();
    let has_none = move || panel.files.with(Vec::is_empty);
    let remove_all = move |_| panel.hold(Vec::new(), String::new());
    view! {
        <div class=move || if panel.is_over.get() { "drop over" } else { "drop" }>
            <p>"Drop files anywhere on the page, or"</p>
            <input id="own-files" type="file" multiple=true on:change=move |event| panel.take_chosen(&event) />
            <label for="own-files">"Choose files"</label>
        </div>
        <p class="hint" aria-live="polite">{move || panel.sentence()}</p>
        <p class="hint" data-own="">{move || panel.progress()}</p>
        {move || panel.files.with(|files| panel.list(files))}
        <button class="quiet" disabled=has_none on:click=remove_all>"Remove all"</button>
    }
    .into_any()
}

impl Panel {
    /// The whole page takes files: if the reader missed a small target, the browser would open the file instead of the
    /// page.
    fn listen(self) {
        // `use_drop_zone` of `leptos-use` also takes drags without files, such as text.
        let over = window_event_listener_untyped("dragover", move |event| {
            if transfer_of(&event).is_some() {
                event.prevent_default();
                self.show_over(true);
            }
        });
        let left = window_event_listener_untyped("dragleave", move |event| {
            // When the pointer moves from one element to another, it is still over the page.
            if event.dyn_ref::<DragEvent>().is_none_or(|event| event.related_target().is_none()) {
                self.show_over(false);
            }
        });
        let dropped = window_event_listener_untyped("drop", move |event| {
            self.show_over(false);
            if let Some(transfer) = transfer_of(&event) {
                event.prevent_default();
                self.take_dropped(dropped_in(&transfer));
            }
        });
        on_cleanup(move || [over, left, dropped].into_iter().for_each(WindowListenerHandle::remove));
    }

    fn show_over(self, is_over: bool) {
        if self.is_over.try_with_untracked(|shown| *shown != is_over) == Some(true) {
            self.is_over.set(is_over);
        }
    }

    fn take_chosen(self, event: &Event) {
        let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
        let chosen = input.files().map(|files| chosen_in(&files)).unwrap_or_default();
        // Otherwise the same files could not be chosen again.
        input.set_value("");
        self.add(chosen, String::new());
    }

    fn take_dropped(self, Dropped { files, folders }: Dropped) {
        let message = folders.iter().map(|name| {
            let name = units::shortened(name, NAME_CHARS);
            format!("`{name}` is a folder: open it and drop the files in it. ")
        });
        self.add(files.into_iter().map(Chosen::from_file).collect(), message.collect());
        self.runner.form.set_choice(self.own.control, self.own.choice);
    }

    fn add(self, added: Vec<Chosen>, mut message: String) {
        let mut files = self.files.get_untracked();
        for file in added {
            if files.iter().any(|known| known.is_same(&file)) {
                message += &format!("`{}` is already in the list. ", units::shortened(file.source.name(), NAME_CHARS));
            } else {
                files.push(file);
            }
        }
        self.hold(files, message);
    }

    fn remove(self, place: usize) {
        let mut files = self.files.get_untracked();
        if place < files.len() {
            files.remove(place);
        }
        self.hold(files, String::new());
    }

    fn hold(self, files: Vec<Chosen>, message: String) {
        self.runner.choose(files.iter().map(|file| file.source.clone()).collect());
        self.files.set(files);
        self.message.set(message);
    }

    fn sum(self, bytes: fn(&Source) -> u64) -> u64 {
        self.files.with(|files| files.iter().map(|file| bytes(&file.source)).sum())
    }

    /// The files that were not added, and the number of files. A screen reader reads this when it changes.
    fn sentence(self) -> String {
        let size = units::size(self.sum(Source::size_bytes));
        let count = match self.files.with(Vec::len) {
            0 => "No file is chosen yet. Files stay on your machine: they are read here and not sent anywhere."
                .to_owned(),
            n => format!("{}, {size}.", units::counted(n as u64, "file", "files")),
        };
        self.message.get() + &count
    }

    /// The bytes read so far. This changes all the time.
    fn progress(self) -> String {
        self.runner.display.step.track();
        match self.sum(Source::bytes_read) {
            0 => String::new(),
            read => format!("{} of {} read.", units::size(read), units::size(self.sum(Source::size_bytes))),
        }
    }

    fn list(self, files: &[Chosen]) -> AnyView {
        if files.is_empty() {
            return ().into_any();
        }
        let listed = files.iter().take(MOST).enumerate().map(|(place, file)| self.item(place, &file.source));
        let left_out = files.len().saturating_sub(MOST);
        let more = (left_out > 0).then(|| view! { <li>{format!("and {} more", units::count(left_out as u64))}</li> });
        view! { <ul>{listed.collect_view()} {more}</ul> }.into_any()
    }

    fn item(self, place: usize, source: &Source) -> AnyView {
        let max = source.size_bytes().max(1).to_string();
        let read = move || {
            self.runner.display.step.track();
            self.files.with(|files| files.get(place).map_or(0, |file| file.source.bytes_read())).to_string()
        };
        let name = units::shortened(source.name(), NAME_CHARS);
        let (remove_label, progress_label) = (format!("Remove {name}"), format!("Progress of reading {name}"));
        view! {
            <li>
                <span>{name}</span>
                <span class="number">{units::size(source.size_bytes())}</span>
                <button class="quiet" aria-label=remove_label on:click=move |_| self.remove(place)>"✕"</button>
                <progress aria-label=progress_label max=max prop:value=read></progress>
            </li>
        }
        .into_any()
    }
}

fn chosen_in(files: &FileList) -> Vec<Chosen> {
    (0..files.length()).filter_map(|n| files.get(n)).map(Chosen::from_file).collect()
}
