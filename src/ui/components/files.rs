//! The files that an exercise has stored, each with buttons to download and delete it, and a button that deletes all.

use leptos::prelude::*;

use crate::lazy::lazy;
use crate::measure::report::Column;
use crate::measure::units;
use crate::runtime::Run;
use crate::storage::{Storage, StorageError, StorageEstimate, StoredFile as File};
use crate::ui::components::table::table;
use crate::ui::display::Display;
use crate::ui::download::{REFUSED, offer};
use crate::ui::lazy_view::lazy_view;

/// The number of files that are listed at first, and that each press of a button adds. The last by name come first.
const PAGE: usize = 20;

/// The panel, for an exercise that stores files.
pub(crate) fn files(display: Display) -> AnyView {
    match display.exercise.folder {
        Some(folder) => lazy_view(fetched::load, move || fetched::panel(display, folder)),
        None => ().into_any(),
    }
}

lazy!(mod fetched in io: panel(display: Display, folder: &'static str) -> AnyView);

/// The content of the folder.
#[derive(Clone)]
struct Found {
    kind: &'static str,
    files: Vec<File>,
    room: Option<StorageEstimate>,
}

/// The state of the panel: the folder as it was last read.
#[derive(Clone, Copy)]
struct Folder {
    display: Display,
    name: &'static str,
    /// `None` until the folder was read, and if that failed.
    found: RwSignal<Option<Found>, LocalStorage>,
    /// The result of the last action.
    message: RwSignal<String>,
    shown: RwSignal<usize>,
    /// Counts the reads: one that takes longer than the next is ignored.
    reads: StoredValue<u32, LocalStorage>,
}

fn panel(display: Display, folder: &'static str) -> AnyView {
    let panel = Folder {
        display,
        name: folder,
        found: RwSignal::new_local(None),
        message: RwSignal::new(String::new()),
        shown: RwSignal::new(PAGE),
        reads: StoredValue::new_local(0),
    };
    // Again when a run is over.
    Effect::new(move || {
        if !display.is_running() {
            panel.read(String::new());
        }
    });
    let is_off = move || display.is_running() || !panel.has_files();
    view! {
        <div class="stored">
            <p class="hint">{move || panel.summary()}</p>
            {move || panel.found.with(|found| found.as_ref().map(|found| panel.list(found)))}
            <p class="hint" aria-live="polite" data-stored="">{move || panel.message.get()}</p>
            <button class="quiet" disabled=is_off on:click=move |_| panel.delete_all()>"Delete all files"</button>
        </div>
    }
    .into_any()
}

impl Folder {
    /// Reads the folder again, and shows the result of an action.
    fn read(self, message: String) {
        let Some(read) = self.reads.try_update_value(|reads| {
            *reads += 1;
            *reads
        }) else {
            return;
        };
        leptos::task::spawn_local(async move {
            let found = read_folder(self.name).await;
            if self.reads.try_get_value() != Some(read) {
                return;
            }
            self.message.set(found.as_ref().map_or_else(|error| in_words(error.clone()), |_| message));
            self.found.set(found.ok());
        });
    }

    fn has_files(self) -> bool {
        self.found.with(|found| found.as_ref().is_some_and(|found| !found.files.is_empty()))
    }

    fn summary(self) -> String {
        self.found.with(|found| found.as_ref().map_or_else(|| "Loading …".to_owned(), summary))
    }

    async fn storage(self) -> Storage {
        Storage::open(&Run::for_page(), self.name).await
    }

    fn delete_all(self) {
        leptos::task::spawn_local(async move {
            let deleted = self.storage().await.delete_all().await;
            self.read(deleted.map_or_else(in_words, |()| "Deleted all files of this exercise.".to_owned()));
        });
    }

    fn delete(self, name: String) {
        leptos::task::spawn_local(async move {
            let deleted = self.storage().await.delete(&name).await;
            self.read(deleted.map_or_else(in_words, |()| format!("Deleted `{name}`.")));
        });
    }

    fn download(self, name: String) {
        leptos::task::spawn_local(async move {
            let message = match self.storage().await.read(&name).await {
                Ok(bytes) => offer(&name, &bytes).map_or(REFUSED, |()| "").to_owned(),
                Err(error) => in_words(error),
            };
            self.read(message);
        });
    }

    fn list(self, found: &Found) -> AnyView {
        if found.files.is_empty() {
            return ().into_any();
        }
        let columns = ["File", "Size", "Download", "Delete"].map(Column::text);
        let left_out = found.files.len().saturating_sub(self.shown.get());
        let (order, more) = match left_out {
            0 => ("By name, Z to A".to_owned(), ().into_any()),
            _ => (format!("By name, Z to A ({left_out} more not shown)"), self.more(left_out)),
        };
        let rows = found.files.iter().rev().take(self.shown.get()).map(|file| self.row(file)).collect_view();
        view! {
            {table("Stored files, a table".to_owned(), order, &columns, rows.into_any())}
            {more}
        }
        .into_any()
    }

    fn row(self, file: &File) -> AnyView {
        let name = file.name.to_string();
        let (saved, deleted) = (name.clone(), name.clone());
        let (save_label, delete_label) = (format!("Download {name}"), format!("Delete {name}"));
        let save = move |_| self.download(saved.clone());
        let delete = move |_| self.delete(deleted.clone());
        view! {
            <tr>
                <td>{name}</td>
                <td class="number">{units::size(file.size_bytes)}</td>
                <td><button class="quiet" aria-label=save_label on:click=save>"Download"</button></td>
                <td>
                    <button
                        class="quiet"
                        aria-label=delete_label
                        disabled=move || self.display.is_running()
                        on:click=delete
                    >
                        "Delete"
                    </button>
                </td>
            </tr>
        }
        .into_any()
    }

    fn more(self, left_out: usize) -> AnyView {
        let more = left_out.min(PAGE);
        let show = move |_| self.shown.update(|shown| *shown += PAGE);
        view! { <button class="quiet" on:click=show>{format!("Show {more} more")}</button> }.into_any()
    }
}

async fn read_folder(folder: &'static str) -> Result<Found, StorageError> {
    let storage = Storage::open(&Run::for_page(), folder).await;
    Ok(Found { kind: storage.kind().sentence(), files: storage.list().await?, room: storage.estimate().await })
}

fn in_words(error: StorageError) -> String {
    format!("{error}. {}", error.advice())
}

fn summary(found: &Found) -> String {
    let bytes: u64 = found.files.iter().map(|file| file.size_bytes).sum();
    let room = found.room.map(|room| {
        format!(
            " This site uses {} of the {} that the browser allows.",
            units::size(room.used_bytes),
            units::size(room.quota_bytes)
        )
    });
    let files = units::counted(found.files.len() as u64, "file", "files");
    format!("{files}, {} in total. {}{}", units::size(bytes), found.kind, room.unwrap_or_default())
}
