//! Open a file: a run that was exported comes back.

use futures::FutureExt;
use futures::future::LocalBoxFuture;
use js_sys::Uint8Array;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Event, File, HtmlInputElement};

use crate::lazy::lazy;
use crate::share::run_file::{ImportError, from_json, refuse_large};
use crate::share::saved::SavedRun;
use crate::ui::element::{ElementBuilder, div, input, label, p, part};
use crate::ui::opened;

/// Why a file is not shown: what happened, then what to do.
type Refused = [String; 2];

/// The picker. `refused` is told of a file that cannot be shown; one that can leads to its page.
pub(crate) fn open_file(refused: RwSignal<Option<Refused>>) -> ElementBuilder {
    let file = input()
        .attr("id", "open-file")
        .attr("type", "file")
        .attr("accept", ".json,application/json")
        .on_change(move |event| take(event, refused));
    div().class("open-file").el(file).el(label().attr("for", "open-file").text("Open a file…"))
}

/// Why the last file is not shown.
pub(crate) fn refusal(refused: RwSignal<Option<Refused>>) -> AnyView {
    part(move || match refused.get() {
        Some([why, advice]) => div().class("failure").el(p().text(why)).el(p().class("hint").text(advice)).view(),
        None => ().into_any(),
    })
}

fn take(event: &Event, refused: RwSignal<Option<Refused>>) {
    let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
    let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
    // Else the same file could not be chosen once more.
    input.set_value("");
    refused.set(None);
    leptos::task::spawn_local(async move {
        let read = match fetched::read(file).await {
            Ok(read) => read.await,
            Err(error) => Err([format!("{error}."), error.advice().to_owned()]),
        };
        match read {
            Ok(saved) => opened::open(saved),
            Err(why) => refused.set(Some(why)),
        }
    });
}

lazy!(mod fetched in share: read(file: File) -> Reading);

type Reading = LocalBoxFuture<'static, Result<SavedRun, Refused>>;

fn read(file: File) -> Reading {
    let told = |error: ImportError| [format!("This file cannot be opened: {error}."), error.advice().to_owned()];
    async move { run_in(&file).await.map_err(told) }.boxed_local()
}

async fn run_in(file: &File) -> Result<SavedRun, ImportError> {
    refuse_large(file.size() as u64)?;
    let buffer = JsFuture::from(file.array_buffer()).await.map_err(|_| ImportError::Unreadable)?;
    from_json(&Uint8Array::new(&buffer).to_vec())
}
