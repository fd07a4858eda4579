//! The reader's files: opened by a picker or by dropping them on the page, and saved as one file or as a zip.

use std::sync::Arc;

use futures::FutureExt;
use js_sys::Uint8Array;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{Event, File, HtmlInputElement};

use super::bundle::Bundle;
use super::desk::Desk;
use super::starts::{self, Start};
use super::wheels;
use crate::endpoint::site_file;
use crate::exercises::assignment::{self, Assignment};
use crate::measure::units::{counted, shortened, size};
use crate::python::program_files::{
    Content, MOST_DATA_BYTES, MOST_FILES, MOST_SOURCE_BYTES, ProgramFile, ProgramFiles, is_python,
};
use crate::ui::download::{REFUSED, offer};
use crate::ui::dropping::{Dropped, dropped_in, transfer_of};
use crate::ui::help_used::Help;

/// The maximum size of all files of a program.
const MOST_BYTES: usize = MOST_SOURCE_BYTES + MOST_DATA_BYTES;

/// The maximum size of a zip file, in bytes.
const MOST_ZIP_BYTES: f64 = 10e6;

/// What a downloaded assignment has besides the reader's files. The page does not open it again.
const README: &str = "README.md";
const RECORDER: &str = "interleave_trace.py";

/// The names of main files, by convention.
const MAINS: [&str; 3] = ["main.py", "__main__.py", "app.py"];

/// Takes the files that were chosen.
pub(super) fn take_chosen(desk: Desk, event: &Event) {
    let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
    let files = input.files().map(|files| (0..files.length()).filter_map(|n| files.get(n)).collect());
    // Otherwise the same files could not be chosen again.
    input.set_value("");
    take(desk, files.unwrap_or_default());
}

/// The whole page takes files: if the reader missed a small target, the browser would open the file instead of the page.
pub(super) fn use_drop(desk: Desk) {
    let over = window_event_listener_untyped("dragover", |event| {
        if transfer_of(&event).is_some() {
            event.prevent_default();
        }
    });
    let dropped = window_event_listener_untyped("drop", move |event| {
        if let Some(transfer) = transfer_of(&event) {
            event.prevent_default();
            let Dropped { files, folders } = dropped_in(&transfer);
            for name in folders {
                desk.say(&format!("`{}` is a folder. Drop the files in it, or a zip of it.", shortened(&name, 60)));
            }
            take(desk, files);
        }
    });
    on_cleanup(move || [over, dropped].into_iter().for_each(WindowListenerHandle::remove));
}

fn take(desk: Desk, files: Vec<File>) {
    if files.is_empty() {
        return;
    }
    let take = async move {
        let (wheels, files): (Vec<File>, Vec<File>) = files.into_iter().partition(wheels::is_wheel);
        if !wheels.is_empty() {
            wheels::take(desk, wheels).await;
        }
        match read(&files).await {
            Ok(files) if files.is_empty() => {}
            Ok(files) => open(desk, files).await,
            Err(why) => desk.say(&why),
        }
    };
    spawn_local(desk.open_in_turn(take).boxed_local());
}

async fn read(files: &[File]) -> Result<Vec<ProgramFile>, String> {
    let mut read = Vec::new();
    for file in files {
        let name = file.name();
        let is_zip = name.to_lowercase().ends_with(".zip");
        let most = if is_zip { MOST_ZIP_BYTES } else { MOST_BYTES as f64 };
        if file.size() > most {
            let [found, most] = [file.size(), most].map(|bytes| size(bytes as u64));
            let name = shortened(&name, 60);
            return Err(format!("`{name}` is {found}, but the maximum is {most}. Use a smaller file."));
        }
        let buffer = JsFuture::from(file.array_buffer()).await;
        let bytes = buffer.map(|buffer| Uint8Array::new(&buffer).to_vec());
        let unreadable = |_| format!("The browser cannot read `{}`. Choose it again.", shortened(&name, 60));
        let bytes = bytes.map_err(unreadable)?;
        if is_zip {
            read.extend(unzip(&name, &bytes).await?);
        } else {
            read.push(ProgramFile::new(&name, Content::from_bytes(bytes)));
        }
    }
    Ok(read)
}

async fn unzip(name: &str, bytes: &[u8]) -> Result<Vec<ProgramFile>, String> {
    let name = shortened(name, 60);
    let bundle = Bundle::load().await.map_err(|why| format!("`{name}` cannot be unpacked: {why}."))?;
    let files = bundle.unzipped(bytes, MOST_FILES, MOST_BYTES).map_err(|error| match &*error {
        "files" => format!("`{name}` has more than {MOST_FILES} files. Zip only the files of one program."),
        "bytes" => {
            let most = size(MOST_BYTES as u64);
            format!(
                "The files in `{name}` are larger than {most} in total. Remove files that the program does not read."
            )
        }
        _ => format!("`{name}` is not a zip file, or it is damaged. Make it again."),
    })?;
    let folder = common_folder(files.iter().map(|(name, _)| &**name)).to_owned();
    let file = |(name, bytes): (String, Vec<u8>)| {
        ProgramFile::new(name.strip_prefix(&folder).unwrap_or(&name), Content::from_bytes(bytes))
    };
    Ok(files.into_iter().map(file).collect())
}

