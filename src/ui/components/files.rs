//! The files that a lesson has stored: each can be downloaded and deleted, and all be deleted.

use leptos::prelude::*;

use crate::lazy::lazy;
use crate::measure::units;
use crate::runtime::Run;
use crate::storage::{Storage, StorageError, StorageEstimate, StoredFile as File};
use crate::ui::display::Display;
use crate::ui::download::{REFUSED, offer};
use crate::ui::element::{button, caption, div, h2, p, part, table, tbody, td, th, thead, tr};
use crate::ui::lazy_view::lazy_view;

/// So many are listed at first, and so many more whenever the reader asks: the last by name first.
const AT_ONCE: usize = 20;

/// What is stored, once a run is over, and before it what earlier runs have left.
pub(crate) fn files(display: Display) -> AnyView {
    match display.exercise.folder {
        Some(folder) => lazy_view(fetched::load(), move || fetched::panel(display, folder)),
        None => ().into_any(),
    }
}

lazy!(mod fetched in files: panel(display: Display, folder: &'static str) -> AnyView);

/// What was found in the folder.
#[derive(Clone)]
struct Found {
    kind: &'static str,
    files: Vec<File>,
    room: Option<StorageEstimate>,
}

/// The folder, as it was last looked into.
#[derive(Clone, Copy)]
struct Shelf {
    display: Display,
    folder: &'static str,
    /// None until it was looked into, and if that failed.
    found: RwSignal<Option<Found>, LocalStorage>,
    /// What was done last, or why it could not be.
    told: RwSignal<String>,
    shown: RwSignal<usize>,
    /// Counts the looks: one that took longer than the next tells nothing any more.
    looks: StoredValue<u32, LocalStorage>,
}

fn panel(display: Display, folder: &'static str) -> AnyView {
    let shelf = Shelf {
        display,
        folder,
        found: RwSignal::new_local(None),
        told: RwSignal::new(String::new()),
        shown: RwSignal::new(AT_ONCE),
        looks: StoredValue::new_local(0),
    };
    // Again when a run is over.
    Effect::new(move || {
        if !display.is_running() {
            shelf.look(String::new());
        }
    });
    let is_off = move || (display.is_running() || !shelf.has_files()).then(String::new);
    div()
        .class("panel")
        .el(h2().text("Stored files"))
        .el(p().class("hint").text_changing(move || shelf.summary()))
        .add(part(move || shelf.found.with(|found| found.as_ref().map_or_else(nothing, |found| shelf.list(found)))))
        .el(p()
            .class("hint")
            .attr("aria-live", "polite")
            .attr("data-stored", "")
            .text_changing(move || shelf.told.get()))
        .el(button()
            .class("quiet")
            .attr_changing("disabled", is_off)
            .on_click(move || shelf.delete_all())
            .text("Delete all files"))
        .view()
}

fn nothing() -> AnyView {
    ().into_any()
}

impl Shelf {
    /// Looks into the folder anew, and says what was done.
    fn look(self, told: String) {
        let Some(look) = self.looks.try_update_value(|looks| {
            *looks += 1;
            *looks
        }) else {
            return;
        };
        leptos::task::spawn_local(async move {
            let found = look_into(self.folder).await;
            if self.looks.try_get_value() != Some(look) {
                return;
            }
            self.told.set(found.as_ref().map_or_else(|error| in_words(error.clone()), |_| told));
            self.found.set(found.ok());
        });
    }

    fn has_files(self) -> bool {
        self.found.with(|found| found.as_ref().is_some_and(|found| !found.files.is_empty()))
    }

    fn summary(self) -> String {
        self.found.with(|found| found.as_ref().map_or_else(|| "Being looked up.".to_owned(), summary))
    }

    async fn storage(self) -> Storage {
        Storage::open(&Run::for_page(), self.folder).await
    }

    fn delete_all(self) {
        leptos::task::spawn_local(async move {
            let deleted = self.storage().await.delete_all().await;
            self.look(deleted.map_or_else(in_words, |()| "All files of this exercise are deleted.".to_owned()));
        });
    }

    fn delete(self, name: String) {
        leptos::task::spawn_local(async move {
            let deleted = self.storage().await.delete(&name).await;
            self.look(deleted.map_or_else(in_words, |()| format!("`{name}` is deleted.")));
        });
    }

    fn download(self, name: String) {
        leptos::task::spawn_local(async move {
            let told = match self.storage().await.read(&name).await {
                Ok(bytes) => offer(&name, &bytes).map_or(REFUSED, |()| "").to_owned(),
                Err(error) => in_words(error),
            };
            self.look(told);
        });
    }

    fn list(self, found: &Found) -> AnyView {
        if found.files.is_empty() {
            return ().into_any();
        }
        let heads = ["File", "Size", "Save", "Delete"].map(|head| th().attr("scope", "col").text(head).view());
        let left_out = found.files.len().saturating_sub(self.shown.get());
        let (told, more) = match left_out {
            0 => ("By name, the last first".to_owned(), ().into_any()),
            _ => (format!("By name, the last first; {left_out} more are there"), self.more(left_out)),
        };
        let shown = found.files.iter().rev().take(self.shown.get());
        let rows = table()
            .el(caption().text(told))
            .el(thead().el(tr().add_all(heads)))
            .el(tbody().add_all(shown.map(|file| self.row(file))));
        let frame = div().class("scrolls").attr("tabindex", "0").attr("role", "region");
        [frame.attr("aria-label", "Stored files, a table").el(rows).view(), more].into_any()
    }

    fn row(self, file: &File) -> AnyView {
        let name = file.name.to_string();
        let (saved, deleted) = (name.clone(), name.clone());
        let is_off = move || self.display.is_running().then(String::new);
        let save = button().class("quiet").attr("aria-label", format!("Download {name}")).text("Download");
        let delete = button().class("quiet").attr("aria-label", format!("Delete {name}")).text("Delete");
        tr().el(td().text(&name))
            .el(td().class("number").text(units::size(file.size_bytes)))
            .el(td().el(save.on_click(move || self.download(saved.clone()))))
            .el(td().el(delete.attr_changing("disabled", is_off).on_click(move || self.delete(deleted.clone()))))
            .view()
    }

    fn more(self, left_out: usize) -> AnyView {
        let more = left_out.min(AT_ONCE);
        let show = move || self.shown.update(|shown| *shown += AT_ONCE);
        button().class("quiet").on_click(show).text(format!("Show {more} more")).view()
    }
}

async fn look_into(folder: &'static str) -> Result<Found, StorageError> {
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
            " This site uses {} of the {} that the browser gives it.",
            units::size(room.used_bytes),
            units::size(room.quota_bytes)
        )
    });
    let files = match found.files.len() {
        1 => "1 file".to_owned(),
        n => format!("{} files", units::count(n as u64)),
    };
    format!("{files} with {} in all. {}{}", units::size(bytes), found.kind, room.unwrap_or_default())
}
