//! The files that a lesson has stored: each can be downloaded, and all be deleted.

use std::time::Duration;

use js_sys::{Array, Uint8Array};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, HtmlAnchorElement, Url};

use crate::lazy::lazy;
use crate::measure::units;
use crate::runtime::Run;
use crate::storage::{Room, Storage, StorageError, Stored};
use crate::ui::lab::Lab;
use crate::ui::late::late;
use crate::ui::lean::{Watched, button, caption, div, h2, p, part, table, tbody, td, th, thead, tr};

/// So many are listed, the last by name.
const MOST: usize = 20;

/// What is stored, once a run is over, and before it what earlier runs have left.
pub(crate) fn files(lab: Lab) -> AnyView {
    match lab.exercise.folder {
        Some(folder) => late(fetched::load(), move || fetched::panel(lab, folder)),
        None => ().into_any(),
    }
}

lazy!(mod fetched in files: panel(lab: Lab, folder: &'static str) -> AnyView);

/// What was found in the folder.
#[derive(Clone, Default)]
struct Found {
    kind: &'static str,
    files: Vec<Stored>,
    room: Option<Room>,
    /// What was done last, or why it could not be.
    told: String,
}

fn panel(lab: Lab, folder: &'static str) -> AnyView {
    let found = Watched::new(Found::default());
    let look = move |told: String| {
        leptos::task::spawn_local(async move { found.set(look_into(folder, told).await) });
    };
    // Again when a run is over.
    Effect::new(move |_| {
        if !lab.is_running() {
            look(String::new());
        }
    });
    let delete_all = move || {
        leptos::task::spawn_local(async move {
            let deleted = Storage::open(&Run::in_browser(0), folder).await.delete_all().await;
            look(deleted.map_or_else(in_words, |()| "All files of this exercise are deleted.".to_owned()));
        });
    };
    let download = move |name: String| {
        leptos::task::spawn_local(async move {
            let told = match Storage::open(&Run::in_browser(0), folder).await.read(&name).await {
                Ok(bytes) => {
                    offer(&name, &bytes).map_or("The browser does not let the page offer a file.", |()| "").to_owned()
                }
                Err(error) => in_words(error),
            };
            look(told);
        });
    };
    let is_off = move || (lab.is_running() || found.with(|found| found.files.is_empty())).then(String::new);
    div()
        .class("panel")
        .el(h2().text("Stored files"))
        .el(p().class("hint").text_changing(move || found.with(summary)))
        .add(part(move || found.with(|found| list(found, download))))
        .el(p()
            .class("hint")
            .attr("aria-live", "polite")
            .attr("data-stored", "")
            .text_changing(move || found.with(|it| it.told.clone())))
        .el(button().class("quiet").attr_changing("disabled", is_off).on_click(delete_all).text("Delete all files"))
        .view()
}

async fn look_into(folder: &'static str, told: String) -> Found {
    let storage = Storage::open(&Run::in_browser(0), folder).await;
    let kind = storage.kind().sentence();
    match storage.list().await {
        Ok(files) => Found { kind, files, room: storage.room().await, told },
        Err(error) => Found { kind, told: in_words(error), ..Found::default() },
    }
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
    format!(
        "{} files with {} in all. {}{}",
        units::count(found.files.len() as u64),
        units::size(bytes),
        found.kind,
        room.unwrap_or_default()
    )
}

fn list(found: &Found, download: impl Fn(String) + Copy + 'static) -> AnyView {
    if found.files.is_empty() {
        return ().into_any();
    }
    let row = |file: &Stored| {
        let name = file.name.to_string();
        let press = button().class("quiet").attr("aria-label", format!("Download {name}")).text("Download");
        let asked = name.clone();
        tr().el(td().text(&name))
            .el(td().class("number").text(units::size(file.size_bytes)))
            .el(td().el(press.on_click(move || download(asked.clone()))))
            .view()
    };
    let heads = ["File", "Size", "Save"].map(|head| th().attr("scope", "col").text(head).view());
    let left_out = found.files.len().saturating_sub(MOST);
    let told = if left_out > 0 { format!("The last by name; {left_out} more are there") } else { "By name".to_owned() };
    div()
        .class("scrolls")
        .attr("tabindex", "0")
        .attr("role", "region")
        .attr("aria-label", "Stored files, a table")
        .el(table()
            .el(caption().text(told))
            .el(thead().el(tr().add_all(heads)))
            .el(tbody().add_all(found.files.iter().rev().take(MOST).map(row))))
        .view()
}

/// Lets the browser save bytes under a name.
fn offer(name: &str, bytes: &[u8]) -> Option<()> {
    let parts = Array::of1(&Uint8Array::from(bytes));
    let blob = Blob::new_with_u8_array_sequence(&JsValue::from(parts)).ok()?;
    let url = Url::create_object_url_with_blob(&blob).ok()?;
    let link: HtmlAnchorElement = document().create_element("a").ok()?.unchecked_into();
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The browser has taken it over by then.
    set_timeout(move || drop(Url::revoke_object_url(&url)), Duration::from_secs(10));
    Some(())
}
