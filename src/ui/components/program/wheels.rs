//! The libraries that programs can import: those of the site, and wheels that the reader has opened.

use futures::FutureExt;
use js_sys::Uint8Array;
use leptos::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::File;

use super::desk::Desk;
use crate::measure::units::{shortened, size};
use crate::python::interpreter;
use crate::python::message::InspectedWheel;
use crate::python::own_wheels::{MOST_BYTES, OwnWheel, OwnWheels};
use crate::python::packages::{Package, imports, needed};
use crate::python::{Manifest, program_files::ProgramFiles};

/// The end of the name of a wheel.
const EXTENSION: &str = ".whl";

/// True for the file of a wheel.
pub(super) fn is_wheel(file: &File) -> bool {
    file.name().to_lowercase().ends_with(EXTENSION)
}

/// Saves wheels, so that programs can import them.
pub(super) async fn take(desk: Desk, files: Vec<File>) {
    let mut news = Vec::new();
    for file in files {
        news.push(match add(&file).await {
            Ok(wheel) => format!(
                "{} {} ({}) is saved in this browser. Programs that import `{}` use it.",
                wheel.name,
                wheel.version,
                size(wheel.bytes as u64),
                shortened(&wheel.modules.join("`, `"), 200),
            ),
            Err(why) => format!("`{}` cannot be used: {why}.", shortened(&file.name(), 60)),
        });
    }
    desk.say(&news.join(" "));
    desk.wheels.try_update(|version| *version += 1);
}

async fn add(file: &File) -> Result<OwnWheel, String> {
    if file.size() > MOST_BYTES as f64 {
        let [found, most] = [file.size(), MOST_BYTES as f64].map(|bytes| size(bytes as u64));
        return Err(format!("it is {found}, but the maximum is {most}"));
    }
    let buffer = JsFuture::from(file.array_buffer()).await;
    let content = buffer.map(|buffer| Uint8Array::new(&buffer).to_vec()).map_err(|_| "the browser cannot read it")?;
    // It is a file from anywhere, so it is unpacked in the sandbox only.
    let inspected = interpreter::with_session(async |session| session.inspect(&content).await).await;
    match inspected.map_err(|error| error.to_string())? {
        InspectedWheel::Refused { why } => Err(shortened(&why, 300).into_owned()),
        InspectedWheel::Good { name, version, modules, needs } => {
            let wheel = OwnWheel { name, version, modules, needs, bytes: content.len() };
            let saved = OwnWheels::open().await.save(&wheel, &content).await;
            saved.map(|()| wheel).map_err(|error| format!("it could not be saved ({error}). {}", error.advice()))
        }
    }
}

/// The packages of this copy of the site, and those that the reader has opened.
pub(super) async fn all() -> Vec<Package> {
    let python = Manifest::read().await.ok().and_then(|manifest| manifest.python);
    let own = OwnWheels::open().await.list().await.unwrap_or_default();
    python
        .map(|python| python.packages)
        .unwrap_or_default()
        .into_iter()
        .chain(own.iter().map(OwnWheel::package))
        .collect()
}

/// The list of packages, which is closed at first.
pub(super) fn packages(desk: Desk) -> AnyView {
    let own = RwSignal::new(Vec::<OwnWheel>::new());
    let of_site = RwSignal::new(Vec::<Package>::new());
    let read = move || {
        desk.wheels.track();
        spawn_local(
            async move {
                own.try_set(OwnWheels::open().await.list().await.unwrap_or_default());
            }
            .boxed_local(),
        );
    };
    Effect::new(read);
    spawn_local(
        async move {
            let python = Manifest::read().await.ok().and_then(|manifest| manifest.python);
            of_site.try_set(python.map(|python| python.packages).unwrap_or_default());
        }
        .boxed_local(),
    );
    let named = move || {
        let names: Vec<String> = of_site.with(|packages| packages.iter().map(Package::to_string).collect());
        match names.is_empty() {
            true => "This copy of the site has no packages.".to_owned(),
            false => format!("Loaded when a program imports them: {}.", names.join(", ")),
        }
    };
    let items = move || own.with(|wheels| wheels.iter().cloned().map(|wheel| item(desk, wheel)).collect_view());
    view! {
        <details class="lines-field packages">
            <summary>"Packages"</summary>
            <p class="hint">{named}</p>
            <ul aria-label="Your packages">{items}</ul>
            <p class="hint">
                "Open a wheel (.whl) to add a package: one in pure Python, or built for Pyodide (cp314, pyemscripten_2026_0). \
                 It is saved in this browser. A link names it and does not contain it."
            </p>
        </details>
    }
    .into_any()
}

fn item(desk: Desk, wheel: OwnWheel) -> AnyView {
    let (text, label) =
        (format!("{} {}, {}", wheel.name, wheel.version, size(wheel.bytes as u64)), format!("Delete {}", wheel.name));
    let delete = move |_| {
        let wheel = wheel.clone();
        let delete = async move {
            if let Err(error) = OwnWheels::open().await.delete(&wheel).await {
                desk.say(&format!("It was not deleted: {error}. {}", error.advice()));
            }
            desk.wheels.try_update(|version| *version += 1);
        };
        spawn_local(delete.boxed_local());
    };
    view! { <li>{text} " " <button class="quiet" aria-label=label on:click=delete>"✕"</button></li> }.into_any()
}

/// The reader's own packages that a program imports, and those that they need, as a link names them.
pub(super) async fn used_by(program: &ProgramFiles) -> Vec<String> {
    let wheels = OwnWheels::open().await.list().await.unwrap_or_default();
    let packages: Vec<Package> = wheels.iter().map(OwnWheel::package).collect();
    let sources: Vec<&str> = program.files().iter().filter_map(|file| file.content.text()).collect();
    let modules = packages.iter().flat_map(|package| &package.modules);
    let imported = modules.filter(|module| sources.iter().any(|source| imports(source, module)));
    let imported: Vec<&str> = imported.map(|module| &**module).collect();
    needed(&packages, &imported).into_iter().map(Package::to_string).collect()
}

/// A sentence about packages that a link names and that are not here. Empty if none is missing.
pub(super) async fn missing(named_in_link: &[String]) -> String {
    if named_in_link.is_empty() {
        return String::new();
    }
    let wheels = OwnWheels::open().await.list().await.unwrap_or_default();
    let own: Vec<String> = wheels.iter().map(|wheel| wheel.package().to_string()).collect();
    let missing: Vec<&str> = named_in_link.iter().filter(|name| !own.contains(name)).map(|name| &**name).collect();
    match missing.is_empty() {
        true => String::new(),
        false => format!(" It needs {}: open its wheel.", missing.join(", ")),
    }
}
