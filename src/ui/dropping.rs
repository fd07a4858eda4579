//! Files that the reader drags onto the page.

use wasm_bindgen::JsCast;
use web_sys::{DataTransfer, DragEvent, Event, File};

/// The content of a drop.
#[derive(Default)]
pub(super) struct Dropped {
    pub(super) files: Vec<File>,
    /// The names of folders, which are not read.
    pub(super) folders: Vec<String>,
}

/// The data that is dragged, if there are files in it.
pub(super) fn transfer_of(event: &Event) -> Option<DataTransfer> {
    let transfer = event.dyn_ref::<DragEvent>()?.data_transfer()?;
    transfer.types().includes(&"Files".into(), 0).then_some(transfer)
}

/// The files and folders in a drop. Only at the time of the drop can the two be distinguished.
pub(super) fn dropped_in(transfer: &DataTransfer) -> Dropped {
    let (items, mut dropped) = (transfer.items(), Dropped::default());
    for item in (0..items.length()).filter_map(|n| items.get(n)).filter(|item| item.kind() == "file") {
        match item.webkit_get_as_entry() {
            Ok(Some(entry)) if entry.is_directory() => dropped.folders.push(entry.name()),
            _ => dropped.files.extend(item.get_as_file().ok().flatten()),
        }
    }
    dropped
}
