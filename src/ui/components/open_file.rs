//! The button that opens a file: a run that was exported is shown again.

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
use crate::ui::opened;

/// The reason why a file cannot be shown: what happened, then what to do.
type OpenError = [String; 2];

/// The button. A run that can be shown opens on its page; `error` gets the reason why a file cannot.
pub(crate) fn open_file(error: RwSignal<Option<OpenError>>) -> AnyView {
    view! {
        <div class="open-file">
            <input
                id="open-file"
                type="file"
                accept=".json,application/json"
                on:change=move |event| take(&event, error)
            />
            <label for="open-file">"Open a run…"</label>
        </div>
    }
    .into_any()
}

/// The reason why the last file cannot be shown.
pub(crate) fn open_error(error: RwSignal<Option<OpenError>>) -> AnyView {
    let shown = move || match error.get() {
        Some([why, advice]) => view! {
            <div class="failure">
                <p>{why}</p>
                <p class="hint">{advice}</p>
            </div>
        }
        .into_any(),
        None => ().into_any(),
    };
    shown.into_any()
}

fn take(event: &Event, error: RwSignal<Option<OpenError>>) {
    let Some(input) = event.target().and_then(|target| target.dyn_into::<HtmlInputElement>().ok()) else { return };
    let Some(file) = input.files().and_then(|files| files.get(0)) else { return };
    // Otherwise the same file could not be chosen again.
    input.set_value("");
    error.set(None);
    leptos::task::spawn_local(async move {
        let read = match fetched::read(file).await {
            Ok(read) => read.await,
            Err(not_loaded) => Err([format!("{not_loaded}."), not_loaded.advice().to_owned()]),
        };
        match read {
            Ok(saved) => opened::open(saved),
            Err(why) => error.set(Some(why)),
        }
    });
}

lazy!(mod fetched in share: read(file: File) -> Reading);

type Reading = LocalBoxFuture<'static, Result<SavedRun, OpenError>>;

fn read(file: File) -> Reading {
    let in_words = |error: ImportError| [format!("This file cannot be opened: {error}."), error.advice().to_owned()];
    async move { run_in(&file).await.map_err(in_words) }.boxed_local()
}

async fn run_in(file: &File) -> Result<SavedRun, ImportError> {
    refuse_large(file.size() as u64)?;
    let buffer = JsFuture::from(file.array_buffer()).await.map_err(|_| ImportError::Unreadable)?;
    from_json(&Uint8Array::new(&buffer).to_vec())
}
