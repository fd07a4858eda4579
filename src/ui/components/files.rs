//! The files that an exercise has stored, each with buttons to download and delete it, and a button that deletes all.

use leptos::prelude::*;

use crate::lazy::lazy;
use crate::measure::units;
use crate::runtime::Run;
use crate::storage::{Storage, StorageError, StorageEstimate, StoredFile as File};
use crate::ui::display::Display;
use crate::ui::download::{REFUSED, offer};
use crate::ui::element::{button, caption, div, h2, p, part, table, tbody, td, th, thead, tr};
use crate::ui::lazy_view::lazy_view;

/// At first this many files are listed, and this many more at each press of a button. The last by name come first.
const PAGE: usize = 20;

/// The panel, for an exercise that stores files.
pub(crate) fn files(display: Display) -> AnyView {
    match display.exercise.folder {
        Some(folder) => lazy_view(fetched::load(), move || fetched::panel(display, folder)),
        None => ().into_any(),
    }
}

lazy!(mod fetched in files: panel(display: Display, folder: &'static str) -> AnyView);

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
    /// What was done last, or why it failed.
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
    let is_off = move || (display.is_running() || !panel.has_files()).then(String::new);
    div()
        .class("panel")
        .el(h2().text("Stored files"))
        .el(p().class("hint").text_changing(move || panel.summary()))
        .add(part(move || panel.found.with(|found| found.as_ref().map_or_else(nothing, |found| panel.list(found)))))
        .el(p()
            .class("hint")
            .attr("aria-live", "polite")
            .attr("data-stored", "")
            .text_changing(move || panel.message.get()))
        .el(button()
            .class("quiet")
            .attr_changing("disabled", is_off)
            .on_click(move || panel.delete_all())
            .text("Delete all files"))
        .view()
}

fn nothing() -> AnyView {
    ().into_any()
}

impl Folder {
    /// Reads the folder again, and shows what was done.
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
            self.read(deleted.map_or_else(in_words, |()| "All files of this exercise are deleted.".to_owned()));
        });
    }

    fn delete(self, name: String) {
        leptos::task::spawn_local(async move {
            let deleted = self.storage().await.delete(&name).await;
            self.read(deleted.map_or_else(in_words, |()| format!("`{name}` is deleted.")));
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
        let headers = ["File", "Size", "Save", "Delete"].map(|header| th().attr("scope", "col").text(header).view());
        let left_out = found.files.len().saturating_sub(self.shown.get());
        let (order, more) = match left_out {
            0 => ("By name, the last first".to_owned(), ().into_any()),
            _ => (format!("By name, the last first; {left_out} more not shown"), self.more(left_out)),
        };
        let shown = found.files.iter().rev().take(self.shown.get());
        let rows = table()
            .el(caption().text(order))
            .el(thead().el(tr().add_all(headers)))
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
        let more = left_out.min(PAGE);
        let show = move || self.shown.update(|shown| *shown += PAGE);
        button().class("quiet").on_click(show).text(format!("Show {more} more")).view()
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
