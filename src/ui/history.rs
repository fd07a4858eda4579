//! The saved runs, as the pages use them. The code that reads and writes them is loaded when it is first needed.

use std::time::Duration;

use futures::FutureExt;
use futures::future::LocalBoxFuture;

use crate::lazy::lazy;
use crate::runtime::Run;
use crate::share::history::{History, RunId, SaveError};
use crate::share::quantities::Quantities;
use crate::share::run_file::{from_json, to_json};
use crate::share::saved::SavedRun;
use crate::storage::time_limit::in_time;

/// The first run of a page waits at most this long for the one that is pinned.
const PINNED_FOUND_WITHIN: Duration = Duration::from_secs(1);

/// The size of the largest run that is read without a click, in bytes. Reading it blocks the page for a few frames.
const MOST_BYTES_IN_PASSING: u64 = 300_000;

/// Saves a run that has finished. Returns what happened, in a sentence.
pub(super) async fn save(run: SavedRun) -> String {
    match saving::save_run(run).await {
        Ok(message) => message.await,
        Err(error) => not_saved(&error.to_string(), error.advice()),
    }
}

/// Pins a saved run, with what was measured of it and of runs with the same settings. A run that is not saved stays
/// pinned until the page is left.
pub(super) async fn pin(id: RunId, measured: Quantities) {
    if let Ok(pinned) = pinning::pin_run(id, measured).await {
        pinned.await;
    }
}

/// Unpins a run.
pub(super) async fn unpin(id: RunId) {
    if let Ok(unpinned) = unpinning::unpin_run(id).await {
        unpinned.await;
    }
}

/// The newest pinned run of an exercise, with what was measured of it.
pub(super) async fn pinned(slug: &'static str) -> Option<(RunId, Quantities)> {
    finding::newest_pinned(slug).await.ok()?.await
}

/// The newest saved run of an exercise, if it is small enough to be shown in passing.
pub(super) async fn newest(slug: &'static str) -> Option<SavedRun> {
    reading::newest_run(slug).await.ok()?.await
}

lazy!(mod saving in share: save_run(run: SavedRun) -> LocalBoxFuture<'static, String>);
lazy!(mod pinning in share: pin_run(id: RunId, measured: Quantities) -> LocalBoxFuture<'static, ()>);
lazy!(mod unpinning in share: unpin_run(id: RunId) -> LocalBoxFuture<'static, ()>);
lazy!(mod finding in share: newest_pinned(slug: &'static str) -> LocalBoxFuture<'static, Option<(RunId, Quantities)>>);
lazy!(mod reading in share: newest_run(slug: &'static str) -> LocalBoxFuture<'static, Option<SavedRun>>);

fn save_run(run: SavedRun) -> LocalBoxFuture<'static, String> {
    async move {
        let reads_own =
            run.experiment.exercise().own_files.as_ref().is_some_and(|own| own.are_read(&run.experiment.settings));
        if reads_own {
            return "Not saved: runs with your own files are never saved.".to_owned();
        }
        let (id, link) = (RunId::from_run(&run), run.destination().to_string());
        let saving = async {
            let history = History::open().await?;
            Ok::<_, SaveError>((history.lasts(), history.save(&id, &to_json(&run), &link).await?))
        };
        let saved = in_time(saving).await;
        match saved.map(|(lasts, deleted)| lasts.then_some(deleted)) {
            Ok(None) => NOT_LASTING.to_owned(),
            Ok(Some(0)) => "Saved in Runs.".to_owned(),
            Ok(Some(1)) => "Saved in Runs. The oldest run that is not pinned was deleted.".to_owned(),
            Ok(Some(deleted)) => format!("Saved in Runs. The {deleted} oldest runs that are not pinned were deleted."),
            Err(error) => not_saved(&error.to_string(), error.advice()),
        }
    }
    .boxed_local()
}

/// The message about a run that is only in memory.
const NOT_LASTING: &str = "Not saved: this browser stores nothing for the page, or its database does not respond. The run is \
                           in Runs until you close or reload this tab.";

fn not_saved(why: &str, advice: &str) -> String {
    format!("Not saved: {why}. {advice}")
}

fn pin_run(id: RunId, measured: Quantities) -> LocalBoxFuture<'static, ()> {
    async move {
        // It fails if the run is not saved. The page keeps it pinned until it is left.
        let _ = in_time(async { History::open().await?.pin(&id, &measured.to_json()).await }).await;
    }
    .boxed_local()
}

fn unpin_run(id: RunId) -> LocalBoxFuture<'static, ()> {
    async move {
        // It fails if the run is gone, and then nothing is pinned.
        let _ = in_time(async { History::open().await?.unpin(&id).await }).await;
    }
    .boxed_local()
}

fn newest_pinned(slug: &'static str) -> LocalBoxFuture<'static, Option<(RunId, Quantities)>> {
    async move {
        let found = async { History::open().await.ok()?.pinned(slug).await };
        let (id, measured) = Run::for_page().timeout(PINNED_FOUND_WITHIN, found).await.ok()??;
        Some((id, Quantities::from_json(&measured)?))
    }
    .boxed_local()
}

fn newest_run(slug: &'static str) -> LocalBoxFuture<'static, Option<SavedRun>> {
    async move {
        let bytes = History::open().await.ok()?.newest(slug, MOST_BYTES_IN_PASSING).await?;
        from_json(&bytes).ok()
    }
    .boxed_local()
}
