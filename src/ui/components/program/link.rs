//! Links that contain the reader's program.

use std::sync::Arc;

use futures::FutureExt;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

use super::bundle::Bundle;
use super::desk::Desk;
use super::starts;
use super::wheels;
use crate::exercises::assignment::without_help;
use crate::measure::units::counted;
use crate::python::program_files::ProgramFiles;
use crate::share::permalink::{Destination, SITE_PROGRAM, Setup};
use crate::share::program_link::{self, LinkError, LinkedProgram, MOST_UNPACKED_BYTES};
use crate::ui::address::link_to;
use crate::ui::components::share::copy_text;

/// Shows the program of the link that opened the page, without saving it. Returns false if it cannot be read.
pub(super) async fn open(desk: Desk) -> bool {
    let Some(packed) = desk.form.packed.get_untracked() else { return false };
    if let Some(start) = packed.strip_prefix(SITE_PROGRAM).and_then(starts::find) {
        return desk.show_start(start).await;
    }
    let bundle = Bundle::load().await;
    let inflate = |bytes: &[u8]| bundle.as_ref().ok()?.unpack(bytes, MOST_UNPACKED_BYTES as u32).ok();
    let program = match (program_link::unpack(&packed, inflate), &bundle) {
        (Err(LinkError::Damaged { .. }), Err(why)) => {
            Err(format!("The program in this link cannot be unpacked: {why}."))
        }
        (Err(error), _) => Err(sentence(&error)),
        (Ok(program), _) => Ok(program),
    };
    match program {
        Ok(LinkedProgram { program, packages }) => {
            let news = format!(
                "This program comes from the link. It is not saved until you change it, and nothing has been run.{}",
                wheels::missing(&packages).await
            );
            desk.show_unsaved(program, None, &news).await
        }
        Err(why) => {
            desk.form.packed.try_set(None);
            desk.say(&why);
            false
        }
    }
}

/// Copies a link with the program.
pub(super) fn copy(desk: Desk) {
    copy_with(desk, desk.program());
}

/// Copies a link with the assignment on the page, without its hints and its solution.
pub(super) fn copy_without_help(desk: Desk) {
    match without_help(&desk.program()) {
        Some(program) => copy_with(desk, Arc::new(program)),
        None => desk.say("The program has no description that can be read."),
    }
}

fn copy_with(desk: Desk, program: Arc<ProgramFiles>) {
    let copy = async move {
        let text = match link(desk, &program).await {
            Ok((link, keys)) => {
                let without = match keys {
                    0 => String::new(),
                    _ => format!(" {} left out.", counted(keys as u64, "key was", "keys were")),
                };
                match copy_text(&link).await {
                    Ok(()) => format!("Link copied: the program, its settings and seed.{without}"),
                    Err(()) => format!("The browser did not allow copying. Copy this yourself: {link}"),
                }
            }
            Err(why) => why,
        };
        desk.say(&text);
    };
    spawn_local(copy.boxed_local());
}

async fn link(desk: Desk, program: &ProgramFiles) -> Result<(String, usize), String> {
    let bundle = Bundle::load().await.map_err(|why| format!("No link can be made: {why}. Send the file instead."))?;
    let packages = wheels::used_by(program).await;
    let packed = program_link::pack(program, packages, |bytes| bundle.pack(bytes).unwrap_or_default());
    let (packed, keys) = packed.map_err(|error| sentence(&error))?;
    let setup = untrack(|| desk.form.setup(None));
    let setup = Setup { packed: Some(packed), runs_at_once: false, is_embedded: false, ..setup };
    Ok((link_to(&Destination::Exercise(setup)), keys))
}

/// The error and its advice as sentences.
fn sentence(error: &LinkError) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}. {}", characters.as_str(), error.advice())
}