/// The folder that all files are in, with its slash.
fn common_folder<'a>(mut names: impl Iterator<Item = &'a str>) -> &'a str {
    let Some(first) = names.next() else { return "" };
    match first.split_once('/') {
        Some((folder, _)) if folder != ".." && !folder.is_empty() => {
            let folder = &first[..=folder.len()];
            if names.all(|name| name.starts_with(folder)) { folder } else { "" }
        }
        _ => "",
    }
}

/// Opens a program, or adds data files to the one on the page.
async fn open(desk: Desk, mut files: Vec<ProgramFile>) {
    if !files.iter().any(ProgramFile::is_python) {
        return add(desk, files);
    }
    let start = match assignment_of(&files) {
        Some(start) => {
            files.retain(|file| ![README, RECORDER].contains(&&*file.name));
            match start.read().await {
                Ok(original) => Some((start, Arc::new(original))),
                Err(why) => return desk.say(&format!("The assignment of this zip could not be read: {why}")),
            }
        }
        None => None,
    };
    let main = start.as_ref().map_or_else(|| main_of(&files), |(_, original)| original.main().name.clone());
    files.sort_by_key(|file| file.name != main);
    match ProgramFiles::new(files, "") {
        Ok(program) => {
            let count = counted(program.files().len() as u64, "file", "files");
            desk.show_new(program, start).await;
            desk.say(&format!("Opened {count}. Nothing has been run."));
        }
        Err(error) => desk.say(&format!("This cannot be opened as a program: {error}. {}", error.advice())),
    }
}

/// The assignment of a zip that the page has made.
fn assignment_of(files: &[ProgramFile]) -> Option<&'static Start> {
    let text_of = |name: &str| files.iter().find(|file| &*file.name == name)?.content.text();
    text_of(RECORDER)?;
    assignment::part_of_readme(text_of(README)?).and_then(starts::assignment)
}

fn add(desk: Desk, files: Vec<ProgramFile>) {
    let count = counted(files.len() as u64, "data file was", "data files were");
    let program = desk.program();
    let with_all = files.into_iter().try_fold(ProgramFiles::clone(&program), |program, file| program.with(file));
    if desk.edit(with_all) {
        desk.say(&format!("{count} added to the program."));
    }
}

/// The name of the main file: one that has such a name, or starts an event loop, or is not in a folder.
fn main_of(files: &[ProgramFile]) -> Arc<str> {
    let rank = |file: &&ProgramFile| {
        let last = file.name.rsplit('/').next().unwrap_or_default();
        let named = MAINS.iter().position(|main| *main == last).unwrap_or(MAINS.len());
        let text = file.content.text().unwrap_or_default();
        let starts = text.contains("asyncio.run(") || text.contains("__main__");
        (named, !starts, file.name.matches('/').count(), file.name.clone())
    };
    let python = files.iter().filter(|file| is_python(&file.name));
    python.min_by_key(rank).map(|file| file.name.clone()).unwrap_or_default()
}

/// Downloads the program: its only file, or a zip of all.
pub(super) fn save(desk: Desk) {
    let save = async move {
        let program = desk.program();
        let name = program.main().name.rsplit('/').next().unwrap_or_default();
        match program.files() {
            [only] => download(desk, name, only.content.as_bytes()),
            files => save_zip(desk, name.trim_end_matches(".py"), files.to_vec()).await,
        }
    };
    spawn_local(save.boxed_local());
}

/// Downloads an assignment with everything that it needs outside of the page, as a zip.
pub(super) fn save_assignment(desk: Desk, assignment: &Assignment, student: &str, help: Help) {
    let readme = ProgramFile::text(README, &assignment.readme(student, help.hints, help.has_seen_solution));
    let (name, program) = (assignment.file_name().to_owned(), desk.program());
    let save = async move {
        match site_file::read(&format!("static/{RECORDER}")).await {
            Ok(recorder) => {
                let recorder = ProgramFile::new(RECORDER, Content::from_bytes(recorder));
                let own = program.files().iter().filter(|file| ![README, RECORDER].contains(&&*file.name)).cloned();
                let files = own.chain([readme, recorder]).collect();
                save_zip(desk, &name, files).await;
            }
            Err(error) => desk.say(&format!("The recorder could not be added: {error}. {}", error.advice())),
        }
    };
    spawn_local(save.boxed_local());
}

async fn save_zip(desk: Desk, name: &str, files: Vec<ProgramFile>) {
    let zipped = Bundle::load()
        .await
        .map(|bundle| bundle.zipped(files.iter().map(|file| (&*file.name, file.content.as_bytes()))));
    match zipped {
        Ok(Some(zip)) => download(desk, &format!("{name}.zip"), &zip),
        Ok(None) => desk.say("The files could not be zipped. Reload the page and try again."),
        Err(why) => desk.say(&format!("The files cannot be zipped: {why}.")),
    }
}

fn download(desk: Desk, name: &str, bytes: &[u8]) {
    let said = offer(name, bytes).map_or(REFUSED.to_owned(), |()| format!("Downloaded `{name}`."));
    desk.say(&said);
}
